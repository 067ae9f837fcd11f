//! An autoencoder's codes as files for other programs: NumPy's `.npy`, the Embedding Projector's `tensors.tsv` and
//! `metadata.tsv`, and `tsne.csv`.

use std::fmt::Write;

/// A two-dimensional array of `width` columns in NumPy's format 1.0, little-endian single precision (NumPy Enhancement Proposal
/// 1, "A simple file format for NumPy arrays", 2007).
pub fn npy_f32(values: &[f32], width: usize) -> Vec<u8> {
    let shape = format!("({}, {width})", values.len() / width.max(1));
    let mut bytes = npy_header("<f4", &shape);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A one-dimensional array of bytes in the same format.
pub fn npy_u8(values: &[u8]) -> Vec<u8> {
    let mut bytes = npy_header("|u1", &format!("({},)", values.len()));
    bytes.extend_from_slice(values);
    bytes
}

fn npy_header(kind: &str, shape: &str) -> Vec<u8> {
    const FIXED: usize = 10;
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // The data begins at a multiple of 64, after a line break.
    let padded = (FIXED + header.len() + 1).next_multiple_of(64);
    header.push_str(&" ".repeat(padded - FIXED - header.len() - 1));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes
}

/// `tensors.tsv`: one row per code of `width` numbers, with tabs between them and no heading.
pub fn tensors_tsv(codes: &[f32], width: usize) -> String {
    let mut text = String::new();
    for code in codes.chunks_exact(width.max(1)) {
        for (index, value) in code.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{value}", if index == 0 { "" } else { "\t" });
        }
        text.push('\n');
    }
    text
}

/// `metadata.tsv`: a heading, then one row per image with its class and its index in the test file.
pub fn metadata_tsv(labels: &[u8], classes: &[String]) -> String {
    let row = |(index, label): (usize, &u8)| format!("{}\t{index}\n", classes[usize::from(*label)]);
    let rows: String = labels.iter().enumerate().map(row).collect();
    format!("class\tindex\n{rows}")
}

/// `tsne.csv`: the coordinates `[n * 2]` of each test image on the plane.
pub fn plane_csv(plane: &[f32], labels: &[u8], classes: &[String]) -> String {
    let rows = plane.chunks_exact(2).zip(labels).enumerate();
    let row = |(index, (point, label)): (usize, (&[f32], &u8))| {
        format!("{index},{},{},{}\n", classes[usize::from(*label)], point[0], point[1])
    };
    format!("index,class,x,y\n{}", rows.map(row).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_npy_file_is_laid_out_as_numpy_reads_it() {
        let bytes = npy_f32(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
        assert!(
            header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") && header.ends_with('\n')
        );
        assert_eq!(&bytes[10 + length..14 + length], 1.0f32.to_le_bytes());
        assert_eq!(bytes.len(), 10 + length + 24);
        assert!(String::from_utf8_lossy(&npy_u8(&[7, 8])).contains("'shape': (2,)"));
    }

    #[test]
    fn the_projectors_files_have_as_many_rows_as_codes_and_one_heading() {
        assert_eq!(tensors_tsv(&[1.5, 2.0, -3.0, 4.0], 2), "1.5\t2\n-3\t4\n");
        let classes = ["a".to_string(), "b".into()];
        assert_eq!(metadata_tsv(&[1, 0], &classes), "class\tindex\nb\t0\na\t1\n");
        assert_eq!(plane_csv(&[0.5, 1.0], &[1], &classes), "index,class,x,y\n0,b,0.5,1\n");
    }
}
