//! Figures of the autoencoder that a run saved, and its codes as files for other programs.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::cli::InterpolationFlags;
use crate::experiment::config::TrialConfig;
use crate::experiment::plan::Plan;
use crate::files::write_atomic;
use crate::nn::models::Network;
use crate::npy;
use crate::record::TrialRecord;
use crate::report::OfNetwork;
use crate::report::export::embeddings;
use crate::report::figures::autoencoder::{Interpolation, InterpolationEnds, TrainedAutoencoder, code_map};
use crate::report::interactive::codes;
use crate::trial::Lab;
use crate::trial::saved;

/// The settings of the run's only arm.
///
/// # Errors
/// The plan has no arm.
pub fn only_config(plan: &Plan) -> Result<&TrialConfig> {
    Ok(&plan.arms.first().context("the run has no arm")?.config)
}

/// The interpolation that the flags ask for.
///
/// # Errors
/// One of its ends does not exist; the message says what there is.
pub fn interpolation(flags: &InterpolationFlags, lab: &Lab, config: &TrialConfig) -> Result<Interpolation> {
    let classes = &lab.dataset(&config.data)?.classes;
    let labels = lab.splits(&config.data)?.test.labels;
    let between = flags.between.clone().unwrap_or_else(|| InterpolationEnds::usual(classes, labels));
    between.check(classes, labels).context("--between")?;
    Ok(Interpolation { between, steps: usize::from(flags.steps) })
}

/// The network that a run saved of one of its trials.
///
/// # Errors
/// It is not there, or is another run's.
pub fn load(folder: &Path, record: &TrialRecord, config: &TrialConfig, lab: &Lab) -> Result<Network> {
    let saved_in = saved::folder_of_seed(folder, record.seed);
    let (network, card) = saved::load(&saved_in, &lab.backend.device)?;
    ensure!(
        card.config == *config && card.made_with == *record.made_with,
        "{} holds another run's network",
        saved_in.display()
    );
    Ok(network)
}

/// Draws a run's network and writes its codes of the test images into `folder`.
///
/// # Errors
/// The network is no autoencoder, or a file cannot be written.
pub fn draw(
    record: &TrialRecord,
    network: &Network,
    config: &TrialConfig,
    lab: &Lab,
    interpolation: &Interpolation,
    folder: &Path,
) -> Result<OfNetwork> {
    let model = network.autoencoder().context("the saved network is not an autoencoder")?;
    let dataset = lab.dataset(&config.data)?;
    let test = lab.splits(&config.data)?.test;
    let autoencoder = TrainedAutoencoder::new(model, config, record.seed, dataset, test, &lab.backend.device);
    let (figures, plane) = autoencoder.draw(interpolation)?;
    let points = plane.as_ref().map_or_else(Vec::new, |plane| code_map::pixels(plane));
    let codes = codes::of(model, config, record.seed, dataset, &autoencoder.codes, &points)?;
    let width = autoencoder.latent();
    write_atomic(&folder.join("codes.npy"), &npy::f32_rows(&autoencoder.codes, width))?;
    write_atomic(&folder.join("labels.npy"), &npy::u8_list(test.labels))?;
    write_atomic(&folder.join("tensors.tsv"), embeddings::tensors_tsv(&autoencoder.codes, width).as_bytes())?;
    write_atomic(&folder.join("metadata.tsv"), embeddings::metadata_tsv(test.labels, &dataset.classes).as_bytes())?;
    if let Some(plane) = plane {
        let csv = embeddings::plane_csv(&plane, test.labels, &dataset.classes);
        write_atomic(&folder.join("tsne.csv"), csv.as_bytes())?;
    }
    Ok(OfNetwork { figures, codes })
}
