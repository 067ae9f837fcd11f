//! Reading NumPy's array files.
//!
//! In: the bytes of a `.npy` file. Out: shape and 32-bit numbers. The format is NumPy enhancement proposal 1 (NEP 1), versions 1 to 3.

use anyhow::{Context, Result, bail, ensure};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Shape and numbers, row by row, of an array of 32- or 64-bit little-endian floats.
///
/// # Errors
/// It is another kind of file, of numbers, or of order.
pub fn parse(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f32>)> {
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
    let numbers: Vec<f32> = match descr.as_str() {
        "<f4" => data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        "<f8" => {
            let eight = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32;
            data.chunks_exact(8).map(eight).collect()
        }
        other => bail!("its numbers are `{other}`; they must be float32 or float64"),
    };
    let count = shape.iter().try_fold(1usize, |count, &n| count.checked_mul(n));
    ensure!(count == Some(numbers.len()), "it has {} numbers for {shape:?}", numbers.len());
    Ok((shape, numbers))
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

#[cfg(test)]
pub mod tests {
    use super::*;

    /// What `np.save` writes.
    pub fn file(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn arrays_of_both_widths_are_read_and_others_refused_with_the_reason() {
        let bytes = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let (shape, numbers) = parse(&file("<f8", "False", "(2, 3)", &bytes(&[1., 2., 3., 4., 5., 6.]))).unwrap();
        assert_eq!((shape, numbers), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let (shape, numbers) = parse(&file("<f4", "False", "(1,)", &2.5f32.to_le_bytes())).unwrap();
        assert_eq!((shape, numbers), (vec![1], vec![2.5]));
        let wrong = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
        assert!(wrong(&file("<f8", "True", "(2, 1)", &bytes(&[1., 2.]))).contains("column by column"));
        assert!(wrong(&file("<i8", "False", "(1,)", &[0; 8])).contains("<i8"));
        assert!(wrong(&file("<f8", "False", "(2,)", &[0; 8])).contains("1 numbers"));
        assert!(wrong(&file("<f8", "False", "(4294967296, 4294967296)", &[0; 8])).contains("1 numbers"));
        assert!(wrong(b"PK").contains("NumPy") && wrong(b"\x93NUMPY\x01").contains("short"));
    }
}
