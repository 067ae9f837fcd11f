//! One replica through training: its history, its best weights, and whether it has stopped.

use super::watch::LayerState;
use super::{Check, EpochScores, LOSS_DIVERGENCE_FACTOR, TrainError};
use crate::nn::models::Network;

/// The state of one replica.
#[derive(Default)]
pub struct Replica {
    /// Scores of every epoch, without one in which it diverged.
    pub history: Vec<EpochScores>,
    /// Evaluations within the epochs.
    pub checks: Vec<Check>,
    /// The layers before the first epoch and after each, where the training is watched.
    pub layers: Vec<Vec<LayerState>>,
    first_batch_loss: Option<f64>,
    /// The epoch with the lowest validation loss so far; only under early stopping.
    pub best: Option<BestEpoch>,
    /// The same without early stopping, where it is wanted; it decides nothing.
    pub lowest: Option<BestEpoch>,
    /// Why it stopped, once it has.
    pub stopped: Option<Stopped>,
}

/// The epoch with the lowest validation loss.
pub struct BestEpoch {
    /// The replica's weights, as a stack of one.
    pub model: Network,
    loss: f64,
    /// Number of epochs behind the weights.
    pub epochs: usize,
}

/// Why a replica stopped before the last epoch.
#[derive(Clone, Copy)]
pub enum Stopped {
    /// Its patience ran out.
    Early,
    /// Its loss diverged.
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
    },
    /// The callback ended its training.
    Pruned {
        /// The epoch, counted from 1.
        epoch: usize,
    },
}

/// When a replica stops before the last epoch.
#[derive(Debug, Clone, Copy)]
pub struct StoppingRule {
    /// Epochs without a lower validation loss, where early stopping is asked for.
    pub patience: Option<usize>,
    /// Whether a loss far above the first batch's counts as divergence; if not, only a loss that is not finite does.
    pub relative_to_first_batch: bool,
    /// Whether the weights of the best epoch are wanted also without early stopping.
    pub keeps_best: bool,
}

impl Replica {
    /// Keeps an evaluation within an epoch, unless the replica has stopped or its loss is not finite.
    pub fn check(&mut self, check: Check) {
        if self.stopped.is_none() && check.validation.loss.is_finite() {
            self.checks.push(check);
        }
    }

    /// Records an epoch's scores and returns them, or `None` once the replica has stopped. A stopped replica trains on with the stack,
    /// and its scores are dropped. `weights` gives the replica's weights as a stack of one.
    ///
    /// # Errors
    /// The device failed.
    pub fn record(
        &mut self,
        scores: EpochScores,
        first_batch_loss: f64,
        stopping: StoppingRule,
        mut weights: impl FnMut() -> Result<Network, TrainError>,
    ) -> Result<Option<EpochScores>, TrainError> {
        if self.stopped.is_some() {
            return Ok(None);
        }
        let epoch = self.history.len() + 1;
        let start = *self.first_batch_loss.get_or_insert(first_batch_loss);
        let loss = scores.train.loss;
        let limit = if stopping.relative_to_first_batch { LOSS_DIVERGENCE_FACTOR * start } else { f64::INFINITY };
        if !(loss.is_finite() && loss <= limit && scores.validation.loss.is_finite()) {
            self.stopped = Some(Stopped::Diverged { epoch });
            self.best = None;
            return Ok(None);
        }
        self.history.push(scores);
        let lowest = self.lowest.as_ref().map_or(f64::INFINITY, |lowest| lowest.loss);
        if stopping.keeps_best && scores.validation.loss < lowest {
            self.lowest = Some(BestEpoch { model: weights()?, loss: scores.validation.loss, epochs: epoch });
        }
        if let Some(patience) = stopping.patience {
            let best = self.best.as_ref().map_or(f64::INFINITY, |best| best.loss);
            if scores.validation.loss < best {
                self.best = Some(BestEpoch { model: weights()?, loss: scores.validation.loss, epochs: epoch });
            } else if epoch - self.best.as_ref().map_or(0, |best| best.epochs) >= patience {
                self.stopped = Some(Stopped::Early);
            }
        }
        Ok(Some(scores))
    }
}
