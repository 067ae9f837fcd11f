//! Successive halving of a search's arms (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
//! 2016), over epochs without waiting for all arms (Li et al., "A system for massively parallel hyperparameter tuning", 2020, in the form that
//! stops trainings), and over seeds.
//!
//! After `from` epochs, and after `factor` times as many, and so on, an arm trains on only if its validation score is among the best of those
//! before it in the plan that came so far, one in `factor`. The decision depends on the scores and on the order of the plan alone, so it is the
//! same for any number of workers. The arms that reach the last epoch have one seed; the best of them, one in `factor` and two at least, get
//! `factor` seeds, the best of those `factor` times as many, until the best have all.

use crate::experiment::spec::Halving;

/// How well an arm validates. The accuracies of few examples are often equal: then the loss decides.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct ValidationScore {
    /// The accuracy, or the loss with its sign turned.
    pub first: f64,
    /// The loss with its sign turned.
    pub second: f64,
}

impl ValidationScore {
    /// Worse than every other.
    pub const WORST: Self = Self { first: f64::NEG_INFINITY, second: f64::NEG_INFINITY };

    /// The score of an accuracy, where there is one, and a loss, both in 32 bits, as records have them.
    pub fn new(accuracy: Option<f32>, loss: f32) -> Self {
        let loss = f64::from(-loss);
        Self { first: accuracy.map_or(loss, f64::from), second: loss }
    }

    /// The order of two scores, the worse one first.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.first.total_cmp(&other.first).then(self.second.total_cmp(&other.second))
    }
}

impl Halving {
    /// The epochs after which arms are compared, rising, all below the last.
    pub fn rungs(self, epochs: usize) -> Vec<usize> {
        let next = |&rung: &usize| rung.checked_mul(self.factor);
        std::iter::successors(Some(self.from), next).take_while(|&rung| rung < epochs).collect()
    }

    /// Whether an arm trains on, given the scores at its rung of the arms before it in the plan, and its own; the higher, the better. Of equal
    /// scores the earlier is the better one.
    pub fn keeps(self, earlier: &[ValidationScore], own: ValidationScore) -> bool {
        let better = earlier.iter().filter(|score| score.order(&own).is_ge()).count();
        better < ((earlier.len() + 1) / self.factor).max(1)
    }

    /// The numbers of seeds of each stage: 1, then `factor` times as many, and all at last.
    pub fn stages(self, seeds: u64) -> Vec<u64> {
        let next = |&stage: &u64| (stage < seeds).then(|| stage.saturating_mul(self.factor as u64).min(seeds));
        std::iter::successors(Some(1), next).collect()
    }

    /// How many of so many arms get more seeds.
    pub fn advance(self, arms: usize) -> usize {
        arms.div_ceil(self.factor).max(2).min(arms)
    }

    /// About how many trainings of all epochs a search of so many arms and seeds comes to, if every rung keeps the share it is to keep.
    pub fn expected_trainings(self, arms: usize, epochs: usize, seeds: u64) -> f64 {
        let (mut left, mut trained, mut before) = (arms as f64, 0.0, 0);
        for rung in self.rungs(epochs) {
            trained += left * (rung - before) as f64 / epochs as f64;
            (left, before) = ((left / self.factor as f64).max(1.0), rung);
        }
        trained += left * (epochs - before) as f64 / epochs as f64;
        for stage in self.stages(seeds).windows(2) {
            left = self.advance(left.round() as usize) as f64;
            trained += left * (stage[1] - stage[0]) as f64;
        }
        trained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALVING: Halving = Halving { from: 4, factor: 4 };

    #[test]
    fn rungs_and_stages_grow_by_the_factor() {
        assert_eq!(HALVING.rungs(50), [4, 16]);
        assert_eq!(HALVING.rungs(64), [4, 16]);
        assert_eq!(HALVING.rungs(65), [4, 16, 64]);
        assert_eq!(HALVING.stages(9), [1, 4, 9]);
        assert_eq!(HALVING.stages(1), [1]);
    }

    #[test]
    fn one_in_so_many_arms_trains_on_and_the_first_always_does() {
        let halving = Halving { from: 1, factor: 2 };
        let score = |first: f64| ValidationScore { first, second: 0.0 };
        let keeps = |earlier: &[f64], own: f64| {
            halving.keeps(&earlier.iter().copied().map(score).collect::<Vec<_>>(), score(own))
        };
        assert!(keeps(&[], 0.1));
        // Of two and of three arms one trains on, of four two.
        assert!(!keeps(&[0.5], 0.4) && keeps(&[0.5], 0.6) && !keeps(&[0.5], 0.5));
        assert!(!keeps(&[0.5, 0.7], 0.6) && keeps(&[0.5, 0.7, 0.1], 0.6));
        // Of equal accuracies the lower loss is the better one.
        let pair = |loss: f32| ValidationScore::new(Some(0.5), loss);
        assert!(halving.keeps(&[pair(0.3)], pair(0.2)) && !halving.keeps(&[pair(0.2)], pair(0.3)));
        assert_eq!([1, 2, 3, 4, 9].map(|arms| halving.advance(arms)), [1, 2, 2, 2, 5]);
    }

    #[test]
    fn what_a_search_costs_is_the_sum_over_its_rungs_and_stages() {
        // 64 arms for 4 of 64 epochs, 16 for 12 more, 4 for 48 more: 4 + 3 + 3. Then the best two get three more seeds.
        let expected = Halving { from: 4, factor: 4 }.expected_trainings(64, 64, 4);
        assert!((expected - (4.0 + 3.0 + 3.0 + 6.0)).abs() < 1e-9, "{expected}");
    }
}
