//! `kindling lr-find`: the learning-rate finder.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::arm::SelectedArm;
use super::{Exit, failed};
use crate::analysis::stats::describe::{quantile, sorted};
use crate::cli::LrFindArgs;
use crate::experiment::config::Source;
use crate::files::{check_writable, write_atomic};
use crate::report::figures::{Figure, lr_finder};
use crate::studies::lr_finder::{LossCurve, RateRange, find};
use crate::terminal;
use crate::train::NoCallback;
use crate::trial::{initial_network, job};

/// Trains a stack of seeds for a few hundred batches, draws the losses, suggests a rate.
pub fn run(args: &LrFindArgs) -> Result<Exit> {
    let range = RateRange { from: args.from, to: args.to, steps: args.steps as usize };
    range.validate()?;
    let first = args.subject.seed;
    let last = first.checked_add(u64::from(args.seeds) - 1);
    let last = last.with_context(|| format!("--seed {first}: there are no {} seeds from there on", args.seeds))?;
    let seeds: Vec<u64> = (first..=last).collect();
    let selected = SelectedArm::open(&args.subject)?;
    let (arm, lab, name) = (selected.arm()?, &selected.lab, &selected.name);
    let folder = match &args.subject.run.out {
        Some(out) => out.clone(),
        None => Path::new("artifacts").join(format!("lr-find-{name}")),
    };
    check_writable(&folder)?;
    let network = match initial_network(lab, &arm.config, &seeds, &NoCallback) {
        Ok(network) => network,
        Err(error) => return Ok(failed(&error.into())),
    };
    let drawn = arm.config.train.vary.seeds(Source::Order, &seeds);
    let curves = find(network, &job(lab, &arm.config, &drawn)?, range)?;
    let steepest = median(curves.iter().filter_map(LossCurve::steepest));
    let tenth = median(curves.iter().filter_map(LossCurve::tenth_of_lowest));
    let figure = lr_finder::draw(&curves, steepest);
    let written = write(&folder, &csv(&curves, &seeds), figure.as_ref());
    // The suggestion is printed whatever became of the files: it took the training to get.
    if args.subject.json {
        terminal::print(format_args!(
            "{}",
            serde_json::json!({ "steepest": steepest, "tenth_of_lowest": tenth, "seeds": seeds.len() })
        ));
    } else {
        let shown = |rate: Option<f64>| rate.map_or("none: the loss never falls".into(), |rate| format!("{rate:.2e}"));
        let RateRange { from, to, steps } = range;
        terminal::print(format_args!("{name}, {} networks, rates {from:e} to {to:e} in {steps} batches", seeds.len()));
        terminal::print(format_args!("where the loss falls most steeply (median over networks): {}", shown(steepest)));
        terminal::print(format_args!("a tenth of the rate where it is lowest:                   {}", shown(tenth)));
        if let Some(rate) = steepest {
            terminal::print(format_args!("\nsuggestion: --set train.lr={rate:.1e}"));
        }
    }
    match written {
        Ok(Some(path)) if !args.subject.json => terminal::print(format_args!("figure: {}", path.display())),
        Ok(_) => {}
        Err(error) => return Ok(failed(&error)),
    }
    Ok(Exit::Done)
}

/// Writes the losses and the figure; the figure's path, where there is one.
fn write(folder: &Path, csv: &str, figure: Option<&Figure>) -> Result<Option<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    write_atomic(&folder.join("lr-find.csv"), csv.as_bytes())?;
    let Some(figure) = figure else { return Ok(None) };
    let path = folder.join(&figure.file);
    write_atomic(&path, &figure.bytes)?;
    Ok(Some(path))
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let ordered = sorted(&values.collect::<Vec<_>>());
    (!ordered.is_empty()).then(|| quantile(&ordered, 0.5))
}

fn csv(curves: &[LossCurve], seeds: &[u64]) -> String {
    let mut text = String::from("seed,batch,rate,loss,smoothed\n");
    for (curve, seed) in curves.iter().zip(seeds) {
        for (batch, rate) in curve.rates.iter().enumerate() {
            // Writing to a String cannot fail. What is not finite is left empty.
            let number = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
            let (loss, smoothed) = (number(curve.losses[batch]), number(curve.smoothed[batch]));
            let _ = writeln!(text, "{seed},{batch},{rate},{loss},{smoothed}");
        }
    }
    text
}
