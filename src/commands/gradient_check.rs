//! `kindling gradcheck`: automatic derivatives against central differences.

use anyhow::{Context, Result, ensure};

use super::arm::SelectedArm;
use super::{Exit, failed};
use crate::cli::GradcheckArgs;
use crate::experiment::config::Source;
use crate::report::table::{Cell, Table};
use crate::studies::Objective;
use crate::studies::gradient_check::{ParameterCheck, check};
use crate::terminal;
use crate::train::NoCallback;
use crate::trial::{initial_network, job};

/// One row per parameter, the worst first; fails where one is off by more than the tolerance.
pub fn run(args: &GradcheckArgs) -> Result<Exit> {
    ensure!(args.tolerance > 0.0, "--tolerance {}: it must be above 0", args.tolerance);
    let selected = SelectedArm::open(&args.subject)?;
    let (arm, lab) = (selected.arm()?, &selected.lab);
    let config = &arm.config;
    let seeds = [args.subject.seed];
    let drawn = config.train.vary.seeds(Source::Order, &seeds);
    let job = job(lab, config, &drawn)?;
    let count = (args.examples as usize).min(job.train.count());
    let few = job.train.chunks(count).next().context("there are no training examples to take the loss over")?;
    let network = match initial_network(lab, config, &seeds, &NoCallback) {
        Ok(network) => network,
        Err(error) => return Ok(failed(&error.into())),
    };
    let network = burn::module::Module::valid(&network);
    let objective = Objective { split: few, task: job.task, loss: config.train.loss };
    let mut found = check(&network, objective, args.samples as usize, &lab.backend)?;
    found.sort_by(|a, b| b.difference.total_cmp(&a.difference));
    let wrong = found.iter().filter(|c| c.difference > args.tolerance || c.difference.is_nan()).count();
    if args.subject.json {
        terminal::print(format_args!("{}", serde_json::to_string_pretty(&found)?));
        return Ok(if wrong > 0 { Exit::Failed } else { Exit::Done });
    }
    terminal::print(format_args!(
        "{} seed {}: the gradient of the {count} first training examples\n",
        arm.label, args.subject.seed
    ));
    terminal::print(format_args!("{}\n", table(&found).text()));
    terminal::print(format_args!(
        "Difference: of the automatic derivative (32 bits, {}) and the central difference (64 bits), as a share of the \
         parameter's largest derivative; shown where it is largest. On a kink, as of a ReLU at 0, any slope between its two sides is right.",
        lab.backend.name
    ));
    match wrong {
        0 => terminal::print(format_args!("All {} parameters are within {}.", found.len(), args.tolerance)),
        n => terminal::print(format_args!(
            "WRONG: {n} of {} parameters differ by more than {}.",
            found.len(),
            args.tolerance
        )),
    }
    Ok(if wrong > 0 { Exit::Failed } else { Exit::Done })
}

fn table(found: &[ParameterCheck]) -> Table {
    let row = |c: &ParameterCheck| {
        vec![
            Cell::from(&c.name),
            Cell::Text(format!("{}x{}", c.shape[0], c.shape[1])),
            Cell::number(c.checked),
            Cell::number(c.kinks),
            Cell::number(format!("{:.1e}", c.difference)),
            Cell::Text(format!("[{}, {}]", c.worst[0], c.worst[1])),
            Cell::number(format!("{:+.6e}", c.automatic)),
            Cell::number(format!("{:+.6e}", c.numeric)),
        ]
    };
    let head = ["parameter", "shape", "moved", "on kinks", "difference", "at", "automatic", "numeric"];
    Table::new(head, found.iter().map(row))
}
