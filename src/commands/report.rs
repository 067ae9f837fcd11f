//! `kindling report`: redo a run's tables, figures and report from its records.

use anyhow::{Result, ensure};

use super::print::{self, Format};
use super::run::folder::{plan_of, summary_of};
use super::run::local_data;
use super::{Exit, autoencoder_figures, interrupts};
use crate::cli::ReportArgs;
use crate::data::{Dataset, source};
use crate::experiment::metric::Metric;
use crate::nn::device;
use crate::record::{self, TrialRecord};
use crate::report::OfNetwork;
use crate::terminal;
use crate::trial::{Lab, saved};

/// Reads, summarises, writes, prints.
pub fn run(args: &ReportArgs) -> Result<Exit> {
    interrupts::stop_at_once()?;
    if args.compress {
        record::check_compressible(&args.folder)?;
    }
    let summary = summary_of(&args.folder)?;
    let locations = local_data(args.data.data_dir.clone());
    let plan = plan_of(&args.folder)?;
    let run = summary.median_run().filter(|run| run.path.is_empty());
    let data = run.and_then(|run| plan.config_of(&run.arm)).map(|config| &config.data);
    let dataset = data.and_then(|data| source::load(data, &locations).ok());
    if let (Some(data), None) = (data, &dataset) {
        terminal::tell(format_args!(
            "note: {} is not at hand, so there are no pictures of its images (--data-dir)",
            data.full_name()
        ));
    }
    let shown = dataset.as_ref();
    let of_network = match (summary.median_run(), &dataset) {
        (Some(run), Some(dataset)) if saved::folder_of_seed(&args.folder, run.seed).is_dir() => {
            of_network(args, run, dataset).unwrap_or_else(|error| {
                terminal::tell(format_args!("note: no pictures of codes: {error:#}"));
                OfNetwork::default()
            })
        }
        (Some(run), Some(_)) if run.metric(&Metric::KnnAccuracy).is_some() && summary.arms.len() == 1 => {
            terminal::tell(format_args!(
                "note: the median run's network is not in models/, so there are no pictures of its codes"
            ));
            OfNetwork::default()
        }
        _ => OfNetwork::default(),
    };
    crate::report::write(&summary, shown, of_network, &args.folder, !args.no_weights)?;
    if args.compress && args.folder.join("records.jsonl").is_file() {
        record::write_compressed(&args.folder)?;
    }
    print::summary(&summary, shown, &args.folder, Format::of(args.json))?;
    Ok(Exit::Done)
}

/// What is drawn from the network that was saved of the median run.
fn of_network(args: &ReportArgs, run: &TrialRecord, dataset: &Dataset) -> Result<OfNetwork> {
    let made = &run.made_with;
    ensure!(dataset.hash == made.data, "{} here is not what the run was trained on", dataset.name);
    // Where it was trained does not matter to its figures.
    let backend = device::host(Some(&made.backend)).or_else(|_| device::host(Some(device::CPU_NAME)))?;
    let plan = plan_of(&args.folder)?;
    let config = autoencoder_figures::only_config(&plan)?;
    let lab = Lab::with_data(&config.data, dataset.clone(), backend);
    let network = autoencoder_figures::load(&args.folder, run, config, &lab)?;
    let interpolation = autoencoder_figures::interpolation(&args.interpolation, &lab, config)?;
    autoencoder_figures::draw(run, &network, config, &lab, &interpolation, &args.folder)
}
