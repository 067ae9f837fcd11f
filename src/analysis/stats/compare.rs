//! Two arms compared.
//!
//! In: the values of the runs of two arms, by seed; a run that diverged has an infinite one. Out: the difference of their interquartile
//! means as a claim that the first is larger, and the probability of improvement. Runs are unrelated, unless the experiment declares that
//! those of one seed belong together.

use serde::{Deserialize, Serialize, Serializer};

use super::MIN_SEEDS_FOR_TRUST;
use super::hypothesis::{Answer, Region, Tested};
use super::inference::{Inference, Interval, normal_quantile};
use super::location::{difference_of_interquartile_means, paired_difference_of_interquartile_means};
use super::power::POWER;
use super::share::probability_of_improvement;

/// Whether the runs of one seed belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pairing {
    /// All runs are unrelated.
    Unpaired,
    /// The runs of one seed are a pair, and seeds that one arm lacks are left out.
    Paired,
}

impl Pairing {
    /// As an experiment declares it.
    pub fn declared(paired: bool) -> Self {
        if paired { Self::Paired } else { Self::Unpaired }
    }
}

/// Arm A against arm B on one metric. "Larger" is about values, whichever direction of the metric is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The runs of A and of B, diverged ones included.
    pub runs: [usize; 2],
    /// How the runs are compared.
    pub pairing: Pairing,
    /// What the claim is about.
    pub effect: Effect,
    /// The claim that A is larger than B, or larger by a margin.
    pub tested: Tested,
    /// The probability that a run of A has a larger value than a run of B. It is an effect size, not the probability that A is better.
    pub improvement: Inference,
}

/// What two arms are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The interquartile mean of A minus that of B.
    Difference,
    /// The probability of improvement, against 1/2: more runs of an arm diverged than its interquartile mean leaves out.
    Improvement,
}

/// Compares two arms, given each arm's value for each seed; `None` if an arm has no value. `claimed` is where the difference is claimed to
/// lie.
pub fn compare(a: &[Option<f64>], b: &[Option<f64>], pairing: Pairing, claimed: Region) -> Option<Comparison> {
    let pairs: Vec<(f64, f64)> = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    let [a, b]: [Vec<f64>; 2] = match pairing {
        Pairing::Unpaired => [a, b].map(|values| values.iter().copied().flatten().collect()),
        Pairing::Paired => [pairs.iter().map(|pair| pair.0).collect(), pairs.iter().map(|pair| pair.1).collect()],
    };
    let improvement = probability_of_improvement(&a, &b)?;
    let difference = match pairing {
        Pairing::Unpaired => difference_of_interquartile_means(&a, &b),
        Pairing::Paired => paired_difference_of_interquartile_means(&pairs),
    };
    let (effect, tested) = match difference {
        Some(difference) => (Effect::Difference, Tested::new(difference, claimed)),
        None => (Effect::Improvement, Tested::new(improvement.clone(), claimed.of_improvement())),
    };
    Some(Comparison { runs: [a.len(), b.len()], pairing, effect, tested, improvement })
}

impl Region {
    /// The same claim about the probability of improvement, where a difference has no number: which side of 1/2 it lies on.
    fn of_improvement(self) -> Self {
        match self {
            Self::Above(_) => Self::Above(0.5),
            Self::Below(_) => Self::Below(0.5),
            Self::Between(..) => Self::Between(0.5, 0.5),
        }
    }
}

/// The conclusion from a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A has the larger values.
    Larger,
    /// A has the smaller values.
    Smaller,
    /// The runs do not show which arm has the larger values.
    Inconclusive,
}

impl Comparison {
    /// The conclusion.
    pub fn verdict(&self) -> Verdict {
        match self.tested.answer() {
            Answer::Yes => Verdict::Larger,
            Answer::No => Verdict::Smaller,
            Answer::Unclear => Verdict::Inconclusive,
        }
    }

    /// Interquartile mean of A minus that of B; `None` where the comparison is by the probability of improvement.
    pub fn difference(&self) -> Option<f64> {
        (self.effect == Effect::Difference).then_some(self.tested.inference.estimate)
    }

    /// The interval of the difference that the verdict follows from.
    pub fn interval(&self) -> Option<Interval> {
        (self.effect == Effect::Difference).then(|| self.tested.interval())?
    }

    /// The interval of the probability of improvement, at the confidence of the verdict.
    pub fn improvement_interval(&self) -> Option<Interval> {
        self.improvement.interval(self.tested.decision.level / 2.0)
    }

    /// The probability that a run of A is better than one of B, with its interval.
    pub fn probability_of_better(&self, higher_is_better: bool) -> (f64, Option<Interval>) {
        let (estimate, interval) = (self.improvement.estimate, self.improvement_interval());
        if higher_is_better {
            return (estimate, interval);
        }
        (1.0 - estimate, interval.map(|Interval { low, high }| Interval { low: 1.0 - high, high: 1.0 - low }))
    }

    /// The smallest margin within which the two arms are the same: the further end of the interval of the difference.
    pub fn same_within(&self) -> Option<f64> {
        self.interval().map(|interval| interval.margin())
    }

    /// About how many seeds in all would give a conclusion with 80 % power if the true difference were the observed one: the standard error
    /// shrinks as one over the square root of their number. `None` if the difference is 0 or has no interval.
    pub fn seeds_needed(&self) -> Option<usize> {
        let seeds = self.runs[0].min(self.runs[1]);
        let quantile = normal_quantile(self.tested.decision.level / 2.0);
        let error = self.interval()?.half_width() / quantile;
        let ratio = (quantile + normal_quantile(1.0 - POWER)) * error / self.difference()?.abs();
        let needed = (seeds as f64 * ratio * ratio).ceil();
        needed.is_finite().then(|| (needed as usize).max(seeds + 1))
    }

    /// The number of runs, and how they are compared.
    pub fn runs_text(&self) -> String {
        match (self.pairing, self.runs) {
            (Pairing::Paired, [pairs, _]) => format!("{pairs} pairs of runs"),
            (Pairing::Unpaired, [a, b]) if a == b => format!("{a} runs each"),
            (Pairing::Unpaired, [a, b]) => format!("{a} and {b} runs"),
        }
    }

    /// Whether there are too few seeds for the interval to hold whatever the distribution of the values.
    pub fn has_few_seeds(&self) -> bool {
        self.runs.iter().any(|&runs| runs < MIN_SEEDS_FOR_TRUST)
    }
}

impl Serialize for Comparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row {
            runs: [usize; 2],
            pairing: Pairing,
            difference: Option<f64>,
            interval: Option<Interval>,
            confidence: f64,
            same_within: Option<f64>,
            beats: f64,
            beats_interval: Option<Interval>,
            p: f64,
            p_holm: f64,
            verdict: Verdict,
        }
        let row = Row {
            runs: self.runs,
            pairing: self.pairing,
            difference: self.difference(),
            interval: self.interval(),
            confidence: 1.0 - self.tested.decision.level,
            same_within: self.same_within(),
            beats: self.improvement.estimate,
            beats_interval: self.improvement_interval(),
            p: self.tested.p(),
            p_holm: self.tested.decision.p,
            verdict: self.verdict(),
        };
        row.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    fn compared(a: &[f64], b: &[f64]) -> Comparison {
        compare(&some(a), &some(b), Pairing::Unpaired, Region::Above(0.0)).unwrap()
    }

    #[test]
    fn a_clear_difference_is_called_and_its_reverse_too() {
        let a: Vec<f64> = (0..15).map(|i| 0.97 + 0.0005 * f64::from(i % 4)).collect();
        let b: Vec<f64> = (0..15).map(|i| 0.92 + 0.0007 * f64::from(i % 5)).collect();
        let (there, back) = (compared(&a, &b), compared(&b, &a));
        assert_eq!((there.verdict(), back.verdict()), (Verdict::Larger, Verdict::Smaller));
        assert_eq!((there.improvement.estimate, back.improvement.estimate), (1.0, 0.0));
        assert!((there.difference().unwrap() + back.difference().unwrap()).abs() < 1e-12);
        assert_eq!(there.tested.p(), back.tested.p());
    }

    #[test]
    fn a_small_difference_is_open_and_asks_for_more_seeds() {
        let a: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 10)).collect();
        let b: Vec<f64> = (0..10).map(|i| f64::from(i * 3 % 10) + 0.2).collect();
        let found = compared(&a, &b);
        assert_eq!(found.verdict(), Verdict::Inconclusive);
        assert!(found.seeds_needed().unwrap() > 100, "{:?}", found.seeds_needed());
        let interval = found.interval().unwrap();
        assert_eq!(found.same_within(), Some(interval.low.abs().max(interval.high)));
    }

    #[test]
    fn pairs_help_where_seeds_move_both_arms_alike() {
        // Both arms follow the seed, and differ by a tenth of what the seeds do.
        let a: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 12)).collect();
        let b: Vec<f64> = a.iter().enumerate().map(|(i, value)| value - 0.5 + 0.01 * (i % 3) as f64).collect();
        assert_eq!(compared(&a, &b).verdict(), Verdict::Inconclusive);
        let paired = compare(&some(&a), &some(&b), Pairing::Paired, Region::Above(0.0)).unwrap();
        assert_eq!(paired.verdict(), Verdict::Larger);
    }

    #[test]
    fn pairs_need_both_runs_and_unrelated_runs_do_not() {
        let (mut a, b) = (some(&[1.0, 2.0, 3.0, 4.0]), some(&[1.5, 2.5, 3.5, 4.5]));
        a[1] = None;
        let runs = |pairing| compare(&a, &b, pairing, Region::Above(0.0)).unwrap().runs;
        assert_eq!((runs(Pairing::Unpaired), runs(Pairing::Paired)), ([3, 4], [3, 3]));
        assert_eq!(compare(&[None; 4], &b, Pairing::Unpaired, Region::Above(0.0)), None);
    }

    #[test]
    fn an_arm_of_which_too_many_runs_diverged_is_compared_by_the_probability_of_improvement() {
        let good: Vec<f64> = (0..12).map(|i| 0.9 + 0.001 * f64::from(i)).collect();
        let mut bad = good.clone();
        bad[..9].fill(f64::NEG_INFINITY);
        let found = compared(&good, &bad);
        assert_eq!((found.effect, found.verdict()), (Effect::Improvement, Verdict::Larger));
        assert_eq!((found.difference(), found.interval()), (None, None));
        // A quarter of the runs may diverge and the interquartile mean is still a number.
        let mut some_bad = good.clone();
        some_bad[..3].fill(f64::NEG_INFINITY);
        assert_eq!(compared(&good, &some_bad).effect, Effect::Difference);
    }
}
