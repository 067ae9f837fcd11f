//! A claim about a number, tested: where the number is claimed to lie, how strongly a sample speaks for and against it, and what follows
//! once the claims that are read together are corrected for their number.

use super::SIGNIFICANCE;
use super::family::{Decision, holm};
use super::inference::{Inference, Interval};

/// Where a number is claimed to lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Region {
    /// Above this.
    Above(f64),
    /// Below this.
    Below(f64),
    /// Between these two, ends included.
    Between(f64, f64),
}

/// What a sample says of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The whole interval lies in the claimed region.
    Yes,
    /// The whole interval lies outside it.
    No,
    /// Neither.
    Unclear,
}

/// A claim with the sample that it is tested by.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// What the sample says of the number.
    pub inference: Inference,
    /// Where the number is claimed to lie.
    pub region: Region,
    /// How it was decided: on its own, until [`correct`] decides it together with others.
    pub decision: Decision,
}

impl Tested {
    /// The claim, decided on its own.
    pub fn new(inference: Inference, region: Region) -> Self {
        let mut tested = Self { inference, region, decision: Decision { p: 1.0, level: SIGNIFICANCE, tests: 1 } };
        tested.decision.p = tested.p();
        tested
    }

    /// The p-value of the claim: small where the sample supports it. Twice a one-sided one, so that it is compared with the same level as
    /// that of the opposite. For a region with two ends the larger of two one-sided tests: Schuirmann, "A comparison of the two one-sided
    /// tests procedure and the power approach for assessing the equivalence of average bioavailability", 1987.
    pub fn p_for(&self) -> f64 {
        let one_sided = match self.region {
            Region::Above(bound) => self.inference.p_above(bound),
            Region::Below(bound) => self.inference.p_below(bound),
            // The ends belong to the region, so what must be ruled out begins beside them.
            Region::Between(low, high) => {
                self.inference.p_above(low.next_down()).max(self.inference.p_below(high.next_up()))
            }
        };
        (2.0 * one_sided).min(1.0)
    }

    /// The p-value of the claim's opposite: small where the sample contradicts the claim.
    pub fn p_against(&self) -> f64 {
        let one_sided = match self.region {
            Region::Above(bound) => self.inference.p_below(bound),
            Region::Below(bound) => self.inference.p_above(bound),
            Region::Between(low, high) => self.inference.p_below(low).min(self.inference.p_above(high)),
        };
        (2.0 * one_sided).min(1.0)
    }

    /// The smaller of the two p-values.
    pub fn p(&self) -> f64 {
        self.p_for().min(self.p_against())
    }

    /// What the sample says of the claim, at the level at which it was decided.
    pub fn answer(&self) -> Answer {
        if self.p_for() <= self.decision.level {
            Answer::Yes
        } else if self.p_against() <= self.decision.level {
            Answer::No
        } else {
            Answer::Unclear
        }
    }

    /// The interval that the answer follows from: its confidence is one minus the level at which the claim was decided.
    pub fn interval(&self) -> Option<Interval> {
        self.inference.interval(self.decision.level / 2.0)
    }
}

/// Decides claims that are read together, by Holm's method over all of them: the chance that any is called wrongly is `level` at most.
pub fn correct(claims: &mut [&mut Tested], level: f64) {
    let p_values: Vec<f64> = claims.iter().map(|claim| claim.p()).collect();
    for (claim, decision) in claims.iter_mut().zip(holm(&p_values, level)) {
        claim.decision = decision;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::location::interquartile_mean;

    /// Eight values about 1, with the interval 0.94 to 1.06.
    fn about_one() -> Inference {
        interquartile_mean(&[0.9, 0.95, 0.98, 0.99, 1.01, 1.02, 1.05, 1.1]).unwrap()
    }

    #[test]
    fn the_answer_is_where_the_interval_lies() {
        let interval = about_one().interval(0.025).unwrap();
        let answer = |region| Tested::new(about_one(), region).answer();
        assert_eq!(answer(Region::Above(interval.low - 0.01)), Answer::Yes);
        assert_eq!(answer(Region::Above(interval.low + 0.01)), Answer::Unclear);
        assert_eq!(answer(Region::Above(interval.high + 0.01)), Answer::No);
        assert_eq!(answer(Region::Below(interval.high + 0.01)), Answer::Yes);
        assert_eq!(answer(Region::Below(interval.low - 0.01)), Answer::No);
        assert_eq!(answer(Region::Between(interval.low - 0.01, interval.high + 0.01)), Answer::Yes);
        assert_eq!(answer(Region::Between(interval.low + 0.01, interval.high + 0.01)), Answer::Unclear);
        assert_eq!(answer(Region::Between(interval.high + 0.01, 2.0)), Answer::No);
    }

    #[test]
    fn the_ends_of_a_region_belong_to_it() {
        let always = interquartile_mean(&[1.0; 9]).unwrap();
        assert_eq!(Tested::new(always.clone(), Region::Between(1.0, 1.0)).answer(), Answer::Yes);
        assert_eq!(Tested::new(always.clone(), Region::Between(0.0, 0.5)).answer(), Answer::No);
        assert_eq!(Tested::new(always, Region::Above(1.0)).answer(), Answer::Unclear);
    }

    #[test]
    fn in_a_family_the_interval_widens_to_the_level_of_its_decision() {
        let interval = about_one().interval(0.025).unwrap();
        let mut claims = [Region::Above(interval.low - 0.002), Region::Above(0.999), Region::Above(1.0)]
            .map(|region| Tested::new(about_one(), region));
        assert_eq!(claims[0].answer(), Answer::Yes);
        let [a, b, c] = &mut claims;
        correct(&mut [a, b, c], SIGNIFICANCE);
        // Just outside the 95 % interval, just inside that of 1 - 0.05 / 3.
        assert_eq!(claims[0].answer(), Answer::Unclear);
        assert!(claims.iter().all(|claim| claim.decision.level == SIGNIFICANCE / 3.0));
        assert!(claims[0].interval().unwrap().low < interval.low - 0.002);
    }
}
