//! Each layer of a watched training over its epochs.

use serde::{Deserialize, Serialize};

use super::{Status, TrialRecord};
use crate::experiment::metric::Level;

/// One layer before the first epoch and after each, `[epochs + 1]`, on the first training examples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerHistory {
    /// The Euclidean norm of the gradient of the loss with respect to the weights.
    pub gradient_norm: Vec<f32>,
    /// The share of saturated units; empty for an activation without limits.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub saturated: Vec<f32>,
    /// The mean derivative of the activation; empty for a layer without one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub slope: Vec<f32>,
}

impl TrialRecord {
    /// A number of a layer, counted from 1, with the weights that were tested.
    pub(super) fn of_layer(&self, layer: Level, values: fn(&LayerHistory) -> &Vec<f32>) -> Option<f64> {
        let index = (layer.get() as usize).checked_sub(1).filter(|_| self.status == Status::Done)?;
        values(self.layers.get(index)?).get(self.epochs_kept?).map(|&value| f64::from(value))
    }
}
