//! `kindling predict`: what a saved network says of new pictures, or of new rows of a table.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Exit;
use crate::cli::PredictArgs;
use crate::data::own::{npy_pair, table};
use crate::data::{Examples, Images, PointSet, idx, picture};
use crate::evaluate::{self, classification};
use crate::nn::device;
use crate::nn::loss::Loss;
use crate::nn::task::Task;
use crate::terminal;
use crate::trial::saved::{self, ModelCard};

/// Classes that are printed of a prediction.
const SHOWN: usize = 3;

/// Prints one line per example: the likeliest classes with their probabilities, or the predicted number. A file that cannot be read is told, and
/// the others are predicted all the same.
pub fn run(args: &PredictArgs) -> Result<Exit> {
    let backend = device::host(args.backend.as_deref())?;
    let (model, card) = saved::load(&args.model, &backend.device)?;
    ensure!(
        model.classifier().is_some(),
        "{} holds an autoencoder, which does not classify; give the folder of a classifier",
        args.model.display()
    );
    ensure!(
        card.table.is_some() || card.image().is_some(),
        "{} holds a network for the points of {}, which takes points, not images",
        args.model.display(),
        card.config.data.dataset
    );
    let mut has_failed = false;
    for path in &args.files {
        let examples = match read(path, &card) {
            Ok(examples) => examples,
            Err(error) => {
                terminal::tell(format_args!("error: {error:#}"));
                has_failed = true;
                continue;
            }
        };
        let count = examples.count();
        let split = examples.slice(0, count, card.config.data.pixels);
        let outputs = evaluate::outputs_of_one(&model, split.rows, &backend.device);
        for (index, found) in Predicted::all(&outputs, &card).iter().enumerate() {
            let name = if count > 1 { format!("{}#{index}", path.display()) } else { path.display().to_string() };
            match args.json {
                true => terminal::print(format_args!("{}", found.json(&name))),
                false => terminal::print(format_args!("{name}: {}", found.text())),
            }
        }
    }
    Ok(if has_failed { Exit::Failed } else { Exit::Done })
}

/// What a network says of one example.
enum Predicted<'a> {
    /// The classes, the likeliest first, each with its probability where the outputs stand for one.
    Classes(Vec<(&'a str, Option<f32>)>),
    /// A number.
    Number(f32),
}

impl<'a> Predicted<'a> {
    /// The predictions behind the outputs `[n * out]`.
    fn all(outputs: &[f32], card: &'a ModelCard) -> Vec<Self> {
        let task = card.config.task(card.classes.len());
        if task == Task::Regress {
            return outputs.iter().map(|&number| Self::Number(number)).collect();
        }
        let has_probabilities = classification::are_probabilities(task, card.config.train.loss);
        let scores = classification::class_scores(outputs, task);
        let of_row = |row: &[f32]| {
            let probabilities = classification::probabilities(row, row.len(), Loss::CrossEntropy);
            let mut order: Vec<usize> = (0..row.len()).collect();
            // A stable sort: of equal scores the first class is predicted, as everywhere.
            order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
            let class =
                |class: usize| (card.classes[class].as_str(), has_probabilities.then_some(probabilities[class]));
            Self::Classes(order.into_iter().map(class).collect())
        };
        scores.chunks_exact(card.classes.len()).map(of_row).collect()
    }

    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Classes(classes) => {
                let one = |(name, probability): &(&str, Option<f32>)| match probability {
                    Some(probability) => format!("{name} ({:.1} %)", 100.0 * probability),
                    None => (*name).to_string(),
                };
                let shown = classes.iter().take(SHOWN).map(one).collect::<Vec<_>>();
                shown.join(", ")
            }
        }
    }

    fn json(&self, name: &str) -> Value {
        match self {
            Self::Number(number) => json!({ "example": name, "number": number }),
            Self::Classes(classes) => {
                let (class, confidence) = classes.first().copied().unwrap_or(("", None));
                let each =
                    |(class, probability): &(&str, Option<f32>)| json!({ "class": class, "probability": probability });
                let top: Vec<Value> = classes.iter().take(SHOWN).map(each).collect();
                json!({ "example": name, "class": class, "confidence": confidence, "top": top })
            }
        }
    }
}

/// One picture, every image of an IDX file, or every row of a CSV file, in the form that the network takes.
fn read(path: &Path, card: &ModelCard) -> Result<Examples> {
    let is = |ending: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending));
    if let Some(inputs) = &card.table {
        let values = if is("npy") { npy_pair::read_inputs(inputs, path)? } else { table::read_inputs(inputs, path)? };
        let width = inputs.columns.len();
        return Ok(Examples::Points(PointSet {
            labels: vec![0; values.len() / width],
            width,
            values,
            targets: Vec::new(),
        }));
    }
    let shape = card.image().context("the network takes no images")?;
    let [rows, columns] = shape;
    let images = |pixels: Vec<u8>| {
        let count = pixels.len() / (rows * columns);
        Examples::Images(Images::sized(shape, pixels, vec![0; count]))
    };
    if is("npy") {
        return Ok(images(npy_pair::read_images(shape, path)?));
    }
    if is("png") {
        // Digits are brought into MNIST's form; pictures of one's own are taken as they were for the training.
        if card.image.is_none() {
            return Ok(images(picture::read(path)?));
        }
        let (found, pixels) = picture::read_as_is(path)?;
        ensure!(
            found == shape,
            "{} is {} x {} pixels, and the network takes {columns} x {rows}",
            path.display(),
            found[1],
            found[0]
        );
        let is_blank = pixels.iter().all(|pixel| *pixel == pixels[0]);
        ensure!(!is_blank, "{} is blank: all its pixels are alike", path.display());
        return Ok(images(pixels));
    }
    let file = idx::read(path).context("only PNG pictures and IDX files (plain or .gz) can be classified")?;
    ensure!(
        file.shape.len() == 3 && file.shape[1..] == [rows, columns] && file.shape[0] > 0,
        "{} holds {:?}; it must be images of {rows}x{columns}",
        path.display(),
        file.shape
    );
    Ok(images(file.bytes))
}
