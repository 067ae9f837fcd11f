//! Exact nearest neighbours.
//!
//! In: points as rows of numbers. Out: for each query the `k` nearest reference points, the same ones, in the same order, as a
//! naive scan in double precision finds. The matrix product of burn-flex does the work, whatever backend trains: it gives every
//! squared distance to within a known rounding error, where a GPU's may be rounded to far fewer digits, and only points that
//! could be among the nearest are measured exactly.

use std::borrow::Cow;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

/// Rows of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Vectors<'a> {
    /// Row-major.
    pub values: &'a [f32],
    /// Numbers a row.
    pub width: usize,
}

/// A reference point near a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its row.
    pub index: u32,
    /// Its squared Euclidean distance.
    pub distance: f64,
}

/// Queries a matrix product; reference points a matrix product. Their product fits the second-level cache.
const QUERIES: usize = 128;
const BLOCK: usize = 2048;

impl<'a> Vectors<'a> {
    /// How many.
    pub fn count(self) -> usize {
        self.values.len() / self.width
    }

    /// Row `index`.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(self, index: usize) -> &'a [f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The squared Euclidean distance of two points, in double precision, term by term.
    pub fn distance(self, row: usize, other: &[f32]) -> f64 {
        self.row(row).iter().zip(other).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    }

    fn norms(self) -> Vec<f64> {
        let square = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum();
        self.values.chunks_exact(self.width).map(square).collect()
    }
}

/// Reference points laid out for matrix products.
pub struct Index<'a> {
    points: Vectors<'a>,
    /// `[width + 1, BLOCK]` each: -2 times the points, and a row of their squared norms, so that one product with queries that end in a 1
    /// gives every squared distance less the query's own squared norm.
    blocks: Vec<Tensor<2>>,
    largest_norm: f64,
}

impl<'a> Index<'a> {
    /// Lays out reference points.
    pub fn new(points: Vectors<'a>) -> Self {
        let norms = points.norms();
        let blocks = (0..points.count()).step_by(BLOCK).map(|from| {
            let count = BLOCK.min(points.count() - from);
            let mut values = vec![0.0f32; (points.width + 1) * count];
            for (column, row) in (from..from + count).enumerate() {
                points.row(row).iter().enumerate().for_each(|(i, &v)| values[i * count + column] = -2.0 * v);
                values[points.width * count + column] = norms[row] as f32;
            }
            Tensor::from_data(TensorData::new(values, [points.width + 1, count]), &Device::flex())
        });
        let largest_norm = norms.iter().copied().fold(0.0, f64::max).sqrt();
        Self { points, blocks: blocks.collect(), largest_norm }
    }

    /// Approximate squared distances, less the query's squared norm, of queries `from..to` to block `block`: `[to - from, block]`.
    pub fn products(&self, queries: Vectors, (from, to): (usize, usize), block: usize) -> Vec<f32> {
        self.lay_out(queries, from, to).matmul(self.blocks[block].clone()).into_data().iter::<f32>().collect()
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// `[to - from, width + 1]`
    fn lay_out(&self, queries: Vectors, from: usize, to: usize) -> Tensor<2> {
        let mut values = Vec::with_capacity((to - from) * (queries.width + 1));
        for row in from..to {
            values.extend_from_slice(queries.row(row));
            values.push(1.0);
        }
        Tensor::from_data(TensorData::new(values, [to - from, queries.width + 1]), &Device::flex())
    }

    /// The `k` nearest of every query, nearest first, `[queries * k]`; of equally near ones the first. With `skip_self`, query
    /// `i` is reference point `i`, and is not its own neighbour.
    pub fn nearest(&self, queries: Vectors, k: usize, skip_self: bool) -> Vec<Neighbour> {
        let norms = queries.norms();
        let starts: Vec<usize> = (0..queries.count()).step_by(QUERIES).collect();
        let found = starts
            .into_par_iter()
            .map(|from| {
                let to = (from + QUERIES).min(queries.count());
                let mut nearest: Vec<Nearest> = (from..to).map(|query| Nearest::new(self, norms[query], k)).collect();
                let laid_out = self.lay_out(queries, from, to);
                for (block, reference) in self.blocks.iter().enumerate() {
                    let products = laid_out.clone().matmul(reference.clone()).into_data();
                    let products: Cow<[f32]> = match products.as_slice() {
                        Ok(products) => Cow::Borrowed(products),
                        Err(_) => products.iter().collect(),
                    };
                    for (index, own) in products.chunks_exact(products.len() / (to - from)).enumerate() {
                        let query = from + index;
                        let skip = skip_self.then_some(query);
                        nearest[index].scan(own, block * BLOCK, self.points, queries.row(query), skip);
                    }
                }
                nearest.into_iter().flat_map(|own| own.found).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        found.into_iter().flatten().collect()
    }
}

/// The nearest points of one query so far.
struct Nearest {
    found: Vec<Neighbour>,
    k: usize,
    norm: f64,
    /// More than rounding can take away from a product.
    margin: f64,
    /// Products above this cannot belong to one of the k nearest.
    limit: f32,
}

impl Nearest {
    fn new(index: &Index, norm: f64, k: usize) -> Self {
        // A sum of n products in single precision is off by at most about n * 2^-24 times the sum of their magnitudes (Higham,
        // "Accuracy and stability of numerical algorithms", 2002, section 3.1), here below (|q| + |r|)^2; taken twice.
        let terms = (index.points.width + 4) as f64;
        let margin = terms * f64::from(f32::EPSILON) * (norm.sqrt() + index.largest_norm).powi(2);
        Self { found: Vec::with_capacity(k + 1), k, norm, margin, limit: f32::INFINITY }
    }

    fn scan(&mut self, products: &[f32], offset: usize, points: Vectors, query: &[f32], skip: Option<usize>) {
        // Few points pass, so whole runs of them are ruled out at once.
        const RUN: usize = 64;
        for (run, values) in products.chunks(RUN).enumerate() {
            if values.iter().fold(true, |none, &value| none & (value > self.limit)) {
                continue;
            }
            for (index, &value) in values.iter().enumerate() {
                let row = offset + run * RUN + index;
                // A product that overflowed says nothing, so its point is measured.
                if (value <= self.limit || value.is_nan() || self.limit.is_nan()) && Some(row) != skip {
                    self.offer(row, points.distance(row, query));
                }
            }
        }
    }

    fn offer(&mut self, row: usize, distance: f64) {
        // Rows come in rising order, so an equally near one belongs behind.
        let index = self.found.partition_point(|other| other.distance <= distance);
        if index >= self.k {
            return;
        }
        self.found.insert(index, Neighbour { index: row as u32, distance });
        self.found.truncate(self.k);
        if let (Some(last), true) = (self.found.last(), self.found.len() == self.k) {
            self.limit = ((last.distance - self.norm + self.margin) as f32).next_up();
        }
    }
}

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
    use crate::seed::{Purpose, Stream};

    fn naive(points: Vectors, query: &[f32], k: usize, skip: Option<usize>) -> Vec<Neighbour> {
        let mut all: Vec<Neighbour> = (0..points.count())
            .filter(|row| Some(*row) != skip)
            .map(|row| Neighbour { index: row as u32, distance: points.distance(row, query) })
            .collect();
        all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.index.cmp(&b.index)));
        all.truncate(k);
        all
    }

    fn compare(reference: Vectors, queries: Vectors, k: usize) {
        let found = Index::new(reference).nearest(queries, k, false);
        for (query, own) in found.chunks_exact(k).enumerate() {
            assert_eq!(own, naive(reference, queries.row(query), k, None), "query {query}");
        }
    }

    #[test]
    fn neighbours_are_those_of_a_naive_scan_to_the_bit() {
        let mut stream = Stream::new(1, Purpose::Data, 0);
        let mut draw = |n: usize, centre: f64| (0..n).map(|_| (centre + stream.normal()) as f32).collect::<Vec<_>>();
        for (width, centre) in [(1, 0.0), (4, 0.0), (32, 3.0), (33, 100.0)] {
            let (reference, queries) = (draw(5000 * width, centre), draw(300 * width, centre));
            compare(Vectors { values: &reference, width }, Vectors { values: &queries, width }, 5);
        }
    }

    #[test]
    fn equally_near_points_come_in_order_of_their_rows() {
        // A small grid of whole numbers: most distances are shared by several points.
        let mut stream = Stream::new(2, Purpose::Data, 0);
        let values: Vec<f32> = (0..3000 * 3).map(|_| stream.below(5) as f32).collect();
        let points = Vectors { values: &values, width: 3 };
        compare(points, points, 7);
        let others = Index::new(points).nearest(points, 7, true);
        for (query, own) in others.chunks_exact(7).enumerate() {
            assert_eq!(own, naive(points, points.row(query), 7, Some(query)));
        }
    }

    #[test]
    fn every_query_has_its_k_neighbours_however_large_or_broken_the_numbers() {
        let mut stream = Stream::new(3, Purpose::Data, 0);
        for scale in [1e18f32, 1e19, 3e19] {
            let values: Vec<f32> = (0..4000).map(|_| scale * stream.normal() as f32).collect();
            let points = Vectors { values: &values, width: 2 };
            compare(points, points, 3);
        }
        let broken = [f32::NAN, 1.0, 2.0, f32::INFINITY, 0.0, 1.0];
        let points = Vectors { values: &broken, width: 1 };
        assert_eq!(Index::new(points).nearest(points, 4, false).len(), 6 * 4);
    }

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
