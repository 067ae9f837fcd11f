//! `kindling predict`: classify pictures with a saved network.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::Exit;
use crate::cli::PredictArgs;
use crate::data::{Examples, Images, PIXELS, SIDE, idx, picture, width_of};
use crate::evaluate::{self, classification};
use crate::nn::device;
use crate::nn::loss::Loss;
use crate::terminal;
use crate::trial::saved;

/// Prints one line per image: the predicted class and its probability.
pub fn run(args: &PredictArgs) -> Result<Exit> {
    let backend = device::open(args.backend.as_deref())?;
    let (model, card) = saved::load(&args.model, &backend.device)?;
    ensure!(
        model.classifier().is_some(),
        "{} holds an autoencoder, which does not classify; give the folder of a classifier",
        args.model.display()
    );
    let config = &card.config;
    ensure!(
        width_of(&config.data.dataset) == PIXELS,
        "{} holds a network for the points of {}, which takes points, not images",
        args.model.display(),
        config.data.dataset
    );
    let task = config.task(card.classes.len());
    // Every file is read before anything is printed, so that a bad file leaves no partial output.
    let files: Vec<(&Path, Vec<u8>)> =
        args.images.iter().map(|path| Ok((path.as_path(), read(path)?))).collect::<Result<_>>()?;
    for (path, pixels) in files {
        let count = pixels.len() / PIXELS;
        let images = Examples::Images(Images::new(pixels, vec![0; count]));
        let split = images.slice(0, count, config.data.pixels);
        let outputs = evaluate::outputs_of_one(&model, split.rows, &backend.device);
        let scores = classification::class_scores(&outputs, task);
        for (index, prediction) in classification::predictions(&scores, card.classes.len()).iter().enumerate() {
            let name = if count > 1 { format!("{}#{index}", path.display()) } else { path.display().to_string() };
            let class = &card.classes[usize::from(prediction.class)];
            // Only a network trained on the cross-entropy has outputs that a softmax makes probabilities of.
            let confidence = (card.config.train.loss == Loss::CrossEntropy).then_some(prediction.confidence);
            match confidence {
                _ if args.json => {
                    terminal::print(format_args!(
                        "{}",
                        serde_json::json!({ "image": name, "class": class, "confidence": confidence })
                    ));
                }
                Some(confidence) => terminal::print(format_args!("{name}: {class} ({:.1} %)", 100.0 * confidence)),
                None => terminal::print(format_args!("{name}: {class}")),
            }
        }
    }
    Ok(Exit::Done)
}

/// The pixels of one picture, or of every image of an IDX file.
fn read(path: &Path) -> Result<Vec<u8>> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return picture::read(path);
    }
    let file = idx::read(path).context("only PNG pictures and IDX files (plain or .gz) can be classified")?;
    ensure!(
        file.shape.len() == 3 && file.shape[1..] == [SIDE, SIDE] && file.shape[0] > 0,
        "{} holds {:?}; it must be images of {SIDE}x{SIDE}",
        path.display(),
        file.shape
    );
    Ok(file.bytes)
}
