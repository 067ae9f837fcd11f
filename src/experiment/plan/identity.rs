//! A trial's identity: the hash of everything that decides its numbers.

use serde::Serialize;

use crate::experiment::config::TrialConfig;
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

/// The first 16 hex digits of the SHA-256 of the trial's inputs, written as JSON in a fixed order.
///
/// `data` is the data set's hash, `backend` the backend's name. The machine is left out, although on a GPU it may change the last bits:
/// so a sweep can be finished on another one.
pub fn trial_id(config: &TrialConfig, seed: u64, data: &str, backend: &str) -> String {
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
    fn the_id_of_the_default_trial_is_known_so_that_records_stay_valid() {
        // A change here orphans every committed record: raise NUMERICS and redo the runs instead.
        assert_eq!(trial_id(&TrialConfig::default(), 0, "d", "flex"), "8d5ad82a9f66e0d0");
    }
}
