//! Gradient checking: Burn's automatic derivatives against central differences in 64-bit arithmetic.
//!
//! In: a network (a stack of one), a loss, a few examples. Out: for each parameter, the largest difference and where it is.

use anyhow::{Context, Result};
use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::data::Split;
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::nn::task::Task;
use crate::seed::{Purpose, Stream};

/// How far a number is moved either way. The error of a central difference falls with its square and rises, by rounding, with its
/// inverse; 1e-6 leaves both below 1e-9 for losses near 1.
const STEP: f64 = 1e-6;

/// What one parameter was found to be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ParameterCheck {
    /// Such as `layers.0.weight`.
    pub name: String,
    /// Without the replica.
    pub shape: [usize; 2],
    /// Numbers that were moved.
    pub moved: usize,
    /// Those that stand on a kink, where the slopes to the left and to the right differ and any slope between them is right.
    pub kinks: usize,
    /// Where the difference is largest: row and column.
    pub worst: [usize; 2],
    /// The automatic derivative there.
    pub automatic: f64,
    /// The central difference there.
    pub numeric: f64,
    /// The difference of the two, as a share of the parameter's largest derivative.
    pub difference: f64,
}

/// Checks up to `samples` numbers of every parameter that has a gradient, on the given split.
///
/// # Errors
/// The backend returns no numbers.
pub fn check(
    model: &Network,
    (split, task): (Split, Task),
    loss: Loss,
    samples: usize,
    device: &Device,
) -> Result<Vec<ParameterCheck>> {
    compare(model, automatic(model, (split, task), loss, device), (split, task), loss, samples)
}

/// The derivatives given, by parameter, against differences of the loss.
fn compare(
    model: &Network,
    gradients: Vec<(String, Vec<f64>)>,
    (split, task): (Split, Task),
    loss: Loss,
    samples: usize,
) -> Result<Vec<ParameterCheck>> {
    // Always on flex: other backends take their sigmoids through 32 bits, which a step of 1e-6 does not survive.
    let flex = Device::flex();
    let mut wide = model.clone();
    wide.layers_mut().into_iter().for_each(|layer| {
        layer.weight = Param::from_tensor(widened(&layer.weight.val(), &flex));
        layer.bias = layer.bias.as_ref().map(|bias| Param::from_tensor(widened(&bias.val(), &flex)));
    });
    wide.slopes_mut().into_iter().for_each(|slope| *slope = Param::from_tensor(widened(&slope.val(), &flex)));
    let batch = batch(split, task, (&flex, DType::F64));
    let mut checked = Vec::new();
    for (nth_parameter, (name, gradient)) in gradients.into_iter().enumerate() {
        let shape =
            nth(&mut wide, nth_parameter).context("the network has fewer parameters than gradients")?.val().dims();
        let scale = gradient.iter().fold(0.0f64, |most, g| most.max(g.abs())).max(1e-12);
        let mut worst = ParameterCheck {
            name,
            shape: [shape[1], shape[2]],
            moved: 0,
            kinks: 0,
            worst: [0, 0],
            automatic: 0.0,
            numeric: 0.0,
            difference: -1.0,
        };
        for index in picked(gradient.len(), samples, nth_parameter as u64) {
            let derivatives = one_sided(&mut wide, (nth_parameter, index), loss, &batch)?;
            let (numeric, on_kink) = derivatives.nearest(gradient[index], scale);
            let off = (gradient[index] - numeric).abs() / scale;
            worst.moved += 1;
            worst.kinks += usize::from(on_kink);
            if off > worst.difference || off.is_nan() {
                worst.worst = [index / shape[2], index % shape[2]];
                (worst.automatic, worst.numeric, worst.difference) = (gradient[index], numeric, off);
            }
        }
        checked.push(worst);
    }
    Ok(checked)
}

type Batch = (Tensor<3>, Tensor<3>);

fn batch(split: Split, task: Task, index: (&Device, DType)) -> Batch {
    let inputs = split.rows.numbers();
    let targets = task.targets(&inputs, split.labels, split.targets);
    let tensor = |values: Vec<f32>| {
        let shape = [1, split.count(), values.len() / split.count()];
        Tensor::<3>::from_data(TensorData::new(values, shape), index.0).cast(index.1)
    };
    (tensor(inputs), tensor(targets))
}

/// Every parameter's name and derivatives, layer by layer, weights before biases, slopes last.
fn automatic(model: &Network, (split, task): (Split, Task), loss: Loss, device: &Device) -> Vec<(String, Vec<f64>)> {
    let autodiff = device.clone().autodiff();
    let model = model.clone().train();
    let (inputs, targets) = batch(split, task, (&autodiff, DType::F32));
    let gradients = loss.per_replica(model.forward(inputs), targets).sum().backward();
    let read = |parameter: &Param<Tensor<3>>| match parameter.val().grad(&gradients) {
        Some(gradient) => gradient.into_data().iter::<f64>().collect(),
        // The step function passes nothing on.
        None => vec![0.0; parameter.val().shape().num_elements()],
    };
    let mut found = Vec::new();
    for (layer, name) in model.layers().into_iter().zip(model.layer_names()) {
        found.push((format!("{name}.weight"), read(&layer.weight)));
        found.extend(layer.bias.as_ref().map(|bias| (format!("{name}.bias"), read(bias))));
    }
    found.extend(model.slopes().into_iter().enumerate().map(|(i, slope)| (format!("slopes.{i}"), read(slope))));
    found
}

/// The parameter at this position of the order of [`automatic`].
fn nth(model: &mut Network, index: usize) -> Option<&mut Param<Tensor<3>>> {
    let (mut parameters, mut slopes) = (Vec::new(), Vec::new());
    match model {
        Network::Classifier(mlp) => {
            mlp.layers.iter_mut().for_each(|layer| parameters.extend([Some(&mut layer.weight), layer.bias.as_mut()]));
            slopes.extend(mlp.slopes.iter_mut());
        }
        Network::Autoencoder(both) => {
            let halves = both.encoder.layers.iter_mut().chain(&mut both.decoder.layers);
            halves.for_each(|layer| parameters.extend([Some(&mut layer.weight), layer.bias.as_mut()]));
            slopes.extend(both.encoder.slopes.iter_mut().chain(&mut both.decoder.slopes));
        }
    }
    parameters.into_iter().flatten().chain(slopes).nth(index)
}

/// Which numbers of a parameter are moved: all of a small one.
fn picked(count: usize, samples: usize, parameter: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    if count > samples {
        Stream::new(parameter, Purpose::Pick, 2).shuffle(&mut all);
        all.truncate(samples);
        all.sort_unstable();
    }
    all
}

/// The one-sided derivatives of the loss along one number.
struct OneSided {
    left: f64,
    right: f64,
}

/// OneSided that differ by more than this share of the parameter's largest derivative are those of a kink; curvature makes far less of
/// a difference within a step of 1e-6.
const KINK: f64 = 1e-3;

impl OneSided {
    /// The central difference, and false; or, on a kink, the slope between the two sides nearest to the derivative, and true.
    fn nearest(&self, derivative: f64, scale: f64) -> (f64, bool) {
        let (low, high) = (self.left.min(self.right), self.left.max(self.right));
        if high - low > KINK * scale { (derivative.clamp(low, high), true) } else { (0.5 * (low + high), false) }
    }
}

fn one_sided(model: &mut Network, (parameter, index): (usize, usize), loss: Loss, batch: &Batch) -> Result<OneSided> {
    let before = nth(model, parameter).context("there is no such parameter")?.val();
    let mut at = |by: f64| -> Result<f64> {
        let shape = before.dims();
        let mut values: Vec<f64> = before.clone().into_data().iter::<f64>().collect();
        values[index] += by;
        let moved = Tensor::from_data(TensorData::new(values, shape), (&before.device(), DType::F64));
        if let Some(moved_parameter) = nth(model, parameter) {
            *moved_parameter = Param::from_tensor(moved);
        }
        let (inputs, targets) = batch.clone();
        let found = loss.per_replica(model.forward(inputs), targets).into_data().iter::<f64>().next();
        found.context("the loss has no value")
    };
    let [left, here, right] = [at(-STEP)?, at(0.0)?, at(STEP)?];
    if let Some(moved_parameter) = nth(model, parameter) {
        *moved_parameter = Param::from_tensor(before);
    }
    Ok(OneSided { left: (here - left) / STEP, right: (right - here) / STEP })
}

fn widened(tensor: &Tensor<3>, device: &Device) -> Tensor<3> {
    let values: Vec<f64> = tensor.clone().into_data().iter::<f64>().collect();
    Tensor::from_data(TensorData::new(values, tensor.dims()), (device, DType::F64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Pixels, toys};
    use crate::experiment::config::{Hidden, TrialConfig};
    use crate::nn::device;
    use crate::nn::models::ActivationKind;

    fn worst(loss: Loss, activation: ActivationKind) -> Vec<ParameterCheck> {
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![5]);
        config.model.activation = activation;
        let device = device::for_tests();
        let dataset = toys::find("blobs").unwrap().dataset();
        let model = config.network(2, 2).init(&[3], &device);
        check(&model, (dataset.train.slice(0, 6, Pixels::Unit), config.task(2)), loss, 100, &device).unwrap()
    }

    #[test]
    fn a_right_gradient_passes_and_every_parameter_is_named() {
        let found = worst(Loss::CrossEntropy, ActivationKind::Prelu);
        let names: Vec<&str> = found.iter().map(|checked| checked.name.as_str()).collect();
        assert_eq!(names, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "slopes.0"]);
        assert_eq!(found.iter().map(|checked| checked.moved).collect::<Vec<_>>(), [10, 5, 10, 2, 1]);
        assert!(found.iter().all(|checked| checked.difference < 1e-3), "{found:?}");
    }

    #[test]
    fn on_a_kink_any_slope_between_its_sides_is_right_and_elsewhere_only_one() {
        let kink = OneSided { left: 0.0, right: 1.0 };
        assert_eq!(kink.nearest(0.3, 1.0), (0.3, true));
        assert_eq!(kink.nearest(1.5, 1.0), (1.0, true));
        let smooth = OneSided { left: 0.5, right: 0.5 + 1e-6 };
        assert!((smooth.nearest(0.7, 1.0).0 - 0.5).abs() < 1e-5);
        // The corners of XOR and zero biases put a ReLU exactly on its kink.
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![4]);
        config.model.init = crate::nn::models::Init::HeNormal;
        let device = device::for_tests();
        let dataset = toys::find("xor").unwrap().dataset();
        let model = config.network(2, 2).init(&[0], &device);
        let split = dataset.train.slice(0, 4, Pixels::Unit);
        let found = check(&model, (split, config.task(2)), Loss::CrossEntropy, 100, &device).unwrap();
        assert!(found.iter().all(|checked| checked.difference < 1e-3), "{found:?}");
        assert!(found.iter().map(|checked| checked.kinks).sum::<usize>() > 0);
    }

    #[test]
    fn a_wrong_derivative_is_found_and_named_where_it_is() {
        let device = device::for_tests();
        let dataset = toys::find("blobs").unwrap().dataset();
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![5]);
        config.model.activation = ActivationKind::Tanh;
        let model = config.network(2, 2).init(&[3], &device);
        let on = (dataset.train.slice(0, 6, Pixels::Unit), config.task(2));
        let mut gradients = automatic(&model, on, Loss::CrossEntropy, &device);
        // The second weight into the fourth unit, a twentieth of the largest derivative off.
        let most = gradients[0].1.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        gradients[0].1[8] += 0.05 * most;
        let found = compare(&model, gradients, on, Loss::CrossEntropy, 100).unwrap();
        assert_eq!((found[0].worst, found[0].name.as_str()), ([1, 3], "layers.0.weight"));
        assert!(found[0].difference > 0.04 && found[1..].iter().all(|checked| checked.difference < 1e-3), "{found:?}");
    }
}
