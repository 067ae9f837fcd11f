//! Tree-structured Parzen estimators: where to look next, from how the places looked at so far did.
//!
//! In: a space, and points with their scores. Out: candidate points, the most promising first. Bergstra, Bardenet, Bengio and Kégl,
//! "Algorithms for hyper-parameter optimization", 2011: the points are parted into a few good ones and the rest, a density is estimated of
//! each, and of points drawn from the first density those come first that are likelier under it than under the second. The bandwidths, the
//! number of good points and the component for the prior are those of Optuna (Akiba et al., 2019), with one kernel for all dimensions of a
//! point (Falkner, Klein and Hutter, "BOHB", 2018).

use crate::seed::Stream;

/// A dimension of the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// A share of a range, 0 to 1.
    Share,
    /// One of so many choices, counted from 0.
    Choice(usize),
}

/// One number for each dimension: a share, or the index of a choice.
pub type Point = Vec<f64>;

/// Points drawn from the density of the good ones.
const CANDIDATES: usize = 24;
/// The standard deviation of a kernel of one observation, as a share of the range.
const SIGMA: f64 = 0.2;
/// The most points that count as good.
const MAX_GOOD: usize = 25;

/// A point of the uniform distribution over the space.
pub fn random(space: &[Dimension], stream: &mut Stream) -> Point {
    let one = |dimension: &Dimension| match dimension {
        Dimension::Share => stream.unit(),
        Dimension::Choice(count) => f64::from(stream.below(*count as u32)),
    };
    space.iter().map(one).collect()
}

/// Points to look at next, the most promising first. The higher a score, the better; one that is not finite is the worst.
pub fn propose(space: &[Dimension], told: &[(Point, f64)], stream: &mut Stream) -> Vec<Point> {
    let mut order: Vec<usize> = (0..told.len()).collect();
    let rank = |index: usize| if told[index].1.is_finite() { told[index].1 } else { f64::NEG_INFINITY };
    // A stable sort: of equal scores the earlier point is the better one.
    order.sort_by(|&a, &b| rank(b).total_cmp(&rank(a)));
    let finite = told.iter().filter(|(_, score)| score.is_finite()).count();
    let good = told.len().div_ceil(10).min(MAX_GOOD).min(finite);
    let points = |indices: &[usize]| indices.iter().map(|&index| told[index].0.as_slice()).collect::<Vec<_>>();
    let (of_good, of_rest) = (points(&order[..good]), points(&order[good..]));
    let (good, rest) = (Density::new(space, &of_good), Density::new(space, &of_rest));
    let mut candidates: Vec<(f64, Point)> = (0..CANDIDATES)
        .map(|_| {
            let point = good.draw(stream);
            (good.log(&point) - rest.log(&point), point)
        })
        .collect();
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
    candidates.into_iter().map(|(_, point)| point).collect()
}

/// A density over the space: the mean of a kernel around each point, and of one for the prior, which is nearly uniform.
struct Density<'a> {
    space: &'a [Dimension],
    points: &'a [&'a [f64]],
    /// The standard deviation of each point's kernel, as a share of the range.
    sigma: f64,
}

/// The middle of the range and its width, for the kernel of the prior.
const PRIOR: (f64, f64) = (0.5, 1.0);

impl<'a> Density<'a> {
    fn new(space: &'a [Dimension], points: &'a [&'a [f64]]) -> Self {
        let count = points.len() as f64;
        // Scott's rule in as many dimensions (1992), and never so narrow that the search stands still.
        let scott = SIGMA * libm::pow(count.max(1.0), -1.0 / (space.len() as f64 + 4.0));
        Self { space, points, sigma: scott.max(1.0 / (1.0 + count).min(100.0)).min(1.0) }
    }

    fn draw(&self, stream: &mut Stream) -> Point {
        let component = stream.below(self.points.len() as u32 + 1) as usize;
        let point = self.points.get(component);
        let one = |(index, dimension): (usize, &Dimension)| match dimension {
            Dimension::Share => {
                let (middle, sigma) = point.map_or(PRIOR, |point| (point[index], self.sigma));
                // The normal distribution cut off at the ends; about half of it or more lies between them.
                loop {
                    let share = middle + sigma * stream.normal();
                    if (0.0..1.0).contains(&share) {
                        return share;
                    }
                }
            }
            Dimension::Choice(count) => {
                let is_kept = point.is_some() && stream.unit() < self.weight_of_own(*count);
                match point {
                    Some(point) if is_kept => point[index],
                    _ => f64::from(stream.below(*count as u32)),
                }
            }
        };
        self.space.iter().enumerate().map(one).collect()
    }

    /// The share of a kernel's draws that keep its own choice; the others are uniform over all choices. With more points it is more.
    fn weight_of_own(&self, choices: usize) -> f64 {
        1.0 / (1.0 + choices as f64 / (self.points.len() as f64 + 1.0))
    }

    /// The logarithm of the density at a point.
    fn log(&self, at: &[f64]) -> f64 {
        let kernel = |point: Option<&&[f64]>| -> f64 {
            let one = |(index, dimension): (usize, &Dimension)| match dimension {
                Dimension::Share => {
                    let (middle, sigma) = point.map_or(PRIOR, |point| (point[index], self.sigma));
                    log_truncated_normal(at[index], middle, sigma)
                }
                Dimension::Choice(count) => {
                    let uniform = 1.0 / *count as f64;
                    let own = self.weight_of_own(*count);
                    libm::log(match point {
                        None => uniform,
                        Some(point) if point[index] == at[index] => own + (1.0 - own) * uniform,
                        Some(_) => (1.0 - own) * uniform,
                    })
                }
            };
            self.space.iter().enumerate().map(one).sum()
        };
        let logs: Vec<f64> = self.points.iter().map(|point| kernel(Some(point))).chain([kernel(None)]).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + libm::log(logs.iter().map(|log| libm::exp(log - largest)).sum::<f64>() / logs.len() as f64)
    }
}

/// The logarithm of the density of a normal distribution that is cut off at 0 and 1.
fn log_truncated_normal(x: f64, middle: f64, sigma: f64) -> f64 {
    let below = |x: f64| 0.5 * libm::erfc((middle - x) / (sigma * std::f64::consts::SQRT_2));
    let mass = below(1.0) - below(0.0);
    let z = (x - middle) / sigma;
    -0.5 * z * z - libm::log(sigma * mass) - 0.5 * libm::log(std::f64::consts::TAU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    /// The best score of a search of `count` points of which the first eight are random, or of a random one.
    fn best(space: &[Dimension], count: usize, seed: u64, random_only: bool, score: &dyn Fn(&[f64]) -> f64) -> f64 {
        let mut told: Vec<(Point, f64)> = Vec::new();
        for index in 0..count {
            let mut stream = Stream::new(seed, Purpose::Search, index as u64);
            let point = if random_only || index < 8 {
                random(space, &mut stream)
            } else {
                propose(space, &told, &mut stream).swap_remove(0)
            };
            let found = score(&point);
            told.push((point, found));
        }
        told.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max)
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    #[test]
    fn it_finds_more_than_random_search_on_three_functions_whose_best_point_is_known() {
        let shares = [Dimension::Share; 3];
        let hill = |x: &[f64]| -x.iter().map(|x| (x - 0.3).powi(2)).sum::<f64>();
        // Branin and Hoo, 1972, on its usual rectangle; the lowest value is 0.397887.
        let branin = |x: &[f64]| {
            let (x, y) = (15.0 * x[0] - 5.0, 15.0 * x[1]);
            let pi = std::f64::consts::PI;
            let inner = y - 5.1 / (4.0 * pi * pi) * x * x + 5.0 / pi * x - 6.0;
            -(inner * inner + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * x.cos() + 10.0)
        };
        let mixed = |x: &[f64]| -(x[0] - 0.7).powi(2) - 0.1 * (x[1] - 2.0).abs() - 0.05 * x[2];
        let choices = [Dimension::Share, Dimension::Choice(6), Dimension::Choice(4)];
        type Scored<'a> = (&'a [Dimension], &'a dyn Fn(&[f64]) -> f64);
        let functions: [Scored; 3] = [(&shares, &hill), (&shares[..2], &branin), (&choices, &mixed)];
        for (which, (space, function)) in functions.into_iter().enumerate() {
            for count in [30, 60] {
                let of =
                    |random_only| median((0..60).map(|seed| best(space, count, seed, random_only, function)).collect());
                let (tpe, random) = (of(false), of(true));
                println!("function {which}, {count} points: {tpe:.4} against {random:.4} at random");
                assert!(tpe > random, "function {which}, {count} points: {tpe} against {random} at random");
            }
        }
    }

    #[test]
    fn the_densities_are_densities() {
        let space = [Dimension::Share, Dimension::Choice(3)];
        let points: [&[f64]; 2] = [&[0.1, 2.0], &[0.95, 0.0]];
        let density = Density::new(&space, &points);
        let sum: f64 = (0..3)
            .map(|choice| {
                (0..10_000)
                    .map(|i| density.log(&[(f64::from(i) + 0.5) / 1e4, f64::from(choice)]).exp() / 1e4)
                    .sum::<f64>()
            })
            .sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn points_that_failed_are_never_good_ones() {
        let space = [Dimension::Share];
        let told: Vec<(Point, f64)> =
            (0..10).map(|i| (vec![f64::from(i) / 10.0], if i < 9 { f64::NAN } else { -1.0 })).collect();
        let proposed = |seed| propose(&space, &told, &mut Stream::new(seed, Purpose::Search, 0))[0][0];
        let near = (0..50).filter(|&seed| (proposed(seed) - 0.9).abs() < 0.25).count();
        assert!(near > 35, "{near} of 50");
    }
}
