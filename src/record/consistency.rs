//! Whether a record agrees with itself: its lengths, its ranges, and the numbers that follow from others of it.
//!
//! A record that a person or another program changed is refused when it is read, before a table or a figure shows it.

use super::{Bytes, DecisionGrid, History, Status, TrialRecord};
use crate::evaluate::classification::accuracy;
use crate::experiment::metric::Metric;

/// The most test examples: more than an IDX file that is read has.
const MAX_EXAMPLES: u64 = 1 << 20;
/// The most steps or examples of a training, so that a sum of two is a number.
const MAX_COUNT: usize = 1 << 50;

impl TrialRecord {
    /// Checks the record against itself.
    ///
    /// # Errors
    /// The first contradiction, with the field.
    pub(super) fn check_consistency(&self) -> Result<(), String> {
        check(self.seconds.is_finite() && self.seconds >= 0.0, || format!("`seconds` is {}", self.seconds))?;
        self.history.check_lengths(self.path.is_empty())?;
        let epochs = self.history.train_loss.len();
        check(self.epochs_kept.is_none_or(|kept| kept <= epochs), || {
            format!("`epochs_kept` is {} of {epochs} epochs", self.epochs_kept.unwrap_or(0))
        })?;
        let pruned_at = (self.status == Status::Pruned).then_some(epochs);
        check(self.pruned_epoch == pruned_at, || {
            format!(
                "`pruned_epoch` is {:?}, and {epochs} epochs are recorded of a trial that is {:?}",
                self.pruned_epoch, self.status
            )
        })?;
        self.check_confusion()?;
        if let Some(grid) = &self.decision_grid {
            check_grid(grid)?;
        }
        let dimensions = self.path.first().map_or(1, Vec::len);
        check((1..=2).contains(&dimensions) && self.path.iter().all(|point| point.len() == dimensions), || {
            "`path` has points that are not all of one or of two numbers".into()
        })?;
        let checks = &self.checks;
        let of_checks = [checks.examples.len(), checks.validation_loss.len()];
        let accuracies = checks.validation_accuracy.len();
        let count = checks.steps.len();
        check(of_checks == [count; 2] && (accuracies == 0 || accuracies == count), || {
            "the lists of `checks` have different lengths".into()
        })?;
        let counts = checks.steps.iter().chain(&checks.examples).chain(&self.train_examples);
        check(counts.into_iter().all(|&count| count <= MAX_COUNT), || {
            format!("`checks` or `train_examples` counts more than {MAX_COUNT}")
        })
    }

    /// The confusion matrix is square, and what else is counted on the test examples agrees with it.
    fn check_confusion(&self) -> Result<(), String> {
        let classes = self.confusion.len();
        let is_square = classes <= 256 && self.confusion.iter().all(|row| row.len() == classes);
        check(is_square, || "`confusion` is not as wide as it is high, or has more than 256 classes".into())?;
        let examples: u64 = self.confusion.iter().flatten().map(|&count| u64::from(count)).sum();
        check(examples < MAX_EXAMPLES, || format!("`confusion` counts {examples} examples"))?;
        let is_class = |class: u8| classes == 0 || usize::from(class) < classes;
        let known = self.mistakes.iter().all(|mistake| is_class(mistake.truth) && is_class(mistake.predicted));
        check(known, || "`mistakes` has a class that `confusion` does not".into())?;
        if classes == 0 {
            return check(self.predictions.is_empty(), || "there are `predictions`, and no `confusion`".into());
        }
        let metric = if self.has_neighbours() { Metric::KnnAccuracy } else { Metric::TestAccuracy };
        let counted = accuracy(&self.confusion);
        // On a GPU a stack of several networks may round in another way than the one whose predictions are counted.
        let tolerance = if self.made_with.bytes == Bytes::Portable { 1e-6 } else { 0.01 };
        let agrees = self.metrics.get(&metric).is_none_or(|recorded| (recorded - counted).abs() < tolerance);
        check(agrees, || {
            format!("`{metric}` is {}, and `confusion` gives {counted}", self.metrics.get(&metric).unwrap_or(f64::NAN))
        })?;
        if self.predictions.is_empty() {
            return Ok(());
        }
        check(self.predictions.examples() as u64 == examples, || {
            format!("`predictions` has {} examples, and `confusion` {examples}", self.predictions.examples())
        })?;
        // A wrong prediction of a class is off the diagonal of its column.
        let column = |class: usize| {
            let all: u64 = self.confusion.iter().map(|row| u64::from(row[class])).sum();
            all - u64::from(self.confusion[class][class])
        };
        let mut wrong = vec![0u64; classes];
        for &(_, class) in self.predictions.wrong() {
            let count =
                wrong.get_mut(usize::from(class)).ok_or("`predictions` has a class that `confusion` does not")?;
            *count += 1;
        }
        check((0..classes).all(|class| wrong[class] == column(class)), || {
            "`predictions` and `confusion` count different mistakes".into()
        })
    }
}

impl History {
    /// Of a training, every list has a score of each epoch; a descent has only its values.
    fn check_lengths(&self, is_training: bool) -> Result<(), String> {
        let epochs = self.train_loss.len();
        let lists = [&self.train_accuracy, &self.validation_loss, &self.validation_accuracy];
        let fits = |list: &&Vec<f32>| list.is_empty() || list.len() == epochs;
        check(!is_training || lists.iter().all(fits), || "the lists of `history` have different lengths".into())
    }
}

fn check_grid(grid: &DecisionGrid) -> Result<(), String> {
    let points = u32::try_from(grid.ends.len()).ok().and_then(|dimensions| grid.side.checked_pow(dimensions));
    let ends = grid.ends.iter().all(|[low, high]| low.is_finite() && high.is_finite() && low < high);
    check((1..=2).contains(&grid.ends.len()) && grid.side >= 2 && points == Some(grid.values.len()) && ends, || {
        format!(
            "`surface` has {} values for a side of {} and {} coordinates",
            grid.values.len(),
            grid.side,
            grid.ends.len()
        )
    })
}

fn check(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
