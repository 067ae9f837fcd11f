//! Exact k nearest neighbours by Euclidean distance, and classification by them.
//!
//! In: points as vectors. Out: for each query its k nearest points, the same ones in the same order as by a naive scan
//! in double precision. A matrix product in single precision gives all squared distances within a known rounding error;
//! only points that may be among the nearest are then measured exactly. The product is always the CPU's, since a GPU may
//! round to far fewer digits.

use std::ops::Range;

use rayon::prelude::*;

use crate::nn::cpu::aligned::Aligned;
use crate::nn::cpu::product::{Matrix, multiply};

/// Points of any dimension, such as images, codes or coordinates in the plane.
#[derive(Debug, Clone, Copy)]
pub struct Vectors<'a> {
    /// `[n * width]`, row-major: a row is a point.
    pub values: &'a [f32],
    /// The dimension: numbers in a row.
    pub width: usize,
}

/// A point that is near a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The point's row.
    pub index: u32,
    /// The squared Euclidean distance.
    pub distance: f64,
}

/// Queries in a matrix product. The product of 48 x 1024 numbers fits the second-level cache.
const QUERIES: usize = 48;
/// Points in a matrix product.
const BLOCK: usize = 1024;

impl<'a> Vectors<'a> {
    /// Number of points.
    pub fn count(self) -> usize {
        self.values.len() / self.width
    }

    /// Point `index`.
    ///
    /// # Panics
    /// The index is past the end.
    pub fn row(self, index: usize) -> &'a [f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The squared Euclidean distance of point `row` from `other`, summed in double precision in the order of the
    /// coordinates.
    pub fn distance(self, row: usize, other: &[f32]) -> f64 {
        self.row(row).iter().zip(other).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    }

    /// The squared norm of each point.
    fn squared_norms(self) -> Vec<f64> {
        let square = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum();
        self.values.chunks_exact(self.width).map(square).collect()
    }
}

/// Points laid out for matrix products with queries.
pub struct Index<'a> {
    points: Vectors<'a>,
    /// `[width + 1, BLOCK]` each: -2 times the points as columns, and a last row of their squared norms. The product
    /// with a query that is followed by a 1 is then the squared distance less the query's squared norm.
    blocks: Vec<Aligned>,
    largest_norm: f64,
}

impl<'a> Index<'a> {
    /// The index of these points.
    pub fn new(points: Vectors<'a>) -> Self {
        let norms = points.squared_norms();
        let blocks = (0..points.count()).step_by(BLOCK).map(|from| {
            let count = BLOCK.min(points.count() - from);
            let mut values = Aligned::zeros((points.width + 1) * count);
            for (column, row) in (from..from + count).enumerate() {
                points.row(row).iter().enumerate().for_each(|(i, &v)| values[i * count + column] = -2.0 * v);
                values[points.width * count + column] = norms[row] as f32;
            }
            values
        });
        let largest_norm = norms.iter().copied().fold(0.0, f64::max).sqrt();
        Self { points, blocks: blocks.collect(), largest_norm }
    }

    /// The squared distances of some rows of `queries` from all points, in single precision and less each query's
    /// squared norm, `[rows][points]`. They order the points as the distances do.
    pub(super) fn relative_distances(&self, queries: Vectors, rows: Range<usize>) -> Vec<Vec<f32>> {
        let left = with_ones(queries, rows.clone());
        let mut distances: Vec<Vec<f32>> = vec![Vec::with_capacity(self.points.count()); rows.len()];
        let mut products = Vec::new();
        for block in &self.blocks {
            let width = self.multiply(&left, block, &mut products);
            distances.iter_mut().zip(products.chunks_exact(width)).for_each(|(all, row)| all.extend_from_slice(row));
        }
        distances
    }

    /// Writes the products of queries `[rows, width + 1]` with the points of a block to `products`. Returns the number of points.
    fn multiply(&self, left: &[f32], block: &[f32], products: &mut Vec<f32>) -> usize {
        let depth = self.points.width + 1;
        let (rows, points) = (left.len() / depth, block.len() / depth);
        products.resize(rows * points, 0.0);
        multiply(Matrix::new(left, rows, depth), Matrix::new(block, depth, points), products);
        points
    }

    /// The `k` nearest points of every query, nearest first, `[queries * k]`; of equally near ones the first comes
    /// first.
    pub fn nearest(&self, queries: Vectors, k: usize) -> Vec<Neighbour> {
        self.search(queries, k, Excluded::Nothing)
    }

    /// The `k` nearest other points of every point of the index, `[points * k]`, ordered as by [`Self::nearest`].
    pub fn nearest_others(&self, k: usize) -> Vec<Neighbour> {
        self.search(self.points, k, Excluded::OwnRow)
    }

    fn search(&self, queries: Vectors, k: usize, excluded: Excluded) -> Vec<Neighbour> {
        let squared_norms = queries.squared_norms();
        let starts: Vec<usize> = (0..queries.count()).step_by(QUERIES).collect();
        let found = starts
            .into_par_iter()
            .map(|from| {
                let to = (from + QUERIES).min(queries.count());
                let mut nearest: Vec<Nearest> =
                    (from..to).map(|query| Nearest::new(self, squared_norms[query], k)).collect();
                let left = with_ones(queries, from..to);
                let mut products = Vec::new();
                for (block, right) in self.blocks.iter().enumerate() {
                    let points = self.multiply(&left, right, &mut products);
                    for (index, row) in products.chunks_exact(points).enumerate() {
                        let query = from + index;
                        let skip = (excluded == Excluded::OwnRow).then_some(query);
                        nearest[index].scan(row, block * BLOCK, self.points, queries.row(query), skip);
                    }
                }
                nearest.into_iter().flat_map(|nearest| nearest.found).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        found.into_iter().flatten().collect()
    }
}

/// The points that are not a query's neighbours.
#[derive(Clone, Copy, PartialEq)]
enum Excluded {
    Nothing,
    /// The queries are the points of the index, and none is its own neighbour.
    OwnRow,
}

/// Some rows of `queries`, each followed by a 1: `[rows, width + 1]`.
fn with_ones(queries: Vectors, rows: Range<usize>) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows.len() * (queries.width + 1));
    for row in rows {
        values.extend_from_slice(queries.row(row));
        values.push(1.0);
    }
    values
}

/// The nearest points of one query among those scanned so far.
struct Nearest {
    /// At most k, nearest first.
    found: Vec<Neighbour>,
    k: usize,
    /// Of the query.
    squared_norm: f64,
    /// An upper bound of the rounding error of a product.
    margin: f64,
    /// A point whose product is above this is not among the k nearest.
    limit: f32,
}

impl Nearest {
    fn new(index: &Index, squared_norm: f64, k: usize) -> Self {
        // The error of a sum of n products in single precision is at most about n * 2^-24 times the sum of their
        // magnitudes (Higham, "Accuracy and stability of numerical algorithms", 2002, section 3.1), which is below
        // (|query| + |point|)^2; taken twice.
        let terms = (index.points.width + 4) as f64;
        let margin = terms * f64::from(f32::EPSILON) * (squared_norm.sqrt() + index.largest_norm).powi(2);
        Self { found: Vec::with_capacity(k + 1), k, squared_norm, margin, limit: f32::INFINITY }
    }

    /// Considers the points from row `offset` on, given their products with the query, but for point `skip`.
    fn scan(&mut self, products: &[f32], offset: usize, points: Vectors, query: &[f32], skip: Option<usize>) {
        // Few products are below the limit, so runs of them are excluded together.
        const RUN: usize = 64;
        for (run, values) in products.chunks(RUN).enumerate() {
            if values.iter().fold(true, |all_above, &value| all_above & (value > self.limit)) {
                continue;
            }
            for (index, &value) in values.iter().enumerate() {
                let row = offset + run * RUN + index;
                // A product or limit that overflowed to NaN excludes nothing, so the point is measured.
                if (value <= self.limit || value.is_nan() || self.limit.is_nan()) && Some(row) != skip {
                    self.offer(row, points.distance(row, query));
                }
            }
        }
    }

    fn offer(&mut self, row: usize, distance: f64) {
        // Rows come in increasing order, so an equally near point goes behind the ones before it.
        let index = self.found.partition_point(|other| other.distance <= distance);
        if index >= self.k {
            return;
        }
        self.found.insert(index, Neighbour { index: row as u32, distance });
        self.found.truncate(self.k);
        if let (Some(last), true) = (self.found.last(), self.found.len() == self.k) {
            self.limit = ((last.distance - self.squared_norm + self.margin) as f32).next_up();
        }
    }
}

/// A classifier by the majority of a query's k nearest neighbours.
#[derive(Clone, Copy)]
pub struct KnnClassifier<'a> {
    /// The training points.
    pub index: &'a Index<'a>,
    /// `[points]` classes of the training points.
    pub labels: &'a [u8],
    /// Number of neighbours.
    pub k: usize,
}

impl KnnClassifier<'_> {
    /// The predicted class of each query.
    pub fn predict(&self, queries: Vectors) -> Vec<u8> {
        majority(&self.index.nearest(queries, self.k), self.k, self.labels)
    }
}

/// The most frequent class among the `k` neighbours of each query, `[queries * k]`; of equally frequent ones that of
/// the nearest.
pub(super) fn majority(neighbours: &[Neighbour], k: usize, labels: &[u8]) -> Vec<u8> {
    neighbours
        .chunks_exact(k)
        .map(|near| {
            let mut counts = [0usize; 256];
            near.iter().for_each(|n| counts[usize::from(labels[n.index as usize])] += 1);
            let max = counts.iter().copied().max().unwrap_or(0);
            let classes = near.iter().map(|n| labels[n.index as usize]);
            classes.into_iter().find(|&class| counts[usize::from(class)] == max).unwrap_or(0)
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
        let found = Index::new(reference).nearest(queries, k);
        for (query, neighbours) in found.chunks_exact(k).enumerate() {
            assert_eq!(neighbours, naive(reference, queries.row(query), k, None), "query {query}");
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
    fn equally_near_points_come_in_the_order_of_their_rows() {
        // A small grid of whole numbers: most distances are shared by several points.
        let mut stream = Stream::new(2, Purpose::Data, 0);
        let values: Vec<f32> = (0..3000 * 3).map(|_| stream.below(5) as f32).collect();
        let points = Vectors { values: &values, width: 3 };
        compare(points, points, 7);
        let others = Index::new(points).nearest_others(7);
        for (query, neighbours) in others.chunks_exact(7).enumerate() {
            assert_eq!(neighbours, naive(points, points.row(query), 7, Some(query)));
        }
    }

    #[test]
    fn every_query_has_k_neighbours_even_if_distances_overflow_or_are_nan() {
        let mut stream = Stream::new(3, Purpose::Data, 0);
        for scale in [1e18f32, 1e19, 3e19] {
            let values: Vec<f32> = (0..4000).map(|_| scale * stream.normal() as f32).collect();
            let points = Vectors { values: &values, width: 2 };
            compare(points, points, 3);
        }
        let not_finite = [f32::NAN, 1.0, 2.0, f32::INFINITY, 0.0, 1.0];
        let points = Vectors { values: &not_finite, width: 1 };
        assert_eq!(Index::new(points).nearest(points, 4).len(), 6 * 4);
    }

    #[test]
    fn the_majority_decides_and_of_tied_classes_that_of_the_nearest_neighbour() {
        let near = |indices: &[u32]| -> Vec<Neighbour> {
            indices.iter().enumerate().map(|(i, &index)| Neighbour { index, distance: i as f64 }).collect()
        };
        let labels = [7, 3, 3, 7, 5];
        assert_eq!(majority(&near(&[0, 1, 2, 4, 3]), 5, &labels), [7]);
        assert_eq!(majority(&near(&[4, 1, 2, 0, 3]), 5, &labels), [3]);
        assert_eq!(majority(&near(&[4, 1, 0]), 3, &labels), [5]);
        assert_eq!(majority(&near(&[1, 0]), 1, &labels), [3, 7]);
    }
}
