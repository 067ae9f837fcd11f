//! `kindling lr-find`: the range test of learning rates.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Exit, subject};
use crate::analysis::stats::describe::{quantile, sorted};
use crate::cli::LrFindArgs;
use crate::files::write_atomic;
use crate::report::figures::lr_finder;
use crate::studies::lr_finder::{LossCurve, RateRange, find};
use crate::train::NoCallback;

/// Trains a stack of seeds for a few hundred batches, draws the losses, suggests a rate.
pub fn run(args: &LrFindArgs) -> Result<Exit> {
    let range = RateRange { from: args.from, to: args.to, steps: args.steps as usize };
    range.validate()?;
    let opened = subject::open(&args.subject)?;
    let (config, lab) = (&opened.arm.config, &opened.lab);
    let last = args.subject.seed.checked_add(u64::from(args.seeds) - 1);
    let last =
        last.with_context(|| format!("--seed {}: there are no {} seeds from there on", args.subject.seed, args.seeds))?;
    let seeds: Vec<u64> = (args.subject.seed..=last).collect();
    let Some(model) = lab.start(config, &seeds, &NoCallback)? else { return Ok(Exit::Interrupted) };
    let curves = find(model, &lab.job(config, &seeds, lab.splits(&config.data)?)?, range);
    let out = match &args.subject.run.out {
        Some(out) => out.clone(),
        None => Path::new("artifacts").join(format!("lr-find-{}", opened.name)),
    };
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    write_atomic(&out.join("lr-find.csv"), csv(&curves, &seeds).as_bytes())?;
    let steepest = median(curves.iter().filter_map(LossCurve::steepest));
    let tenth = median(curves.iter().filter_map(LossCurve::tenth_of_lowest));
    let figure = lr_finder::draw(&curves, steepest);
    if let Some(figure) = &figure {
        write_atomic(&out.join(&figure.file), &figure.bytes)?;
    }
    if args.subject.run.json {
        println!("{}", serde_json::json!({ "steepest": steepest, "tenth_of_lowest": tenth, "seeds": seeds.len() }));
        return Ok(Exit::Done);
    }
    let shown = |rate: Option<f64>| rate.map_or("none: the loss never falls".into(), |rate| format!("{rate:.2e}"));
    println!(
        "{}, {} networks, rates {:e} to {:e} in {} batches",
        opened.name,
        seeds.len(),
        range.from,
        range.to,
        range.steps
    );
    println!("where the loss falls most steeply (median over networks): {}", shown(steepest));
    println!("a tenth of the rate where it is lowest:                   {}", shown(tenth));
    if let Some(rate) = steepest {
        println!("\nsuggestion: --set train.lr={rate:.1e}");
    }
    if let Some(figure) = figure {
        println!("figure: {}", out.join(figure.file).display());
    }
    Ok(Exit::Done)
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
