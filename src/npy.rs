//! NumPy's array files, read and written.
//!
//! The format is NumPy enhancement proposal 1 (NEP 1, "A simple file format for NumPy arrays", 2007), versions 1 to 3 read, version 1 written.

use anyhow::{Context, Result, bail, ensure};

const MAGIC: &[u8] = b"\x93NUMPY";

/// An array as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The numbers, row by row.
    pub numbers: Vec<f64>,
    /// Whether they were unsigned bytes.
    pub is_bytes: bool,
}

/// An array of numbers, little-endian where it matters.
///
/// # Errors
/// It is another kind of file, not of numbers, or of another order.
pub fn parse(bytes: &[u8]) -> Result<Array> {
    let rest = bytes.strip_prefix(MAGIC).context("it does not begin as an array of NumPy's does")?;
    let (version, rest) = rest.split_first_chunk::<2>().context("it is cut short")?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(b, rest)| (usize::from(u16::from_le_bytes(*b)), rest)),
        _ => rest.split_first_chunk::<4>().map(|(b, rest)| (u32::from_le_bytes(*b) as usize, rest)),
    }
    .context("it is cut short")?;
    let (header, data) = rest.split_at_checked(length).context("it is cut short")?;
    let header = String::from_utf8_lossy(header);
    let shape = shape(&header).with_context(|| format!("its header has no shape: {header}"))?;
    ensure!(
        value(&header, "fortran_order") != Some("True") || shape.len() < 2,
        "it is stored column by column; save np.ascontiguousarray of it"
    );
    let descr = value(&header, "descr").unwrap_or_default().trim_matches(['\'', '"']).to_string();
    let numbers = match descr.as_str() {
        "<f4" => each(data, |b| f64::from(f32::from_le_bytes(b))),
        "<f8" => each(data, f64::from_le_bytes),
        "<i8" => each(data, |b| i64::from_le_bytes(b) as f64),
        "<i4" => each(data, |b| f64::from(i32::from_le_bytes(b))),
        "<i2" => each(data, |b| f64::from(i16::from_le_bytes(b))),
        "|i1" => each(data, |b| f64::from(i8::from_le_bytes(b))),
        "<u8" => each(data, |b| u64::from_le_bytes(b) as f64),
        "<u4" => each(data, |b| f64::from(u32::from_le_bytes(b))),
        "<u2" => each(data, |b| f64::from(u16::from_le_bytes(b))),
        "|u1" | "|b1" => each(data, |b| f64::from(u8::from_le_bytes(b))),
        other => bail!("its numbers are `{other}`; they must be floats or whole numbers, little-endian"),
    };
    let count = shape.iter().try_fold(1usize, |count, &n| count.checked_mul(n));
    ensure!(count == Some(numbers.len()), "it has {} numbers for {shape:?}", numbers.len());
    Ok(Array { shape, numbers, is_bytes: descr == "|u1" })
}

/// Every number; one too many where bytes are left over, so that the shape does not fit.
fn each<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (whole, rest) = data.as_chunks::<N>();
    let left = (!rest.is_empty()).then_some(f64::NAN);
    whole.iter().map(|&bytes| number(bytes)).chain(left).collect()
}

/// What follows `'key':` in a header, up to the next comma.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let after = header.split_once(&format!("'{key}':"))?.1;
    Some(after.split([',', '}']).next()?.trim())
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let inside = header.split_once("'shape':")?.1.split_once('(')?.1.split_once(')')?.0;
    inside.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect()
}

/// An array of 32-bit floats of `width` columns.
pub fn f32_rows(values: &[f32], width: usize) -> Vec<u8> {
    let mut bytes = header("<f4", &format!("({}, {width})", values.len() / width.max(1)));
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A column of 64-bit floats, `[n, 1]`.
pub fn f64_column(values: &[f64]) -> Vec<u8> {
    let mut bytes = header("<f8", &format!("({}, 1)", values.len()));
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A one-dimensional array of bytes.
pub fn u8_list(values: &[u8]) -> Vec<u8> {
    let mut bytes = header("|u1", &format!("({},)", values.len()));
    bytes.extend_from_slice(values);
    bytes
}

fn header(kind: &str, shape: &str) -> Vec<u8> {
    /// Magic number, version and length.
    const FIXED: usize = 10;
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // The data begins at a multiple of 64, after a line break.
    let padded = (FIXED + header.len() + 1).next_multiple_of(64);
    header.push_str(&" ".repeat(padded - FIXED - header.len() - 1));
    header.push('\n');
    let mut bytes = [MAGIC, &[1, 0]].concat();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// What `np.save` writes.
    pub fn file(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn arrays_of_every_width_are_read_and_others_refused_with_the_reason() {
        let bytes = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let array = parse(&file("<f8", "False", "(2, 3)", &bytes(&[1., 2., 3., 4., 5., 6.]))).unwrap();
        assert_eq!((array.shape, array.numbers), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let numbers = |descr: &str, data: &[u8]| parse(&file(descr, "False", "(1,)", data)).unwrap().numbers;
        assert_eq!(numbers("<f4", &2.5f32.to_le_bytes()), [2.5]);
        assert_eq!(numbers("<i8", &(-3i64).to_le_bytes()), [-3.0]);
        assert_eq!(numbers("<u2", &[1, 1]), [257.0]);
        let bytes_read = parse(&file("|u1", "False", "(2,)", &[0, 255])).unwrap();
        assert!(bytes_read.is_bytes && bytes_read.numbers == [0.0, 255.0]);
        let wrong = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
        assert!(wrong(&file("<f8", "True", "(2, 1)", &bytes(&[1., 2.]))).contains("column by column"));
        assert!(wrong(&file("<c8", "False", "(1,)", &[0; 8])).contains("<c8"));
        assert!(wrong(&file("<f8", "False", "(2,)", &[0; 8])).contains("1 numbers"));
        assert!(wrong(&file("<f8", "False", "(1,)", &[0; 11])).contains("2 numbers"));
        assert!(wrong(&file("<f8", "False", "(4294967296, 4294967296)", &[0; 8])).contains("1 numbers"));
        assert!(wrong(b"PK").contains("NumPy") && wrong(b"\x93NUMPY\x01").contains("short"));
    }

    #[test]
    fn what_is_written_is_laid_out_as_numpy_reads_it_and_read_back() {
        let bytes = f32_rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
        assert!(
            header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") && header.ends_with('\n')
        );
        assert_eq!(parse(&bytes).unwrap().numbers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(parse(&f64_column(&[0.5, -1.5])).unwrap().shape, [2, 1]);
        assert_eq!(parse(&u8_list(&[7, 8])).unwrap().numbers, [7.0, 8.0]);
    }
}
