//! `kindling draw network`: the layers of an experiment's network, before any is trained.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use super::save;
use crate::cli::DrawNetworkArgs;
use crate::commands::Exit;
use crate::commands::arm::{check_trains_network, experiment, folder_name, select};
use crate::experiment::plan::Plan;
use crate::nn::models::{LayerShape, NetworkConfig};
use crate::report::figures::network::{self, thousands};
use crate::report::table::{Cell, Table};
use crate::terminal;

/// Draws the network of one arm, and prints the parameters of its layers. The data are not read: their name says how many inputs and classes
/// there are, 784 and 10 unless they are a toy.
pub fn run(args: &DrawNetworkArgs) -> Result<Exit> {
    let mut spec = experiment(args.experiment.as_deref())?;
    for typed in &args.set {
        spec.set(typed)?;
    }
    let plan = Plan::new(&spec)?;
    let arm = select(&plan, args.arm.as_deref())?;
    check_trains_network(&spec.name, arm)?;
    let name = folder_name(&spec.name, &arm.label);
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("network-{name}.svg")));
    let shapes = arm.config.likely_network();
    save(&out, &network::draw(&name, &arm.config).bytes)?;
    if args.json {
        let layers: Vec<_> = shapes.shapes().into_iter().map(|(name, layer)| json(&name, &layer)).collect();
        let whole = json!({ "layers": layers, "parameters": shapes.parameters(), "figure": out });
        terminal::print(format_args!("{}", serde_json::to_string_pretty(&whole)?));
        return Ok(Exit::Done);
    }
    terminal::print(format_args!("{}\n", table(&shapes).text()));
    terminal::print(format_args!("{}: {} parameters", name, thousands(shapes.parameters())));
    terminal::print(format_args!("figure: {}", out.display()));
    Ok(Exit::Done)
}

fn json(name: &str, layer: &LayerShape) -> serde_json::Value {
    json!({
        "name": name, "inputs": layer.inputs, "outputs": layer.outputs, "weights": layer.weights(), "biases": layer.biases,
        "slopes": layer.slopes, "parameters": layer.parameters(), "activation": layer.activation.name(),
    })
}

/// A row for each layer; slopes are left out where no layer has one.
fn table(network: &NetworkConfig) -> Table {
    let has_slopes = network.shapes().iter().any(|(_, layer)| layer.slopes > 0);
    let row = |(name, layer): (String, LayerShape)| {
        let numbers = [
            Some(format!("{} x {}", layer.inputs, layer.outputs)),
            Some(thousands(layer.weights())),
            Some(thousands(layer.biases)),
            has_slopes.then(|| layer.slopes.to_string()),
            Some(thousands(layer.parameters())),
        ];
        let numbers = numbers.into_iter().flatten().map(Cell::number);
        [Cell::from(&name)].into_iter().chain(numbers).chain([Cell::from(layer.activation.name())]).collect()
    };
    let slopes = has_slopes.then_some("slopes");
    let head = ["layer", "shape", "weights", "biases"].into_iter().chain(slopes).chain(["parameters", "activation"]);
    Table::new(head, network.shapes().into_iter().map(row))
}
