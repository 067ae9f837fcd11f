//! The IDX format of the MNIST files, plain or gzipped.
//!
//! In: a file. Out: its bytes, checked against what its own header promises: a big-endian magic number
//! (0, 0, element type, dimensions), one 32-bit length a dimension, then the elements.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{Images, PIXELS, SIDE};
use crate::hash::hex;

/// An IDX file of bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Idx {
    /// `[n]` for labels, `[n, rows, columns]` for images.
    pub shape: Vec<usize>,
    /// Row-major.
    pub bytes: Vec<u8>,
    /// Of the uncompressed file.
    pub sha256: String,
}

/// Reads an IDX file of unsigned bytes, decompressing it where it starts as gzip does.
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
            format!(
                "{name} is damaged: its gzip data is cut short or altered; fetch it again with `kindling data fetch`"
            )
        })?;
        raw = plain;
    }
    parse(&raw).with_context(|| format!("{name} is not a whole IDX file of bytes"))
}

/// Splits the bytes of a whole, uncompressed IDX file.
///
/// # Errors
/// As [`read`].
pub fn parse(raw: &[u8]) -> Result<Idx> {
    ensure!(raw.len() >= 4, "it has {} bytes, fewer than an IDX header", raw.len());
    ensure!(
        raw[0] == 0 && raw[1] == 0 && raw[2] == 8 && (1..=3).contains(&raw[3]),
        "its first bytes are {}; an IDX file of bytes starts 00 00 08 and its number of dimensions",
        hex(&raw[..4])
    );
    let dimensions = usize::from(raw[3]);
    let start = 4 + 4 * dimensions;
    ensure!(raw.len() >= start, "it ends inside its header");
    let shape: Vec<usize> = raw[4..start]
        .chunks_exact(4)
        .map(|field| u32::from_be_bytes([field[0], field[1], field[2], field[3]]) as usize)
        .collect();
    let promised = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
    let found = raw.len() - start;
    ensure!(
        promised == Some(found),
        "its header promises {shape:?}, which is {} bytes, but {found} follow",
        promised.map_or("too many".to_string(), |n| n.to_string())
    );
    Ok(Idx { shape, bytes: raw[start..].to_vec(), sha256: hex(&Sha256::digest(raw)) })
}

/// Pairs an image file with its label file.
///
/// # Errors
/// The files are not images of 28x28 and labels, or do not have the same number.
pub fn pair(images: Idx, labels: Idx) -> Result<Images> {
    let [count, rows, columns] = images.shape[..] else {
        bail!("the image file has {} dimensions instead of 3", images.shape.len());
    };
    ensure!((rows, columns) == (SIDE, SIDE), "the images are {rows}x{columns}; kindling's networks take {SIDE}x{SIDE}");
    ensure!(labels.shape.len() == 1, "the label file has {} dimensions instead of 1", labels.shape.len());
    ensure!(labels.shape[0] == count && count > 0, "there are {count} images but {} labels", labels.shape[0]);
    debug_assert_eq!(images.bytes.len(), count * PIXELS);
    Ok(Images { pixels: images.bytes, labels: labels.bytes })
}

/// The bytes of an IDX file with this shape.
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
    fn truncated_overlong_and_foreign_files_are_refused() {
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
    fn images_and_labels_must_match() {
        let images = |n: usize, side: usize| parse(&write(&[n, side, side], &vec![0; n * side * side])).unwrap();
        let labels = |n: usize| parse(&write(&[n], &vec![1; n])).unwrap();
        assert_eq!(pair(images(2, 28), labels(2)).unwrap().count(), 2);
        assert!(pair(images(2, 28), labels(3)).unwrap_err().to_string().contains("2 images but 3 labels"));
        assert!(pair(images(2, 32), labels(2)).unwrap_err().to_string().contains("32x32"));
        assert!(pair(labels(2), labels(2)).is_err());
        assert!(pair(images(0, 28), labels(0)).is_err());
    }
}
