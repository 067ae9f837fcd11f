//! A trained network on disk: `model.bpk` (Burn's record), `model.safetensors`, and the model card `model.toml`.
//!
//! In: a stack of one. Out: a folder that [`load`] turns back into the same network. In both files `layers.N.weight` (of an
//! autoencoder, `encoder.layers.N.weight` and `decoder.layers.N.weight`) is `[1, in, out]` and `layers.N.bias` `[1, 1, out]`: a
//! stack of one replica.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::data::width_of;
use crate::experiment::config::TrialConfig;
use crate::experiment::metric::Metric;
use crate::files::write_atomic;
use crate::nn::models::Network;
use crate::record::{MadeWith, TrialRecord};

mod npy;
pub(crate) mod weights;

/// The model card, `model.toml`: where a saved network comes from and what its outputs mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// The seed it was trained with.
    pub seed: u64,
    /// Test accuracy, of a classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
    /// Mean squared error of its reconstructions of test images, of an autoencoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_mse: Option<f64>,
    /// Names of the classes, in the order of the outputs.
    pub classes: Vec<String>,
    /// The trial's complete settings.
    pub config: TrialConfig,
    /// The program, the libraries, the machine and the data.
    pub made_with: MadeWith,
}

impl ModelCard {
    /// The card of a finished trial's network.
    pub fn new(record: &TrialRecord, classes: &[String], config: &TrialConfig) -> Self {
        Self {
            seed: record.seed,
            test_accuracy: record.metric(&Metric::TestAccuracy),
            test_mse: record.metric(&Metric::TestMse),
            classes: classes.to_vec(),
            config: config.clone(),
            made_with: record.made_with.clone(),
        }
    }
}

const CARD: &str = "model.toml";
const RECORD: &str = "model.bpk";
const SAFETENSORS: &str = "model.safetensors";

/// The folder in which a run keeps the network of one seed.
pub fn folder_of_seed(run: &Path, seed: u64) -> PathBuf {
    run.join("models").join(format!("seed-{seed}"))
}

/// Writes the three files, over earlier ones.
///
/// # Errors
/// The folder cannot be written.
pub fn save(folder: &Path, model: &Network, card: &ModelCard) -> Result<()> {
    let shown = folder.display();
    fs::create_dir_all(folder).with_context(|| format!("cannot create {shown}; name another folder with --out"))?;
    let record = folder.join(RECORD);
    if record.exists() {
        fs::remove_file(&record).with_context(|| format!("cannot replace {}", record.display()))?;
    }
    let mut store = SafetensorsStore::from_file(folder.join(SAFETENSORS)).overwrite(true);
    // Each variant's own module is saved, so that the names of its tensors do not depend on the other variants.
    let (burn_result, safetensors_result) = match model {
        Network::Classifier(mlp) => (mlp.clone().save_file(&record), mlp.save_into(&mut store)),
        Network::Autoencoder(autoencoder) => {
            (autoencoder.clone().save_file(&record), autoencoder.save_into(&mut store))
        }
    };
    burn_result.map_err(|error| anyhow!("cannot write {}: {error}", record.display()))?;
    safetensors_result.map_err(|error| anyhow!("cannot write {SAFETENSORS} in {shown}: {error}"))?;
    write_atomic(&folder.join(CARD), toml::to_string(card)?.as_bytes())
}

/// Reads a network that [`save`] wrote, from its safetensors file.
///
/// # Errors
/// A file is missing, damaged, or does not fit the card.
pub fn load(folder: &Path, device: &Device) -> Result<(Network, ModelCard)> {
    let path = folder.join(CARD);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; give the folder that `kindling train` wrote", path.display()))?;
    let card: ModelCard = toml::from_str(&text).with_context(|| format!("{} is not a model's card", path.display()))?;
    let inputs = width_of(&card.config.data.dataset);
    let mut model = card.config.network(inputs, card.classes.len()).init(&[card.seed], device);
    let weights = folder.join(SAFETENSORS);
    let mut store = SafetensorsStore::from_file(&weights);
    let loaded = match &mut model {
        Network::Classifier(mlp) => mlp.load_from(&mut store),
        Network::Autoencoder(autoencoder) => autoencoder.load_from(&mut store),
    };
    loaded.map_err(|error| {
        anyhow!("{} is missing or is not the network of {}: {error}", weights.display(), path.display())
    })?;
    Ok((model, card))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;
    use crate::experiment::config::Hidden;
    use crate::nn::device;
    use crate::nn::models::ActivationKind;
    use crate::record::Bytes;

    fn card() -> ModelCard {
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![5]);
        config.model.activation = ActivationKind::Prelu;
        let made_with = MadeWith {
            kindling: "k".into(),
            burn: "b".into(),
            backend: "flex".into(),
            bytes: Bytes::Portable,
            dataset: "mnist".into(),
            data: "h".into(),
        };
        ModelCard {
            seed: 0,
            test_accuracy: Some(0.5),
            test_mse: None,
            classes: vec!["0".into(), "1".into()],
            config,
            made_with,
        }
    }

    #[test]
    fn what_is_saved_is_loaded_to_the_bit_in_both_formats() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        let card = card();
        // Another seed than the card's, so that loading must replace what `load` starts from.
        let model = card.config.network(PIXELS, 2).init(&[7], &device);
        save(folder.path(), &model, &card).unwrap();
        save(folder.path(), &model, &card).unwrap();
        let (back, read) = load(folder.path(), &device).unwrap();
        assert_eq!(read, card);
        let burn = card.config.network(PIXELS, 2).init(&[0], &device);
        let burn = burn.classifier().unwrap().clone().try_load_file(folder.path().join(RECORD)).unwrap();
        for other in [back.classifier().unwrap(), &burn] {
            let model = model.classifier().unwrap();
            for (a, b) in model.layers.iter().zip(&other.layers) {
                assert_eq!(a.weight.val().into_data(), b.weight.val().into_data());
            }
            assert_eq!(model.slopes[0].val().into_data(), other.slopes[0].val().into_data());
        }
    }

    #[test]
    fn an_autoencoder_is_saved_under_its_two_halves_names() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        let mut card = card();
        card.config.model.latent = Some(3);
        card.config.train.loss = crate::nn::loss::Loss::Bce;
        let model = card.config.network(PIXELS, 2).init(&[7], &device);
        save(folder.path(), &model, &card).unwrap();
        let (back, _) = load(folder.path(), &device).unwrap();
        let weight = |model: &Network| model.autoencoder().unwrap().decoder.layers[1].weight.val().into_data();
        assert_eq!(weight(&model), weight(&back));
        let bytes = fs::read(folder.path().join(SAFETENSORS)).unwrap();
        let header = String::from_utf8_lossy(&bytes[8..2000]).into_owned();
        assert!(header.contains("encoder.layers.0.weight") && header.contains("decoder.layers.1.bias"), "{header}");
    }

    #[test]
    fn a_missing_or_damaged_model_is_an_error_that_names_the_file() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path(), &device).unwrap_err().to_string().contains("kindling train"));
        let card = card();
        save(folder.path(), &card.config.network(PIXELS, 2).init(&[7], &device), &card).unwrap();
        fs::write(folder.path().join(SAFETENSORS), b"not tensors").unwrap();
        assert!(load(folder.path(), &device).unwrap_err().to_string().contains(SAFETENSORS));
    }
}
