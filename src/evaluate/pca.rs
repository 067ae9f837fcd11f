//! Principal component analysis: the linear code with the smallest mean squared error, a baseline for autoencoders.
//!
//! In: training examples. Out: components, codes of any examples, and the mean squared error of their reconstructions.

use nalgebra::DMatrix;

use super::CHUNK;
use super::knn::Vectors;
use crate::nn::cpu::product::{Matrix, multiply};

/// The mean and all principal components of a sample.
#[derive(Debug, Clone)]
pub struct Pca {
    /// `[width]`
    mean: Vec<f64>,
    /// `[width][width]` unit vectors, the component with the largest variance first.
    components: Vec<Vec<f64>>,
}

impl Pca {
    /// The eigenvectors of the sample's covariance, largest eigenvalue first (Jolliffe, "Principal component analysis",
    /// 2002).
    pub fn fit(sample: Vectors) -> Self {
        let (n, width) = (sample.count(), sample.width);
        let mut mean = vec![0.0f64; width];
        let mut products = vec![0.0f64; width * width];
        let mut chunk_products = vec![0.0f32; width * width];
        // Products are summed in single precision within a chunk, and in double precision over chunks.
        for chunk in sample.values.chunks(CHUNK * width) {
            chunk.iter().enumerate().for_each(|(i, &v)| mean[i % width] += f64::from(v) / n as f64);
            let rows = Matrix::new(chunk, chunk.len() / width, width);
            multiply(rows.transposed(), rows, &mut chunk_products);
            products.iter_mut().zip(&chunk_products).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        let covariance = DMatrix::from_fn(width, width, |i, j| products[i * width + j] / n as f64 - mean[i] * mean[j]);
        let eigen = covariance.symmetric_eigen();
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]).then(a.cmp(&b)));
        let component = |&i: &usize| eigen.eigenvectors.column(i).iter().copied().collect();
        Self { mean, components: order.iter().map(component).collect() }
    }

    /// The codes of examples: their coordinates along the first `size` components, `[n * size]`.
    pub fn codes(&self, examples: Vectors, size: usize) -> Vec<f32> {
        let width = examples.width;
        let mut basis = vec![0.0f32; width * size];
        for (column, component) in self.components.iter().take(size).enumerate() {
            component.iter().enumerate().for_each(|(row, &v)| basis[row * size + column] = v as f32);
        }
        let basis = Matrix::new(&basis, width, size);
        let mut codes = vec![0.0; examples.count() * size];
        for (chunk, codes) in examples.values.chunks(CHUNK * width).zip(codes.chunks_mut(CHUNK * size)) {
            let centred: Vec<f32> =
                chunk.iter().enumerate().map(|(i, &v)| (f64::from(v) - self.mean[i % width]) as f32).collect();
            multiply(Matrix::new(&centred, chunk.len() / width, width), basis, codes);
        }
        codes
    }

    /// The mean squared error of the reconstructions from the first `size` components, over examples and their numbers.
    /// The components are orthonormal, so the squared error of an example is its squared distance from the mean less
    /// the squared norm of its code.
    pub fn mse(&self, examples: Vectors, size: usize) -> f64 {
        let width = examples.width;
        let centred = |(i, &v): (usize, &f32)| (f64::from(v) - self.mean[i % width]).powi(2);
        let total: f64 = examples.values.iter().enumerate().map(centred).sum();
        let explained: f64 = self.codes(examples, size).iter().map(|&v| f64::from(v).powi(2)).sum();
        (total - explained) / examples.values.len() as f64
    }
}

/// The variance of examples about their mean, averaged over their numbers: the mean squared error of a code of size 0.
pub fn variance(examples: Vectors) -> f64 {
    let (n, width) = (examples.count() as f64, examples.width);
    let mut sums = vec![(0.0f64, 0.0f64); width];
    for (i, &v) in examples.values.iter().enumerate() {
        let (sum, squares) = &mut sums[i % width];
        *sum += f64::from(v);
        *squares += f64::from(v).powi(2);
    }
    sums.iter().map(|(sum, squares)| squares / n - (sum / n).powi(2)).sum::<f64>() / width as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn two_dimensions_have_the_components_and_errors_worked_by_hand() {
        // Covariance [[2, 1], [1, 2]] about (1, -1): eigenvalues 3 and 1 along (1, 1) and (1, -1).
        let corners = [(2.0f64, 1.0), (-2.0, -1.0), (1.0, 2.0), (-1.0, -2.0)]
            .map(|(x, y)| (x * 0.8f64.sqrt(), y * 0.8f64.sqrt()));
        let values: Vec<f32> = corners.iter().flat_map(|(x, y)| [(1.0 + x) as f32, (-1.0 + y) as f32]).collect();
        let sample = Vectors { values: &values, width: 2 };
        let pca = Pca::fit(sample);
        assert!((pca.components[0][0] - pca.components[0][1]).abs() < 1e-6, "{:?}", pca.components);
        // xx: 0.8 * (4 + 4 + 1 + 1) / 4 = 2; xy: 0.8 * (2 + 2 + 2 + 2) / 4 = 1.6: eigenvalues 3.6 and 0.4.
        assert!((pca.mse(sample, 1) - 0.4 / 2.0).abs() < 1e-6);
        assert!((variance(sample) - 2.0).abs() < 1e-6);
        assert!(pca.mse(sample, 2).abs() < 1e-6);
    }

    #[test]
    fn components_are_orthonormal_and_the_mean_squared_error_is_that_of_the_reconstruction() {
        let mut stream = Stream::new(4, Purpose::Data, 0);
        let (n, width, size) = (700, 6, 2);
        let mut values = Vec::new();
        for _ in 0..n {
            let (a, b) = (stream.normal(), stream.normal());
            values
                .extend((0..width).map(|i| (a * i as f64 + 0.5 * b * (i as f64).cos() + 0.1 * stream.normal()) as f32));
        }
        let sample = Vectors { values: &values, width };
        let pca = Pca::fit(sample);
        for (i, a) in pca.components.iter().enumerate() {
            for (j, b) in pca.components.iter().enumerate() {
                let dot: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
        }
        let codes = pca.codes(sample, size);
        let mut error = 0.0;
        for (row, code) in codes.chunks_exact(size).enumerate() {
            for (i, &value) in sample.row(row).iter().enumerate() {
                let again = pca.mean[i] + (0..size).map(|c| f64::from(code[c]) * pca.components[c][i]).sum::<f64>();
                error += (f64::from(value) - again).powi(2);
            }
        }
        assert!((error / values.len() as f64 - pca.mse(sample, size)).abs() < 1e-5);
    }
}
