//! The CPU's update rules against Burn's optimizers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use kindling::nn::cpu::update::{TINY, Update};
use kindling::nn::optim::{AdaGrad, Adam, Momentum, OptimizerConfig, RmsProp, UpdateRule};
use kindling::seed::{Purpose, Stream};

const STEPS: usize = 100;

/// An odd number, so that no vector is full.
const COUNT: usize = 57;

#[derive(Module, Debug)]
struct One {
    weight: Param<Tensor<1>>,
}

fn start() -> Vec<f32> {
    let mut stream = Stream::new(3, Purpose::Init, 0);
    (0..COUNT).map(|_| stream.normal() as f32).collect()
}

/// Gradients from a millionth to a hundred, and now and then none at all.
fn gradient(step: usize) -> Vec<f32> {
    let mut stream = Stream::new(5, Purpose::Data, step as u64);
    let size = 10f64.powf(stream.uniform(-6.0, 2.0)) * if step % 7 == 6 { 0.0 } else { 1.0 };
    (0..COUNT).map(|_| (size * stream.normal()) as f32).collect()
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

/// The parameter and the moments after the steps, in the precision of the start.
fn own<F: num_traits::Float>(config: &OptimizerConfig, start: Vec<F>, steps: usize) -> [Vec<F>; 3] {
    let (mut parameter, mut first, mut second) = (start, vec![F::zero(); COUNT], vec![F::zero(); COUNT]);
    for step in 0..steps {
        // A schedule moves the rate, so it must not be remembered.
        let rate = config.lr * (1.0 - step as f64 / 200.0);
        let update = Update::new(config.rule, rate, config.weight_decay.unwrap_or(0.0), step + 1);
        let gradient: Vec<F> = gradient(step).into_iter().map(|g| F::from(g).unwrap()).collect();
        update.apply(&mut parameter, &gradient, &mut first, &mut second);
    }
    [parameter, first, second]
}

#[test]
fn a_hundred_steps_are_burns_own_but_for_rounding() {
    let device = Device::flex();
    for config in every_rule() {
        let tensor = |values: Vec<f32>| Tensor::<1>::from_data(TensorData::new(values, [COUNT]), &device);
        let mut burns = One { weight: Param::from_tensor(tensor(start()).autodiff()) };
        let mut optimizer = config.build();
        for step in 0..STEPS {
            let mut gradients = GradientsParams::new();
            gradients.register::<1>(burns.weight.id, tensor(gradient(step)));
            burns = optimizer.step(config.lr * (1.0 - step as f64 / 200.0), burns, gradients);
        }
        let burns = burns.weight.val().into_data().try_to_vec::<f32>().unwrap();
        let [found, ..] = own(&config, start(), STEPS);
        let [precise, ..] = own(&config, start().into_iter().map(f64::from).collect(), STEPS);
        for (((found, burns), precise), start) in found.iter().zip(burns).zip(precise).zip(start()) {
            let moved = (burns - start).abs();
            assert!(moved > 0.0, "{config:?} moved nothing");
            assert!((found - burns).abs() < 2e-4 * (moved + 1.0), "{config:?}: {found}, Burn {burns}");
            assert!(
                (f64::from(*found) - precise).abs() < 1e-5 * (f64::from(moved) + 1.0),
                "{config:?}: {found}, {precise}"
            );
        }
    }
}

#[test]
fn a_part_of_a_parameter_is_updated_as_the_whole_is() {
    for config in every_rule() {
        let update = Update::new(config.rule, config.lr, config.weight_decay.unwrap_or(0.0), 3);
        let [whole, ..] = own(&config, start(), 2);
        let (mut whole, mut parts) = ([whole.clone(), gradient(8), gradient(9)], [whole, gradient(8), gradient(9)]);
        // Second moments are squares.
        for values in [&mut whole, &mut parts] {
            values[1..].iter_mut().flatten().for_each(|v| *v = v.abs());
        }
        let step = |[p, first, second]: &mut [Vec<f32>; 3], range: std::ops::Range<usize>| {
            let r = || range.clone();
            update.apply(&mut p[r()], &gradient(10)[r()], &mut first[r()], &mut second[r()]);
        };
        step(&mut whole, 0..COUNT);
        [0..1, 1..40, 40..COUNT].into_iter().for_each(|range| step(&mut parts, range));
        assert_eq!(whole, parts, "{config:?}");
    }
}

#[test]
fn an_eps_too_small_to_cover_a_tiny_gradient_is_heeded() {
    let config = OptimizerConfig::new(UpdateRule::AdaGrad(AdaGrad { eps: 1e-20 }));
    let (mut parameter, mut first) = ([1.0f32; 3], [0.0f32; 3]);
    Update::new(config.rule, 0.1, 0.0, 1).apply(&mut parameter, &[5e-18; 3], &mut first, &mut []);
    // A first step of AdaGrad is the rate itself, however small the gradient.
    assert!(parameter.iter().all(|p| (p - 0.9).abs() < 1e-3), "{parameter:?}");
}

#[test]
fn a_parameter_that_never_had_a_gradient_stays_unless_it_decays() {
    for config in every_rule() {
        let update = Update::new(config.rule, config.lr, config.weight_decay.unwrap_or(0.0), 5);
        let (mut parameter, mut first, mut second) = (start(), vec![0.0f32; COUNT], vec![0.0f32; COUNT]);
        update.apply(&mut parameter, &[0.0; COUNT], &mut first, &mut second);
        assert_eq!(parameter == start(), update.keeps_what_has_no_gradient(), "{config:?}");
        assert_eq!(update.keeps_what_has_no_gradient(), config.weight_decay.is_none_or(|decay| decay == 0.0));
    }
}

#[test]
fn moments_that_are_no_longer_fed_end_at_zero_and_not_among_the_subnormal_numbers() {
    let (mut parameter, mut first, mut second) = ([1.0f32; 5], [0.0f32; 5], [0.0f32; 5]);
    for step in 1..=2_000 {
        let gradient = if step == 1 { [0.5, -3.0, 1e-3, 1e-25, 0.0] } else { [0.0; 5] };
        let rule = UpdateRule::Adam(Adam { betas: [0.9, 0.9], eps: 1e-8 });
        Update::new(rule, 0.001, 0.0, step).apply(&mut parameter, &gradient, &mut first, &mut second);
        assert!(first.iter().all(|m| *m == 0.0 || f64::from(m.abs()) >= TINY), "step {step}: {first:?}");
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
        Update::new(rule, 0.1, 0.0, 1).apply(&mut parameter, &gradient, &mut first, &mut []);
        assert!(!parameter[0].is_finite() && !parameter[1].is_finite() && parameter[2].is_finite(), "{parameter:?}");
    }
}
