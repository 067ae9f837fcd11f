//! Artificial expansion of a training set: images shifted, turned and bent at random, afresh each epoch.
//!
//! In: images `[n, 784]` as numbers and a stream. Out: the same images moved, each by its own draw; what moves in from outside
//! is 0.

use serde::{Deserialize, Serialize};

use super::{PIXELS, SIDE};
use crate::seed::Stream;

/// What may happen to an image; 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Moved by up to so many pixels along each axis, whole pixels only.
    #[serde(skip_serializing_if = "is_zero")]
    pub shift: f64,
    /// Turned about its middle by up to so many degrees either way.
    #[serde(skip_serializing_if = "is_zero")]
    pub rotate: f64,
    /// Bent: the strength alpha of elastic distortion, in pixels, whose random field is smoothed by a Gaussian of 4 pixels (Simard, Steinkraus
    /// and Platt, "Best practices for convolutional neural networks", 2003, who use 34).
    #[serde(skip_serializing_if = "is_zero")]
    pub elastic: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// Standard deviation of the Gaussian that smooths the field of an elastic distortion, in pixels (Simard et al., 2003).
const SIGMA: f64 = 4.0;
/// Beyond three deviations a Gaussian has 0.3 % of its weight left.
const REACH: usize = 12;

impl Augment {
    /// Whether it does nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    /// A strength out of its range.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value, most) in
            [("shift", self.shift, 14.0), ("rotate", self.rotate, 180.0), ("elastic", self.elastic, 200.0)]
        {
            if !(0.0..=most).contains(&value) {
                return Err(format!("`{name}` of `train.augment` is {value}; it must be 0 to {most}"));
            }
        }
        if self.shift.fract() != 0.0 {
            return Err(format!("`shift` of `train.augment` is {}; it must be a whole number of pixels", self.shift));
        }
        Ok(())
    }

    /// Changes each image of `images` in place.
    pub fn apply(&self, images: &mut [f32], stream: &mut Stream) {
        if self.is_none() {
            return;
        }
        let mut moved = [0.0f32; PIXELS];
        for image in images.chunks_exact_mut(PIXELS) {
            let way = self.draw(stream);
            for (pixel, value) in moved.iter_mut().enumerate() {
                let (x, y) = way.from(pixel);
                *value = sample(image, x, y);
            }
            image.copy_from_slice(&moved);
        }
    }

    fn draw(&self, stream: &mut Stream) -> Displacement {
        let most = self.shift as u32;
        let mut step = || (f64::from(stream.below(2 * most + 1)) - f64::from(most)) as f32;
        let shift = if most > 0 { (step(), step()) } else { (0.0, 0.0) };
        let angle = if self.rotate > 0.0 { stream.uniform(-self.rotate, self.rotate).to_radians() } else { 0.0 };
        let turn = (libm::sin(angle) as f32, libm::cos(angle) as f32);
        let strength = self.elastic as f32;
        let bend = (strength > 0.0).then(|| [field(strength, stream), field(strength, stream)]);
        Displacement { shift, turn, bend }
    }
}

/// A number for each pixel.
type Plane = [f32; PIXELS];

/// Where each pixel of the new image comes from.
struct Displacement {
    shift: (f32, f32),
    /// Sine and cosine.
    turn: (f32, f32),
    bend: Option<[Plane; 2]>,
}

impl Displacement {
    /// The point of the old image that is seen at pixel `pixel` of the new one.
    fn from(&self, pixel: usize) -> (f32, f32) {
        let middle = (SIDE as f32 - 1.0) / 2.0;
        let (mut x, mut y) = ((pixel % SIDE) as f32, (pixel / SIDE) as f32);
        if let Some([across, down]) = &self.bend {
            (x, y) = (x + across[pixel], y + down[pixel]);
        }
        (x, y) = (x - self.shift.0 - middle, y - self.shift.1 - middle);
        let (sin, cos) = self.turn;
        (cos * x + sin * y + middle, -sin * x + cos * y + middle)
    }
}

/// A smooth random field: uniform in ±1, smoothed by the Gaussian along rows and columns, times `strength`. What lies outside the image
/// counts as 0.
fn field(strength: f32, stream: &mut Stream) -> Plane {
    let weights = gaussian();
    let rough: Plane = std::array::from_fn(|_| 2.0 * stream.unit_f32() - 1.0);
    let mut across = [0.0; PIXELS];
    for (row, smooth) in rough.chunks_exact(SIDE).zip(across.chunks_exact_mut(SIDE)) {
        let mut padded = [0.0; SIDE + 2 * REACH];
        padded[REACH..REACH + SIDE].copy_from_slice(row);
        for (k, weight) in weights.iter().enumerate() {
            smooth.iter_mut().zip(&padded[k..]).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let mut both = [0.0; PIXELS];
    for (row, smooth) in both.chunks_exact_mut(SIDE).enumerate() {
        for (k, weight) in weights.iter().enumerate() {
            let from = (row + k).checked_sub(REACH).filter(|from| *from < SIDE);
            let Some(from) = from else { continue };
            let above = &across[from * SIDE..(from + 1) * SIDE];
            smooth.iter_mut().zip(above).for_each(|(sum, value)| *sum += strength * weight * value);
        }
    }
    both
}

/// The Gaussian's weights, which sum to 1.
fn gaussian() -> [f32; 2 * REACH + 1] {
    let bell = |i: usize| libm::exp(-(i as f64 - REACH as f64).powi(2) / (2.0 * SIGMA * SIGMA));
    let total: f64 = (0..=2 * REACH).map(bell).sum();
    std::array::from_fn(|i| (bell(i) / total) as f32)
}

/// The image between its pixels, by bilinear interpolation.
fn sample(image: &[f32], x: f32, y: f32) -> f32 {
    // Whatever lies this far outside is as empty as what lies further; cutting there leaves numbers whose floor is a cast.
    const FAR: f32 = 1000.0;
    let split = |value: f32| {
        let moved = value.clamp(-FAR, FAR) + FAR;
        let whole = moved as i32;
        (whole - FAR as i32, moved - whole as f32)
    };
    let ((left, dx), (top, dy)) = (split(x), split(y));
    let pixel = |column: i32, row: i32| {
        let inside = |at: i32| (0..SIDE as i32).contains(&at);
        if inside(column) && inside(row) { image[row as usize * SIDE + column as usize] } else { 0.0 }
    };
    let row = |y: i32| (1.0 - dx) * pixel(left, y) + dx * pixel(left + 1, y);
    (1.0 - dy) * row(top) + dy * row(top + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn dot(column: usize, row: usize) -> Vec<f32> {
        let mut image = vec![0.0; PIXELS];
        image[row * SIDE + column] = 1.0;
        image
    }

    fn centre(image: &[f32]) -> (f32, f32) {
        let total: f32 = image.iter().sum();
        let mean =
            |of: fn(usize) -> usize| image.iter().enumerate().map(|(i, v)| of(i) as f32 * v).sum::<f32>() / total;
        (mean(|i| i % SIDE), mean(|i| i / SIDE))
    }

    #[test]
    fn a_shift_moves_every_pixel_alike_by_whole_pixels_in_its_range() {
        let augment = Augment { shift: 2.0, ..Augment::default() };
        let mut seen = std::collections::BTreeSet::new();
        for counter in 0..200 {
            let mut image = dot(10, 12);
            augment.apply(&mut image, &mut Stream::new(0, Purpose::Augment, counter));
            assert_eq!(image.iter().filter(|v| **v == 1.0).count(), 1);
            let (x, y) = centre(&image);
            seen.insert((x as i32 - 10, y as i32 - 12));
        }
        assert_eq!(seen.len(), 25, "{seen:?}");
        assert!(seen.iter().all(|(x, y)| x.abs() <= 2 && y.abs() <= 2));
    }

    #[test]
    fn a_turn_keeps_the_distance_from_the_middle() {
        let augment = Augment { rotate: 90.0, ..Augment::default() };
        let mut angles = Vec::new();
        for counter in 0..50 {
            let mut image = dot(20, 13);
            augment.apply(&mut image, &mut Stream::new(0, Purpose::Augment, counter));
            let (x, y) = centre(&image);
            let (dx, dy) = (x - 13.5, y - 13.5);
            assert!(((dx * dx + dy * dy).sqrt() - 6.5192).abs() < 0.2, "{dx} {dy}");
            angles.push(dy.atan2(dx));
        }
        assert!(angles.iter().any(|a| *a > 0.5) && angles.iter().any(|a| *a < -0.5));
    }

    #[test]
    fn an_elastic_field_is_smooth_and_as_strong_as_asked() {
        let of = |strength| field(strength, &mut Stream::new(1, Purpose::Augment, 0));
        let (one, two) = (of(10.0), of(20.0));
        assert!(one.iter().zip(&two).all(|(a, b)| (2.0 * a - b).abs() < 1e-4));
        let rms = (two.iter().map(|v| v * v).sum::<f32>() / PIXELS as f32).sqrt();
        // White noise of variance 1/3, smoothed in two dimensions: sd = alpha * sqrt(1/3) / (2 sqrt(pi) sigma) = 0.81 of 20.
        assert!((0.4..1.3).contains(&rms), "{rms}");
        let jump = two.windows(2).enumerate().filter(|(i, _)| (i + 1) % SIDE != 0).map(|(_, w)| (w[0] - w[1]).abs());
        assert!(jump.fold(0.0, f32::max) < 0.6);
    }

    #[test]
    fn nothing_asked_is_nothing_done_and_nonsense_is_refused() {
        let mut image = dot(3, 4);
        Augment::default().apply(&mut image, &mut Stream::new(0, Purpose::Augment, 0));
        assert_eq!(image, dot(3, 4));
        assert!(Augment { shift: 0.5, ..Augment::default() }.validate().unwrap_err().contains("whole"));
        assert!(Augment { rotate: -1.0, ..Augment::default() }.validate().unwrap_err().contains("rotate"));
    }
}
