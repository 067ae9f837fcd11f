//! What a plan will cost: steps, a rough time, and rough memory.

use super::{Arm, Plan};
use crate::experiment::config::{TrialConfig, TrialKind};

/// For each of these settings, whether its training is the beginning of a longer one among them, and so costs nothing more.
pub(crate) fn part_of_longer(all: &[&TrialConfig]) -> Vec<bool> {
    let longer = |own: &TrialConfig, other: &TrialConfig| other.train.epochs > own.train.epochs;
    all.iter().map(|own| all.iter().any(|other| longer(own, other) && own.shares_training(other))).collect()
}

/// Optimizer steps of one trial.
pub fn steps(arm: &Arm) -> u64 {
    let config = &arm.config;
    let steps = match config.kind() {
        TrialKind::Descent(descent) => descent.steps,
        TrialKind::Classification | TrialKind::Regression | TrialKind::Autoencoder { .. } => {
            config.data.likely_sizes().train.div_ceil(config.train.batch_size) * config.train.epochs
        }
    };
    steps as u64
}

/// Rough seconds of one trial on one core of a recent CPU: a fixed cost per step, and the arithmetic.
///
/// The constants are measured on two cores of an AMD EPYC with AVX-512: 784-64-32-10 with Adam at batch sizes 8 to 256, and
/// autoencoders at 128. Another machine differs by a factor.
pub fn seconds(arm: &Arm) -> f64 {
    const SECONDS_PER_STEP: f64 = 7e-6;
    const SECONDS_PER_PARAMETER_UPDATE: f64 = 0.5e-9;
    const SECONDS_PER_MULTIPLICATION: f64 = 7.5e-12;
    const SECONDS_PER_OUTPUT: f64 = 1.5e-8;
    // The shape is taken from the data set's name: an estimate does not open the data.
    let parameters = arm.config.likely_network().parameters() as f64;
    let batch = arm.config.train.batch_size.min(arm.config.data.likely_sizes().train) as f64;
    let outputs = match arm.config.kind() {
        TrialKind::Autoencoder { .. } => arm.config.data.likely_inputs() as f64,
        TrialKind::Classification | TrialKind::Regression | TrialKind::Descent(_) => 10.0,
    };
    let forward = parameters * SECONDS_PER_MULTIPLICATION + outputs * SECONDS_PER_OUTPUT;
    let per_step = SECONDS_PER_STEP
        + parameters * SECONDS_PER_PARAMETER_UPDATE
        + 3.0 * parameters * batch * SECONDS_PER_MULTIPLICATION
        + outputs * batch * SECONDS_PER_OUTPUT;
    steps(arm) as f64 * per_step + validated_within_epochs(&arm.config) * forward + evaluation(arm)
}

/// Rough bytes of one replica of an arm's network in training on the CPU, without the data: five numbers for each parameter (itself, its
/// gradient, two of the optimizer, and the best so far), and for each unit and example of a batch its sum, output and error.
pub fn bytes(arm: &Arm) -> u64 {
    const BYTES: u64 = 4;
    let network = arm.config.likely_network();
    let batch = arm.config.train.batch_size.min(arm.config.data.likely_sizes().train) as u64;
    let units: u64 = network.shapes().iter().map(|(_, shape)| shape.outputs as u64).sum();
    BYTES * (5 * network.parameters() as u64 + 3 * units * batch)
}

/// How many examples the validations within epochs take, counted again each time.
fn validated_within_epochs(config: &TrialConfig) -> f64 {
    let sizes = config.data.likely_sizes();
    let checks = config.train.validate_every.map_or(0, |every| sizes.train / every.max(1));
    (checks * config.train.epochs * sizes.validation) as f64
}

/// Rough seconds of the measures of an autoencoder's codes, on the same machine.
fn evaluation(arm: &Arm) -> f64 {
    let asked = &arm.config.evaluate;
    // The numbers below are seconds for the whole of MNIST.
    let sizes = arm.config.data.likely_sizes();
    let (train, test) = (sizes.train as f64 / 55e3, sizes.test as f64 / 1e4);
    let when = |asked: bool, seconds: f64| if asked { seconds } else { 0.0 };
    let classifier = 2.5 * train;
    when(asked.knn.is_some(), 0.6 * train * test)
        + when(asked.baselines, 1.0 * train * test)
        + when(asked.probe, 2.0 * train)
        + when(asked.trustworthiness.is_some(), 2.5 * test * test)
        + when(!asked.noise.is_empty(), classifier)
        + asked.noise.len() as f64 * (0.6 + when(asked.knn.is_some(), 1.0 * train)) * test
}

/// How often an arm is trained, on average: once for each seed, or less where a search ends the trainings of some.
pub(crate) fn trainings_of_an_arm(plan: &Plan) -> f64 {
    let (arms, seeds) = (plan.arms.len(), plan.seeds.len() as u64);
    match (plan.halving, plan.arms.first()) {
        (Some(halving), Some(first)) => {
            halving.expected_trainings(arms, first.config.train.epochs, seeds) / arms as f64
        }
        _ => seeds as f64,
    }
}

/// Rough seconds of a whole plan with `workers` trainings at a time.
pub(crate) fn plan_seconds(plan: &Plan, workers: usize) -> f64 {
    let free = part_of_longer(&plan.arms.iter().map(|arm| &arm.config).collect::<Vec<_>>());
    let all: f64 = plan.arms.iter().zip(free).filter(|(_, free)| !free).map(|(arm, _)| seconds(arm)).sum();
    all * trainings_of_an_arm(plan) / workers.max(1) as f64
}

/// A duration in one unit: `45 s`, `3 min`, `2.0 h`.
pub fn human(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{} s", s.ceil().max(1.0)),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::Spec;

    fn seconds_of(train: &str) -> f64 {
        let text = format!("question = 'q'\n[data]\ntrain = 1000\nvalidation = 500\n[train]\nepochs = 4\n{train}\n");
        seconds(&Plan::new(&Spec::parse("x", "x.toml", &text).unwrap()).unwrap().arms[0])
    }

    #[test]
    fn a_batch_larger_than_the_data_costs_what_the_data_cost() {
        assert_eq!(seconds_of("batch_size = 100000"), seconds_of("batch_size = 1000"));
        assert!(seconds_of("batch_size = 1000") < seconds_of("batch_size = 10"));
    }

    #[test]
    fn validations_within_epochs_cost_a_forward_pass_each() {
        let cost = |every: usize| {
            seconds_of(&format!("batch_size = 10\nvalidate_every = {every}")) - seconds_of("batch_size = 10")
        };
        // 10 checks an epoch against 5.
        assert!(cost(100) > 0.0 && (cost(100) / cost(200) - 2.0).abs() < 1e-9, "{} {}", cost(100), cost(200));
    }
}
