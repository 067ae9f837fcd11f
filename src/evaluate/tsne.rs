//! t-SNE: codes laid out on a plane so that near ones stay near.
//!
//! Van der Maaten and Hinton, "Visualizing data using t-SNE", 2008, with the gradient of far points summed over a tree (van der
//! Maaten, "Accelerating t-SNE using tree-based algorithms", 2014) by the crate bhtsne. Neighbours are our own exact ones.
//!
//! In: codes. Out: a place on the plane for each.

use bhtsne::{Neighbor, tSNE};
use rayon::ThreadPoolBuilder;

use super::knn::{Index, Vectors};
use super::pca::Pca;

const PERPLEXITY: f32 = 30.0;
/// Steps of gradient descent while attraction is exaggerated, and after: openTSNE's numbers.
const EPOCHS: [usize; 2] = [250, 500];
/// How much attraction is exaggerated at first.
const EXAGGERATION: f64 = 12.0;
/// Share of the last step that is kept, before and after.
const MOMENTUM: [f64; 2] = [0.5, 0.8];
/// Cells narrower than this share of their distance count as one point.
const THETA: f64 = 0.5;
/// Fewer points than this are not worth a layout.
const FEWEST: usize = 8;

/// The perplexity for `n` points: 30, less where there are not three times as many neighbours.
pub fn perplexity(n: usize) -> f32 {
    PERPLEXITY.min(n.saturating_sub(1) as f32 / 3.0)
}

/// Coordinates `[n * 2]` of the codes; `None` for too few of them, or numbers that are none. Starts from the first two principal components, scaled to a
/// standard deviation of 1e-4 (Kobak and Berens, "The art of using t-SNE for single-cell transcriptomics", 2019), so the same
/// codes give the same picture.
pub fn embed(codes: Vectors) -> Option<Vec<f32>> {
    let n = codes.count();
    if n < FEWEST || codes.values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    if codes.values.chunks_exact(codes.width).all(|code| code == codes.row(0)) {
        // Nothing tells them apart, so nothing should on the plane.
        return Some(vec![0.0; 2 * n]);
    }
    let perplexity = perplexity(n);
    let k = ((3.0 * perplexity) as usize).min(n - 1);
    let found = Index::new(codes).nearest(codes, k, true);
    let neighbour = |n: &super::knn::Neighbour| Neighbor { index: n.index as usize, distance: n.distance.sqrt() };
    let neighbours: Vec<Vec<Neighbor<f64>>> =
        found.chunks_exact(k).map(|own| own.iter().map(neighbour).collect()).collect();
    let rows: Vec<&[f32]> = (0..n).map(|row| codes.row(row)).collect();
    let start = start(codes);
    // The crate adds up partial sums as its threads happen to finish, so only one thread gives the same picture twice.
    let one_thread = ThreadPoolBuilder::new().num_threads(1).build().ok()?;
    one_thread.install(|| {
        // A phase's rate is n over its exaggeration (Belkina et al., "Automated optimized parameters for t-SNE", 2019; openTSNE). The
        // crate has one rate a run, so each phase is a run.
        let rates = [n as f64 / EXAGGERATION, n as f64];
        let phase = |phase: usize, start: Vec<f64>| {
            let mut layout: tSNE<f64, &[f32]> = tSNE::new(&rows);
            layout.perplexity(f64::from(perplexity)).epochs(EPOCHS[phase]).learning_rate(rates[phase]);
            layout.momentum(MOMENTUM[phase]).early_exaggeration(EXAGGERATION);
            layout.stop_lying_epoch(if phase == 0 { EPOCHS[0] } else { 0 }).initial_embedding(start);
            layout.barnes_hut_with_neighbors(THETA, &neighbours);
            layout.embedding()
        };
        Some(phase(1, phase(0, start)).into_iter().map(|place| place as f32).collect())
    })
}

/// `[n * 2]`; the second coordinate of one-number codes is 0 but for a ramp too small to matter, which lets them spread.
fn start(codes: Vectors) -> Vec<f64> {
    let size = codes.width.min(2);
    let components = Pca::fit(codes).codes(codes, size);
    let first = components.iter().step_by(size).map(|&v| f64::from(v).powi(2)).sum::<f64>();
    let scale = 1e-4 / (first / codes.count() as f64).sqrt().max(f64::MIN_POSITIVE);
    let row = |(i, own): (usize, &[f32])| {
        let second = own.get(1).map_or(1e-6 * (i % 7) as f64, |&v| f64::from(v) * scale);
        [f64::from(own[0]) * scale, second]
    };
    components.chunks_exact(size).enumerate().flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::knn::vote;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn clusters_stay_together_and_the_same_codes_give_the_same_picture() {
        let mut stream = Stream::new(5, Purpose::Data, 0);
        let labels: Vec<u8> = (0..3000).map(|i| (i % 3) as u8).collect();
        let values: Vec<f32> = labels
            .iter()
            .flat_map(|&label| [0, 1, 2, 3].map(|axis| 8.0 * f32::from(u8::from(axis == label))))
            .map(|centre| centre + stream.normal() as f32)
            .collect();
        let codes = Vectors { values: &values, width: 4 };
        let plane = embed(codes).unwrap();
        assert_eq!(plane, embed(codes).unwrap());
        let laid_out = Vectors { values: &plane, width: 2 };
        let near = Index::new(laid_out).nearest(laid_out, 5, true);
        let predicted = vote(&near, 5, &labels);
        let right = predicted.iter().zip(&labels).filter(|(a, b)| a == b).count();
        assert!(right >= 2950, "{right} of 3000");
    }

    #[test]
    fn a_handful_of_points_is_not_laid_out_and_one_number_or_equal_codes_are() {
        let few = [0.0f32; 7];
        assert_eq!(embed(Vectors { values: &few, width: 1 }), None);
        let line: Vec<f32> = (0..50).map(|i| i as f32).collect();
        let plane = embed(Vectors { values: &line, width: 1 }).unwrap();
        assert!(plane.len() == 100 && plane.iter().all(|v| v.is_finite()));
        let same = [0.5f32; 26];
        assert_eq!(embed(Vectors { values: &same, width: 2 }), Some(vec![0.0; 26]));
    }
}
