//! What a network's weights start as, where they are not drawn.

use serde::{Deserialize, Serialize};

use super::TrialConfig;

/// `"weights.npz"`, or `{ after = "online" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the path of a .safetensors or .npz file, or { after = \"ARM\" }")]
pub enum Start {
    /// The weights in this file, for every seed.
    File(String),
    /// Each seed's weights after the training of another arm.
    WarmStart(WarmStart),
}

/// See [`Start::WarmStart`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmStart {
    /// The other arm's label.
    pub after: String,
    /// Its settings, filled in by the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Box<TrialConfig>>,
}

impl Start {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(path) => Some(path),
            Self::WarmStart(_) => None,
        }
    }
}
