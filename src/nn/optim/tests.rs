//! Steps worked by hand, in which each rule moves one weight from 1 with gradients 2 and -1 at rate 0.1, and the written form.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::*;
use crate::nn::cpu::update::Update;
use crate::nn::device;

#[derive(Module, Debug)]
struct OneWeight {
    weight: Param<Tensor<1>>,
}

/// By the CPU's own update.
fn two_steps(config: &OptimizerConfig) -> f32 {
    let (mut weight, mut first, mut second) = ([1.0f32], [0.0], [0.0]);
    for (gradient, step) in [2.0, -1.0].into_iter().zip(1..) {
        let update = Update::new(config.rule, config.lr, config.weight_decay.unwrap_or(0.0), step);
        update.apply(&mut weight, &[gradient], &mut first, &mut second);
    }
    weight[0]
}

/// By Burn's optimizer, as on other devices.
fn two_burn_steps(config: &OptimizerConfig) -> f32 {
    let device = device::for_tests().autodiff();
    let mut model = OneWeight { weight: Param::from_tensor(Tensor::from_data([1.0f32], &device)) };
    let mut optimizer = config.build();
    for gradient in [2.0, -1.0] {
        let loss = (model.weight.val() * gradient).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(config.lr, model, gradients);
    }
    model.weight.val().into_data().try_to_vec::<f32>().unwrap()[0]
}

#[track_caller]
fn assert_two_steps(config: OptimizerConfig, expected: f64) {
    let config = OptimizerConfig { lr: 0.1, ..config };
    for found in [two_steps(&config), two_burn_steps(&config)].map(f64::from) {
        assert!((found - expected).abs() < 2e-6, "{config:?}: {found}, by hand {expected}");
    }
}

#[test]
fn sgd_by_hand() {
    assert_two_steps(OptimizerConfig::new(UpdateRule::Sgd), 1.0 - 0.2 + 0.1);
    // With decay 0.5 the gradients are 2 + 0.5 * 1 and -1 + 0.5 * 0.75.
    let decayed = OptimizerConfig { weight_decay: Some(0.5), ..OptimizerConfig::new(UpdateRule::Sgd) };
    assert_two_steps(decayed, 0.75 + 0.1 * 0.625);
}

#[test]
fn momentum_by_hand() {
    // Velocities 2 and 0.9 * 2 - 1 = 0.8.
    let momentum = Momentum { momentum: 0.9, nesterov: false };
    assert_two_steps(OptimizerConfig::new(UpdateRule::Momentum(momentum)), 1.0 - 0.2 - 0.08);
    // Nesterov steps by 0.9 v + g: 3.8 and -0.28.
    let nesterov = Momentum { nesterov: true, ..momentum };
    assert_two_steps(OptimizerConfig::new(UpdateRule::Momentum(nesterov)), 1.0 - 0.38 + 0.028);
}

#[test]
fn rmsprop_and_adagrad_by_hand() {
    // Mean squares 0.04 and 0.99 * 0.04 + 0.01 = 0.0496.
    let expected = 1.0 - 0.1 * 2.0 / 0.2 + 0.1 / 0.0496f64.sqrt();
    assert_two_steps(OptimizerConfig::new(UpdateRule::RmsProp(RmsProp::default())), expected);
    // Sums of squares 4 and 5.
    assert_two_steps(OptimizerConfig::new(UpdateRule::AdaGrad(AdaGrad::default())), 1.0 - 0.1 + 0.1 / 5f64.sqrt());
}

#[test]
fn adam_by_hand() {
    // Step 1 moves by the rate. Step 2: m = 0.9 * 0.2 - 0.1 = 0.08, v = 0.999 * 0.004 + 0.001.
    let (m, v) = (0.08 / (1.0 - 0.81), (0.999 * 0.004 + 0.001) / (1.0 - 0.999f64.powi(2)));
    let adam = 1.0 - 0.1 - 0.1 * m / v.sqrt();
    assert_two_steps(OptimizerConfig::new(UpdateRule::Adam(Adam::default())), adam);
    // Decoupled decay of 0.5 multiplies the weight by 1 - 0.1 * 0.5 before each step.
    let adamw = OptimizerConfig { weight_decay: Some(0.5), ..OptimizerConfig::new(UpdateRule::AdamW(Adam::default())) };
    assert_two_steps(adamw, (0.95 - 0.1) * 0.95 - 0.1 * m / v.sqrt());
}

/// What a file may say of every rule, and the JSON that the identities of committed trials were made of: the name alone, every
/// setting in reverse order, and whole numbers with a decay of 0.
const WRITTEN: &[(&str, &str)] = &[
    ("'sgd'", r#"{"name":"sgd","lr":0.01}"#),
    ("'momentum'", r#"{"name":"momentum","lr":0.01,"momentum":0.9,"nesterov":false}"#),
    ("'rmsprop'", r#"{"name":"rmsprop","lr":0.01,"momentum":0.0,"alpha":0.99,"eps":1e-8}"#),
    ("'adagrad'", r#"{"name":"adagrad","lr":0.01,"eps":1e-10}"#),
    ("'adam'", r#"{"name":"adam","lr":0.001,"betas":[0.9,0.999],"eps":1e-8}"#),
    ("'adamw'", r#"{"name":"adamw","lr":0.001,"betas":[0.9,0.999],"eps":1e-8,"weight_decay":0.01}"#),
    ("{ weight_decay = 0.1, lr = 0.5, name = 'sgd' }", r#"{"name":"sgd","lr":0.5,"weight_decay":0.1}"#),
    (
        "{ weight_decay = 0.1, nesterov = true, momentum = 0.8, lr = 0.5, name = 'momentum' }",
        r#"{"name":"momentum","lr":0.5,"momentum":0.8,"nesterov":true,"weight_decay":0.1}"#,
    ),
    (
        "{ weight_decay = 0.1, eps = 1e-6, alpha = 0.95, momentum = 0.8, lr = 0.5, name = 'rmsprop' }",
        r#"{"name":"rmsprop","lr":0.5,"momentum":0.8,"alpha":0.95,"eps":1e-6,"weight_decay":0.1}"#,
    ),
    (
        "{ weight_decay = 0.1, eps = 1e-6, lr = 0.5, name = 'adagrad' }",
        r#"{"name":"adagrad","lr":0.5,"eps":1e-6,"weight_decay":0.1}"#,
    ),
    (
        "{ weight_decay = 0.1, eps = 1e-6, betas = [0.8, 0.99], lr = 0.5, name = 'adam' }",
        r#"{"name":"adam","lr":0.5,"betas":[0.8,0.99],"eps":1e-6,"weight_decay":0.1}"#,
    ),
    (
        "{ weight_decay = 0.1, eps = 1e-6, betas = [0.8, 0.99], lr = 0.5, name = 'adamw' }",
        r#"{"name":"adamw","lr":0.5,"betas":[0.8,0.99],"eps":1e-6,"weight_decay":0.1}"#,
    ),
    ("{ name = 'sgd', lr = 1, weight_decay = 0 }", r#"{"name":"sgd","lr":1.0,"weight_decay":0.0}"#),
    (
        "{ name = 'adamw', betas = [0, 0.5], weight_decay = 0 }",
        r#"{"name":"adamw","lr":0.001,"betas":[0.0,0.5],"eps":1e-8,"weight_decay":0.0}"#,
    ),
];

/// What stands in a file after `optimizer =`.
fn read(text: &str) -> Result<OptimizerConfig, toml::de::Error> {
    let mut table: toml::Table = format!("optimizer = {text}").parse()?;
    table.remove("optimizer").unwrap().try_into()
}

#[test]
fn the_written_form_of_every_rule_is_the_one_that_identities_were_made_of() {
    for (text, written) in WRITTEN {
        let config = read(text).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), *written, "{text}");
        assert_eq!(serde_json::from_str::<OptimizerConfig>(written).unwrap(), config, "{text}");
    }
}

#[test]
fn the_written_form_in_a_spec_has_the_same_keys_in_the_same_order() {
    for (text, written) in WRITTEN {
        let config = read(text).unwrap();
        let table = toml::Table::try_from(&config).unwrap();
        assert_eq!(serde_json::to_string(&table).unwrap(), *written, "{text}");
        assert_eq!(toml::from_str::<OptimizerConfig>(&toml::to_string(&config).unwrap()).unwrap(), config, "{text}");
    }
    let adamw = read("'adamw'").unwrap();
    assert_eq!(
        toml::to_string(&adamw).unwrap(),
        "name = \"adamw\"\nlr = 0.001\nbetas = [0.9, 0.999]\neps = 0.00000001\nweight_decay = 0.01\n"
    );
}

#[test]
fn a_setting_the_rule_does_not_have_is_refused_with_those_it_has() {
    let settings = [
        ("sgd", "lr, weight_decay"),
        ("momentum", "lr, weight_decay, momentum, nesterov"),
        ("rmsprop", "lr, weight_decay, alpha, momentum, eps"),
        ("adagrad", "lr, weight_decay, eps"),
        ("adam", "lr, weight_decay, betas, eps"),
        ("adamw", "lr, weight_decay, betas, eps"),
    ];
    let values = [
        ("lr", "0.1"),
        ("momentum", "0.5"),
        ("nesterov", "true"),
        ("alpha", "0.5"),
        ("betas", "[0.5, 0.5]"),
        ("eps", "1e-4"),
        ("weight_decay", "0.1"),
    ];
    for (name, has) in settings {
        for (key, value) in values {
            let read = read(&format!("{{ name = '{name}', {key} = {value} }}"));
            if has.split(", ").any(|own| own == key) {
                assert_eq!(read.map(|config| config.validate()), Ok(Ok(())), "{name}, {key}");
            } else {
                let expected = format!("optimizer `{name}` has no setting `{key}`; it has {has}");
                assert_eq!(read.unwrap_err().message(), expected);
            }
        }
    }
}

#[test]
fn what_is_no_optimizer_is_refused_with_what_is_one() {
    let message = |text: &str| read(text).unwrap_err().message().to_string();
    let known = "expected one of `sgd`, `momentum`, `rmsprop`, `adagrad`, `adam`, `adamw`";
    assert_eq!(message("'adamm'"), format!("unknown variant `adamm`, {known}"));
    assert_eq!(message("{ name = 'adamm', lr = 0.1 }"), format!("unknown variant `adamm`, {known}"));
    assert_eq!(message("{ lr = 0.1 }"), "missing field `name`");
    assert!(message("3").contains("expected an optimizer's name, or a table with its `name` and settings"));
    assert!(message("{ name = 'adam', lr = 'fast' }").contains("invalid type: string \"fast\", expected f64"));
    assert!(message("{ name = 'adam', betas = 0.9 }").contains("invalid type"));
    assert_eq!(
        message("{ name = 'adam', lrr = 0.1 }"),
        "optimizer `adam` has no setting `lrr`; it has lr, weight_decay, betas, eps; did you mean `lr`?"
    );
}

#[test]
fn every_rule_is_read_by_its_name_with_its_defaults() {
    for rule in UpdateRule::all() {
        let config: OptimizerConfig = serde_json::from_value(rule.name().into()).unwrap();
        assert_eq!(config, OptimizerConfig::new(rule));
    }
}

#[test]
fn a_setting_out_of_range_is_refused_by_its_key() {
    let adam = |adam: Adam| OptimizerConfig::new(UpdateRule::Adam(adam));
    let refusal = |config: OptimizerConfig| config.validate().unwrap_err();
    let rate = OptimizerConfig { lr: -0.1, ..OptimizerConfig::default() };
    assert_eq!(refusal(rate), "`lr` of `adam` is -0.1; it must be above 0, in 32 bits too");
    let betas = adam(Adam { betas: [0.9, 0.99999999], ..Adam::default() });
    assert_eq!(refusal(betas), "`betas` of `adam` is 0.99999999; it must be at least 0 and below 1");
    let eps = adam(Adam { eps: 1e-60, ..Adam::default() });
    assert!(refusal(eps).starts_with("`eps` of `adam`"));
    let decay = OptimizerConfig { weight_decay: Some(f64::NAN), ..OptimizerConfig::default() };
    assert_eq!(refusal(decay), "`weight_decay` of `adam` is NaN; it must be 0 or more");
    let alpha = OptimizerConfig::new(UpdateRule::RmsProp(RmsProp { alpha: 1.0, ..RmsProp::default() }));
    assert_eq!(refusal(alpha), "`alpha` of `rmsprop` is 1; it must be at least 0 and below 1");
}
