//! Arms sampled from the axes: at random, or each proposed from the scores of those before it.
//!
//! In: the axes and, for a Bayesian search, the scores of the arms so far. Out: the combinations to train, the next proposal last.

mod tpe;

use toml::Value;

use super::Combination;
use crate::experiment::spec::{AxisValues, SearchConfig, SpecError, SweepAxis};
use crate::seed::{Purpose, Stream};
use tpe::{Dimension, Point};

/// The arms of a Bayesian search that are drawn at random, before the first that is proposed from scores.
const STARTUP: usize = 8;

/// The arms of a random search (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012), or those of a Bayesian one
/// so far and the next (tree-structured Parzen estimators: Bergstra et al., "Algorithms for hyper-parameter optimization", 2011).
///
/// Arm `i` of a random search depends on the search's seed and on `i` alone, of a Bayesian one also on the scores before it; so a
/// longer search starts with a shorter one's arms.
pub fn sample(axes: &[&SweepAxis], search: &SearchConfig) -> Result<Vec<Combination>, SpecError> {
    match (search.random, search.bayesian) {
        (Some(count), _) => {
            let arm = |index: u64| {
                let mut stream = Stream::new(search.seed, Purpose::Search, index);
                axes.iter().map(|axis| axis.assign(draw(&axis.values, &mut stream))).collect()
            };
            Ok((0..count).map(arm).collect())
        }
        (None, count) => {
            if let Some(axis) = axes.iter().find(|axis| axis.path == "data.dataset") {
                let what = "a Bayesian search takes one data set; compare data sets with an axis of a grid".to_string();
                return Err(SpecError { location: axis.location.clone(), what });
            }
            Ok(propose(axes, search, count.unwrap_or(0) as usize))
        }
    }
}

/// Repeats the whole search, telling it each arm's score, and asks for one more arm. No arm is proposed twice as long as there is another.
fn propose(axes: &[&SweepAxis], search: &SearchConfig, count: usize) -> Vec<Combination> {
    let space: Vec<Dimension> = axes.iter().map(|axis| dimension(&axis.values)).collect();
    let mut told: Vec<(Point, f64)> = Vec::new();
    let mut combinations: Vec<Combination> = Vec::new();
    for index in 0..count.min(search.scores.len() + 1) {
        let mut stream = Stream::new(search.seed, Purpose::Search, index as u64);
        let mut candidates = match index < STARTUP {
            true => Vec::new(),
            false => tpe::propose(&space, &told, &mut stream),
        };
        candidates.extend((0..RANDOM_CANDIDATES).map(|_| tpe::random(&space, &mut stream)));
        let combination = |point: &Point| -> Combination {
            let of_axis = |(axis, &number): (&&SweepAxis, &f64)| axis.assign(value_at(&axis.values, number));
            axes.iter().zip(point).map(of_axis).collect()
        };
        let is_new = |point: &&Point| !combinations.contains(&combination(point));
        // Where every combination was proposed, a search of more arms than there are goes on with the first candidate.
        let Some(point) = candidates.iter().find(is_new).or(candidates.first()) else { break };
        combinations.push(combination(point));
        told.push((point.clone(), search.scores.get(index).copied().unwrap_or(f64::NAN)));
    }
    combinations
}

/// Points drawn at random beside the proposed ones, for a space of few combinations most of which were proposed already.
const RANDOM_CANDIDATES: usize = 200;

fn dimension(values: &AxisValues) -> Dimension {
    match values {
        AxisValues::List(list) => Dimension::Choice(list.len()),
        AxisValues::Range { .. } => Dimension::Share,
    }
}

fn draw(values: &AxisValues, stream: &mut Stream) -> Value {
    match values {
        AxisValues::List(list) => list[stream.below(list.len() as u32) as usize].clone(),
        range => value_at(range, stream.unit()),
    }
}

/// The value of an axis at a share, 0 to 1, of its range, or at an index into its list.
fn value_at(values: &AxisValues, share: f64) -> Value {
    match values {
        AxisValues::List(list) => list[(share as usize).min(list.len() - 1)].clone(),
        AxisValues::Range { low, high, log, whole } => {
            // The first and the last whole number have intervals as wide as the others have.
            let (from, to) = if *whole { (low - 0.5, high + 0.5) } else { (*low, *high) };
            let between = |from: f64, to: f64| from + (to - from) * share;
            let number = if *log {
                libm::exp(between(libm::log(from.max(low * 0.5)), libm::log(to)))
            } else {
                between(from, to)
            };
            if *whole {
                Value::Integer(number.round().clamp(*low, *high) as i64)
            } else {
                Value::Float(four_digits(number).clamp(*low, *high))
            }
        }
    }
}

/// The number with four significant digits, so that the label shows exactly what is trained.
fn four_digits(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use crate::experiment::plan::Plan;
    use crate::experiment::spec::Spec;

    fn spec(scores: &[f64]) -> Spec {
        let text = "question = 'q'\n[sweep]\nlr = { log_uniform = [1e-4, 1.0] }\nsearch = { bayesian = 40, seed = 3 }";
        let mut spec = Spec::parse("x", "x.toml", text).unwrap();
        spec.search.as_mut().unwrap().scores = scores.to_vec();
        spec
    }

    fn rates(scores: &[f64]) -> Vec<f64> {
        let plan = Plan::new(&spec(scores)).unwrap();
        plan.sampled.iter().map(|&index| plan.arms[index].config.train.optimizer.lr).collect()
    }

    #[test]
    fn a_bayesian_search_proposes_one_arm_at_a_time_and_finds_the_top_of_a_hill() {
        let mut scores: Vec<f64> = Vec::new();
        // The higher the nearer to a rate of 0.01.
        let hill = |lr: f64| -(lr.log10() + 2.0).powi(2);
        for round in 0..40 {
            let all = rates(&scores);
            assert_eq!(all.len(), round + 1);
            scores.push(hill(all[round]));
        }
        let all = rates(&scores);
        assert_eq!(all[..20], rates(&scores[..19])[..], "the same scores give the same arms");
        let distinct: std::collections::BTreeSet<u64> = all.iter().map(|lr| lr.to_bits()).collect();
        assert_eq!(distinct.len(), 40, "no arm is proposed twice");
        let near = |part: &[f64]| part.iter().filter(|lr| hill(**lr) > -0.25).count();
        // A quarter of a random search would come so near.
        assert!(near(&all[20..]) >= 10, "{} {:?}", near(&all[20..]), &all[20..]);
    }

    #[test]
    fn axes_with_equally_many_values_are_separate_parameters() {
        let text = "question = 'q'\n[sweep]\nbatch_size = [8, 16, 32]\nhidden = [[8], [16], [32]]\nsearch = { bayesian = 60, seed = 1 }";
        let mut spec = Spec::parse("x", "x.toml", text).unwrap();
        // The second axis alone decides: the widest is best.
        let mut chosen = Vec::new();
        for _ in 0..60 {
            let plan = Plan::new(&spec).unwrap();
            let config = &plan.arms[*plan.sampled.last().unwrap()].config;
            let width = config.model.hidden.widths(784, 10)[0];
            chosen.push((config.train.batch_size, width));
            spec.search.as_mut().unwrap().scores.push(width as f64);
        }
        let late = &chosen[30..];
        assert!(late.iter().filter(|(_, width)| *width == 32).count() >= 15, "{late:?}");
    }

    #[test]
    fn an_arm_that_diverged_does_not_stop_the_search() {
        assert_eq!(rates(&[f64::NAN, f64::NAN]).len(), 3);
    }
}
