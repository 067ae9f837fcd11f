//! t-SNE: an embedding of codes in the plane that keeps near ones near (van der Maaten and Hinton, "Visualizing data
//! using t-SNE", 2008), with the Barnes-Hut approximation (van der Maaten, "Accelerating t-SNE using tree-based
//! algorithms", 2014) of the crate bhtsne.
//!
//! In: codes. Out: two coordinates for each. The nearest neighbours are the exact ones of [`super::knn`].

use bhtsne::{Neighbor, tSNE};
use rayon::ThreadPoolBuilder;

use super::knn::{Index, Vectors};
use super::pca::Pca;

/// The usual perplexity (van der Maaten and Hinton name 5 to 50 as typical).
const PERPLEXITY: f32 = 30.0;
/// Steps of gradient descent with early exaggeration and after it (openTSNE's defaults).
const EPOCHS: [usize; 2] = [250, 500];
/// The factor of early exaggeration (openTSNE's default).
const EXAGGERATION: f64 = 12.0;
/// Momentum during early exaggeration and after it (van der Maaten and Hinton, 2008).
const MOMENTUM: [f64; 2] = [0.5, 0.8];
/// The Barnes-Hut threshold: a cell of the tree counts as one point if its width is below this share of its distance.
const THETA: f64 = 0.5;
/// The least number of points that are embedded.
const MIN_POINTS: usize = 8;

/// The perplexity for `n` points: 30, or (n - 1) / 3 if that is less, since a perplexity takes three times as many
/// neighbours.
pub fn perplexity(n: usize) -> f32 {
    PERPLEXITY.min(n.saturating_sub(1) as f32 / 3.0)
}

/// Coordinates `[n * 2]` of the codes; `None` for fewer than 8 codes, or if a number is not finite. The initial
/// embedding is the first two principal components, scaled to a standard deviation of 1e-4 (Kobak and Berens, "The art
/// of using t-SNE for single-cell transcriptomics", 2019), so the same codes have the same embedding.
pub fn embed(codes: Vectors) -> Option<Vec<f32>> {
    let n = codes.count();
    if n < MIN_POINTS || codes.values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    if codes.values.chunks_exact(codes.width).all(|code| code == codes.row(0)) {
        // Equal codes have equal coordinates; their initial embedding could not be scaled.
        return Some(vec![0.0; 2 * n]);
    }
    let perplexity = perplexity(n);
    let k = ((3.0 * perplexity) as usize).min(n - 1);
    let found = Index::new(codes).nearest_others(k);
    let neighbour = |n: &super::knn::Neighbour| Neighbor { index: n.index as usize, distance: n.distance.sqrt() };
    let neighbours: Vec<Vec<Neighbor<f64>>> =
        found.chunks_exact(k).map(|of_point| of_point.iter().map(neighbour).collect()).collect();
    let rows: Vec<&[f32]> = (0..n).map(|row| codes.row(row)).collect();
    let start = initial_embedding(codes);
    // The crate adds partial sums in the order in which threads finish, so only a single thread is deterministic.
    let one_thread = ThreadPoolBuilder::new().num_threads(1).build().ok()?;
    one_thread.install(|| {
        // The learning rate is n over the exaggeration (Belkina et al., "Automated optimized parameters for t-SNE",
        // 2019; openTSNE). The crate has one rate for a run, so each phase is a run.
        let rates = [n as f64 / EXAGGERATION, n as f64];
        let phase = |phase: usize, start: Vec<f64>| {
            let mut tsne: tSNE<f64, &[f32]> = tSNE::new(&rows);
            tsne.perplexity(f64::from(perplexity)).epochs(EPOCHS[phase]).learning_rate(rates[phase]);
            tsne.momentum(MOMENTUM[phase]).early_exaggeration(EXAGGERATION);
            tsne.stop_lying_epoch(if phase == 0 { EPOCHS[0] } else { 0 }).initial_embedding(start);
            tsne.barnes_hut_with_neighbors(THETA, &neighbours);
            tsne.embedding()
        };
        Some(phase(1, phase(0, start)).into_iter().map(|coordinate| coordinate as f32).collect())
    })
}

/// The first two principal components, scaled, `[n * 2]`. For codes of one number the second coordinate takes seven
/// values up to 6e-6, so that the embedding can spread in that direction.
fn initial_embedding(codes: Vectors) -> Vec<f64> {
    let size = codes.width.min(2);
    let components = Pca::fit(codes).codes(codes, size);
    let first = components.iter().step_by(size).map(|&v| f64::from(v).powi(2)).sum::<f64>();
    let scale = 1e-4 / (first / codes.count() as f64).sqrt().max(f64::MIN_POSITIVE);
    let row = |(i, code): (usize, &[f32])| {
        let second = code.get(1).map_or(1e-6 * (i % 7) as f64, |&v| f64::from(v) * scale);
        [f64::from(code[0]) * scale, second]
    };
    components.chunks_exact(size).enumerate().flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::knn::majority;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn clusters_stay_together_and_the_same_codes_have_the_same_embedding() {
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
        let embedding = Vectors { values: &plane, width: 2 };
        let neighbours = Index::new(embedding).nearest_others(5);
        let predicted = majority(&neighbours, 5, &labels);
        let correct = predicted.iter().zip(&labels).filter(|(a, b)| a == b).count();
        assert!(correct >= 2950, "{correct} of 3000");
    }

    #[test]
    fn fewer_than_8_codes_are_not_embedded_and_codes_of_one_number_or_equal_ones_are() {
        let few = [0.0f32; 7];
        assert_eq!(embed(Vectors { values: &few, width: 1 }), None);
        let line: Vec<f32> = (0..50).map(|i| i as f32).collect();
        let plane = embed(Vectors { values: &line, width: 1 }).unwrap();
        assert!(plane.len() == 100 && plane.iter().all(|v| v.is_finite()));
        let same = [0.5f32; 26];
        assert_eq!(embed(Vectors { values: &same, width: 2 }), Some(vec![0.0; 26]));
    }
}
