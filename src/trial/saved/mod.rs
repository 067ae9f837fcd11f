//! A trained network on disk: `model.bpk` (Burn's record), `model.safetensors`, `pytorch.safetensors` (PyTorch's layout and names), and the model
//! card `model.toml`.
//!
//! In: a stack of one. Out: a folder that [`load`] turns back into the same network. In both files `layers.N.weight` (of an
//! autoencoder, `encoder.layers.N.weight` and `decoder.layers.N.weight`) is `[1, in, out]` and `layers.N.bias` `[1, 1, out]`: a
//! stack of one replica.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, ensure};
use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::data::own::MAX_CLASSES;
use crate::data::scale::InputTable;
use crate::data::{Dataset, PIXELS, SIDE};
use crate::experiment::config::{TrialConfig, TrialKind};
use crate::experiment::metric::Metric;
use crate::files::{Prepared, read_within, sync_folder_of};
use crate::nn::models::Network;
use crate::record::{MadeWith, TrialRecord};
use weights::Weights;

mod pytorch;
pub mod rounded;
pub(crate) mod weights;

/// The model card, `model.toml`: where a saved network comes from and what its outputs mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// The seed it was trained with.
    pub seed: u64,
    /// Epochs behind the weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// The epoch in which the user stopped the training: it had fewer than its settings say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped_epoch: Option<usize>,
    /// Test accuracy, of a classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_accuracy: Option<f64>,
    /// Mean squared error of its reconstructions of test images, of an autoencoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_mse: Option<f64>,
    /// Names of the classes, in the order of the outputs.
    pub classes: Vec<String>,
    /// Rows and columns of the images, where pictures are taken as they are and not brought into the form of MNIST's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<[usize; 2]>,
    /// The columns of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<InputTable>,
    /// The trial's complete settings.
    pub config: TrialConfig,
    /// The program, the libraries, the machine and the data.
    pub made_with: MadeWith,
}

impl ModelCard {
    /// The card of a finished trial's network, which was trained on `dataset`.
    pub fn new(record: &TrialRecord, dataset: &Dataset, config: &TrialConfig) -> Self {
        let images = dataset.train.images().filter(|_| dataset.as_is);
        Self {
            epochs: record.epochs_kept,
            stopped_epoch: record.stopped_epoch,
            image: images.map(|images| images.shape),
            table: dataset.table.clone(),
            seed: record.seed,
            test_accuracy: record.metric(&Metric::TestAccuracy),
            test_mse: record.metric(&Metric::TestMse),
            classes: dataset.classes.clone(),
            config: config.clone(),
            made_with: MadeWith::clone(&record.made_with),
        }
    }
}

impl ModelCard {
    /// Rows and columns of the images that the network takes; `None` where it takes points or rows of a table.
    pub fn image(&self) -> Option<[usize; 2]> {
        let is_table = self.table.is_some() || self.config.data.likely_inputs() != PIXELS;
        if is_table { None } else { Some(self.image.unwrap_or([SIDE; 2])) }
    }

    /// Numbers of an example.
    fn inputs(&self) -> usize {
        match (&self.table, self.image()) {
            (Some(table), _) => table.columns.len(),
            (None, Some([rows, columns])) => rows.saturating_mul(columns),
            (None, None) => self.config.data.likely_inputs(),
        }
    }

    /// Checks what a file that was changed may have wrong.
    fn validate(&self) -> Result<(), String> {
        /// Far more than a picture's side has, and few enough that no product of sizes overflows.
        const MAX_SIDE: usize = 1 << 16;
        self.config.validate()?;
        if self.classes.len() > MAX_CLASSES {
            return Err(format!("it has {} classes, and there can be {MAX_CLASSES}", self.classes.len()));
        }
        let (classes, outputs) = (self.classes.len(), self.config.model.outputs);
        let is_classifier = matches!(self.config.kind(), TrialKind::Classification);
        let fits = outputs.is_none_or(|outputs| outputs == classes.max(1) || outputs == 1 && classes == 2);
        if is_classifier && (classes < 2 || !fits) {
            return Err(format!("`classes` has {classes} names, which are not those of the outputs"));
        }
        if self.image.is_some_and(|sides| sides.iter().any(|side| !(1..=MAX_SIDE).contains(side))) {
            return Err(format!("`image` has a side that is not 1 to {MAX_SIDE}"));
        }
        if let Some(InputTable { columns, scaling }) = &self.table {
            let lengths = [scaling.offset.len(), scaling.divisor.len()];
            let are_numbers = scaling.offset.iter().chain(&scaling.divisor).all(|number| number.is_finite());
            let can_divide = scaling.divisor.iter().all(|divisor| divisor.is_normal() && *divisor > 0.0);
            if columns.is_empty() || lengths != [columns.len(); 2] || !are_numbers || !can_divide {
                return Err("`table` needs an offset and a divisor above 0 for each of its columns".into());
            }
        }
        Ok(())
    }
}

const CARD: &str = "model.toml";
/// The longest card that is read, in bytes.
const MAX_CARD: u64 = 1 << 20;
const RECORD: &str = "model.bpk";
const SAFETENSORS: &str = "model.safetensors";
const PYTORCH: &str = "pytorch.safetensors";

/// The folder in which a run keeps the network of one seed.
pub fn folder_of_seed(run: &Path, seed: u64) -> PathBuf {
    run.join("models").join(format!("seed-{seed}"))
}

/// Writes the four files, over earlier ones. The card is removed first and written last: where there is one, it is that of the weights
/// beside it, whenever the program was killed.
///
/// # Errors
/// The folder cannot be written.
pub fn save(folder: &Path, model: &Network, card: &ModelCard) -> Result<()> {
    let shown = folder.display();
    fs::create_dir_all(folder).with_context(|| format!("cannot create {shown}; name another folder with --out"))?;
    // One entry of metadata: several are written in an order that changes from run to run.
    let mut store = SafetensorsStore::from_bytes(None).clear_metadata().metadata("format", "pt");
    // Each variant's own module is saved, so that the names of its tensors do not depend on the other variants.
    let (record, collected) = match model {
        Network::Classifier(mlp) => (mlp.clone().into_record(), mlp.save_into(&mut store)),
        Network::Autoencoder(autoencoder) => (autoencoder.clone().into_record(), autoencoder.save_into(&mut store)),
    };
    let record = record.into_bytes().map_err(|error| anyhow!("cannot make {RECORD} for {shown}: {error}"))?;
    let safetensors = collected.and_then(|_| store.get_bytes());
    let safetensors = safetensors.map_err(|error| anyhow!("cannot make {SAFETENSORS} for {shown}: {error}"))?;
    let pytorch = pytorch::safetensors(model).with_context(|| format!("cannot make {PYTORCH} for {shown}"))?;
    let [record_path, safetensors_path, pytorch_path, card_path] =
        [RECORD, SAFETENSORS, PYTORCH, CARD].map(|name| folder.join(name));
    // All four are on the disk before the earlier ones go: a full disk leaves those.
    let record = Prepared::new(&record_path, &record)?;
    let safetensors = Prepared::new(&safetensors_path, &safetensors)?;
    let pytorch = Prepared::new(&pytorch_path, &pytorch)?;
    let card = Prepared::new(&card_path, toml::to_string(card)?.as_bytes())?;
    match fs::remove_file(&card_path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", card_path.display()));
        }
        Ok(()) | Err(_) => sync_folder_of(&card_path)?,
    }
    record.put()?;
    safetensors.put()?;
    pytorch.put()?;
    card.put()
}

/// Removes what [`save`] wrote, the card first, and the folder where nothing else is in it.
///
/// # Errors
/// A file cannot be removed.
pub fn remove(folder: &Path) -> Result<()> {
    for name in [CARD, RECORD, SAFETENSORS, PYTORCH] {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    // What else is in it is the user's.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// Reads a network that [`save`] wrote, from its safetensors file. No more memory is taken than the weights in the file need.
///
/// # Errors
/// A file is missing, damaged, or does not fit the card.
pub fn load(folder: &Path, device: &Device) -> Result<(Network, ModelCard)> {
    let path = folder.join(CARD);
    let shown = path.display();
    let bytes = read_within(&path, MAX_CARD).context("give the folder that `kindling train` wrote")?;
    let text = String::from_utf8(bytes).with_context(|| format!("{shown} is not text"))?;
    let card: ModelCard = toml::from_str(&text).with_context(|| format!("{shown} is not a model's card"))?;
    card.validate().map_err(Error::msg).with_context(|| format!("{shown} is of no network"))?;
    let network = card.config.network(card.inputs(), card.classes.len());
    let weights = folder.join(SAFETENSORS);
    let found = Weights::read(&weights.to_string_lossy())?;
    let parameters = network.parameters();
    ensure!(
        found.count() == parameters,
        "{} has {} numbers, and the network of {shown} has {parameters}",
        weights.display(),
        found.count()
    );
    let mut model = network.init(&[card.seed], device);
    found.fill(&mut model, device)?;
    Ok((model, card))
}

#[cfg(test)]
mod tests {
    use super::*;
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
            stopped_epoch: None,
            seed: 0,
            epochs: Some(1),
            test_accuracy: Some(0.5),
            test_mse: None,
            image: None,
            table: None,
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
        assert!(format!("{:#}", load(folder.path(), &device).unwrap_err()).contains("kindling train"));
        let card = card();
        save(folder.path(), &card.config.network(PIXELS, 2).init(&[7], &device), &card).unwrap();
        fs::write(folder.path().join(SAFETENSORS), b"not tensors").unwrap();
        assert!(load(folder.path(), &device).unwrap_err().to_string().contains(SAFETENSORS));
    }

    #[test]
    fn the_same_network_is_the_same_safetensors_file_each_time() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        let model = card().config.network(PIXELS, 2).init(&[7], &device);
        let saved = |name: &str| {
            save(&folder.path().join(name), &model, &card()).unwrap();
            fs::read(folder.path().join(name).join(SAFETENSORS)).unwrap()
        };
        let first = saved("0");
        assert!((1..8).all(|index| saved(&index.to_string()) == first));
    }

    #[test]
    fn a_card_is_never_beside_the_weights_of_another_training() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        let (card, network) = (card(), card().config.network(PIXELS, 2));
        save(folder.path(), &network.init(&[7], &device), &card).unwrap();
        // The weights cannot be replaced: a folder is in the way.
        fs::remove_file(folder.path().join(SAFETENSORS)).unwrap();
        fs::create_dir(folder.path().join(SAFETENSORS)).unwrap();
        assert!(save(folder.path(), &network.init(&[8], &device), &card).is_err());
        assert!(!folder.path().join(CARD).exists());
    }

    #[test]
    fn a_network_is_removed_with_its_folder_unless_that_has_files_of_others() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("seed-0-best");
        remove(&place).unwrap();
        let network = card().config.network(PIXELS, 2).init(&[7], &device);
        save(&place, &network, &card()).unwrap();
        remove(&place).unwrap();
        assert!(!place.exists());
        save(&place, &network, &card()).unwrap();
        fs::write(place.join("notes.txt"), "mine").unwrap();
        remove(&place).unwrap();
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    }

    #[test]
    fn a_card_of_a_network_that_the_file_does_not_hold_is_refused_before_memory_is_taken_for_it() {
        let device = device::for_tests();
        let folder = tempfile::tempdir().unwrap();
        let card = card();
        save(folder.path(), &card.config.network(PIXELS, 2).init(&[7], &device), &card).unwrap();
        let with = |change: fn(&mut ModelCard)| {
            let mut other = card.clone();
            change(&mut other);
            fs::write(folder.path().join(CARD), toml::to_string(&other).unwrap()).unwrap();
            format!("{:#}", load(folder.path(), &device).unwrap_err())
        };
        assert!(with(|c| c.config.model.hidden = Hidden::Widths(vec![5_000, 5_000])).contains("3938 numbers"));
        assert!(with(|c| c.config.model.hidden = Hidden::Widths(vec![1 << 62])).contains("model.hidden"));
        assert!(with(|c| c.config.model.outputs = Some(1 << 62)).contains("model.outputs"));
        assert!(with(|c| c.classes = vec!["a".into(); 300]).contains("300 classes"));
    }
}
