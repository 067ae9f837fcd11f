//! Every random draw of a trial, traceable to its seed.
//!
//! In: a trial's seed, the name of what is drawn, and a counter (an epoch, a layer). Out: a generator
//! whose numbers depend on those three and on nothing else. A stream is *keyed*, not advanced: the
//! shuffle of epoch 7 is the same whether or not epochs 0 to 6 were drawn, dropout on or off leaves the
//! initial weights alone, and a replica draws the same numbers alone or in a stack.
//!
//! The conversions (uniform, normal, shuffle) are written out here because a library may change its
//! own between versions, and with them every recorded number.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is drawn for. Two purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights; the counter is the layer.
    Init,
    /// Order of the training examples; the counter is the epoch.
    Shuffle,
    /// Which examples of the training file train and which validate; the counter is 0.
    Split,
    /// Dropout masks; the counter is the epoch.
    Dropout,
    /// Noise on training inputs; the counter is the epoch.
    Noise,
    /// Noise on test inputs; the counter is the level in thousandths.
    TestNoise,
    /// Bootstrap resamples; the counter is 0.
    Bootstrap,
    /// Random search; the counter is the arm.
    Search,
    /// Synthetic data; the counter is the example.
    Data,
    /// Augmentation of training images; the counter is the epoch.
    Augment,
    /// How far a descent starts from its given point; the counter is 0.
    Jitter,
    /// Random directions through a network's weights; the counter is the direction.
    Direction,
    /// Samples that decide no result: the trials that `verify` retrains, the numbers that a gradient check moves, the
    /// jitter of points in a figure.
    Pick,
}

impl Purpose {
    /// The name is part of the key: renaming one changes every number that is drawn for it.
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Init => b"init",
            Self::Shuffle => b"shuffle",
            Self::Split => b"split",
            Self::Dropout => b"dropout",
            Self::Noise => b"noise",
            Self::TestNoise => b"test-noise",
            Self::Bootstrap => b"bootstrap",
            Self::Search => b"search",
            Self::Data => b"data",
            Self::Augment => b"augment",
            Self::Jitter => b"jitter",
            Self::Direction => b"direction",
            Self::Pick => b"pick",
        }
    }
}

/// A keyed stream of random numbers: ChaCha with 8 rounds.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream for `purpose` of the trial `seed`, at `counter`.
    pub fn new(seed: u64, purpose: Purpose, counter: u64) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let name = purpose.name();
        key[8..8 + name.len()].copy_from_slice(name);
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(counter);
        Self(rng)
    }

    /// Another stream, keyed by the next numbers of this one.
    pub fn fork(&mut self) -> Self {
        let mut key = [0u8; 32];
        self.0.fill_bytes(&mut key);
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Uniform in `[0, 1)`, on the 2^-53 grid.
    pub fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform in `[0, 1)` on the 2^-24 grid: half the cost of [`Self::unit`], for masks.
    pub fn unit_f32(&mut self) -> f32 {
        const STEP: f32 = 1.0 / (1u32 << 24) as f32;
        (self.0.next_u32() >> 8) as f32 * STEP
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..bound`, without bias; 0 for a bound of 0.
    ///
    /// Lemire, "Fast random integer generation in an interval", 2019.
    pub fn below(&mut self, bound: u32) -> u32 {
        let threshold = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
        loop {
            let wide = u64::from(self.0.next_u32()) * u64::from(bound);
            if wide as u32 >= threshold {
                return (wide >> 32) as u32;
            }
        }
    }

    /// Standard normal, by Box and Muller, "A note on the generation of random normal deviates", 1958.
    /// `libm` rather than the platform's mathematics, so that the numbers are the same everywhere.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Puts `items` in a uniformly random order (Fisher and Yates; Durstenfeld, "Algorithm 235", 1964).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = self.below(last as u32 + 1) as usize;
            items.swap(last, chosen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_purpose_and_counter_and_on_nothing_else() {
        let draw = |seed, purpose, counter| Stream::new(seed, purpose, counter).unit();
        assert_eq!(draw(1, Purpose::Init, 0), draw(1, Purpose::Init, 0));
        assert_ne!(draw(1, Purpose::Init, 0), draw(2, Purpose::Init, 0));
        assert_ne!(draw(1, Purpose::Init, 0), draw(1, Purpose::Shuffle, 0));
        assert_ne!(draw(1, Purpose::Init, 0), draw(1, Purpose::Init, 1));
    }

    #[test]
    fn below_is_uniform_and_in_range() {
        let mut stream = Stream::new(0, Purpose::Pick, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        // Chi-squared with 6 degrees of freedom: 22.46 is its 0.999 quantile.
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 22.46, "{counts:?}");
    }

    #[test]
    fn normal_has_the_moments_of_the_standard_normal() {
        let mut stream = Stream::new(3, Purpose::Data, 0);
        let draws: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        let moment = |k: i32| draws.iter().map(|x| x.powi(k)).sum::<f64>() / draws.len() as f64;
        assert!(moment(1).abs() < 0.015, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.15, "fourth moment {}", moment(4));
    }

    #[test]
    fn shuffle_is_a_permutation_and_every_item_comes_first_equally_often() {
        let mut firsts = [0u32; 5];
        for seed in 0..5_000 {
            let mut items = [0usize, 1, 2, 3, 4];
            Stream::new(seed, Purpose::Shuffle, 0).shuffle(&mut items);
            firsts[items[0]] += 1;
            items.sort_unstable();
            assert_eq!(items, [0, 1, 2, 3, 4]);
        }
        assert!(firsts.iter().all(|&n| (850..1150).contains(&n)), "{firsts:?}");
    }
}
