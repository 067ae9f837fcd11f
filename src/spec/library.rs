//! The experiments that come with kindling, compiled in so that an installed binary knows them anywhere.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Spec, nearest};

/// Name and text of every experiment, in the order `kindling list` shows them.
pub const EXPERIMENTS: &[(&str, &str)] = &[
    ("optimizers", include_str!("../../experiments/optimizers.toml")),
    ("activations", include_str!("../../experiments/activations.toml")),
    ("batch_sizes", include_str!("../../experiments/batch_sizes.toml")),
    ("hidden_widths", include_str!("../../experiments/hidden_widths.toml")),
    ("learning_rates", include_str!("../../experiments/learning_rates.toml")),
    ("latent_depth", include_str!("../../experiments/latent_depth.toml")),
    ("autoencoder_knn", include_str!("../../experiments/autoencoder_knn.toml")),
    ("denoising", include_str!("../../experiments/denoising.toml")),
];

/// The experiment of this name: a path that ends in `.toml`, `experiments/NAME.toml` here, or one that is compiled in.
///
/// # Errors
/// There is none (with the nearest name), or its file has a mistake.
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
        let near = nearest(name, names.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        bail!("no experiment `{name}`{near}; there are {}, or give the path of a .toml file", names.join(", "));
    };
    Ok(Spec::parse(name, &format!("experiments/{name}.toml"), text)?)
}

/// An experiment file from disk, named after itself.
///
/// # Errors
/// It cannot be read, or has a mistake.
pub fn load(path: &Path) -> Result<Spec> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let name = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    Ok(Spec::parse(&name, &shown, &text)?)
}
