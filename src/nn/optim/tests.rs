//! Hand-worked steps: each rule moves one weight from 1 with gradients 2 and then -1, at rate 0.1.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::*;
use crate::nn::device;

#[derive(Module, Debug)]
struct OneWeight {
    weight: Param<Tensor<1>>,
}

fn two_steps(config: OptimizerConfig) -> f32 {
    let device = device::for_tests().autodiff();
    let mut model = OneWeight { weight: Param::from_tensor(Tensor::from_data([1.0f32], &device)) };
    let mut optimizer = config.build(&device);
    for slope in [2.0, -1.0] {
        let loss = (model.weight.val() * slope).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(config.lr, model, gradients);
    }
    model.weight.val().into_data().try_to_vec::<f32>().unwrap()[0]
}

#[track_caller]
fn assert_two_steps(config: OptimizerConfig, expected: f64) {
    let found = f64::from(two_steps(OptimizerConfig { lr: 0.1, ..config.clone() }));
    assert!((found - expected).abs() < 2e-6, "{config:?}: {found}, by hand {expected}");
}

#[test]
fn sgd_by_hand() {
    assert_two_steps(OptimizerConfig::of(Rule::Sgd), 1.0 - 0.2 + 0.1);
    // With decay 0.5 the gradients are 2 + 0.5 * 1 and -1 + 0.5 * 0.75.
    let decayed = OptimizerConfig { weight_decay: Some(0.5), ..OptimizerConfig::of(Rule::Sgd) };
    assert_two_steps(decayed, 0.75 + 0.1 * 0.625);
}

#[test]
fn momentum_by_hand() {
    // Velocities 2 and 0.9 * 2 - 1 = 0.8.
    let momentum = OptimizerConfig::of(Rule::Momentum);
    assert_two_steps(momentum.clone(), 1.0 - 0.2 - 0.08);
    // Nesterov steps by 0.9 v + g: 3.8 and -0.28.
    let nesterov = OptimizerConfig { nesterov: Some(true), ..momentum };
    assert_two_steps(nesterov, 1.0 - 0.38 + 0.028);
}

#[test]
fn rmsprop_and_adagrad_by_hand() {
    // Mean squares 0.04 and 0.99 * 0.04 + 0.01 = 0.0496.
    let expected = 1.0 - 0.1 * 2.0 / 0.2 + 0.1 / 0.0496f64.sqrt();
    assert_two_steps(OptimizerConfig::of(Rule::RmsProp), expected);
    // Sums of squares 4 and 5.
    assert_two_steps(OptimizerConfig::of(Rule::AdaGrad), 1.0 - 0.1 + 0.1 / 5f64.sqrt());
}

#[test]
fn adam_by_hand() {
    // Step 1 moves by the rate. Step 2: m = 0.9 * 0.2 - 0.1 = 0.08, v = 0.999 * 0.004 + 0.001.
    let (m, v) = (0.08 / (1.0 - 0.81), (0.999 * 0.004 + 0.001) / (1.0 - 0.999f64.powi(2)));
    let adam = 1.0 - 0.1 - 0.1 * m / v.sqrt();
    assert_two_steps(OptimizerConfig::of(Rule::Adam), adam);
    // Decoupled decay of 0.5 multiplies the weight by 1 - 0.1 * 0.5 before each step.
    let adamw = OptimizerConfig { weight_decay: Some(0.5), ..OptimizerConfig::of(Rule::AdamW) };
    assert_two_steps(adamw, (0.95 - 0.1) * 0.95 - 0.1 * m / v.sqrt());
}

#[test]
fn a_setting_the_rule_does_not_have_is_refused_with_those_it_has() {
    let error = toml::from_str::<OptimizerConfig>("name = 'adam'\nmomentum = 0.9").unwrap_err();
    assert!(error.to_string().contains("`adam` has no setting `momentum`"), "{error}");
    assert!(error.to_string().contains("lr, weight_decay, betas, eps"), "{error}");
}

#[test]
fn every_name_is_known_and_a_bare_name_will_do() {
    for name in NAMES {
        let json = serde_json::json!(name);
        let config: OptimizerConfig = serde_json::from_value(json).unwrap();
        assert_eq!(config.name.name(), *name);
        let again = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
        assert_eq!(config, again);
    }
}
