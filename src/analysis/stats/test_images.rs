//! What the choice of the test images does to accuracies: how much of their spread over runs it makes, and how far the same networks would
//! differ from them on other images of the same kind.
//!
//! In: the predictions of the runs of an arm, all on the same images. Out: standard deviations and standard errors, as shares of images.

use super::SIGNIFICANCE;
use super::inference::{coins_at_least, student_quantile};
use crate::evaluate::predictions::Predictions;

/// How often the runs of an arm are wrong on each test image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageErrors {
    runs: usize,
    /// Runs that are wrong, by image.
    wrong: Vec<u32>,
}

impl ImageErrors {
    /// Counts the wrong predictions of runs on the same images, leaving out those without predictions; `None` without runs, and where they were
    /// tested on different numbers of images.
    pub fn new<'a>(runs: impl IntoIterator<Item = &'a Predictions>) -> Option<Self> {
        let mut found: Option<Self> = None;
        for predictions in runs.into_iter().filter(|predictions| !predictions.is_empty()) {
            let images = predictions.examples();
            let counted = found.get_or_insert_with(|| Self { runs: 0, wrong: vec![0; images] });
            if images != counted.wrong.len() {
                return None;
            }
            counted.runs += 1;
            for &(image, _) in predictions.wrong() {
                counted.wrong[image] += 1;
            }
        }
        found
    }

    /// The number of images.
    pub fn images(&self) -> usize {
        self.wrong.len()
    }

    /// The share of runs that are wrong, by image.
    fn shares(&self) -> impl Iterator<Item = f64> + '_ {
        self.wrong.iter().map(|&wrong| f64::from(wrong) / self.runs as f64)
    }

    /// The flip floor: the standard deviation over runs that accuracies would have if every image were right or wrong by itself, as often as it is,
    /// and nothing moved several images at once. What accuracies vary beyond it is what networks would differ by on all images there are.
    /// The mean over images of the variance of being right, over the number of images (Jordan, "On the variance of neural network training
    /// with respect to test sets and distributions", 2023). `None` for one run.
    pub fn flip_floor(&self) -> Option<f64> {
        let runs = self.runs as f64;
        let variances: f64 = self.shares().map(|share| share * (1.0 - share) * runs / (runs - 1.0)).sum();
        (self.runs > 1).then(|| variances.sqrt() / self.images() as f64)
    }

    /// The standard error of the mean accuracy for other images of the same kind: images as a sample, each with the share of runs that are right
    /// on it.
    pub fn test_error(&self) -> f64 {
        standard_error(&self.shares().collect::<Vec<_>>())
    }

    /// The standard error, for other images of the same kind, of the difference of two mean accuracies on the same images; `None` where the
    /// numbers of images differ.
    pub fn test_error_of_difference(&self, other: &Self) -> Option<f64> {
        let differences = self.shares().zip(other.shares()).map(|(a, b)| a - b);
        (self.images() == other.images()).then(|| standard_error(&differences.collect::<Vec<_>>()))
    }
}

/// Standard deviation over the square root of their number.
fn standard_error(values: &[f64]) -> f64 {
    super::describe::sd(values).map_or(f64::INFINITY, |sd| sd / (values.len() as f64).sqrt())
}

/// How far a mean accuracy, or the difference of two, may lie from that of other seeds and other images, with 95 % confidence: Student's t for
/// `runs` runs with this standard error, and the normal distribution for images, added as variances.
pub fn reach(error_of_seeds: f64, runs: usize, error_of_images: f64) -> f64 {
    let tail = SIGNIFICANCE / 2.0;
    let seeds = student_quantile(tail, runs as f64 - 1.0) * error_of_seeds;
    seeds.hypot(student_quantile(tail, f64::INFINITY) * error_of_images)
}

/// Two networks on the same images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Images that only the first predicts right.
    pub only_first: usize,
    /// Images that only the second predicts right.
    pub only_second: usize,
    /// The two-sided p-value of the hypothesis that both are right equally often: of the images that one alone is right on, each would be the
    /// first's with probability 1/2 (McNemar, "Note on the sampling error of the difference between correlated proportions or
    /// percentages", 1947, in its exact form).
    pub p: f64,
}

/// Compares two networks on the same images; `None` where the numbers of images differ or there are none.
pub fn mcnemar(first: &Predictions, second: &Predictions) -> Option<McNemar> {
    let [of_first, of_second] = [ImageErrors::new([first])?, ImageErrors::new([second])?];
    let only = |right: &ImageErrors, wrong: &ImageErrors| {
        right.wrong.iter().zip(&wrong.wrong).filter(|(right, wrong)| right < wrong).count()
    };
    let (only_first, only_second) = (only(&of_first, &of_second), only(&of_second, &of_first));
    let p = (2.0 * coins_at_least(only_first.max(only_second), only_first + only_second)).min(1.0);
    (of_first.images() == of_second.images()).then_some(McNemar { only_first, only_second, p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::describe::sd;
    use crate::seed::{Purpose, Stream};

    /// Runs on images of class 0, of which each is wrong on some.
    fn run(images: usize, wrong: &[usize]) -> Predictions {
        let mut predicted = vec![0; images];
        wrong.iter().for_each(|&image| predicted[image] = 1);
        Predictions::new(&predicted, &vec![0; images])
    }

    #[test]
    fn floor_and_error_by_hand() {
        // Shares 1/2, 1, 0, 0: variances of being right 1/2, 0, 0, 0, whose root over 4 images is 0.1768.
        let errors = ImageErrors::new([&run(4, &[0, 1]), &run(4, &[1])]).unwrap();
        assert!((errors.flip_floor().unwrap() - 0.5f64.sqrt() / 4.0).abs() < 1e-12);
        // Mean 3/8; squares 1/64 + 25/64 + 9/64 + 9/64 = 44/64, over 3, over 4.
        assert!((errors.test_error() - (44.0 / 64.0 / 12.0f64).sqrt()).abs() < 1e-12);
        assert_eq!(errors.test_error_of_difference(&errors), Some(0.0));
        assert_eq!(ImageErrors::new([&run(4, &[0])]).unwrap().flip_floor(), None);
        assert_eq!(ImageErrors::new([&run(4, &[0]), &run(5, &[0])]), None);
        assert_eq!(ImageErrors::new([]), None);
    }

    #[test]
    fn images_that_flip_by_themselves_make_a_spread_that_is_all_floor() {
        let mut stream = Stream::new(5, Purpose::Data, 0);
        let chances: Vec<f64> = (0..2_000).map(|_| 0.2 * stream.unit()).collect();
        let runs: Vec<Predictions> = (0..400)
            .map(|_| run(2_000, &(0..2_000).filter(|&image| stream.unit() < chances[image]).collect::<Vec<_>>()))
            .collect();
        let accuracies: Vec<f64> = runs.iter().map(|run| 1.0 - run.wrong().len() as f64 / 2_000.0).collect();
        let ratio = ImageErrors::new(&runs).unwrap().flip_floor().unwrap() / sd(&accuracies).unwrap();
        // The relative error of a standard deviation of 400 runs is 1 / sqrt(800) = 0.035.
        assert!((ratio - 1.0).abs() < 0.11, "{ratio}");
    }

    #[test]
    fn mcnemar_agrees_with_scipy() {
        // scipy.stats.binomtest(1, 6, 0.5).pvalue
        let found = mcnemar(&run(20, &[0, 1, 2]), &run(20, &[1, 2, 5, 6, 7, 8, 9])).unwrap();
        assert_eq!((found.only_first, found.only_second), (5, 1));
        assert!((found.p - 0.21875).abs() < 1e-12);
        assert_eq!(mcnemar(&run(4, &[0]), &run(4, &[0])).unwrap().p, 1.0);
        assert_eq!(mcnemar(&run(4, &[0]), &run(5, &[0])), None);
    }
}
