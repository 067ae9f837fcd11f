//! The fused optimizers against Burn's own: the same parameters after every step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use kindling::nn::kernels::{TINY, Update};
use kindling::nn::optim::{AdaGrad, Adam, Momentum, OptimizerConfig, RmsProp, UpdateRule};
use kindling::seed::{Purpose, Stream};

const STEPS: u64 = 100;

/// Two parameters, one of them of an odd length, so that no vector is full.
#[derive(Module, Debug)]
struct Two {
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<3>>,
}

const SHAPES: [[usize; 3]; 2] = [[2, 19, 3], [2, 1, 3]];

fn numbers(stream: &mut Stream, shape: [usize; 3]) -> TensorData {
    TensorData::new((0..shape.iter().product()).map(|_| stream.normal() as f32).collect::<Vec<_>>(), shape)
}

impl Two {
    fn new(device: &Device) -> Self {
        let mut stream = Stream::new(3, Purpose::Init, 0);
        let mut parameter = |shape| Param::from_tensor(Tensor::from_data(numbers(&mut stream, shape), device));
        Self { weight: parameter(SHAPES[0]), bias: parameter(SHAPES[1]) }
    }

    fn values(&self) -> Vec<f32> {
        [&self.weight, &self.bias].into_iter().flat_map(|p| p.val().into_data().try_to_vec::<f32>().unwrap()).collect()
    }

    /// Gradients from a millionth to a hundred, and now and then none at all.
    fn gradients(&self, step: u64, device: &Device) -> GradientsParams {
        let mut stream = Stream::new(5, Purpose::Data, step);
        let size = 10f64.powf(stream.uniform(-6.0, 2.0)) * if step % 7 == 6 { 0.0 } else { 1.0 };
        let mut gradients = GradientsParams::new();
        for (parameter, shape) in [(&self.weight, SHAPES[0]), (&self.bias, SHAPES[1])] {
            let gradient = Tensor::<3>::from_data(numbers(&mut stream, shape), device).mul_scalar(size);
            gradients.register::<3>(parameter.id, gradient);
        }
        gradients
    }
}

fn every_rule() -> Vec<OptimizerConfig> {
    let mut rules = UpdateRule::all().to_vec();
    rules.push(UpdateRule::Momentum(Momentum { nesterov: true, ..Momentum::default() }));
    rules.push(UpdateRule::RmsProp(RmsProp { momentum: 0.8, ..RmsProp::default() }));
    let mut all: Vec<OptimizerConfig> = rules.into_iter().map(OptimizerConfig::new).collect();
    let decayed = all.clone().into_iter().map(|config| OptimizerConfig { weight_decay: Some(0.01), ..config });
    all.extend(decayed.collect::<Vec<_>>());
    all
}

#[test]
fn a_hundred_fused_steps_are_burns_own_to_the_bit() {
    let device = Device::flex();
    for config in every_rule() {
        let plain_device = device.clone().autodiff();
        let (mut fused, mut burns) = (Two::new(&plain_device), Two::new(&plain_device));
        let (mut fused_steps, mut burns_steps) = (config.build(&device), config.build_burn());
        for step in 0..STEPS {
            // A schedule moves the rate, so it must not be remembered.
            let rate = config.lr * (1.0 - step as f64 / 200.0);
            let gradients = fused.gradients(step, &device);
            fused = fused_steps.step(rate, fused, gradients);
            let gradients = burns.gradients(step, &device);
            burns = burns_steps.step(rate, burns, gradients);
        }
        let start = Two::new(&plain_device).values();
        assert!(fused.values().iter().zip(&start).all(|(now, then)| now != then), "{config:?} moved nothing");
        assert_eq!(fused.values(), burns.values(), "{config:?}");
    }
}

#[test]
fn an_eps_too_small_to_cover_a_tiny_gradient_is_left_to_burn() {
    let device = Device::flex();
    let config = OptimizerConfig::new(UpdateRule::AdaGrad(AdaGrad { eps: 1e-20 }));
    let model = Two::new(&device.clone().autodiff());
    let before = model.values();
    let mut gradients = GradientsParams::new();
    gradients.register::<3>(model.bias.id, Tensor::<3>::full(SHAPES[1], 5e-18, &device));
    let moved = config.build(&device).step(0.1, model, gradients).values();
    // A first step of AdaGrad is the rate itself, however small the gradient.
    let bias = SHAPES[0].iter().product::<usize>();
    let far = moved[bias..].iter().zip(&before[bias..]).map(|(now, then)| then - now);
    assert!(far.into_iter().all(|step| (step - 0.1).abs() < 1e-3));
}

#[test]
fn a_parameter_without_a_gradient_stays_and_one_that_is_held_elsewhere_is_not_written() {
    let device = Device::flex();
    let model = Two::new(&device.clone().autodiff());
    let (held, before) = (model.clone(), model.values());
    let mut gradients = model.gradients(0, &device);
    gradients.remove::<3>(model.bias.id);
    let moved = OptimizerConfig::default().build(&device).step(0.1, model, gradients);
    assert_eq!(held.values(), before);
    let (weights, all) = (SHAPES[0].iter().product::<usize>(), moved.values());
    assert!(all[..weights].iter().zip(&before).all(|(now, then)| now != then));
    assert_eq!(all[weights..], before[weights..]);
}

#[test]
fn moments_that_are_no_longer_fed_end_at_zero_and_not_among_the_subnormal_numbers() {
    let (mut parameter, mut first, mut second) = ([1.0f32; 5], [0.0f32; 5], [0.0f32; 5]);
    for step in 1..=2_000 {
        let gradient = if step == 1 { [0.5, -3.0, 1e-3, 1e-25, 0.0] } else { [0.0; 5] };
        let rule = UpdateRule::Adam(Adam { betas: [0.9, 0.9], eps: 1e-8 });
        let update = Update { rule, lr: 0.001, weight_decay: 0.0, step };
        update.apply(&mut parameter, &gradient, &mut first, &mut second);
        assert!(first.iter().all(|m| *m == 0.0 || m.abs() >= TINY), "step {step}: {first:?}");
        assert!(second.iter().all(|v| *v == 0.0 || v.is_normal()), "step {step}: {second:?}");
    }
    assert_eq!((first, second), ([0.0; 5], [0.0; 5]));
    assert!(parameter[0] < 1.0 && parameter[1] > 1.0 && parameter[4] == 1.0);
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    for rule in [UpdateRule::Sgd, UpdateRule::AdaGrad(AdaGrad { eps: 1e-8 })] {
        let (mut parameter, mut first) = ([1.0f32; 3], [0.0f32; 3]);
        let gradient = [f32::NAN, f32::INFINITY, 1.0];
        let update = Update { rule, lr: 0.1, weight_decay: 0.0, step: 1 };
        update.apply(&mut parameter, &gradient, &mut first, &mut []);
        assert!(!parameter[0].is_finite() && !parameter[1].is_finite() && parameter[2].is_finite(), "{parameter:?}");
    }
}
