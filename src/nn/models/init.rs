//! The initialisers of weights by name.
//!
//! In: a layer's width and a stream. Out: weights and biases, drawn on the host. Burn's own `Initializer` has the same
//! formulas, but draws from the backend's process-wide generator, which other trials share.

use serde::de::{Deserializer, Error};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use toml::Value;

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
    /// Weights as by `"default"`, uniform in ±1/sqrt(fan_in), with zero biases.
    UniformFanIn,
}

/// The biases that take the place of an initialiser's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BiasInit {
    /// Zero.
    Zeros,
    /// Standard normal.
    Normal,
}

/// An initialiser, with other biases than its own where they are asked for.
///
/// In a file it is the initialiser alone, or a table with a `bias`: `{ normal = 0.5, bias = "zeros" }`, and of an initialiser without a
/// number `{ weights = "he_normal", bias = "normal" }`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LayerInit {
    /// The initialiser of the weights, and of the biases unless there are others.
    pub weights: Init,
    /// The biases in place of the initialiser's own.
    pub biases: Option<BiasInit>,
}

impl From<Init> for LayerInit {
    fn from(weights: Init) -> Self {
        Self { weights, biases: None }
    }
}

impl LayerInit {
    /// Appends the weights `[fan_in, fan_out]`, row-major, and the biases `[fan_out]`.
    pub fn draw(
        self,
        [fan_in, fan_out]: [usize; 2],
        stream: &mut Stream,
        weights: &mut Vec<f32>,
        biases: &mut Vec<f32>,
    ) {
        self.weights.weights(fan_in, fan_out, stream, weights);
        match self.biases {
            None => self.weights.biases(fan_in, fan_out, stream, biases),
            Some(BiasInit::Zeros) => biases.extend(std::iter::repeat_n(0.0, fan_out)),
            Some(BiasInit::Normal) => normal(1.0, fan_out, stream, biases),
        }
    }
}

/// Without other biases it is written as the initialiser alone, which goes into the identities of trials.
impl Serialize for LayerInit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(biases) = self.biases else { return self.weights.serialize(serializer) };
        let mut table = serializer.serialize_map(Some(2))?;
        match self.weights {
            Init::Normal(sd) => table.serialize_entry("normal", &sd)?,
            named => table.serialize_entry("weights", &named)?,
        }
        table.serialize_entry("bias", &biases)?;
        table.end()
    }
}

/// Goes through a TOML value, because serde's untagged enums would not say which name is wrong.
impl<'de> Deserialize<'de> for LayerInit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |value: Value| -> Result<Self, toml::de::Error> {
            let Value::Table(mut table) = value else { return Init::deserialize(value).map(Self::from) };
            let Some(biases) = table.remove("bias") else {
                let weights = table.remove("weights").filter(|_| table.is_empty());
                return Init::deserialize(weights.unwrap_or(Value::Table(table))).map(Self::from);
            };
            let weights = match table.remove("weights") {
                Some(weights) if table.is_empty() => weights,
                Some(_) => return Err(toml::de::Error::custom("beside `weights` and `bias` there is nothing to set")),
                None if table.is_empty() => {
                    return Err(toml::de::Error::custom(
                        "`bias` goes with weights: { normal = 0.5, bias = \"zeros\" }, or { weights = \"he_normal\", bias = \"zeros\" }",
                    ));
                }
                None => Value::Table(table),
            };
            Ok(Self { weights: Init::deserialize(weights)?, biases: Some(BiasInit::deserialize(biases)?) })
        };
        read(Value::deserialize(deserializer)?).map_err(|error| D::Error::custom(error.message()))
    }
}

impl Init {
    /// Appends the weights `[fan_in, fan_out]`, row-major.
    fn weights(self, fan_in: usize, fan_out: usize, stream: &mut Stream, into: &mut Vec<f32>) {
        let (n_in, n_out) = (fan_in as f64, fan_out as f64);
        let count = fan_in * fan_out;
        match self {
            Self::Default | Self::UniformFanIn => uniform(n_in.recip().sqrt(), count, stream, into),
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
    fn biases(self, fan_in: usize, fan_out: usize, stream: &mut Stream, into: &mut Vec<f32>) {
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

    fn draw(init: impl Into<LayerInit>) -> (Vec<f32>, Vec<f32>) {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        init.into().draw([300, 100], &mut Stream::new(5, Purpose::Init, 0), &mut weights, &mut biases);
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
            (Init::UniformFanIn, 1.0 / 300.0 / 3.0),
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
        assert!(draw(Init::UniformFanIn).1.iter().all(|&b| b == 0.0));
        assert_eq!(draw(Init::UniformFanIn).0, draw(Init::Default).0);
    }

    #[test]
    fn other_biases_leave_the_weights_as_they_are() {
        for weights in [Init::Normal(0.5), Init::UniformFanIn, Init::Zeros] {
            let with = |biases| draw(LayerInit { weights, biases: Some(biases) });
            let (own, _) = draw(weights);
            assert_eq!(with(BiasInit::Zeros), (own.clone(), vec![0.0; 100]));
            let (drawn, biases) = with(BiasInit::Normal);
            // The standard error of the variance of 100 draws is 0.14.
            assert!(drawn == own && (0.5..1.6).contains(&variance(&biases)), "{weights:?}: {}", variance(&biases));
        }
    }

    #[test]
    fn an_initialiser_is_written_as_it_was_and_reads_back_with_other_biases_too() {
        for json in [
            r#""default""#,
            r#""uniform_fan_in""#,
            r#"{"normal":0.01}"#,
            r#"{"normal":0.5,"bias":"zeros"}"#,
            r#"{"weights":"uniform_fan_in","bias":"normal"}"#,
        ] {
            let init: LayerInit = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&init).unwrap(), json);
        }
        let alone: LayerInit = serde_json::from_str(r#"{"weights":"he_normal"}"#).unwrap();
        assert_eq!(alone, Init::HeNormal.into());
        let wrong = |json: &str| serde_json::from_str::<LayerInit>(json).unwrap_err().to_string();
        assert!(wrong(r#"{"normal":0.5,"bias":"ones"}"#).contains("unknown variant `ones`"));
        assert!(wrong(r#"{"bias":"zeros"}"#).contains("goes with weights"));
        assert!(wrong(r#"{"weights":"he_normal","normal":0.1,"bias":"zeros"}"#).contains("nothing to set"));
        assert!(wrong(r#""he_norml""#).contains("unknown variant `he_norml`"));
    }
}
