//! `kindling gradcheck`: automatic derivatives against central differences.

use anyhow::{Result, ensure};

use super::{Exit, subject};
use crate::cli::GradcheckArgs;
use crate::report::table::Table;
use crate::studies::Objective;
use crate::studies::gradient_check::{ParameterCheck, check};
use crate::train::NoCallback;

/// A row a parameter, the worst first; fails where one is off by more than the tolerance.
pub fn run(args: &GradcheckArgs) -> Result<Exit> {
    ensure!(args.tolerance > 0.0, "--tolerance {}: it must be above 0", args.tolerance);
    let opened = subject::open(&args.subject)?;
    let (config, lab) = (&opened.arm.config, &opened.lab);
    let splits = lab.splits(&config.data)?;
    let count = (args.examples as usize).min(splits[0].count());
    let Some(few) = splits[0].chunks(count).next() else { return Ok(Exit::Failed) };
    let seeds = [args.subject.seed];
    let Some(model) = lab.start(config, &seeds, &NoCallback)? else { return Ok(Exit::Interrupted) };
    let model = burn::module::Module::valid(&model);
    let task = lab.job(config, &seeds, splits)?.task;
    let objective = Objective { split: few, task, loss: config.train.loss };
    let mut found = check(&model, objective, args.samples as usize, &lab.backend.device)?;
    found.sort_by(|a, b| b.difference.total_cmp(&a.difference));
    let wrong = found.iter().filter(|c| c.difference > args.tolerance || c.difference.is_nan()).count();
    if args.subject.run.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(if wrong > 0 { Exit::Failed } else { Exit::Done });
    }
    println!("{} seed {}: the gradient of the {count} first training examples\n", opened.arm.label, args.subject.seed);
    println!("{}\n", table(&found).text());
    println!(
        "Difference: of the automatic derivative (32 bits, {}) and the central difference (64 bits), as a share of the \
         parameter's largest derivative; shown where it is largest. On a kink, as of a ReLU at 0, any slope between its two sides is right.",
        lab.backend.name
    );
    match wrong {
        0 => println!("All {} parameters are within {}.", found.len(), args.tolerance),
        n => println!("WRONG: {n} of {} parameters differ by more than {}.", found.len(), args.tolerance),
    }
    Ok(if wrong > 0 { Exit::Failed } else { Exit::Done })
}

fn table(found: &[ParameterCheck]) -> Table {
    let row = |c: &ParameterCheck| {
        vec![
            c.name.clone(),
            format!("{}x{}", c.shape[0], c.shape[1]),
            c.moved.to_string(),
            c.kinks.to_string(),
            format!("{:.1e}", c.difference),
            format!("[{}, {}]", c.worst[0], c.worst[1]),
            format!("{:+.6e}", c.automatic),
            format!("{:+.6e}", c.numeric),
        ]
    };
    let head = ["parameter", "shape", "moved", "on kinks", "difference", "at", "automatic", "numeric"];
    Table { head: head.map(String::from).to_vec(), rows: found.iter().map(row).collect() }
}
