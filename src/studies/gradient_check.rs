//! Gradient checking: the derivatives that a training uses, by the backward pass, against central differences in 64-bit
//! arithmetic, by Burn's operations.
//!
//! In: a network (a stack of one), a loss, a few examples. Out: for each parameter, the largest difference and the
//! element that has it.

use anyhow::{Context, Result};
use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::Objective;
use crate::nn::cpu::feed_forward::Layer;
use crate::nn::cpu::{Inputs, Pass, convert, loss};
use crate::nn::device::{self, OpenBackend};
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::seed::{Purpose, Stream};

/// The step of the differences, that of Wasil Zafar, "How Neural Networks Learn", 2026. The truncation error of a central difference is
/// proportional to its square, the rounding error to its inverse; at 1e-5 both are below 1e-9 for losses near 1.
pub const STEP: f64 = 1e-5;

/// The comparison for one parameter tensor.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ParameterCheck {
    /// The parameter's name, such as `layers.0.weight`.
    pub name: String,
    /// The parameter's shape without the dimension of replicas: inputs and outputs of a weight.
    pub shape: [usize; 2],
    /// Number of elements whose derivative was compared.
    #[serde(rename = "moved")]
    pub checked: usize,
    /// Number of those at a kink of the loss, where the one-sided derivatives differ and any number between them is a
    /// subgradient.
    pub kinks: usize,
    /// Row and column of the element with the largest difference.
    pub worst: [usize; 2],
    /// The automatic derivative of that element.
    pub automatic: f64,
    /// The central difference of that element; at a kink the subgradient nearest to the automatic derivative.
    pub numeric: f64,
    /// The absolute difference of the two, relative to the parameter's largest absolute derivative.
    pub difference: f64,
}

/// Compares up to `samples` elements of every parameter.
///
/// # Errors
/// The backend returns no numbers.
pub fn check(
    model: &Network,
    objective: Objective,
    samples: usize,
    backend: &OpenBackend,
) -> Result<Vec<ParameterCheck>> {
    compare(model, gradients(model, objective, backend)?, objective, samples)
}

/// The gradient of one parameter.
struct Gradient {
    /// The parameter's name.
    name: String,
    /// The derivatives, row-major.
    values: Vec<f64>,
}

/// Compares gradients, in the order of [`gradients`], with differences of the loss.
fn compare(
    model: &Network,
    gradients: Vec<Gradient>,
    objective: Objective,
    samples: usize,
) -> Result<Vec<ParameterCheck>> {
    // Always on burn-flex: other backends compute sigmoids in 32 bits, whose rounding errors exceed a difference of
    // 1e-5.
    let flex = Device::flex();
    let mut model = model.clone();
    model.layers_mut().into_iter().for_each(|layer| {
        layer.weight = to_f64(&layer.weight, &flex);
        layer.bias = layer.bias.as_ref().map(|bias| to_f64(bias, &flex));
    });
    model.slopes_mut().into_iter().for_each(|slope| *slope = to_f64(slope, &flex));
    let mut loss = LossAt { model, batch: batch(objective, &flex, DType::F64), loss: objective.loss };
    let mut checks = Vec::new();
    for (parameter, Gradient { name, values: gradient }) in gradients.into_iter().enumerate() {
        let shape = loss.parameter(parameter)?.val().dims();
        let scale = gradient.iter().fold(0.0f64, |max, g| max.max(g.abs())).max(1e-12);
        let mut check = ParameterCheck {
            name,
            shape: [shape[1], shape[2]],
            checked: 0,
            kinks: 0,
            worst: [0, 0],
            automatic: 0.0,
            numeric: 0.0,
            difference: -1.0,
        };
        for index in sampled_indices(gradient.len(), samples, parameter as u64) {
            let derivatives = loss.one_sided_derivatives(parameter, index)?;
            let is_kink = derivatives.is_kink(scale);
            let numeric = if is_kink { derivatives.clamp(gradient[index]) } else { derivatives.central_difference() };
            let difference = (gradient[index] - numeric).abs() / scale;
            check.checked += 1;
            check.kinks += usize::from(is_kink);
            if difference > check.difference || difference.is_nan() {
                check.worst = [index / shape[2], index % shape[2]];
                (check.automatic, check.numeric, check.difference) = (gradient[index], numeric, difference);
            }
        }
        checks.push(check);
    }
    Ok(checks)
}

/// Inputs and targets.
type InputsAndTargets = (Tensor<3>, Tensor<3>);

/// The examples as one batch `[1, n, width]`.
fn batch(Objective { split, task, .. }: Objective, device: &Device, dtype: DType) -> InputsAndTargets {
    let inputs = split.rows.numbers();
    let targets = task.targets(&inputs, split.labels, split.targets);
    let tensor = |values: Vec<f32>| {
        let shape = [1, split.count(), values.len() / split.count()];
        Tensor::<3>::from_data(TensorData::new(values, shape), device).cast(dtype)
    };
    (tensor(inputs), tensor(targets))
}

/// The gradient of every parameter as a training on the backend has it: layer by layer, weights before biases, then the slopes.
fn gradients(model: &Network, objective: Objective, backend: &OpenBackend) -> Result<Vec<Gradient>> {
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    if let Some(gpu) = &backend.gpu {
        return on_the_gpu(model, objective, gpu);
    }
    Ok(match device::is_flex(&backend.device) {
        true => on_the_cpu(model, objective),
        false => by_autodiff(model, objective, &backend.device),
    })
}

/// The gradients by the GPU's backward pass.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn on_the_gpu(model: &Network, objective: Objective, gpu: &device::Gpu) -> Result<Vec<Gradient>> {
    let Objective { split, task, loss } = objective;
    let found = crate::nn::gpu::gradient::gradients(&convert::unstack(model), split, task, loss, gpu)?;
    let found = found.first().context("there is no network")?;
    let names = model.layer_names();
    let of_layer = |(layer, name): (&Layer, &String)| {
        let mut own = LayerGradients::zeros((layer, name));
        own.weight.values = wide(layer.weight.to_vec());
        own.bias.iter_mut().for_each(|bias| bias.values = wide(layer.bias.clone().unwrap_or_default()));
        own.slope = layer.slope.map(f64::from);
        own
    };
    Ok(in_order(found.layers.iter().zip(&names).map(of_layer).collect()))
}

/// The gradients by the CPU's own backward pass.
fn on_the_cpu(model: &Network, Objective { split, task, loss }: Objective) -> Vec<Gradient> {
    let Some(mut network) = convert::unstack(model).into_iter().next() else { return Vec::new() };
    let (inputs, count) = (split.rows.numbers(), split.count());
    let targets = task.targets(&inputs, split.labels, split.targets);
    let inputs = Inputs::Dense(inputs);
    let mut pass = Pass::default();
    network.forward(&inputs, count, &[], &mut pass);
    // What no gradient reaches has a derivative of 0.
    let names = model.layer_names();
    let mut named: Vec<LayerGradients> = network.layers.iter().zip(&names).map(LayerGradients::zeros).collect();
    let width = targets.len() / count;
    let loss_gradient = |outputs: &[f32], grad: &mut [f32]| {
        loss::loss_and_gradient(loss, outputs, &targets, width, grad);
    };
    let lowest = network.lowest_reached();
    network.backward((&inputs, count, &[]), &mut pass, lowest, loss_gradient, |index, layer, gradient| {
        let own = &mut named[index];
        let mut weight = vec![0.0; layer.weight.len()];
        gradient.weight_rows(0..layer.inputs, &mut weight);
        own.weight.values = wide(weight);
        own.bias.iter_mut().for_each(|bias| bias.values = wide(gradient.bias()));
        own.slope.iter_mut().for_each(|slope| *slope = f64::from(gradient.slope));
    });
    in_order(named)
}

/// The gradients layer by layer, then the slopes.
fn in_order(named: Vec<LayerGradients>) -> Vec<Gradient> {
    let slopes: Vec<f64> = named.iter().filter_map(|layer| layer.slope).collect();
    let slopes = slopes.into_iter().enumerate();
    let slopes = slopes.map(|(i, slope)| Gradient { name: format!("slopes.{i}"), values: vec![slope] });
    named.into_iter().flat_map(|layer| [Some(layer.weight), layer.bias]).flatten().chain(slopes).collect()
}

/// The gradients of one layer's parameters.
struct LayerGradients {
    weight: Gradient,
    bias: Option<Gradient>,
    slope: Option<f64>,
}

impl LayerGradients {
    fn zeros((layer, name): (&Layer, &String)) -> Self {
        let zeros = |what: &str, count: usize| Gradient { name: format!("{name}.{what}"), values: vec![0.0; count] };
        Self {
            weight: zeros("weight", layer.weight.len()),
            bias: layer.bias.as_ref().map(|bias| zeros("bias", bias.len())),
            slope: layer.slope.map(|_| 0.0),
        }
    }
}

fn wide(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}

/// The gradients by Burn's autodiff.
fn by_autodiff(model: &Network, objective: Objective, device: &Device) -> Vec<Gradient> {
    let model = model.clone().train();
    let (inputs, targets) = batch(objective, &device.clone().autodiff(), DType::F32);
    let gradients = objective.loss.per_replica(model.forward(inputs), targets).sum().backward();
    let read = |parameter: &Param<Tensor<3>>| match parameter.val().grad(&gradients) {
        Some(gradient) => gradient.into_data().iter::<f64>().collect(),
        // Parameters before a Heaviside step have no gradient.
        None => vec![0.0; parameter.val().shape().num_elements()],
    };
    let mut named = Vec::new();
    for (layer, name) in model.layers().into_iter().zip(model.layer_names()) {
        named.push((format!("{name}.weight"), &layer.weight));
        named.extend(layer.bias.as_ref().map(|bias| (format!("{name}.bias"), bias)));
    }
    named.extend(model.slopes().into_iter().enumerate().map(|(i, slope)| (format!("slopes.{i}"), slope)));
    named.into_iter().map(|(name, parameter)| Gradient { name, values: read(parameter) }).collect()
}

/// Parameter `index` in the order of [`gradients`]; `None` past the last one.
fn parameter_mut(model: &mut Network, index: usize) -> Option<&mut Param<Tensor<3>>> {
    let (mut parameters, mut slopes) = (Vec::new(), Vec::new());
    match model {
        Network::Classifier(mlp) => {
            mlp.layers.iter_mut().for_each(|layer| parameters.extend([Some(&mut layer.weight), layer.bias.as_mut()]));
            slopes.extend(mlp.slopes.iter_mut());
        }
        Network::Autoencoder(autoencoder) => {
            let layers = autoencoder.encoder.layers.iter_mut().chain(&mut autoencoder.decoder.layers);
            layers.for_each(|layer| parameters.extend([Some(&mut layer.weight), layer.bias.as_mut()]));
            slopes.extend(autoencoder.encoder.slopes.iter_mut().chain(&mut autoencoder.decoder.slopes));
        }
    }
    parameters.into_iter().flatten().chain(slopes).nth(index)
}

/// The indices of the elements that are compared, in increasing order: all of them if there are at most `samples`, else
/// a random sample.
fn sampled_indices(count: usize, samples: usize, parameter: u64) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    if count > samples {
        Stream::new(parameter, Purpose::Pick, 2).shuffle(&mut indices);
        indices.truncate(samples);
        indices.sort_unstable();
    }
    indices
}

/// The one-sided derivatives of the loss by one element, as difference quotients.
struct OneSidedDerivatives {
    left: f64,
    right: f64,
}

/// The difference of one-sided derivatives, relative to the parameter's largest derivative, above which there is a
/// kink; the curvature of a smooth loss makes a far smaller difference within a step of 1e-5.
const KINK: f64 = 1e-3;

impl OneSidedDerivatives {
    /// The smaller and the larger of the two.
    fn bounds(&self) -> (f64, f64) {
        (self.left.min(self.right), self.left.max(self.right))
    }

    fn is_kink(&self, scale: f64) -> bool {
        let (low, high) = self.bounds();
        high - low > KINK * scale
    }

    fn central_difference(&self) -> f64 {
        let (low, high) = self.bounds();
        0.5 * (low + high)
    }

    /// The number between the two that is nearest to `derivative`.
    fn clamp(&self, derivative: f64) -> f64 {
        let (low, high) = self.bounds();
        derivative.clamp(low, high)
    }
}

/// The loss of a network in 64 bits on one batch.
struct LossAt {
    model: Network,
    batch: InputsAndTargets,
    loss: Loss,
}

impl LossAt {
    fn parameter(&mut self, index: usize) -> Result<&mut Param<Tensor<3>>> {
        parameter_mut(&mut self.model, index).context("there are more gradients than the network has parameters")
    }

    fn value(&self) -> Result<f64> {
        let (inputs, targets) = self.batch.clone();
        let losses = self.loss.per_replica(self.model.forward(inputs), targets).into_data();
        losses.iter::<f64>().next().context("the backend returned no loss")
    }

    /// The derivatives by element `index` of parameter `parameter`; the network is the same afterwards.
    fn one_sided_derivatives(&mut self, parameter: usize, index: usize) -> Result<OneSidedDerivatives> {
        let original = self.parameter(parameter)?.val();
        let mut value_at = |offset: f64| -> Result<f64> {
            let shape = original.dims();
            let mut values: Vec<f64> = original.clone().into_data().iter::<f64>().collect();
            values[index] += offset;
            let shifted = Tensor::from_data(TensorData::new(values, shape), (&original.device(), DType::F64));
            *self.parameter(parameter)? = Param::from_tensor(shifted);
            self.value()
        };
        let [left, middle, right] = [value_at(-STEP)?, value_at(0.0)?, value_at(STEP)?];
        *self.parameter(parameter)? = Param::from_tensor(original);
        Ok(OneSidedDerivatives { left: (middle - left) / STEP, right: (right - middle) / STEP })
    }
}

fn to_f64(parameter: &Param<Tensor<3>>, device: &Device) -> Param<Tensor<3>> {
    let tensor = parameter.val();
    let values: Vec<f64> = tensor.clone().into_data().iter::<f64>().collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, tensor.dims()), (device, DType::F64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Pixels, toys};
    use crate::experiment::config::{Hidden, TrialConfig};
    use crate::nn::device;
    use crate::nn::models::ActivationKind;

    fn check_blobs(loss: Loss, activation: ActivationKind) -> Vec<ParameterCheck> {
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![5]);
        config.model.activation = activation;
        let backend = device::backend_for_tests();
        let dataset = toys::find("blobs").unwrap().dataset();
        let model = config.network(2, 2).init(&[3], &backend.device);
        let objective = Objective { split: dataset.train.slice(0, 6, Pixels::Unit), task: config.task(2), loss };
        check(&model, objective, 100, &backend).unwrap()
    }

    #[test]
    fn a_correct_gradient_passes_and_every_parameter_is_named() {
        let found = check_blobs(Loss::CrossEntropy, ActivationKind::Prelu);
        let names: Vec<&str> = found.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "slopes.0"]);
        assert_eq!(found.iter().map(|check| check.checked).collect::<Vec<_>>(), [10, 5, 10, 2, 1]);
        assert!(found.iter().all(|check| check.difference < 1e-3), "{found:?}");
    }

    #[test]
    fn at_a_kink_any_number_between_the_one_sided_derivatives_passes_and_elsewhere_only_one() {
        let kink = OneSidedDerivatives { left: 0.0, right: 1.0 };
        assert!(kink.is_kink(1.0));
        assert_eq!([kink.clamp(0.3), kink.clamp(1.5)], [0.3, 1.0]);
        let smooth = OneSidedDerivatives { left: 0.5, right: 0.5 + 1e-6 };
        assert!(!smooth.is_kink(1.0));
        assert!((smooth.central_difference() - 0.5).abs() < 1e-5);
        // With the corners of XOR and zero biases the input of a ReLU is exactly 0.
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![4]);
        config.model.init = crate::nn::models::Init::HeNormal.into();
        let backend = device::backend_for_tests();
        let dataset = toys::find("xor").unwrap().dataset();
        let model = config.network(2, 2).init(&[0], &backend.device);
        let split = dataset.train.slice(0, 4, Pixels::Unit);
        let objective = Objective { split, task: config.task(2), loss: Loss::CrossEntropy };
        let found = check(&model, objective, 100, &backend).unwrap();
        assert!(found.iter().all(|check| check.difference < 1e-3), "{found:?}");
        assert!(found.iter().map(|check| check.kinks).sum::<usize>() > 0);
    }

    #[test]
    fn a_wrong_derivative_is_found_with_its_parameter_and_element() {
        let backend = device::backend_for_tests();
        let dataset = toys::find("blobs").unwrap().dataset();
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![5]);
        config.model.activation = ActivationKind::Tanh;
        let model = config.network(2, 2).init(&[3], &backend.device);
        let split = dataset.train.slice(0, 6, Pixels::Unit);
        let objective = Objective { split, task: config.task(2), loss: Loss::CrossEntropy };
        let mut gradients = gradients(&model, objective, &backend).unwrap();
        // The derivative by the second weight into the fourth unit is wrong by a twentieth of the largest one.
        let max = gradients[0].values.iter().fold(0.0f64, |max, g| max.max(g.abs()));
        gradients[0].values[8] += 0.05 * max;
        let found = compare(&model, gradients, objective, 100).unwrap();
        assert_eq!((found[0].worst, found[0].name.as_str()), ([1, 3], "layers.0.weight"));
        assert!(found[0].difference > 0.04 && found[1..].iter().all(|check| check.difference < 1e-3), "{found:?}");
    }
}
