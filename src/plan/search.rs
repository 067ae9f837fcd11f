//! Arms sampled instead of multiplied: at random, or each from how those before it did.
//!
//! In: the axes and, for a Bayesian search, the scores of the arms so far. Out: the combinations to train, the next proposal last.

use optimizer::parameter::{CategoricalParam, FloatParam, IntParam, Parameter};
use optimizer::sampler::TpeSampler;
use optimizer::{Direction, Study, Trial};
use toml::Value;

use super::Combination;
use crate::seed::{Purpose, Stream};
use crate::spec::{Axis, AxisValues, Search, SpecError};

/// Arms drawn at random before the first is proposed from scores.
const STARTUP: usize = 8;

/// The arms of a random search (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012), or those of a Bayesian one
/// so far and the next (tree-structured Parzen estimators: Bergstra et al., "Algorithms for hyper-parameter optimization", 2011).
///
/// Arm `i` of a random search depends on the search's seed and on `i` alone, of a Bayesian one also on the scores before it; so a
/// longer search starts with a shorter one's arms.
pub fn sample(axes: &[&Axis], search: &Search) -> Result<Vec<Combination>, SpecError> {
    match (search.random, search.bayesian) {
        (Some(count), _) => {
            let arm = |index: u64| {
                let mut stream = Stream::new(search.seed, Purpose::Search, index);
                axes.iter().map(|axis| axis.assign(draw(&axis.values, &mut stream))).collect()
            };
            Ok((0..count).map(arm).collect())
        }
        (None, count) => {
            let failed = |error: optimizer::Error| SpecError { place: "search".into(), what: error.to_string() };
            propose(axes, search, count.unwrap_or(0) as usize).map_err(failed)
        }
    }
}

/// Asks and tells a fresh study what was asked and told before, and asks once more.
fn propose(axes: &[&Axis], search: &Search, count: usize) -> Result<Vec<Combination>, optimizer::Error> {
    let sampler = TpeSampler::builder().seed(search.seed).n_startup_trials(STARTUP).build()?;
    let study: Study<f64> = Study::with_sampler(Direction::Minimize, sampler);
    let parameters: Vec<Dimension> = axes.iter().map(|axis| Dimension::of(&axis.values)).collect();
    let mut combinations = Vec::new();
    for index in 0..count.min(search.scores.len() + 1) {
        let mut trial = study.ask();
        let mut combination = Vec::with_capacity(axes.len());
        for (axis, parameter) in axes.iter().zip(&parameters) {
            combination.push(axis.assign(parameter.suggest(&mut trial)?));
        }
        combinations.push(combination);
        match search.scores.get(index) {
            // The sampler takes what is low for what is good, whatever direction the study has.
            Some(score) if score.is_finite() => study.tell(trial, Ok::<_, String>(-score)),
            _ => study.tell(trial, Err("diverged")),
        }
    }
    Ok(combinations)
}

/// An axis as the sampler knows it.
enum Dimension {
    Real(FloatParam, (f64, f64)),
    Whole(IntParam),
    Choice(CategoricalParam<usize>, Vec<Value>),
}

impl Dimension {
    fn of(values: &AxisValues) -> Self {
        match values {
            AxisValues::List(list) => Self::Choice(CategoricalParam::new((0..list.len()).collect()), list.clone()),
            AxisValues::Range { low, high, log, whole: true } => {
                let whole = IntParam::new(*low as i64, *high as i64);
                Self::Whole(if *log { whole.log_scale() } else { whole })
            }
            AxisValues::Range { low, high, log, whole: false } => {
                let real = FloatParam::new(*low, *high);
                Self::Real(if *log { real.log_scale() } else { real }, (*low, *high))
            }
        }
    }

    fn suggest(&self, trial: &mut Trial) -> Result<Value, optimizer::Error> {
        Ok(match self {
            Self::Real(real, (low, high)) => Value::Float(four_digits(real.suggest(trial)?).clamp(*low, *high)),
            Self::Whole(whole) => Value::Integer(whole.suggest(trial)?),
            Self::Choice(choice, list) => list[choice.suggest(trial)?].clone(),
        })
    }
}

fn draw(values: &AxisValues, stream: &mut Stream) -> Value {
    match values {
        AxisValues::List(list) => list[stream.below(list.len() as u32) as usize].clone(),
        AxisValues::Range { low, high, log, whole } => {
            // Whole numbers get a bin of their own width at both ends.
            let (from, to) = if *whole { (low - 0.5, high + 0.5) } else { (*low, *high) };
            let number = if *log {
                libm::exp(stream.uniform(libm::log(from.max(low * 0.5)), libm::log(to)))
            } else {
                stream.uniform(from, to)
            };
            if *whole {
                Value::Integer(number.round().clamp(*low, *high) as i64)
            } else {
                Value::Float(four_digits(number).clamp(*low, *high))
            }
        }
    }
}

/// A sampled number is kept to four significant digits: what the label shows is what is trained.
fn four_digits(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use crate::plan::Plan;
    use crate::spec::Spec;

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
        let near = |part: &[f64]| part.iter().filter(|lr| hill(**lr) > -0.25).count();
        // A quarter of a random search would come so near.
        assert!(near(&all[20..]) >= 12, "{} {:?}", near(&all[20..]), &all[20..]);
    }

    #[test]
    fn an_arm_that_diverged_is_told_and_does_not_stop_the_search() {
        assert_eq!(rates(&[f64::NAN, f64::NAN]).len(), 3);
    }
}
