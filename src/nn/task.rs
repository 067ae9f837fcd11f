//! The task of a network: what its outputs are compared with, and whether they have an accuracy.
//!
//! In: the inputs, classes and numbers of a batch. Out: targets for the loss.

/// What a network learns to predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The class, by one output per class; targets are one-hot.
    Classify {
        /// Number of classes.
        classes: usize,
    },
    /// Class 0 or 1, by one output; targets are 0 and 1.
    Binary {
        /// Whether the output is a logit, which predicts class 1 above 0; else it does above a half.
        logits: bool,
    },
    /// A number, by one output.
    Regress,
    /// The input itself, without the noise that was added to it.
    Reconstruct,
}

impl Task {
    /// Targets `[n * out]` of n examples, row-major: `inputs` are `[n * width]`, without noise; `labels` are `[n]`
    /// classes; `values` are `[n]` numbers to predict, empty unless it is a regression.
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

    /// Whether the targets are the inputs.
    pub fn reconstructs(self) -> bool {
        self == Self::Reconstruct
    }

    /// Whether a prediction is correct or wrong, so that there is an accuracy.
    pub fn has_accuracy(self) -> bool {
        matches!(self, Self::Classify { .. } | Self::Binary { .. })
    }

    /// The output above which a binary classifier predicts class 1.
    pub fn threshold(self) -> f64 {
        if self == (Self::Binary { logits: false }) { 0.5 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_one_hot_classes_single_classes_numbers_or_the_inputs_themselves() {
        let (inputs, labels, values) = ([0.5, 0.25, 1.0, 0.0], [2, 0], [7.5, -1.0]);
        let targets = |task: Task| task.targets(&inputs, &labels, &values);
        assert_eq!(targets(Task::Classify { classes: 3 }), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(targets(Task::Binary { logits: true }), [2.0, 0.0]);
        assert_eq!(targets(Task::Regress), values);
        assert_eq!(targets(Task::Reconstruct), inputs);
    }
}
