//! An optimizer's trajectory on a test function, without data or a network.
//!
//! In: a [`DescentConfig`], an optimizer with its schedule, and a seed, which only moves the starting point and only if the
//! config has a jitter. Out: every point and value on the trajectory, as 64-bit numbers.

use crate::experiment::config::{DescentConfig, TrainConfig};
use crate::nn::cpu::update::Update;
use crate::nn::optim::schedule::TrainingPosition;
use crate::seed::{Purpose, Stream};

/// The points that an optimizer visits on a test function.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// `[steps + 1][dimensions]`, the start first; fewer points if the trajectory diverged.
    pub points: Vec<Vec<f64>>,
    /// The function's value at each point.
    pub values: Vec<f64>,
    /// The step, counted from 1, after which the trajectory had diverged; its point is not in `points`. 0 if the start itself is
    /// not finite. `None` if the trajectory did not diverge.
    pub diverged: Option<usize>,
}

/// A trajectory has diverged when its value or a coordinate is not finite in 32 bits, or when the absolute value exceeds this
/// many times the larger of 1 and the absolute value at the start.
const VALUE_DIVERGENCE_FACTOR: f64 = 1e6;

/// Runs the optimizer from the configured start, in 64 bits and on the CPU, whichever device the networks of a run are on.
pub fn descend(config: &DescentConfig, train: &TrainConfig, seed: u64) -> Trajectory {
    let mut jitter = Stream::new(seed, Purpose::Jitter, 0);
    let mut jittered = |x: f64| if config.jitter > 0.0 { x + config.jitter * jitter.normal() } else { x };
    let mut point: Vec<f64> = config.origin().into_iter().map(&mut jittered).collect();
    let (mut first, mut second) = (vec![0.0; point.len()], vec![0.0; point.len()]);
    let mut trajectory = Trajectory { points: Vec::new(), values: Vec::new(), diverged: None };
    for step in 0..=config.steps {
        let found = config.function.value_at(&point);
        let far = VALUE_DIVERGENCE_FACTOR * trajectory.values.first().unwrap_or(&found).abs().max(1.0);
        // Records keep points and values in 32 bits.
        let is_finite_f32 = |value: f64| (value as f32).is_finite();
        if !(is_finite_f32(found) && found.abs() <= far && point.iter().all(|&x| is_finite_f32(x))) {
            trajectory.diverged = Some(step);
            break;
        }
        trajectory.points.push(point.clone());
        trajectory.values.push(found);
        if step < config.steps {
            let position = TrainingPosition { epoch: step, step, steps_per_epoch: 1, epochs: config.steps };
            let rate = train.schedule.rate(train.optimizer.lr, position);
            let decay = train.optimizer.weight_decay.unwrap_or(0.0);
            let update = Update::new(train.optimizer.rule, rate, decay, step + 1);
            let gradient = config.function.gradient_at(&point);
            update.apply(&mut point, &gradient, &mut first, &mut second);
        }
    }
    trajectory
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::optim::{Adam, Momentum, OptimizerConfig, RmsProp, UpdateRule};
    use crate::nn::test_function::Function;

    fn trajectory(function: Function, start: &[f64], optimizer: OptimizerConfig, steps: usize) -> Trajectory {
        let config = DescentConfig { function, start: start.to_vec(), jitter: 0.0, steps };
        let train = TrainConfig { optimizer, ..TrainConfig::default() };
        descend(&config, &train, 0)
    }

    fn sgd(lr: f64) -> OptimizerConfig {
        OptimizerConfig { lr, ..OptimizerConfig::new(UpdateRule::Sgd) }
    }

    #[test]
    fn the_first_steps_of_plain_descent_are_those_worked_by_hand() {
        // f' = 4w^3 - 9w^2 + 4w + 1: 40 at 3, then 3 - 0.4 = 2.6 with 70.304 - 60.84 + 10.4 + 1 = 20.864.
        let trajectory = trajectory(Function::Quartic, &[3.0], sgd(0.01), 2);
        let ws: Vec<f64> = trajectory.points.iter().map(|p| p[0]).collect();
        for (found, expected) in ws.iter().zip([3.0, 2.6, 2.6 - 0.20864]) {
            assert!((found - expected).abs() < 1e-9, "{ws:?}");
        }
        assert!((trajectory.values[0] - 21.0).abs() < 1e-12);
    }

    #[test]
    fn every_rule_lowers_rosenbrocks_function() {
        for (rule, lr) in [
            (UpdateRule::Momentum(Momentum::default()), 0.001),
            (UpdateRule::RmsProp(RmsProp::default()), 0.01),
            (UpdateRule::Adam(Adam::default()), 0.01),
            (UpdateRule::AdamW(Adam::default()), 0.01),
        ] {
            let trajectory = trajectory(
                Function::Rosenbrock,
                &[-1.5, 2.0],
                OptimizerConfig { lr, ..OptimizerConfig::new(rule) },
                500,
            );
            assert_eq!((trajectory.values.len(), trajectory.diverged), (501, None));
            assert!(trajectory.values[500] < 0.6 * trajectory.values[0], "{rule:?}: {}", trajectory.values[500]);
        }
    }

    #[test]
    fn plain_descent_stays_at_the_saddle_where_it_starts_on_its_ridge_and_lingers_where_it_starts_beside_it() {
        let end = |start: &[f64], steps| trajectory(Function::Saddle, start, sgd(0.1), steps).points[steps].clone();
        let on_ridge = end(&[1.5, 0.0], 500);
        assert!(on_ridge[0].abs() < 1e-9 && on_ridge[1] == 0.0, "{on_ridge:?}");
        // y grows by a tenth in a step: from 0.001 to 0.1 in about 48 steps.
        let usual = Function::Saddle.usual_start();
        assert!(end(&usual, 40)[1] < 0.05, "{:?}", end(&usual, 40));
        let arrived = end(&usual, 500);
        assert!(arrived[0].abs() < 1e-9 && (arrived[1] - 1.0).abs() < 1e-9, "{arrived:?}");
    }

    #[test]
    fn too_large_a_rate_diverges_and_says_when() {
        let trajectory = trajectory(Function::Quartic, &[3.0], sgd(1.0), 50);
        assert_eq!(trajectory.diverged, Some(trajectory.values.len()));
        assert!(trajectory.values.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn a_high_start_is_no_divergence() {
        let trajectory = trajectory(Function::Rosenbrock, &[15.0, 15.0], sgd(1e-9), 3);
        assert_eq!((trajectory.values.len(), trajectory.diverged), (4, None));
        let gone = super::tests::trajectory(Function::NeuronQuadratic, &[2.0, 2.0], sgd(1e300), 3);
        assert_eq!(gone.diverged, Some(1));
    }

    #[test]
    fn a_jitter_moves_the_start_with_the_seed() {
        let config = DescentConfig { jitter: 0.5, steps: 1, ..DescentConfig::default() };
        let start = |seed| descend(&config, &TrainConfig::default(), seed).points[0].clone();
        assert_eq!(start(1), start(1));
        assert_ne!(start(1), start(2));
        assert!(config.validate().is_ok());
        assert!(DescentConfig { start: vec![1.0], ..config }.validate().unwrap_err().contains("rosenbrock"));
    }
}
