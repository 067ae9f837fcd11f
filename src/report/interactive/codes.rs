//! The codes of test images, and the network that decodes them, by which a page walks from code to code.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use half::f16;
use serde::Serialize;

use super::sprite::Sprite;
use crate::data::Dataset;
use crate::experiment::config::TrialConfig;
use crate::nn::models::{ActivationKind, Autoencoder, LayerShape, Network, NetworkConfig};
use crate::trial::saved::rounded::{Bits, RoundedNetwork};

/// The most bytes of the networks' text.
const MAX_BYTES: usize = 1_560_000;
/// Test images of each class.
const EACH: usize = 30;

/// Codes of some test images, with what makes images of codes.
#[derive(Debug, Serialize)]
pub struct WalkableCodes {
    decoder: RoundedNetwork,
    /// Left out where the page would be too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<RoundedNetwork>,
    /// Bytes of the networks' text.
    bytes: usize,
    /// Numbers of a code.
    width: usize,
    images: Sprite,
    /// Places in the test file.
    places: Vec<usize>,
    labels: Vec<u8>,
    classes: Vec<String>,
    /// The images' codes, as little-endian half floats in base64.
    codes: String,
    /// The standard deviation of each number of the code over all test images, by which its sliders are scaled.
    spreads: Vec<f64>,
    /// Where the images are in the figure of the codes; empty where there is none.
    points: Vec<[f64; 2]>,
    seed: u64,
    /// What the network was trained to remove: the kind of noise and its level, which is 0 where it was trained without.
    noise: (&'static str, f64),
}

/// Of a stack of one; `None` where its decoder is too large for a page. `codes` are those of all test images, `[n * width]`; `points` is
/// where they are in their figure.
///
/// # Errors
/// The network cannot be read from its device, or a picture cannot be encoded.
pub fn of(
    model: &Autoencoder,
    config: &TrialConfig,
    seed: u64,
    dataset: &Dataset,
    codes: &[f32],
    points: &[(f64, f64)],
) -> Result<Option<WalkableCodes>> {
    let (NetworkConfig::Autoencoder(shape), Some(images)) =
        (config.network(dataset.test.width(), dataset.classes.len()), dataset.test.images())
    else {
        return Ok(None);
    };
    let encoder_shapes = shape.encoder.shapes();
    let mut decoder_shapes = shape.decoder().shapes();
    if let Some(last) = decoder_shapes.last_mut() {
        last.activation = ActivationKind::Sigmoid;
    }
    let size = |shapes: &[LayerShape], bits| RoundedNetwork::text_bytes(shapes, bits);
    let both = |bits| size(&encoder_shapes, bits) + size(&decoder_shapes, bits);
    let (bits, has_encoder) = match () {
        () if both(Bits::Sixteen) <= MAX_BYTES => (Bits::Sixteen, true),
        () if both(Bits::Eight) <= MAX_BYTES => (Bits::Eight, true),
        () if size(&decoder_shapes, Bits::Eight) <= MAX_BYTES => (Bits::Eight, false),
        () => return Ok(None),
    };
    let decoder = RoundedNetwork::new(&Network::decoder_of(model), &decoder_shapes, bits)?;
    let encoder = || RoundedNetwork::new(&Network::encoder_of(model), &encoder_shapes, bits);
    let encoder = has_encoder.then(encoder).transpose()?;
    let width = config.model.latent.unwrap_or(1).max(1);
    let labels = dataset.test.labels();
    let of_class = |class: usize| (0..labels.len()).filter(move |&i| usize::from(labels[i]) == class).take(EACH);
    let places: Vec<usize> = (0..dataset.classes.len()).flat_map(of_class).collect();
    let chosen = places.iter().filter_map(|&place| codes.get(place * width..(place + 1) * width)).flatten();
    let bytes: Vec<u8> = chosen.flat_map(|&number| f16::from_f32(number).to_le_bytes()).collect();
    let point = |&place: &usize| points.get(place).map(|&(x, y)| [x, y].map(|v| (10.0 * v).round() / 10.0));
    Ok(Some(WalkableCodes {
        bytes: decoder.numbers.len() + encoder.as_ref().map_or(0, |encoder| encoder.numbers.len()),
        decoder,
        encoder,
        width,
        images: Sprite::of(images, &places)?,
        labels: places.iter().map(|&place| labels[place]).collect(),
        classes: dataset.classes.clone(),
        codes: STANDARD.encode(bytes),
        spreads: (0..width).map(|number| spread(codes, width, number)).collect(),
        points: places.iter().filter_map(point).collect(),
        places,
        seed,
        noise: (config.train.noise_kind.name(), config.train.noise),
    }))
}

/// The standard deviation of one number of the codes.
fn spread(codes: &[f32], width: usize, number: usize) -> f64 {
    let values = || codes.iter().skip(number).step_by(width).map(|&value| f64::from(value));
    let count = values().count().max(1) as f64;
    let mean = values().sum::<f64>() / count;
    let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    super::rounded(variance.sqrt()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_the_standard_deviation_of_one_column() {
        // Of 1, 3 and 5 around 3; the other column does not vary.
        assert_eq!(spread(&[1.0, 7.0, 3.0, 7.0, 5.0, 7.0], 2, 0), 1.633);
        assert_eq!(spread(&[1.0, 7.0, 3.0, 7.0, 5.0, 7.0], 2, 1), 0.0);
    }
}
