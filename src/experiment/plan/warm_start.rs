//! Arms that start from another arm's weights: the other's settings put in its place.
//!
//! In: arms whose `start` names others. Out: the same arms, each with the whole chain of trainings before it.

use super::Arm;
use crate::experiment::config::{Start, TrialConfig, WarmStart};
use crate::experiment::spec::keys;
use crate::nn::models::NetworkConfig;
use crate::suggest::suggestion;

/// Gives every arm that starts from another arm's weights the settings of that arm.
pub fn resolve_warm_starts(arms: &mut [Arm]) -> Result<(), String> {
    // An arm may follow one that follows another: as many rounds as there are arms settle all, or there is a circle.
    for _ in 0..arms.len() {
        let known: Vec<(String, TrialConfig)> = arms.iter().map(|a| (a.label.clone(), a.config.clone())).collect();
        for arm in arms.iter_mut() {
            let Some(Start::WarmStart(after)) = &mut arm.config.model.start else { continue };
            // With axes beside the named arms, the other arm is the one of the same axis values.
            let name = arm.values.iter().find(|(key, _)| key == keys::ARM).and_then(|(_, name)| name.as_str());
            let axes = name.and_then(|name| arm.label.strip_prefix(name)).unwrap_or_default();
            let twin = format!("{}{axes}", after.after);
            let Some((_, other)) = known.iter().find(|(label, _)| *label == after.after || *label == twin) else {
                let near = suggestion(&after.after, known.iter().map(|(label, _)| label.as_str()));
                return Err(format!("`{}` starts after `{}`, and there is no such arm{near}", arm.label, after.after));
            };
            after.settings = Some(Box::new(other.clone()));
        }
        if arms.iter().all(|arm| settled(&arm.config)) {
            return arms.iter().try_for_each(same_shape);
        }
    }
    Err("arms start after each other in a circle".into())
}

/// Whether the whole chain of trainings before this one is known.
fn settled(config: &TrialConfig) -> bool {
    match &config.model.start {
        Some(Start::WarmStart(after)) => after.settings.as_ref().is_some_and(|settings| settled(settings)),
        _ => true,
    }
}

fn same_shape(arm: &Arm) -> Result<(), String> {
    let widths = |config: &TrialConfig| match config.likely_network() {
        NetworkConfig::Classifier(mlp) => (mlp.widths(), mlp.bias, 0),
        NetworkConfig::Autoencoder(both) => (both.encoder.widths(), both.encoder.bias, 1),
    };
    match &arm.config.model.start {
        Some(Start::WarmStart(WarmStart { after, settings: Some(other) })) if widths(other) != widths(&arm.config) => {
            let (found, wanted) = (widths(other).0, widths(&arm.config).0);
            Err(format!("`{}` starts after `{after}`, which is {found:?} and not {wanted:?}", arm.label))
        }
        _ => Ok(()),
    }
}
