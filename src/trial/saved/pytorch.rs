//! A network's weights in PyTorch's layout and names, as safetensors.
//!
//! In: a stack of one. Out: what `load_state_dict` of a `torch.nn.Sequential` takes whose modules are a `Linear`, its activation, a `Linear` and so
//! on: `0.weight` of `[out, in]`, `0.bias` of `[out]`, `2.weight`, and of a PReLU `1.weight` of `[1]`. An autoencoder's names begin with `encoder.`
//! and `decoder.`, two such modules.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use burn::module::Param;
use burn::tensor::Tensor;
use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::nn::models::Network;

/// The file's bytes.
///
/// # Errors
/// The weights cannot be read from the device.
pub fn safetensors(model: &Network) -> Result<Vec<u8>> {
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (layer, name) in model.layers().into_iter().zip(model.layer_names()) {
        let [_, inputs, outputs] = layer.weight.dims();
        let name = in_sequence(&name, 0);
        let values = numbers(&layer.weight)?;
        let transposed = (0..outputs).flat_map(|output| values.iter().skip(output).step_by(outputs));
        tensors.insert(format!("{name}.weight"), (vec![outputs, inputs], bytes(transposed)));
        if let Some(bias) = &layer.bias {
            tensors.insert(format!("{name}.bias"), (vec![outputs], bytes(numbers(bias)?.iter())));
        }
    }
    for (slope, name) in model.slopes().into_iter().zip(model.slope_names()) {
        tensors.insert(format!("{}.weight", in_sequence(&name, 1)), (vec![1], bytes(numbers(slope)?.iter())));
    }
    let mut views = Vec::new();
    for (name, (shape, data)) in &tensors {
        views.push((name, TensorView::new(Dtype::F32, shape.clone(), data).context("a tensor has another shape")?));
    }
    serialize(views, None).context("cannot write the tensors")
}

fn numbers(parameter: &Param<Tensor<3>>) -> Result<Vec<f32>> {
    parameter.val().into_data().try_to_vec().context("the weights cannot be read")
}

fn bytes<'a>(numbers: impl Iterator<Item = &'a f32>) -> Vec<u8> {
    numbers.flat_map(|number| number.to_le_bytes()).collect()
}

/// `encoder.layers.1` is `encoder.2`: every layer is followed by its activation. `after` is 1 for the activation.
fn in_sequence(name: &str, after: usize) -> String {
    let (before, number) = name.rsplit_once('.').unwrap_or(("", name));
    let place = 2 * number.parse::<usize>().unwrap_or(0) + after;
    match before.rsplit_once('.') {
        Some((half, _)) => format!("{half}.{place}"),
        None => place.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::*;
    use crate::experiment::config::{Hidden, TrialConfig};
    use crate::nn::device;
    use crate::nn::models::ActivationKind;

    #[test]
    fn weights_are_turned_and_named_as_in_a_sequence_of_linear_and_activation() {
        let device = device::for_tests();
        let mut config = TrialConfig::default();
        (config.model.hidden, config.model.activation) = (Hidden::Widths(vec![3]), ActivationKind::Prelu);
        let model = config.network(2, 4).init(&[0], &device);
        let bytes = safetensors(&model).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let mut names = tensors.names();
        names.sort();
        assert_eq!(names, ["0.bias", "0.weight", "1.weight", "2.bias", "2.weight"]);
        let first = tensors.tensor("0.weight").unwrap();
        assert_eq!(first.shape(), [3, 2]);
        let own: Vec<f32> = model.layers()[0].weight.val().into_data().try_to_vec().unwrap();
        let turned: Vec<f32> = [0, 3, 1, 4, 2, 5].map(|index| own[index]).to_vec();
        assert_eq!(first.data(), super::bytes(turned.iter()));
        config.model.latent = Some(2);
        config.train.loss = crate::nn::loss::Loss::Mse;
        let autoencoder = config.network(784, 0).init(&[0], &device);
        let bytes = safetensors(&autoencoder).unwrap();
        let names = SafeTensors::deserialize(&bytes).unwrap().names().into_iter().map(String::from).collect::<Vec<_>>();
        for name in ["encoder.0.weight", "encoder.2.bias", "decoder.0.weight", "decoder.2.weight"] {
            assert!(names.iter().any(|found| found == name), "{name} of {names:?}");
        }
    }
}
