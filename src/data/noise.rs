//! Noise on inputs, which a denoising autoencoder is trained to remove.
//!
//! In: numbers from 0 to 1 and a stream. Out: the same buffer with noise, its numbers still from 0 to 1.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::seed::Stream;

/// What noise does to a number; the level says how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Adds a normal draw with the level as standard deviation, then clips to 0 to 1.
    #[default]
    Gaussian,
    /// Replaces the number, with the level as probability, by 0 or 1 with equal probability.
    #[serde(alias = "salt-pepper")]
    SaltPepper,
    /// Replaces the number by 0 with the level as probability (Vincent et al., "Extracting and composing robust
    /// features with denoising autoencoders", 2008).
    Mask,
}

/// Noise of one kind and level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// What it does to a number.
    pub kind: NoiseKind,
    /// Standard deviation of Gaussian noise, or the probability that a number is replaced.
    pub level: f64,
}

impl NoiseKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::SaltPepper => "salt-and-pepper",
            Self::Mask => "masking",
        }
    }

    /// The highest level that is accepted: 1 for a probability; a standard deviation of 10 leaves nothing of an image.
    pub fn max_level(self) -> f64 {
        match self {
            Self::Gaussian => 10.0,
            Self::SaltPepper | Self::Mask => 1.0,
        }
    }
}

impl Noise {
    /// Adds noise to every number of `values`, in place. At level 0 nothing is drawn from the stream.
    pub fn add(self, values: &mut [f32], stream: &mut Stream) {
        let level = self.level as f32;
        if level == 0.0 {
            return;
        }
        match self.kind {
            NoiseKind::Gaussian => {
                let table = normal_table();
                for pair in values.chunks_mut(2) {
                    let bits = stream.bits();
                    for (value, index) in pair.iter_mut().zip([bits as u16, (bits >> 16) as u16]) {
                        *value = (*value + level * table[usize::from(index)]).clamp(0.0, 1.0);
                    }
                }
            }
            NoiseKind::SaltPepper => values.iter_mut().for_each(|value| {
                let draw = stream.unit_f32();
                if draw < level {
                    *value = if draw < 0.5 * level { 0.0 } else { 1.0 };
                }
            }),
            NoiseKind::Mask => values.iter_mut().for_each(|value| {
                if stream.unit_f32() < level {
                    *value = 0.0;
                }
            }),
        }
    }
}

const STEPS: usize = 1 << 16;

/// The quantiles of the standard normal distribution at the midpoints of 65,536 equally likely intervals, from -4.3 to
/// 4.3. A draw from this table takes 2 ns, a tenth of the method of Box and Muller, and is finer than the 256 levels of
/// a pixel.
fn normal_table() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        // Newton's method on the distribution function, upwards from the median; each search starts at the quantile
        // before.
        let mut z = 0.0f64;
        let upper: Vec<f32> = (STEPS / 2..STEPS)
            .map(|step| {
                let probability = (step as f64 + 0.5) / STEPS as f64;
                for _ in 0..6 {
                    let above = 0.5 * libm::erfc(z / std::f64::consts::SQRT_2);
                    let density = libm::exp(-0.5 * z * z) / libm::sqrt(std::f64::consts::TAU);
                    z += (above - (1.0 - probability)) / density;
                }
                z as f32
            })
            .collect();
        upper.iter().rev().map(|z| -z).chain(upper.iter().copied()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn noisy(kind: NoiseKind, level: f64, start: f32) -> Vec<f32> {
        let mut values = vec![start; 100_000];
        Noise { kind, level }.add(&mut values, &mut Stream::new(3, Purpose::Noise, 0));
        values
    }

    fn share(values: &[f32], wanted: impl Fn(f32) -> bool) -> f64 {
        values.iter().filter(|value| wanted(**value)).count() as f64 / values.len() as f64
    }

    #[test]
    fn the_table_holds_the_quantiles_of_the_normal_distribution() {
        let table = normal_table();
        assert_eq!(table.len(), STEPS);
        assert!(table.windows(2).all(|pair| pair[0] < pair[1]));
        // The 0.975 quantile is 1.959964; its index in the table is 0.975 * 65536 - 0.5.
        assert!((table[63_897] - 1.959_964).abs() < 1e-3);
        let variance = table.iter().map(|&z| f64::from(z).powi(2)).sum::<f64>() / STEPS as f64;
        assert!((variance - 1.0).abs() < 1e-3, "{variance}");
    }

    #[test]
    fn gaussian_noise_has_its_level_as_standard_deviation_and_stays_between_0_and_1() {
        let values = noisy(NoiseKind::Gaussian, 0.1, 0.5);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e5;
        let sd = (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / 1e5).sqrt();
        assert!((mean - 0.5).abs() < 2e-3 && (sd - 0.1).abs() < 1e-3, "{mean} {sd}");
        let clipped = noisy(NoiseKind::Gaussian, 2.0, 0.0);
        assert!(clipped.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!((share(&clipped, |v| v == 0.0) - 0.5).abs() < 0.01);
    }

    #[test]
    fn salt_pepper_and_mask_replace_the_share_that_is_their_level() {
        let salted = noisy(NoiseKind::SaltPepper, 0.3, 0.5);
        assert!((share(&salted, |v| v == 0.0) - 0.15).abs() < 0.005);
        assert!((share(&salted, |v| v == 1.0) - 0.15).abs() < 0.005);
        assert!((share(&salted, |v| v == 0.5) - 0.7).abs() < 0.005);
        let masked = noisy(NoiseKind::Mask, 0.3, 0.5);
        assert!((share(&masked, |v| v == 0.0) - 0.3).abs() < 0.005);
        assert!((share(&masked, |v| v == 0.5) - 0.7).abs() < 0.005);
    }

    #[test]
    fn level_0_changes_nothing_and_draws_nothing() {
        let mut stream = Stream::new(3, Purpose::Noise, 0);
        let mut values = vec![0.3; 9];
        Noise { kind: NoiseKind::Gaussian, level: 0.0 }.add(&mut values, &mut stream);
        assert_eq!(values, [0.3; 9]);
        assert_eq!(stream.bits(), Stream::new(3, Purpose::Noise, 0).bits());
    }
}
