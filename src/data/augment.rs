//! Data augmentation: training images shifted, rotated and elastically distorted at random, anew each epoch.
//!
//! In: images `[n, 784]`, row by row, and a stream. Out: the same buffer, each image transformed by its own draw;
//! pixels that come from outside the image are 0.

use serde::{Deserialize, Serialize};

use super::{PIXELS, SIDE};
use crate::seed::Stream;

/// The largest transformation of each kind; 0 switches it off.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Translation along each axis in pixels, uniform over the whole numbers from `-shift` to `shift`.
    #[serde(skip_serializing_if = "is_zero")]
    pub shift: f64,
    /// Rotation about the centre in degrees, uniform from `-rotate` to `rotate`.
    #[serde(skip_serializing_if = "is_zero")]
    pub rotate: f64,
    /// Elastic distortion: its strength alpha in pixels, of a random field that is smoothed by a Gaussian with a
    /// standard deviation of 4 pixels (Simard, Steinkraus and Platt, "Best practices for convolutional neural
    /// networks", 2003, who use 34).
    #[serde(skip_serializing_if = "is_zero")]
    pub elastic: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// Standard deviation in pixels of the Gaussian that smooths the displacement field (Simard et al., 2003).
const SIGMA: f64 = 4.0;
/// Radius in pixels at which the Gaussian is cut off: three standard deviations, beyond which 0.3 % of its weight lies.
const RADIUS: usize = 12;

impl Augment {
    /// Whether every transformation is switched off.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that every value is in its range.
    ///
    /// # Errors
    /// A value is negative, too large or not finite, or the shift is no whole number.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value, max) in
            [("shift", self.shift, 14.0), ("rotate", self.rotate, 180.0), ("elastic", self.elastic, 200.0)]
        {
            if !(0.0..=max).contains(&value) {
                return Err(format!("`{name}` of `train.augment` is {value}; it must be from 0 to {max}"));
            }
        }
        if self.shift.fract() != 0.0 {
            return Err(format!("`shift` of `train.augment` is {}; it must be a whole number of pixels", self.shift));
        }
        Ok(())
    }

    /// Transforms each image of `images`, `[n * 784]`, in place.
    pub fn apply(&self, images: &mut [f32], stream: &mut Stream) {
        if self.is_none() {
            return;
        }
        let mut transformed = [0.0f32; PIXELS];
        for image in images.chunks_exact_mut(PIXELS) {
            let transform = self.draw(stream);
            for (pixel, value) in transformed.iter_mut().enumerate() {
                let (x, y) = transform.source_of(pixel);
                *value = sample(image, x, y);
            }
            image.copy_from_slice(&transformed);
        }
    }

    fn draw(&self, stream: &mut Stream) -> Transform {
        let max = self.shift as u32;
        let mut offset = || (f64::from(stream.below(2 * max + 1)) - f64::from(max)) as f32;
        let shift = if max > 0 { (offset(), offset()) } else { (0.0, 0.0) };
        let angle = if self.rotate > 0.0 { stream.uniform(-self.rotate, self.rotate).to_radians() } else { 0.0 };
        let rotation = (libm::sin(angle) as f32, libm::cos(angle) as f32);
        let strength = self.elastic as f32;
        let elastic =
            (strength > 0.0).then(|| [displacement_field(strength, stream), displacement_field(strength, stream)]);
        Transform { shift, rotation, elastic }
    }
}

/// One number per pixel.
type Field = [f32; PIXELS];

/// The transformation of one image.
struct Transform {
    /// Along x and y, in pixels.
    shift: (f32, f32),
    /// Sine and cosine of the angle.
    rotation: (f32, f32),
    /// Displacements along x and y, in pixels.
    elastic: Option<[Field; 2]>,
}

impl Transform {
    /// The point (x, y) of the original image whose value pixel `pixel` of the transformed one takes.
    fn source_of(&self, pixel: usize) -> (f32, f32) {
        let middle = (SIDE as f32 - 1.0) / 2.0;
        let (mut x, mut y) = ((pixel % SIDE) as f32, (pixel / SIDE) as f32);
        if let Some([across, down]) = &self.elastic {
            (x, y) = (x + across[pixel], y + down[pixel]);
        }
        (x, y) = (x - self.shift.0 - middle, y - self.shift.1 - middle);
        let (sin, cos) = self.rotation;
        (cos * x + sin * y + middle, -sin * x + cos * y + middle)
    }
}

/// A smooth random field: uniform in ±1, smoothed by the Gaussian along rows and then columns, times `strength`. Pixels
/// outside the image count as 0.
fn displacement_field(strength: f32, stream: &mut Stream) -> Field {
    let weights = gaussian();
    let rough: Field = std::array::from_fn(|_| 2.0 * stream.unit_f32() - 1.0);
    let mut across = [0.0; PIXELS];
    for (row, smooth) in rough.chunks_exact(SIDE).zip(across.chunks_exact_mut(SIDE)) {
        let mut padded = [0.0; SIDE + 2 * RADIUS];
        padded[RADIUS..RADIUS + SIDE].copy_from_slice(row);
        for (k, weight) in weights.iter().enumerate() {
            smooth.iter_mut().zip(&padded[k..]).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let mut smoothed = [0.0; PIXELS];
    for (row, smooth) in smoothed.chunks_exact_mut(SIDE).enumerate() {
        for (k, weight) in weights.iter().enumerate() {
            let from = (row + k).checked_sub(RADIUS).filter(|from| *from < SIDE);
            let Some(from) = from else { continue };
            let above = &across[from * SIDE..(from + 1) * SIDE];
            smooth.iter_mut().zip(above).for_each(|(sum, value)| *sum += strength * weight * value);
        }
    }
    smoothed
}

/// The Gaussian's weights from `-RADIUS` to `RADIUS`; they sum to 1.
fn gaussian() -> [f32; 2 * RADIUS + 1] {
    let bell = |i: usize| libm::exp(-(i as f64 - RADIUS as f64).powi(2) / (2.0 * SIGMA * SIGMA));
    let total: f64 = (0..=2 * RADIUS).map(bell).sum();
    std::array::from_fn(|i| (bell(i) / total) as f32)
}

/// The image at the point (x, y), by bilinear interpolation; 0 outside.
fn sample(image: &[f32], x: f32, y: f32) -> f32 {
    // The image is 0 this far outside as it is further out. Clamped and shifted to be positive, a coordinate has its
    // floor by a cast.
    const FAR: f32 = 1000.0;
    let floor_and_fraction = |value: f32| {
        let positive = value.clamp(-FAR, FAR) + FAR;
        let floor = positive as i32;
        (floor - FAR as i32, positive - floor as f32)
    };
    let ((left, dx), (top, dy)) = (floor_and_fraction(x), floor_and_fraction(y));
    let pixel = |column: i32, row: i32| {
        let inside = |index: i32| (0..SIDE as i32).contains(&index);
        if inside(column) && inside(row) { image[row as usize * SIDE + column as usize] } else { 0.0 }
    };
    let row = |y: i32| (1.0 - dx) * pixel(left, y) + dx * pixel(left + 1, y);
    (1.0 - dy) * row(top) + dy * row(top + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn single_pixel(column: usize, row: usize) -> Vec<f32> {
        let mut image = vec![0.0; PIXELS];
        image[row * SIDE + column] = 1.0;
        image
    }

    fn centre_of_mass(image: &[f32]) -> (f32, f32) {
        let total: f32 = image.iter().sum();
        let mean = |coordinate: fn(usize) -> usize| {
            image.iter().enumerate().map(|(i, v)| coordinate(i) as f32 * v).sum::<f32>() / total
        };
        (mean(|i| i % SIDE), mean(|i| i / SIDE))
    }

    #[test]
    fn a_shift_moves_the_image_by_every_whole_number_of_pixels_in_its_range() {
        let augment = Augment { shift: 2.0, ..Augment::default() };
        let mut seen = std::collections::BTreeSet::new();
        for counter in 0..200 {
            let mut image = single_pixel(10, 12);
            augment.apply(&mut image, &mut Stream::new(0, Purpose::Augment, counter));
            assert_eq!(image.iter().filter(|v| **v == 1.0).count(), 1);
            let (x, y) = centre_of_mass(&image);
            seen.insert((x as i32 - 10, y as i32 - 12));
        }
        assert_eq!(seen.len(), 25, "{seen:?}");
        assert!(seen.iter().all(|(x, y)| x.abs() <= 2 && y.abs() <= 2));
    }

    #[test]
    fn a_rotation_keeps_the_distance_from_the_centre() {
        let augment = Augment { rotate: 90.0, ..Augment::default() };
        let mut angles = Vec::new();
        for counter in 0..50 {
            let mut image = single_pixel(20, 13);
            augment.apply(&mut image, &mut Stream::new(0, Purpose::Augment, counter));
            let (x, y) = centre_of_mass(&image);
            let (dx, dy) = (x - 13.5, y - 13.5);
            assert!(((dx * dx + dy * dy).sqrt() - 6.5192).abs() < 0.2, "{dx} {dy}");
            angles.push(dy.atan2(dx));
        }
        assert!(angles.iter().any(|a| *a > 0.5) && angles.iter().any(|a| *a < -0.5));
    }

    #[test]
    fn a_displacement_field_is_smooth_and_proportional_to_its_strength() {
        let field = |strength| displacement_field(strength, &mut Stream::new(1, Purpose::Augment, 0));
        let (weak, strong) = (field(10.0), field(20.0));
        assert!(weak.iter().zip(&strong).all(|(a, b)| (2.0 * a - b).abs() < 1e-4));
        let rms = (strong.iter().map(|v| v * v).sum::<f32>() / PIXELS as f32).sqrt();
        // White noise of variance 1/3, smoothed in two dimensions: sd = alpha * sqrt(1/3) / (2 sqrt(pi) sigma) = 0.81
        // of 20.
        assert!((0.4..1.3).contains(&rms), "{rms}");
        let jump = strong.windows(2).enumerate().filter(|(i, _)| (i + 1) % SIDE != 0).map(|(_, w)| (w[0] - w[1]).abs());
        assert!(jump.fold(0.0, f32::max) < 0.6);
    }

    #[test]
    fn the_default_changes_nothing_and_values_out_of_range_are_refused() {
        let mut image = single_pixel(3, 4);
        Augment::default().apply(&mut image, &mut Stream::new(0, Purpose::Augment, 0));
        assert_eq!(image, single_pixel(3, 4));
        assert!(Augment { shift: 0.5, ..Augment::default() }.validate().unwrap_err().contains("whole"));
        assert!(Augment { rotate: -1.0, ..Augment::default() }.validate().unwrap_err().contains("rotate"));
    }
}
