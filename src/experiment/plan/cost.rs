//! What a plan costs before it is run: steps, and a rough time.

use super::{Arm, Plan};
use crate::data::PIXELS;
use crate::experiment::config::TrialConfig;

/// Whether each of these settings is trained on the way of a longer training that differs in nothing but its epochs.
pub fn on_the_way(all: &[&TrialConfig]) -> Vec<bool> {
    let longer = |own: &TrialConfig, other: &TrialConfig| other.train.epochs > own.train.epochs;
    all.iter().map(|own| all.iter().any(|other| longer(own, other) && own.shares_training(other))).collect()
}

/// Steps of one trial.
pub fn steps(arm: &Arm) -> u64 {
    let config = &arm.config;
    if let Some(descend) = &config.descend {
        return descend.steps as u64;
    }
    (config.data.train.div_ceil(config.train.batch_size) * config.train.epochs) as u64
}

/// Rough seconds of one trial on one core of a recent CPU: a fixed cost a step, and the arithmetic.
///
/// Calibrated on two cores of a 2.8 GHz Xeon with AVX-512, on 784-64-32-10 with Adam at batch sizes 8 to 256 and on autoencoders at 128; another machine
/// differs by a factor, and the bar shows the real time.
pub fn seconds(arm: &Arm) -> f64 {
    const SECONDS_A_STEP: f64 = 40e-6;
    const SECONDS_A_PARAMETER_UPDATE: f64 = 0.8e-9;
    const SECONDS_A_MULTIPLICATION: f64 = 1.4e-11;
    const SECONDS_AN_OUTPUT: f64 = 1.5e-8;
    // The estimate need not open the data to know their shape.
    let parameters = arm.config.likely_network().parameters() as f64;
    let batch = arm.config.train.batch_size as f64;
    let outputs = if arm.config.is_autoencoder() { PIXELS as f64 } else { 10.0 };
    let a_step = SECONDS_A_STEP
        + parameters * SECONDS_A_PARAMETER_UPDATE
        + 3.0 * parameters * batch * SECONDS_A_MULTIPLICATION
        + outputs * batch * SECONDS_AN_OUTPUT;
    steps(arm) as f64 * a_step + evaluation(arm)
}

/// Rough seconds of what is asked about an autoencoder's codes, in the same way.
fn evaluation(arm: &Arm) -> f64 {
    let asked = &arm.config.evaluate;
    // In units of what the whole of MNIST takes.
    let (train, test) = (arm.config.data.train as f64 / 55e3, arm.config.data.test as f64 / 1e4);
    let when = |asked: bool, seconds: f64| if asked { seconds } else { 0.0 };
    let judge = 2.5 * train;
    when(asked.knn.is_some(), 0.6 * train * test)
        + when(asked.baselines, 1.0 * train * test)
        + when(asked.probe, 2.0 * train)
        + when(asked.trustworthiness.is_some(), 2.5 * test * test)
        + when(!asked.noise.is_empty(), judge)
        + asked.noise.len() as f64 * (0.6 + when(asked.knn.is_some(), 1.0 * train)) * test
}

/// Rough seconds of a whole plan with `workers` trainings at a time.
pub fn plan_seconds(plan: &Plan, workers: usize) -> f64 {
    let free = on_the_way(&plan.arms.iter().map(|arm| &arm.config).collect::<Vec<_>>());
    let all: f64 = plan.arms.iter().zip(free).filter(|(_, free)| !free).map(|(arm, _)| seconds(arm)).sum();
    all * plan.seeds.len() as f64 / workers.max(1) as f64
}

/// `45 s`, `3 min`, `2 h`.
pub fn human(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{} s", s.ceil().max(1.0)),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
