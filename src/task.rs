//! What a network is trained for: which targets its outputs are compared with, and whether it can be right or wrong.
//!
//! In: the inputs of a batch and their classes. Out: targets for the loss.

/// A task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Tell the class: targets are one-hot, outputs have an accuracy.
    Classify {
        /// How many there are.
        classes: usize,
    },
    /// Give back the input, without the noise that was added to it.
    Reconstruct,
}

impl Task {
    /// Targets of a batch, row by row: `clean` is `[n * width]`, `labels` is `[n]`.
    pub fn targets(self, clean: &[f32], labels: impl ExactSizeIterator<Item = u8>) -> Vec<f32> {
        match self {
            Self::Reconstruct => clean.to_vec(),
            Self::Classify { classes } => {
                let mut targets = vec![0.0; labels.len() * classes];
                for (row, label) in labels.enumerate() {
                    targets[row * classes + usize::from(label)] = 1.0;
                }
                targets
            }
        }
    }

    /// Whether its outputs are right or wrong.
    pub fn has_accuracy(self) -> bool {
        matches!(self, Self::Classify { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_one_hot_classes_or_the_inputs_themselves() {
        let clean = [0.5, 0.25, 1.0, 0.0];
        let labels = [2u8, 0];
        let classes = Task::Classify { classes: 3 }.targets(&clean, labels.iter().copied());
        assert_eq!(classes, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(Task::Reconstruct.targets(&clean, labels.iter().copied()), clean);
    }
}
