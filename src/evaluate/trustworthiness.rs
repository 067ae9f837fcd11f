//! Trustworthiness: whether nearest neighbours by code are near in the original space as well (Venna and Kaski,
//! "Neighborhood preservation in nonlinear projection methods", 2001).
//!
//! In: the same points in the original space and as codes. Out: a number, at most 1.

use rayon::prelude::*;

use super::knn::{Index, Vectors};

/// `1 - 2 / (n k (2n - 3k - 1)) * sum of max(0, rank - k)` over the `k` nearest neighbours by code of each of n points,
/// where `rank` is the neighbour's rank by distance in the original space, from 1, in single precision. `k` must be
/// below n / 2.
pub fn trustworthiness(original: Vectors, codes: Vectors, k: usize) -> f64 {
    let n = original.count();
    let neighbours = Index::new(codes).nearest_others(k);
    let originals = Index::new(original);
    let starts: Vec<usize> = (0..n).step_by(ROWS).collect();
    let penalties = starts
        .into_par_iter()
        .map(|from| {
            let to = (from + ROWS).min(n);
            let distances = originals.relative_distances(original, from..to);
            let penalty = |point: usize| -> f64 {
                let row = &distances[point - from];
                let of_point = &neighbours[point * k..(point + 1) * k];
                let ranks = of_point.iter().map(|neighbour| rank(row, point, neighbour.index as usize));
                ranks.map(|rank| rank.saturating_sub(k) as f64).sum()
            };
            (from..to).map(penalty).sum::<f64>()
        })
        .collect::<Vec<_>>();
    let (n, k) = (n as f64, k as f64);
    1.0 - 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)) * penalties.iter().sum::<f64>()
}

/// Points whose distances from all others are in memory at a time, in each thread.
const ROWS: usize = 128;

/// The rank of `other` among all points but `point` by their `distances` from `point`, from 1; of equal distances the
/// first row ranks first.
fn rank(distances: &[f32], point: usize, other: usize) -> usize {
    let distance = distances[other];
    let is_nearer = |row: usize, d: f32| row != point && (d < distance || (d == distance && row < other));
    1 + distances.iter().enumerate().filter(|(row, d)| is_nearer(*row, **d)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    fn by_definition(original: Vectors, codes: Vectors, k: usize) -> f64 {
        let n = original.count();
        let order = |points: Vectors, i: usize| {
            let mut others: Vec<usize> = (0..n).filter(|j| *j != i).collect();
            others.sort_by(|&a, &b| {
                let far = |j| points.distance(j, points.row(i));
                far(a).total_cmp(&far(b)).then(a.cmp(&b))
            });
            others
        };
        let mut sum = 0.0;
        for i in 0..n {
            let ranks = order(original, i);
            for j in &order(codes, i)[..k] {
                let rank = 1 + ranks.iter().position(|other| other == j).unwrap();
                sum += rank.saturating_sub(k) as f64;
            }
        }
        1.0 - 2.0 / (n as f64 * k as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0)) * sum
    }

    #[test]
    fn it_agrees_with_its_definition_on_a_small_set() {
        let mut stream = Stream::new(8, Purpose::Data, 0);
        let values: Vec<f32> = (0..300 * 5).map(|_| stream.normal() as f32).collect();
        let original = Vectors { values: &values, width: 5 };
        let first_two: Vec<f32> = values.chunks_exact(5).flat_map(|row| row[..2].to_vec()).collect();
        let codes = Vectors { values: &first_two, width: 2 };
        let found = trustworthiness(original, codes, 12);
        assert!((found - by_definition(original, codes, 12)).abs() < 1e-12, "{found}");
        assert!(found > 0.6 && found < 0.95, "{found}");
        assert_eq!(trustworthiness(original, original, 12), 1.0);
    }
}
