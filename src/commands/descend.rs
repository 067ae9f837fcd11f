//! `kindling descend`: optimizers on a test function.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Exit;
use super::print::{self, Format};
use super::run::{Run, RunOptions, local_data};
use crate::cli::DescendArgs;
use crate::experiment::spec::{DEFAULT_SEEDS, Spec};
use crate::nn::test_function::Function;
use crate::nn::{device, optim};
use crate::report::{self, OfNetwork};
use crate::suggest::suggestion;

/// The usual four, at rates that suit Rosenbrock's function.
const USUAL: &[&str] = &["sgd:0.001", "momentum:0.001", "rmsprop:0.01", "adam:0.01"];

/// Runs the experiment that the flags mean.
pub fn run(args: &DescendArgs) -> Result<Exit> {
    let spec = spec(args)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("artifacts").join(&spec.name));
    let options = RunOptions {
        set: Vec::new(),
        dataset: None,
        epochs: None,
        seeds: None,
        smoke: false,
        // Descents run in 64 bits, which only burn-flex is sure to have.
        backend: Some(device::CPU_NAME.into()),
        data: local_data(None),
        jobs: None,
        stack: None,
        out: None,
        // Hundreds of steps down a function take no time that a progress bar could show.
        quiet: true,
        fresh: None,
        share: false,
        save_models: false,
        weights: true,
        shard: None,
    };
    let format = Format::of(args.json);
    Run::prepare(spec, folder, &options)?.train(|run, summary| {
        report::write(summary, None, OfNetwork::default(), &run.folder, true)?;
        print::summary(summary, None, &run.folder, format)
    })
}

/// The test function of this name.
///
/// # Errors
/// There is none.
pub fn function_of(name: &str) -> Result<Function> {
    let names = || Function::ALL.iter().map(|function| function.name());
    match Function::ALL.iter().find(|function| function.name() == name) {
        Some(function) => Ok(*function),
        None => {
            let near = suggestion(name, names());
            bail!("no test function `{name}`{near}; there are {}", names().collect::<Vec<_>>().join(", "))
        }
    }
}

/// The flags as an experiment.
fn spec(args: &DescendArgs) -> Result<Spec> {
    function_of(&args.function)?;
    let seeds = args.seeds.unwrap_or(if args.jitter > 0.0 { DEFAULT_SEEDS } else { 1 });
    let usual: Vec<String> = USUAL.iter().map(|name| (*name).to_string()).collect();
    let chosen = args.optimizers.as_ref().unwrap_or(&usual);
    let optimizers: Vec<String> = chosen.iter().map(|text| optimizer(text)).collect::<Result<_>>()?;
    let text = format!(
        "question = \"Which way do optimizers go down `{function}`?\"\nseeds = {seeds}\n[descend]\nfunction = {function:?}\nstart = {start:?}\n\
         jitter = {jitter:?}\nsteps = {steps}\n[sweep]\noptimizer = [{optimizers}]\n",
        function = args.function,
        start = args.start.clone().unwrap_or_default(),
        jitter = args.jitter,
        steps = args.steps,
        optimizers = optimizers.join(", ")
    );
    Ok(Spec::parse(&format!("descend-{}", args.function), "kindling descend", &text)?)
}

/// `adam:0.01` as a table of an experiment file.
fn optimizer(text: &str) -> Result<String> {
    let (name, rate) = match text.split_once(':') {
        Some((name, rate)) => {
            let rate: f64 =
                rate.parse().with_context(|| format!("--optimizers {text}: `{rate}` is no learning rate"))?;
            (name, Some(rate))
        }
        None => (text, None),
    };
    if !optim::NAMES.contains(&name) {
        let near = suggestion(name, optim::NAMES.iter().copied());
        bail!("--optimizers: no optimizer `{name}`{near}; there are {}", optim::NAMES.join(", "));
    }
    Ok(match rate {
        Some(rate) => format!("{{ name = {name:?}, lr = {rate:?} }}"),
        None => format!("{{ name = {name:?} }}"),
    })
}
