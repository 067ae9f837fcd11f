//! `kindling landscape`: the loss around a saved network.

use std::fmt::Write;

use anyhow::{Result, ensure};

use super::Exit;
use super::run::data_locations;
use crate::cli::LandscapeArgs;
use crate::data::source;
use crate::files::write_atomic;
use crate::nn::device;
use crate::report::figures::landscape;
use crate::run::progress::ProgressMode;
use crate::studies::Objective;
use crate::studies::landscape::{LandscapeConfig, loss_landscape};
use crate::terminal;
use crate::trial::saved;

/// Loads the network and its test examples, evaluates the loss on a grid around it, and draws the grid into the network's folder.
pub fn run(args: &LandscapeArgs) -> Result<Exit> {
    ensure!(args.reach.is_finite() && args.reach > 0.0, "--reach {}: it must be above 0", args.reach);
    // The network itself stands in the middle.
    ensure!(args.points % 2 == 1, "--points {}: it must be odd", args.points);
    let backend = device::host(args.backend.as_deref())?;
    let (model, card) = saved::load(&args.model, &backend.device)?;
    let config = &card.config;
    let dataset = source::load(&config.data, &data_locations(&args.data, ProgressMode::Quiet))?;
    ensure!(
        dataset.hash == card.made_with.data,
        "{} here is not what the network of {} was trained on",
        dataset.name,
        args.model.display()
    );
    let count = (args.examples as usize).min(dataset.sizes_of(&config.data).test);
    let split = dataset.test.slice(0, count, config.data.pixels);
    let grid_config = LandscapeConfig { reach: args.reach, points: usize::from(args.points), seed: args.seed };
    let objective = Objective { split, task: config.task(dataset.classes.len()), loss: config.train.loss };
    let grid = loss_landscape(&model, objective, grid_config, &backend.device);
    let figure = landscape::draw(&grid, count)?;
    let mut csv = String::from("x,y,loss\n");
    for (index, loss) in grid.values.iter().enumerate() {
        let at =
            |step: usize| -grid_config.reach + 2.0 * grid_config.reach * step as f64 / (grid_config.points - 1) as f64;
        // Writing to a String cannot fail.
        let _ = writeln!(csv, "{},{},{loss}", at(index % grid_config.points), at(index / grid_config.points));
    }
    write_atomic(&args.model.join("landscape.csv"), csv.as_bytes())?;
    write_atomic(&args.model.join(&figure.file), &figure.bytes)?;
    let middle = grid.values[grid.values.len() / 2];
    let lowest = grid.values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = grid.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    terminal::print(format_args!(
        "loss on {count} test examples: {middle:.4} at the network, {lowest:.4} to {highest:.4} on the grid"
    ));
    terminal::print(format_args!("figure: {}", args.model.join(&figure.file).display()));
    Ok(Exit::Done)
}
