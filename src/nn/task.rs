//! What a network is trained for: which targets its outputs are compared with, and whether it can be right or wrong.
//!
//! In: the inputs of a batch, their classes, the numbers to be predicted. Out: targets for the loss.

/// A task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Tell the class: targets are one-hot, outputs have an accuracy.
    Classify {
        /// How many there are.
        classes: usize,
    },
    /// Tell class 1 from class 0 by one output.
    Tell {
        /// Whether the output says 1 above 0, as a logit does; else above a half.
        logits: bool,
    },
    /// Predict a number.
    Regress,
    /// Give back the input, without the noise that was added to it.
    Reconstruct,
}

/// What a batch is to be answered with, besides its own inputs.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// `[n]` classes.
    pub labels: &'a [u8],
    /// `[n]` numbers, where there are some.
    pub numbers: &'a [f32],
}

impl Task {
    /// Targets of a batch, row by row: `clean` is `[n * width]`.
    pub fn targets(self, clean: &[f32], answers: Answers) -> Vec<f32> {
        match self {
            Self::Reconstruct => clean.to_vec(),
            Self::Regress => answers.numbers.to_vec(),
            Self::Tell { .. } => answers.labels.iter().map(|&label| f32::from(label)).collect(),
            Self::Classify { classes } => {
                let mut targets = vec![0.0; answers.labels.len() * classes];
                for (row, &label) in answers.labels.iter().enumerate() {
                    targets[row * classes + usize::from(label)] = 1.0;
                }
                targets
            }
        }
    }

    /// Whether its outputs are right or wrong.
    pub fn has_accuracy(self) -> bool {
        matches!(self, Self::Classify { .. } | Self::Tell { .. })
    }

    /// The output above which one that tells two classes apart says 1.
    pub fn threshold(self) -> f64 {
        if self == (Self::Tell { logits: false }) { 0.5 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_one_hot_classes_bits_numbers_or_the_inputs_themselves() {
        let clean = [0.5, 0.25, 1.0, 0.0];
        let answers = Answers { labels: &[2, 0], numbers: &[7.5, -1.0] };
        let classes = Task::Classify { classes: 3 }.targets(&clean, answers);
        assert_eq!(classes, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(Task::Tell { logits: true }.targets(&clean, answers), [2.0, 0.0]);
        assert_eq!(Task::Regress.targets(&clean, answers), [7.5, -1.0]);
        assert_eq!(Task::Reconstruct.targets(&clean, answers), clean);
    }
}
