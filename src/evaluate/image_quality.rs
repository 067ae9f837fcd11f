//! The similarity of two images: PSNR and SSIM.
//!
//! In: 28x28 images, pixels from 0 to 1. Out: decibels, and a number that is 1 for equal images.

use crate::data::SIDE;

/// The mean squared difference of two images `[784]`.
fn mse(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum::<f64>() / a.len() as f64
}

/// Peak signal-to-noise ratio in decibels, for a peak of 1: `-10 log10(mse)`; `None` for equal images, where it is
/// infinite.
pub fn psnr(a: &[f32], b: &[f32]) -> Option<f64> {
    let mse = mse(a, b);
    (mse > 0.0).then(|| -10.0 * libm::log10(mse))
}

/// Side of the window in pixels.
const WINDOW: usize = 11;
/// Standard deviation of the Gaussian window in pixels.
const SIGMA: f64 = 1.5;
/// Positions along each axis at which the window lies inside the image.
const POSITIONS: usize = SIDE - WINDOW + 1;

/// Structural similarity: the mean over all positions of an 11x11 Gaussian window inside the image, with K1 = 0.01, K2
/// = 0.03 and a range of 1 (Wang et al., "Image quality assessment: from error visibility to structural similarity",
/// 2004).
pub fn ssim(a: &[f32], b: &[f32]) -> f64 {
    const C1: f64 = 0.01 * 0.01;
    const C2: f64 = 0.03 * 0.03;
    let window = window();
    // In double precision, because the variance of a flat region is the difference of two nearly equal numbers.
    let [a, b] = [a, b].map(|image| image.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>());
    let product = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let (mean_a, mean_b) = (blurred(&a, &window), blurred(&b, &window));
    let [aa, bb, ab] = [product(&a, &a), product(&b, &b), product(&a, &b)].map(|image| blurred(&image, &window));
    let ssim_at = |i: usize| {
        let (ma, mb) = (mean_a[i], mean_b[i]);
        let (var_a, var_b, covariance) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
        let numerator = (2.0 * ma * mb + C1) * (2.0 * covariance + C2);
        numerator / ((ma * ma + mb * mb + C1) * (var_a + var_b + C2))
    };
    (0..POSITIONS * POSITIONS).map(ssim_at).sum::<f64>() / (POSITIONS * POSITIONS) as f64
}

/// The Gaussian window along one axis; its weights sum to 1. The window in the plane is the product of two.
fn window() -> [f64; WINDOW] {
    let middle = (WINDOW / 2) as f64;
    let weight = |i: usize| libm::exp(-(i as f64 - middle).powi(2) / (2.0 * SIGMA * SIGMA));
    let total: f64 = (0..WINDOW).map(weight).sum();
    std::array::from_fn(|i| weight(i) / total)
}

/// The weighted mean in the window at every position, `[POSITIONS * POSITIONS]`: along rows, then along columns.
fn blurred(image: &[f64], window: &[f64; WINDOW]) -> Vec<f64> {
    let mut across = vec![0.0; SIDE * POSITIONS];
    for (row, out) in image.chunks_exact(SIDE).zip(across.chunks_exact_mut(POSITIONS)) {
        for (i, &weight) in window.iter().enumerate() {
            out.iter_mut().zip(&row[i..i + POSITIONS]).for_each(|(sum, &value)| *sum += weight * value);
        }
    }
    let mut blurred = vec![0.0; POSITIONS * POSITIONS];
    for (y, out) in blurred.chunks_exact_mut(POSITIONS).enumerate() {
        for (i, &weight) in window.iter().enumerate() {
            let row = &across[(y + i) * POSITIONS..(y + i + 1) * POSITIONS];
            out.iter_mut().zip(row).for_each(|(sum, &value)| *sum += weight * value);
        }
    }
    blurred
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PIXELS, digits, scaled};

    fn digit(index: usize) -> Vec<f32> {
        digits::draw(index, 1).pixels.iter().map(|&pixel| scaled(pixel)).collect()
    }

    #[test]
    fn a_uniform_difference_has_the_psnr_and_ssim_worked_by_hand() {
        // A uniform difference of 0.1: mse 0.01, 20 dB. Flat images have no variance: only the means count.
        let (a, b) = (vec![0.5f32; PIXELS], vec![0.6f32; PIXELS]);
        assert!((psnr(&a, &b).unwrap() - 20.0).abs() < 1e-4);
        let expected = (2.0 * 0.5 * 0.6 + 1e-4) / (0.25 + 0.36 + 1e-4);
        assert!((ssim(&a, &b) - expected).abs() < 1e-6, "{} {expected}", ssim(&a, &b));
    }

    #[test]
    fn equal_images_have_an_ssim_of_1_and_no_psnr() {
        assert!((ssim(&digit(1), &digit(1)) - 1.0).abs() < 1e-6);
        assert_eq!(psnr(&digit(1), &digit(1)), None);
    }

    #[test]
    fn ssim_agrees_with_its_definition_window_by_window() {
        let (a, b) = (digit(1), digit(2));
        let weight = |x: usize, y: usize| {
            let d = |v: usize| (v as f64 - 5.0).powi(2);
            (-(d(x) + d(y)) / (2.0 * 1.5 * 1.5)).exp()
        };
        let total: f64 = (0..121).map(|i| weight(i % 11, i / 11)).sum();
        let mut sum = 0.0;
        for window in 0..18 * 18 {
            let mean = |f: &dyn Fn(f64, f64) -> f64| {
                let term = |i: usize| {
                    let at = (window / 18 + i / 11) * 28 + window % 18 + i % 11;
                    weight(i % 11, i / 11) / total * f(f64::from(a[at]), f64::from(b[at]))
                };
                (0..121).map(term).sum::<f64>()
            };
            let (ma, mb) = (mean(&|x, _| x), mean(&|_, y| y));
            let (va, vb) = (mean(&|x, _| x * x) - ma * ma, mean(&|_, y| y * y) - mb * mb);
            let cov = mean(&|x, y| x * y) - ma * mb;
            sum += (2.0 * ma * mb + 1e-4) * (2.0 * cov + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
        }
        assert!((ssim(&a, &b) - sum / 324.0).abs() < 1e-9, "{} {}", ssim(&a, &b), sum / 324.0);
    }
}
