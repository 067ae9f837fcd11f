//! Arms that start from another arm's weights.
//!
//! In: arms whose `start` names other arms. Out: the same arms, each with the settings of the whole chain of trainings before it.

use super::Arm;
use crate::experiment::config::{Start, TrialConfig, WarmStart};
use crate::experiment::spec::keys;
use crate::nn::models::NetworkConfig;
use crate::suggest::suggestion;

/// Gives every arm that starts from another arm's weights the settings of that arm.
pub fn resolve_warm_starts(arms: &mut [Arm]) -> Result<(), String> {
    // Each round adds one training to every chain. A chain is no longer than there are arms, unless it is a circle.
    for _ in 0..arms.len() {
        let known: Vec<(String, TrialConfig)> = arms.iter().map(|a| (a.label.clone(), a.config.clone())).collect();
        for arm in arms.iter_mut() {
            let Some(Start::WarmStart(start)) = &mut arm.config.model.start else { continue };
            // If there are axes beside the named arms, `after` means the arm of that name with the same axis values.
            let name = arm.values.iter().find(|(key, _)| key == keys::ARM).and_then(|(_, name)| name.as_str());
            let axes = name.and_then(|name| arm.label.strip_prefix(name)).unwrap_or_default();
            let with_axes = format!("{}{axes}", start.after);
            let Some((_, other)) = known.iter().find(|(label, _)| *label == start.after || *label == with_axes) else {
                let near = suggestion(&start.after, known.iter().map(|(label, _)| label.as_str()));
                return Err(format!("`{}` starts after `{}`, and there is no such arm{near}", arm.label, start.after));
            };
            start.settings = Some(Box::new(other.clone()));
        }
        if arms.iter().all(|arm| is_resolved(&arm.config)) {
            return arms.iter().try_for_each(check_shape);
        }
    }
    Err("arms start after each other in a circle".into())
}

/// Whether the settings of every training before this one are filled in.
fn is_resolved(config: &TrialConfig) -> bool {
    match &config.model.start {
        Some(Start::WarmStart(after)) => after.settings.as_ref().is_some_and(|settings| is_resolved(settings)),
        _ => true,
    }
}

/// Checks that the weights of the other arm fit this arm's network.
fn check_shape(arm: &Arm) -> Result<(), String> {
    let shape = |config: &TrialConfig| match config.likely_network() {
        NetworkConfig::Classifier(mlp) => (mlp.widths(), mlp.bias, "classifier"),
        NetworkConfig::Autoencoder(autoencoder) => {
            (autoencoder.encoder.widths(), autoencoder.encoder.bias, "autoencoder")
        }
    };
    match &arm.config.model.start {
        Some(Start::WarmStart(WarmStart { after, settings: Some(other) })) if shape(other) != shape(&arm.config) => {
            let (found, wanted) = (shape(other).0, shape(&arm.config).0);
            Err(format!("`{}` starts after `{after}`, which is {found:?} and not {wanted:?}", arm.label))
        }
        _ => Ok(()),
    }
}
