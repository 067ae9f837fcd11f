//! The experiments that come with Kindling. They are compiled in, so that an installed program has them without the repository.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Spec;
use crate::files::read_within;
use crate::suggest::suggestion;

/// Name and text of every experiment, in the order of `kindling list`.
pub const EXPERIMENTS: &[(&str, &str)] = &[
    ("regression", include_str!("../../../experiments/regression.toml")),
    ("blobs", include_str!("../../../experiments/blobs.toml")),
    ("xor", include_str!("../../../experiments/xor.toml")),
    ("classifier", include_str!("../../../experiments/classifier.toml")),
    ("activations", include_str!("../../../experiments/activations.toml")),
    ("batch_sizes", include_str!("../../../experiments/batch_sizes.toml")),
    ("hidden_widths", include_str!("../../../experiments/hidden_widths.toml")),
    ("optimizers", include_str!("../../../experiments/optimizers.toml")),
    ("learning_rates", include_str!("../../../experiments/learning_rates.toml")),
    ("latent_depth", include_str!("../../../experiments/latent_depth.toml")),
    ("reconstructions", include_str!("../../../experiments/reconstructions.toml")),
    ("autoencoder_knn", include_str!("../../../experiments/autoencoder_knn.toml")),
    ("denoising", include_str!("../../../experiments/denoising.toml")),
    ("from_scratch", include_str!("../../../experiments/from_scratch.toml")),
    ("rosenbrock", include_str!("../../../experiments/rosenbrock.toml")),
    ("rosenbrock_starts", include_str!("../../../experiments/rosenbrock_starts.toml")),
    ("quartic", include_str!("../../../experiments/quartic.toml")),
    ("wavy", include_str!("../../../experiments/wavy.toml")),
    ("ravine", include_str!("../../../experiments/ravine.toml")),
    ("saddle", include_str!("../../../experiments/saddle.toml")),
    ("bowl", include_str!("../../../experiments/bowl.toml")),
    ("xor_gate", include_str!("../../../experiments/xor_gate.toml")),
    ("schedules", include_str!("../../../experiments/schedules.toml")),
    ("sigmoid_mse", include_str!("../../../experiments/sigmoid_mse.toml")),
    ("sigmoid_mse_ablation", include_str!("../../../experiments/sigmoid_mse_ablation.toml")),
    ("sigmoid_mse_rates", include_str!("../../../experiments/sigmoid_mse_rates.toml")),
    ("sigmoid_mse_widths", include_str!("../../../experiments/sigmoid_mse_widths.toml")),
    ("perceptron", include_str!("../../../experiments/perceptron.toml")),
    ("neuron", include_str!("../../../experiments/neuron.toml")),
    ("learning_slowdown", include_str!("../../../experiments/learning_slowdown.toml")),
    ("initial_weights", include_str!("../../../experiments/initial_weights.toml")),
    ("init_by_activation", include_str!("../../../experiments/init_by_activation.toml")),
    ("overfitting", include_str!("../../../experiments/overfitting.toml")),
    ("regularisation", include_str!("../../../experiments/regularisation.toml")),
    ("small_first", include_str!("../../../experiments/small_first.toml")),
    ("variance", include_str!("../../../experiments/variance.toml")),
    ("assignment", include_str!("../../../experiments/assignment.toml")),
    ("fashion_rates", include_str!("../../../experiments/fashion_rates.toml")),
    ("fashion_random", include_str!("../../../experiments/fashion_random.toml")),
    ("fashion_bayesian", include_str!("../../../experiments/fashion_bayesian.toml")),
    ("fashion_best", include_str!("../../../experiments/fashion_best.toml")),
];

/// The experiment of this name: the file itself if the name ends in `.toml`, or else `experiments/NAME.toml` in the current folder, or
/// else the one that is compiled in.
///
/// # Errors
/// There is no such experiment (with the nearest name), or its file has a mistake.
pub fn find(name: &str) -> Result<Spec> {
    if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
        return load(Path::new(name));
    }
    let local = Path::new("experiments").join(format!("{name}.toml"));
    if local.is_file() {
        return load(&local);
    }
    let Some((name, text)) = EXPERIMENTS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = EXPERIMENTS.iter().map(|(name, _)| *name).collect();
        let near = suggestion(name, names.iter().copied());
        bail!("no experiment `{name}`{near}; there are {}, or give the path of a .toml file", names.join(", "));
    };
    Ok(Spec::parse(name, &format!("experiments/{name}.toml"), text)?)
}

/// The longest experiment file that is read, in bytes; a search writes its scores into its own.
const MAX_BYTES: u64 = 1 << 22;

/// The experiment in a file. Its name is the file's name without the extension; of the `spec.toml` that a run wrote, its folder's.
///
/// # Errors
/// The file cannot be read, or has a mistake.
pub fn load(path: &Path) -> Result<Spec> {
    let shown = path.display().to_string();
    let text = String::from_utf8(read_within(path, MAX_BYTES)?).with_context(|| format!("{shown} is not text"))?;
    let folder = path.parent().and_then(Path::file_name).filter(|_| path.ends_with("spec.toml"));
    let name = folder.or(path.file_stem()).map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
    Ok(Spec::parse(&name, &shown, &text)?)
}
