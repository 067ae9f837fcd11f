//! A trial's identity: the hash of everything that decides its numbers.

use std::path::Path;

use serde::Serialize;

use crate::data::DataConfig;
use crate::experiment::config::{Start, TrialConfig};
use crate::hash;

/// Raised when a change of the program changes the numbers of an unchanged trial. All ids change with it, and committed runs are redone.
const NUMERICS: u32 = 2;

#[derive(Serialize)]
struct Inputs<'a> {
    numerics: u32,
    config: &'a TrialConfig,
    seed: u64,
    data: &'a str,
    backend: &'a str,
}

/// The settings that decide a trial's numbers besides the hash of its data, as JSON. That hash covers how one's own data were read and split, so
/// that neither a path nor a default that is written down makes another trial.
pub fn settings_text(config: &TrialConfig) -> String {
    // These types always serialise.
    serde_json::to_string(&without_spelling(config)).unwrap_or_default()
}

fn without_spelling(config: &TrialConfig) -> TrialConfig {
    let mut config = config.clone();
    if config.data.is_own() {
        let own = &config.data;
        let name = Path::new(&own.dataset).file_name().map_or("own".into(), |name| name.to_string_lossy());
        config.data = DataConfig { pixels: own.pixels, classes: own.classes.clone(), ..DataConfig::named(&name) };
    }
    if let Some(Start::WarmStart(before)) = &mut config.model.start {
        before.settings = before.settings.take().map(|settings| Box::new(without_spelling(&settings)));
    }
    config
}

/// The first 16 hex digits of the SHA-256 of the trial's inputs, written as JSON in a fixed order.
///
/// `data` is the data set's hash, `backend` the backend's name. The machine is left out, although on a GPU it may change the last bits:
/// so a sweep can be finished on another one.
pub fn trial_id(config: &TrialConfig, seed: u64, data: &str, backend: &str) -> String {
    let config = &without_spelling(config);
    let inputs = Inputs { numerics: NUMERICS, config, seed, data, backend };
    // These types always serialise.
    let json = serde_json::to_string(&inputs).unwrap_or_default();
    hash::short_of(json.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_changes_the_id() {
        let config = TrialConfig::default();
        let base = trial_id(&config, 0, "d", "flex");
        let mut other = config.clone();
        other.train.batch_size = 64;
        assert_ne!(base, trial_id(&other, 0, "d", "flex"));
        assert_ne!(base, trial_id(&config, 1, "d", "flex"));
        assert_ne!(base, trial_id(&config, 0, "e", "flex"));
        assert_ne!(base, trial_id(&config, 0, "d", "wgpu"));
        assert_eq!(base, trial_id(&config.clone(), 0, "d", "flex"));
    }

    #[test]
    fn ones_own_data_are_one_trial_however_their_path_and_their_defaults_are_written() {
        let named = |dataset: &str| {
            let mut config = TrialConfig::default();
            config.data = DataConfig::named(dataset);
            config
        };
        let id = |config: &TrialConfig, data: &str| trial_id(config, 0, data, "flex");
        let base = id(&named("wine.csv"), "d");
        let mut spelt = named("./data/../wine.csv");
        (spelt.data.label, spelt.data.validation) = (Some("class".into()), crate::data::Size::Share(0.2));
        assert_eq!(id(&spelt, "d"), base);
        assert_ne!(id(&spelt, "e"), base);
        assert_ne!(id(&named("iris.csv"), "d"), base);
        spelt.data.classes = vec![0, 1];
        assert_ne!(id(&spelt, "d"), base);
    }

    #[test]
    fn the_id_of_the_default_trial_is_known_so_that_records_stay_valid() {
        // A change here orphans every committed record: raise NUMERICS and redo the runs instead.
        assert_eq!(trial_id(&TrialConfig::default(), 0, "d", "flex"), "8d5ad82a9f66e0d0");
    }
}
