//! An autoencoder's codes as files for other programs: the Embedding Projector's `tensors.tsv` and `metadata.tsv`, and `tsne.csv`.

use std::fmt::Write;

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
    fn the_projectors_files_have_as_many_rows_as_codes_and_one_heading() {
        assert_eq!(tensors_tsv(&[1.5, 2.0, -3.0, 4.0], 2), "1.5\t2\n-3\t4\n");
        let classes = ["a".to_string(), "b".into()];
        assert_eq!(metadata_tsv(&[1, 0], &classes), "class\tindex\nb\t0\na\t1\n");
        assert_eq!(plane_csv(&[0.5, 1.0], &[1], &classes), "index,class,x,y\n0,b,0.5,1\n");
    }
}
