//! How much of a weight image's change is at horizontal edges.
//!
//! In: an image of 28x28 weights. Out: a share.

use crate::data::{PIXELS, SIDE};

/// The energy of the vertical differences of an image `[784]` as a share of that of all differences: the sum of the squared differences of
/// pixels one above the other, divided by this and the sum of those side by side. A horizontal edge is a vertical difference, so the share is
/// 1 for horizontal stripes, 0 for vertical ones and about 0.5 for noise, which has no direction. `None` for an image of one shade.
///
/// Weights of pixels that are the same in every image keep their initial noise, which draws the share towards 0.5.
///
/// # Panics
/// The image has not 784 pixels.
pub fn horizontal_edge_share(image: &[f32]) -> Option<f64> {
    assert_eq!(image.len(), PIXELS, "an image of 28x28");
    let squared = |a: usize, b: usize| (f64::from(image[a]) - f64::from(image[b])).powi(2);
    let vertical: f64 = (0..PIXELS - SIDE).map(|i| squared(i, i + SIDE)).sum();
    let horizontal: f64 = (0..PIXELS).filter(|i| (i + 1) % SIDE != 0).map(|i| squared(i, i + 1)).sum();
    let all = vertical + horizontal;
    (all > 0.0).then(|| vertical / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    fn image(pixel: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        (0..PIXELS).map(|i| pixel(i / SIDE, i % SIDE)).collect()
    }

    #[test]
    fn horizontal_stripes_are_1_vertical_ones_0_and_a_checkerboard_is_half() {
        let stripe = |index: usize| if index % 4 < 2 { 0.3 } else { -0.2 };
        assert_eq!(horizontal_edge_share(&image(|row, _| stripe(row))), Some(1.0));
        assert_eq!(horizontal_edge_share(&image(|_, column| stripe(column))), Some(0.0));
        assert_eq!(horizontal_edge_share(&image(|row, column| ((row + column) % 2) as f32)), Some(0.5));
        assert_eq!(horizontal_edge_share(&image(|_, _| 0.7)), None);
    }

    #[test]
    fn a_plane_has_the_share_of_its_squared_slopes() {
        let found = horizontal_edge_share(&image(|row, column| 3.0 * row as f32 + column as f32)).unwrap();
        assert!((found - 0.9).abs() < 1e-12, "{found}");
    }

    #[test]
    fn noise_is_about_half() {
        let mut stream = Stream::new(0, Purpose::Init, 0);
        let noise: Vec<f32> = (0..PIXELS).map(|_| stream.normal() as f32).collect();
        let found = horizontal_edge_share(&noise).unwrap();
        assert!((found - 0.5).abs() < 0.05, "{found}");
    }
}
