//! What a network is trained for: which targets its outputs are compared with, and whether it can be right or wrong.
//!
//! In: the inputs of a batch, their classes, the numbers to be predicted. Out: targets for the loss.

/// A task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Binary the class: targets are one-hot, outputs have an accuracy.
    Classify {
        /// How many there are.
        classes: usize,
    },
    /// Binary class 1 from class 0 by one output.
    Binary {
        /// Whether the output says 1 above 0, as a logit does; else above a half.
        logits: bool,
    },
    /// Predict a number.
    Regress,
    /// Give back the input, without the noise that was added to it.
    Reconstruct,
}

impl Task {
    /// Targets of `n` examples, row by row. `inputs` is `[n * width]`, without noise; `labels` is `[n]` classes; `values` is `[n]`
    /// numbers to be predicted, empty where there are none.
    pub fn targets(self, inputs: &[f32], labels: &[u8], values: &[f32]) -> Vec<f32> {
        match self {
            Self::Reconstruct => inputs.to_vec(),
            Self::Regress => values.to_vec(),
            Self::Binary { .. } => labels.iter().map(|&label| f32::from(label)).collect(),
            Self::Classify { classes } => {
                let mut targets = vec![0.0; labels.len() * classes];
                for (row, &label) in labels.iter().enumerate() {
                    targets[row * classes + usize::from(label)] = 1.0;
                }
                targets
            }
        }
    }

    /// Whether its outputs are right or wrong.
    pub fn has_accuracy(self) -> bool {
        matches!(self, Self::Classify { .. } | Self::Binary { .. })
    }

    /// The output above which one that tells two classes apart says 1.
    pub fn threshold(self) -> f64 {
        if self == (Self::Binary { logits: false }) { 0.5 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_one_hot_classes_bits_numbers_or_the_inputs_themselves() {
        let (inputs, labels, values) = ([0.5, 0.25, 1.0, 0.0], [2, 0], [7.5, -1.0]);
        let targets = |task: Task| task.targets(&inputs, &labels, &values);
        assert_eq!(targets(Task::Classify { classes: 3 }), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(targets(Task::Binary { logits: true }), [2.0, 0.0]);
        assert_eq!(targets(Task::Regress), values);
        assert_eq!(targets(Task::Reconstruct), inputs);
    }
}
