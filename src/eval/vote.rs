//! The nearest-neighbour classifier: neighbours vote.
//!
//! In: each query's neighbours, nearest first, and the classes of the reference points. Out: a class a query.

use super::knn::Neighbour;

/// The class that most of each query's `k` neighbours have; of equally frequent ones, that of the nearest.
pub fn vote(neighbours: &[Neighbour], k: usize, labels: &[u8]) -> Vec<u8> {
    neighbours
        .chunks_exact(k)
        .map(|near| {
            let mut counts = [0usize; 256];
            near.iter().for_each(|n| counts[usize::from(labels[n.index as usize])] += 1);
            let most = counts.iter().copied().max().unwrap_or(0);
            let classes = near.iter().map(|n| labels[n.index as usize]);
            classes.into_iter().find(|&class| counts[usize::from(class)] == most).unwrap_or(0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vote_is_the_majoritys_and_ties_go_to_the_nearest() {
        let near = |indices: &[u32]| -> Vec<Neighbour> {
            indices.iter().enumerate().map(|(i, &index)| Neighbour { index, distance: i as f64 }).collect()
        };
        let labels = [7, 3, 3, 7, 5];
        assert_eq!(vote(&near(&[0, 1, 2, 4, 3]), 5, &labels), [7]);
        assert_eq!(vote(&near(&[4, 1, 2, 0, 3]), 5, &labels), [3]);
        assert_eq!(vote(&near(&[4, 1, 0]), 3, &labels), [5]);
        assert_eq!(vote(&near(&[1, 0]), 1, &labels), [3, 7]);
    }
}
