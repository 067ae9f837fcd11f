//! The initialisers of weights by name.
//!
//! In: a layer's width and a stream. Out: weights and biases, drawn on the host. Burn's own `Initializer` has the same
//! formulas, but draws from the backend's process-wide generator, which other trials share.

use serde::{Deserialize, Serialize};

use crate::seed::Stream;

/// The initialiser of a layer with `fan_in` inputs and `fan_out` outputs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Burn's (and PyTorch's) default for a linear layer: weights and biases uniform in ±1/sqrt(fan_in).
    #[default]
    Default,
    /// Uniform in ±sqrt(6 / (fan_in + fan_out)), zero biases (Glorot and Bengio, "Understanding the difficulty of
    /// training deep feedforward neural networks", 2010).
    XavierUniform,
    /// Normal, variance 2 / (fan_in + fan_out), zero biases (Glorot and Bengio, 2010).
    XavierNormal,
    /// Uniform in ±sqrt(6 / fan_in), zero biases (He et al., "Delving deep into rectifiers", 2015).
    HeUniform,
    /// Normal, variance 2 / fan_in, zero biases (He et al., 2015).
    HeNormal,
    /// Weights and biases normal with this standard deviation.
    Normal(f64),
    /// Weights normal with variance 1 / fan_in, biases standard normal (LeCun et al., "Efficient
    /// BackProp", 1998, for the weights).
    NormalFanIn,
    /// Weights and biases zero.
    Zeros,
}

impl Init {
    /// Appends the weights `[fan_in, fan_out]`, row-major.
    pub fn weights(self, fan_in: usize, fan_out: usize, stream: &mut Stream, into: &mut Vec<f32>) {
        let (n_in, n_out) = (fan_in as f64, fan_out as f64);
        let count = fan_in * fan_out;
        match self {
            Self::Default => uniform(n_in.recip().sqrt(), count, stream, into),
            Self::XavierUniform => uniform((6.0 / (n_in + n_out)).sqrt(), count, stream, into),
            Self::XavierNormal => normal((2.0 / (n_in + n_out)).sqrt(), count, stream, into),
            Self::HeUniform => uniform((6.0 / n_in).sqrt(), count, stream, into),
            Self::HeNormal => normal((2.0 / n_in).sqrt(), count, stream, into),
            Self::Normal(sd) => normal(sd, count, stream, into),
            Self::NormalFanIn => normal(n_in.recip().sqrt(), count, stream, into),
            Self::Zeros => into.extend(std::iter::repeat_n(0.0, count)),
        }
    }

    /// Appends the biases `[fan_out]`.
    pub fn biases(self, fan_in: usize, fan_out: usize, stream: &mut Stream, into: &mut Vec<f32>) {
        match self {
            Self::Default => uniform((fan_in as f64).recip().sqrt(), fan_out, stream, into),
            Self::Normal(sd) => normal(sd, fan_out, stream, into),
            Self::NormalFanIn => normal(1.0, fan_out, stream, into),
            _ => into.extend(std::iter::repeat_n(0.0, fan_out)),
        }
    }
}

fn uniform(bound: f64, count: usize, stream: &mut Stream, into: &mut Vec<f32>) {
    into.extend((0..count).map(|_| stream.uniform(-bound, bound) as f32));
}

fn normal(sd: f64, count: usize, stream: &mut Stream, into: &mut Vec<f32>) {
    into.extend((0..count).map(|_| (sd * stream.normal()) as f32));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn draw(init: Init) -> (Vec<f32>, Vec<f32>) {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        let mut stream = Stream::new(5, Purpose::Init, 0);
        init.weights(300, 100, &mut stream, &mut weights);
        init.biases(300, 100, &mut stream, &mut biases);
        (weights, biases)
    }

    fn variance(values: &[f32]) -> f64 {
        values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn every_initialiser_has_the_variance_its_paper_gives() {
        // A uniform in ±b has variance b²/3.
        for (init, expected) in [
            (Init::Default, 1.0 / 300.0 / 3.0),
            (Init::XavierUniform, 2.0 / 400.0),
            (Init::XavierNormal, 2.0 / 400.0),
            (Init::HeUniform, 2.0 / 300.0),
            (Init::HeNormal, 2.0 / 300.0),
            (Init::Normal(0.5), 0.25),
            (Init::NormalFanIn, 1.0 / 300.0),
        ] {
            let ratio = variance(&draw(init).0) / expected;
            assert!((0.96..1.04).contains(&ratio), "{init:?}: {ratio}");
        }
        assert!(draw(Init::Zeros).0.iter().all(|&w| w == 0.0));
    }

    #[test]
    fn biases_are_zero_unless_the_initialiser_draws_them() {
        assert!(draw(Init::HeNormal).1.iter().all(|&b| b == 0.0));
        assert!(draw(Init::Default).1.iter().any(|&b| b != 0.0));
        assert!(draw(Init::Default).1.iter().all(|&b| b.abs() <= (1.0f32 / 300.0).sqrt()));
    }
}
