//! `kindling draw weights`: the weights of a saved network's first layer, and which edges they are made of.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::save;
use crate::cli::DrawWeightsArgs;
use crate::commands::Exit;
use crate::data::SIDE;
use crate::evaluate::edges::horizontal_edge_share;
use crate::nn::device;
use crate::nn::models::Network;
use crate::report::figures::weights;
use crate::terminal;
use crate::trial::saved::{self, ModelCard};

/// Units whose measures are printed in one line.
const IN_A_LINE: usize = 10;

/// A unit's name, its weights and its measure.
struct Unit {
    name: String,
    weights: Vec<f32>,
    share: Option<f64>,
}

/// Draws the weights, and prints the share of horizontal edges of every unit.
pub fn run(args: &DrawWeightsArgs) -> Result<Exit> {
    // A run of autoencoders keeps its networks in folders of its own.
    let first = saved::folder_of_seed(&args.model, 0);
    let folder = if first.is_dir() { first } else { args.model.clone() };
    let backend = device::host(None)?;
    let (model, card) = saved::load(&folder, &backend.device)?;
    let units = units(&model, &card, &folder)?;
    let named: Vec<(String, Vec<f32>)> = units.iter().map(|unit| (unit.name.clone(), unit.weights.clone())).collect();
    let sheet = weights::sheet(&named)?;
    let out = args.out.clone().unwrap_or_else(|| folder.join("weights.png"));
    save(&out, &sheet.png)?;
    if args.json {
        let each: Vec<_> = units.iter().map(|u| json!({ "unit": u.name, "horizontal_edge_share": u.share })).collect();
        let whole = json!({ "units": each, "full_colour_from": sheet.limit, "figure": out });
        terminal::print(format_args!("{}", serde_json::to_string_pretty(&whole)?));
        return Ok(Exit::Done);
    }
    terminal::print(format_args!(
        "Share of horizontal edges in the weights of each unit: the energy of the differences between pixels one above the other, \
         divided by that of all differences. It is 1 for horizontal stripes, 0 for vertical ones, and 0.5 for noise.\n"
    ));
    for line in units.chunks(IN_A_LINE) {
        terminal::print(format_args!("{}", line_of(line)));
    }
    terminal::print(format_args!("\n{}", summary(&units)));
    terminal::print(format_args!("blue is below 0 and red above, in full colour from {:.3} on", sheet.limit));
    terminal::print(format_args!("figure: {}", out.display()));
    Ok(Exit::Done)
}

/// The units of the first layer: H1, H2, ..., or the classes where the first layer is the last.
fn units(model: &Network, card: &ModelCard, folder: &Path) -> Result<Vec<Unit>> {
    let layers = model.layers();
    let first = layers.first().context("the network has no layers")?;
    let [_, inputs, outputs] = first.weight.dims();
    ensure!(
        card.image() == Some([SIDE; 2]),
        "{} holds a network for the points of {}, whose first layer has {inputs} inputs; weights are drawn of networks for images of \
         {SIDE}x{SIDE}",
        folder.display(),
        card.config.data.dataset
    );
    // `[1, inputs, outputs]`
    let values: Vec<f32> = first.weight.val().into_data().try_to_vec().context("the weights cannot be read")?;
    let is_last = layers.len() == 1;
    let unit = |index: usize| {
        let weights: Vec<f32> = values.iter().skip(index).step_by(outputs).copied().collect();
        let class = card.classes.get(index).filter(|_| is_last);
        let name = class.cloned().unwrap_or_else(|| format!("H{}", index + 1));
        Unit { name, share: horizontal_edge_share(&weights), weights }
    };
    Ok((0..outputs).map(unit).collect())
}

/// The mean of some units' shares; `None` where none has a share.
fn mean(units: &[Unit]) -> Option<f64> {
    let shares: Vec<f64> = units.iter().filter_map(|unit| unit.share).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

fn number(share: Option<f64>) -> String {
    share.map_or("  - ".into(), |share| format!("{share:.2}"))
}

fn line_of(units: &[Unit]) -> String {
    let names = match units {
        [only] => only.name.clone(),
        [first, .., last] => format!("{} to {}", first.name, last.name),
        [] => String::new(),
    };
    let each: Vec<String> = units.iter().map(|unit| number(unit.share)).collect();
    format!("{names:<14} mean {}:  {}", number(mean(units)), each.join(" "))
}

/// The mean of all, and the units with the most and the least.
fn summary(units: &[Unit]) -> String {
    let mut by_share: Vec<(f64, &str)> = units.iter().filter_map(|u| Some((u.share?, u.name.as_str()))).collect();
    by_share.sort_by(|a, b| a.0.total_cmp(&b.0));
    match (by_share.first(), by_share.last()) {
        (Some(least), Some(most)) => format!(
            "all {} units: mean {}, from {:.2} ({}) to {:.2} ({})",
            units.len(),
            number(mean(units)),
            least.0,
            least.1,
            most.0,
            most.1
        ),
        _ => format!("all {} units have weights of one value each, without edges", units.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, share: Option<f64>) -> Unit {
        Unit { name: name.into(), weights: Vec::new(), share }
    }

    #[test]
    fn units_are_summed_up_by_mean_and_extremes_and_one_without_edges_is_left_out() {
        let units = [unit("H1", Some(0.25)), unit("H2", None), unit("H3", Some(0.75))];
        assert_eq!(line_of(&units), "H1 to H3       mean 0.50:  0.25   -  0.75");
        assert_eq!(summary(&units), "all 3 units: mean 0.50, from 0.25 (H1) to 0.75 (H3)");
        assert!(summary(&units[1..2]).contains("without edges"));
    }
}
