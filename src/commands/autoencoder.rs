//! `kindling autoencoder`: train a symmetric autoencoder over several seeds, and show what its code keeps.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};

use super::interrupts::{self, STOP};
use super::print::{self, Format};
use super::run::{Run, RunOptions};
use super::{Exit, autoencoder_figures};
use crate::analysis::summary::Summary;
use crate::cli::AutoencoderArgs;
use crate::experiment::config::TrialConfig;
use crate::experiment::spec::Spec;
use crate::record::Status;
use crate::report::figures::autoencoder::Interpolation;
use crate::report::{self, OfNetwork};
use crate::run::SavingTrainer;
use crate::terminal;

/// Noise levels at which a denoising autoencoder is tested: as in the source, 0 to 0.8.
const LEVELS: &str = "[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]";

/// Runs an experiment of one arm and saves its networks; then draws the median one.
pub fn run(args: &AutoencoderArgs) -> Result<Exit> {
    let options = RunOptions { jobs: args.jobs, ..RunOptions::from_flags(&args.run) };
    let mut spec = spec(args)?;
    options.apply(&mut spec)?;
    // The flags are the experiment: there is no file that says otherwise, and no source.
    spec.published = None;
    let latent = spec.resolve(&[])?.model.latent;
    ensure!(latent == Some(args.latent), "the size of the code is given by --latent, not by --set");
    ensure!(spec.axes.is_empty(), "`kindling autoencoder` trains one arm; vary things with `kindling sweep`");
    let folder = options.folder(&spec.name);
    let run = Run::prepare(spec, folder, &options)?;
    let config = autoencoder_figures::only_config(&run.plan)?;
    let interpolation = autoencoder_figures::interpolation(&args.interpolation, &run.lab, config)?;
    let progress = run.progress();
    let trainer = SavingTrainer::new(&run.lab, &run.folder, &progress, &STOP);
    let exit = run.train_with(&trainer, &progress, |summary| {
        let dataset = run.shown_dataset(summary);
        save_missing(&run, &trainer, summary)?;
        // Figures of the network come last: whatever becomes of them, the numbers are reported.
        let (of_network, failure) = match of_network(&run, summary, config, &interpolation) {
            Ok(of_network) => (of_network, None),
            Err(error) => (OfNetwork::default(), Some(error)),
        };
        report::write(summary, dataset, of_network, &run.folder, options.weights)?;
        print::summary(summary, dataset, &run.folder, Format::of(args.json))?;
        failure.map_or(Ok(()), Err)
    })?;
    let unsaved = trainer.unsaved();
    for (seed, error) in &unsaved {
        terminal::tell(format_args!("error: the network of seed {seed} is not saved: {error}"));
    }
    if exit != Exit::Done || unsaved.is_empty() {
        return Ok(exit);
    }
    terminal::tell(format_args!("the records are kept; the same command trains these networks again and saves them"));
    Ok(if STOP.load(Ordering::Relaxed) { Exit::Interrupted } else { Exit::Failed })
}

/// Trains the networks again that an earlier run recorded and could not save. Not where this run was interrupted in its own trainings.
fn save_missing(run: &Run, trainer: &SavingTrainer, summary: &Summary) -> Result<()> {
    if STOP.load(Ordering::Relaxed) {
        return Ok(());
    }
    let arm = run.plan.arms.first().context("the run has no arm")?;
    interrupts::stop_after_the_step()?;
    for record in summary.records.iter().filter(|record| record.status == Status::Done) {
        if autoencoder_figures::load(&run.folder, record, &arm.config, &run.lab).is_err() {
            trainer.train_again(&arm.trial(0, record.seed), record);
        }
    }
    interrupts::stop_at_once()
}

/// What is drawn from the network of the median run; nothing where it is not saved, for a reason that the trainer has.
fn of_network(run: &Run, summary: &Summary, config: &TrialConfig, interpolation: &Interpolation) -> Result<OfNetwork> {
    let record = summary.median_run().filter(|_| !STOP.load(Ordering::Relaxed));
    let Some(record) = record else { return Ok(OfNetwork::default()) };
    match autoencoder_figures::load(&run.folder, record, config, &run.lab) {
        Ok(network) => autoencoder_figures::draw(record, &network, config, &run.lab, interpolation, &run.folder),
        Err(_) => Ok(OfNetwork::default()),
    }
}

/// The flags as the experiment they mean.
fn spec(args: &AutoencoderArgs) -> Result<Spec> {
    let AutoencoderArgs { latent, loss, noise, noise_kind, k, .. } = args;
    let widths = match (&args.hidden, args.depth) {
        (Some(hidden), _) => format!("hidden = {hidden:?}"),
        (None, Some(depth)) => format!("depth = {depth}"),
        (None, None) => "hidden = [512, 256, 128]".into(),
    };
    let mut text =
        format!("question = \"What does a {latent}-number code of an image keep?\"\nseeds = {}\n", args.seeds);
    // Writing to a String cannot fail.
    let _ = write!(text, "[model]\nlatent = {latent}\n{widths}\n");
    let _ = write!(text, "[train]\nloss = {loss:?}\nepochs = 20\nnoise = {noise:?}\nnoise_kind = {noise_kind:?}\n");
    let _ = write!(text, "[evaluate]\nknn = {k}\nbaselines = true\nprobe = true\ntrustworthiness = 12\n");
    if *noise > 0.0 {
        let _ = writeln!(text, "noise = {LEVELS}");
    }
    let mut name = format!("autoencoder-latent{latent}");
    if let Some(depth) = args.depth {
        let _ = write!(name, "-depth{depth}");
    }
    if loss != "mse" {
        let _ = write!(name, "-{loss}");
    }
    if *noise > 0.0 {
        let _ = write!(name, "-noise{noise}");
    }
    if let Some(dataset) = args.run.dataset.as_ref().filter(|dataset| *dataset != "mnist") {
        let _ = write!(name, "-{dataset}");
    }
    Ok(Spec::parse(&name, "kindling autoencoder", &text)?)
}
