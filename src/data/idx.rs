//! The IDX format of the MNIST files (LeCun, Cortes and Burges, "The MNIST database"), plain or gzipped.
//!
//! In: a file. Out: its shape and elements, checked against its header: a big-endian magic number (0, 0, element type,
//! number of dimensions), one 32-bit length a dimension, then the elements.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{Images, SIDE};
use crate::files::open_file;
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

/// The most elements that are read. EMNIST by class, the largest published set of such images, has 547 million.
const MAX_ELEMENTS: u64 = 600_000_000;

/// Reads an IDX file of unsigned bytes; one that starts with gzip's magic number is decompressed.
///
/// # Errors
/// The file cannot be read, is not IDX, or is shorter or longer than its header says.
pub fn read(path: &Path) -> Result<Idx> {
    let name = path.display();
    let mut stream = BufReader::new(open_file(path)?);
    let is_compressed = stream.fill_buf().with_context(|| format!("cannot read {name}"))?.starts_with(&[0x1f, 0x8b]);
    if is_compressed { parse(MultiGzDecoder::new(stream)) } else { parse(stream) }
        .with_context(|| format!("{name} is not a complete IDX file of unsigned bytes; replace it"))
}

/// The contents of the uncompressed IDX file in a stream. No more is read than its header announces, and one byte.
///
/// # Errors
/// The bytes are not IDX, fewer or more than the header says, or cannot be unpacked.
fn parse(mut stream: impl Read) -> Result<Idx> {
    let mut next = |count: u64| {
        let mut bytes = Vec::with_capacity(count.min(1 << 26) as usize);
        let read = stream.by_ref().take(count).read_to_end(&mut bytes);
        read.context("its gzip data is cut short or altered")?;
        anyhow::Ok(bytes)
    };
    let mut header = next(4)?;
    ensure!(header.len() == 4, "it has {} bytes, and an IDX header has at least 8", header.len());
    ensure!(
        header.starts_with(&[0, 0, 8]) && (1..=3).contains(&header[3]),
        "its first bytes are {}, expected 00 00 08 and the number of dimensions, 01 to 03",
        hex(&header)
    );
    let dimensions = usize::from(header[3]);
    header.extend(next(4 * dimensions as u64)?);
    let start = 4 + 4 * dimensions;
    ensure!(header.len() == start, "it has {} bytes, and the header alone has {start}", header.len());
    let length = |field: &[u8]| u32::from_be_bytes([field[0], field[1], field[2], field[3]]) as usize;
    let shape: Vec<usize> = header[4..].chunks_exact(4).map(length).collect();
    let expected = shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n as u64));
    let expected = expected.filter(|&expected| expected <= MAX_ELEMENTS).with_context(|| {
        format!("its header gives the shape {shape:?}, and at most {MAX_ELEMENTS} elements are read")
    })?;
    let bytes = next(expected + 1)?;
    let found = bytes.len() as u64;
    ensure!(
        found == expected,
        "its header gives the shape {shape:?}, which is {expected} bytes, but {} follow",
        if found > expected { "more".to_string() } else { found.to_string() }
    );
    let sha256 = hex(&Sha256::new().chain_update(&header).chain_update(&bytes).finalize());
    Ok(Idx { shape, bytes, sha256 })
}

/// The images of an image file with the classes of its label file. Those of a published set must be 28x28.
///
/// # Errors
/// The files do not hold images and labels, hold none, not equally many, or images of another size than the published.
pub fn pair(images: Idx, labels: Idx, is_published: bool) -> Result<Images> {
    let [count, rows, columns] = images.shape[..] else {
        bail!("the image file has {} dimensions, expected 3: images, rows, columns", images.shape.len());
    };
    ensure!(
        !is_published || (rows, columns) == (SIDE, SIDE),
        "the images are {rows}x{columns}, expected {SIDE}x{SIDE}"
    );
    ensure!(rows * columns > 0, "the images are {rows}x{columns}, and have no pixels");
    ensure!(labels.shape.len() == 1, "the label file has {} dimensions, expected 1", labels.shape.len());
    ensure!(count > 0, "the image file holds no images");
    ensure!(
        labels.shape[0] == count,
        "there are {count} images but {} labels, expected one for each image",
        labels.shape[0]
    );
    Ok(Images::sized([rows, columns], images.bytes, labels.bytes))
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
        let idx = parse(&raw[..]).unwrap();
        assert_eq!((idx.shape.as_slice(), idx.bytes.as_slice()), (&[2, 1, 3][..], &[1, 2, 3, 4, 5, 6][..]));
    }

    #[test]
    fn truncated_overlong_and_other_files_are_refused() {
        let raw = write(&[3], &[7, 8, 9]);
        for cut in 0..raw.len() {
            assert!(parse(&raw[..cut]).is_err(), "cut at {cut}");
        }
        assert!(parse(&[raw.clone(), vec![0]].concat()[..]).is_err());
        assert!(parse(&b"PNG is another format"[..]).unwrap_err().to_string().contains("504e4720"));
        let huge = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(parse(&huge[..]).unwrap_err().to_string().contains("600000000"));
    }

    #[test]
    fn no_more_is_unpacked_than_the_header_announces() {
        let start = write(&[3], &[7, 8, 9]);
        let endless = start.as_slice().chain(std::io::repeat(0));
        assert!(parse(endless).unwrap_err().to_string().contains("which is 3 bytes, but more follow"));
    }

    #[test]
    fn images_must_be_as_many_as_labels_and_of_a_published_set_28x28() {
        let images = |n: usize, side: usize| parse(&write(&[n, side, side], &vec![0; n * side * side])[..]).unwrap();
        let labels = |n: usize| parse(&write(&[n], &vec![1; n])[..]).unwrap();
        assert_eq!(pair(images(2, 28), labels(2), true).unwrap().count(), 2);
        assert_eq!(pair(images(2, 32), labels(2), false).unwrap().shape, [32, 32]);
        assert!(pair(images(2, 28), labels(3), true).unwrap_err().to_string().contains("2 images but 3 labels"));
        assert!(pair(images(2, 32), labels(2), true).unwrap_err().to_string().contains("32x32"));
        assert!(pair(labels(2), labels(2), true).is_err());
        assert!(pair(images(0, 28), labels(0), true).unwrap_err().to_string().contains("no images"));
    }
}
