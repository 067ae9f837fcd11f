//! The IDX format of the MNIST files (LeCun, Cortes and Burges, "The MNIST database"), plain or gzipped.
//!
//! In: a file. Out: its shape and elements, checked against its header: a big-endian magic number (0, 0, element type,
//! number of dimensions), one 32-bit length a dimension, then the elements.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{Images, PIXELS, SIDE};
use crate::hash::hex;

/// The contents of an IDX file of unsigned bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Idx {
    /// `[n]` for labels, `[n, rows, columns]` for images.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub bytes: Vec<u8>,
    /// SHA-256 of the uncompressed file, in hex.
    pub sha256: String,
}

/// Reads an IDX file of unsigned bytes; one that starts with gzip's magic number is decompressed.
///
/// # Errors
/// The file cannot be read, is not IDX, or is shorter or longer than its header says.
pub fn read(path: &Path) -> Result<Idx> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let mut reader = BufReader::new(file);
    let mut raw = Vec::new();
    reader.read_to_end(&mut raw).with_context(|| format!("cannot read {name}"))?;
    if raw.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::with_capacity(raw.len() * 5);
        MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut plain).with_context(|| {
            format!("{name} is damaged: its gzip data is cut short or altered; delete it and run `kindling data fetch`")
        })?;
        raw = plain;
    }
    parse(&raw).with_context(|| format!("{name} is not a complete IDX file of unsigned bytes; replace it"))
}

/// The contents of an uncompressed IDX file with these bytes.
///
/// # Errors
/// The bytes are not IDX, or fewer or more than the header says.
fn parse(raw: &[u8]) -> Result<Idx> {
    ensure!(raw.len() >= 4, "it has {} bytes, and an IDX header has at least 8", raw.len());
    ensure!(
        raw[0] == 0 && raw[1] == 0 && raw[2] == 8 && (1..=3).contains(&raw[3]),
        "its first bytes are {}, expected 00 00 08 and the number of dimensions, 01 to 03",
        hex(&raw[..4])
    );
    let dimensions = usize::from(raw[3]);
    let start = 4 + 4 * dimensions;
    ensure!(raw.len() >= start, "it has {} bytes, and the header alone has {start}", raw.len());
    let shape: Vec<usize> = raw[4..start]
        .chunks_exact(4)
        .map(|field| u32::from_be_bytes([field[0], field[1], field[2], field[3]]) as usize)
        .collect();
    let expected = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
    let found = raw.len() - start;
    ensure!(
        expected == Some(found),
        "its header gives the shape {shape:?}, which is {} bytes, but {found} bytes follow",
        expected.map_or("more than can be addressed".to_string(), |n| n.to_string())
    );
    Ok(Idx { shape, bytes: raw[start..].to_vec(), sha256: hex(&Sha256::digest(raw)) })
}

/// The images of an image file with the classes of its label file.
///
/// # Errors
/// The files do not hold 28x28 images and labels, hold none, or not equally many.
pub fn pair(images: Idx, labels: Idx) -> Result<Images> {
    let [count, rows, columns] = images.shape[..] else {
        bail!("the image file has {} dimensions, expected 3: images, rows, columns", images.shape.len());
    };
    ensure!((rows, columns) == (SIDE, SIDE), "the images are {rows}x{columns}, expected {SIDE}x{SIDE}; scale them");
    ensure!(labels.shape.len() == 1, "the label file has {} dimensions, expected 1", labels.shape.len());
    ensure!(count > 0, "the image file holds no images");
    ensure!(
        labels.shape[0] == count,
        "there are {count} images but {} labels, expected one for each image",
        labels.shape[0]
    );
    debug_assert_eq!(images.bytes.len(), count * PIXELS);
    Ok(Images::new(images.bytes, labels.bytes))
}

/// The bytes of an IDX file with these elements, whose number is the product of `shape`.
pub fn write(shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, shape.len() as u8];
    for &length in shape {
        out.extend((length as u32).to_be_bytes());
    }
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let raw = write(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let idx = parse(&raw).unwrap();
        assert_eq!((idx.shape.as_slice(), idx.bytes.as_slice()), (&[2, 1, 3][..], &[1, 2, 3, 4, 5, 6][..]));
    }

    #[test]
    fn truncated_overlong_and_other_files_are_refused() {
        let raw = write(&[3], &[7, 8, 9]);
        for cut in 0..raw.len() {
            assert!(parse(&raw[..cut]).is_err(), "cut at {cut}");
        }
        assert!(parse(&[raw.clone(), vec![0]].concat()).is_err());
        assert!(parse(b"PNG is another format").unwrap_err().to_string().contains("504e4720"));
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(parse(&huge).is_err());
    }

    #[test]
    fn images_must_be_28x28_and_as_many_as_labels() {
        let images = |n: usize, side: usize| parse(&write(&[n, side, side], &vec![0; n * side * side])).unwrap();
        let labels = |n: usize| parse(&write(&[n], &vec![1; n])).unwrap();
        assert_eq!(pair(images(2, 28), labels(2)).unwrap().count(), 2);
        assert!(pair(images(2, 28), labels(3)).unwrap_err().to_string().contains("2 images but 3 labels"));
        assert!(pair(images(2, 32), labels(2)).unwrap_err().to_string().contains("32x32"));
        assert!(pair(labels(2), labels(2)).is_err());
        assert!(pair(images(0, 28), labels(0)).unwrap_err().to_string().contains("no images"));
    }
}
