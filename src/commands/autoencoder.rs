//! `kindling autoencoder`: train a symmetric autoencoder over several seeds, and show what its code keeps.

use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};

use super::keeper::{self, SavingTrainer};
use super::{Exit, STOP, resolve, session, sweep};
use crate::cli::AutoencoderArgs;
use crate::experiment::plan::Plan;
use crate::experiment::spec::Spec;
use crate::record::TrialRecord;
use crate::report;
use crate::report::figures::Figure;
use crate::report::figures::autoencoder::Interpolation;
use crate::run::progress::{ProgressMode, SweepProgress};
use crate::train::NoCallback;
use crate::trial::Lab;

/// Noise levels at which a denoising autoencoder is tested: as in the source, 0 to 0.8.
const LEVELS: &str = "[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]";

/// An experiment of one arm, whose networks are kept; then pictures of the median one.
pub fn run(args: &AutoencoderArgs) -> Result<Exit> {
    let mut spec = spec(args)?;
    resolve::apply(&mut spec, &args.run)?;
    spec.check_seeds("--seeds")?;
    let latent = spec.resolve(&[])?.model.latent;
    ensure!(latent == Some(args.latent), "the size of the code is given by --latent, not by --set");
    session::check(args.jobs, None)?;
    ensure!(spec.axes.is_empty(), "`kindling autoencoder` trains one arm; vary things with `kindling sweep`");
    let out = resolve::out(&args.run, &spec.name);
    let prepared = session::prepare(spec, &args.run, (args.jobs, None))?;
    let (plan, lab) = (&prepared.plan, &prepared.lab);
    let strip = keeper::strip(&args.strip, lab, plan)?;
    let session = prepared.open(out, args.run.quiet, false)?;
    let progress = SweepProgress::new(ProgressMode::fitting(args.run.quiet));
    let folder = session.out.clone();
    let keeper = SavingTrainer::new(lab, &folder, &progress, args.run.quiet);
    session.run(&keeper, &progress, |summary, out| {
        let shown = summary.median_run().and_then(|run| lab.dataset(&run.made_with.dataset).ok());
        // Pictures come last: whatever becomes of them, the numbers are told.
        let gallery = match summary.median_run() {
            Some(run) if !STOP.load(Ordering::Relaxed) => look(run, lab, plan, &strip, out),
            _ => Ok(Vec::new()),
        };
        let (gallery, failure) = match gallery {
            Ok(gallery) => (gallery, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        report::write(summary, shown, gallery, out)?;
        sweep::show(summary, shown, out, args.run.json)?;
        failure.map_or(Ok(()), Err)
    })
}

/// Pictures of the median run. A network that was moved away is trained again: its record says that it gives the same one.
fn look(run: &TrialRecord, lab: &Lab, plan: &Plan, strip: &Interpolation, out: &Path) -> Result<Vec<Figure>> {
    let model = match keeper::load(out, run, &plan.arms[0].config, lab) {
        Ok(model) => model,
        Err(error) => {
            eprintln!("note: {error:#}; training seed {} again for its pictures", run.seed);
            let again = lab.run(&[plan.arms[0].trial(0, run.seed)], &NoCallback)?;
            let networks = again.context("the training was broken off")?.1;
            networks.into_iter().next().context("the training left no network")?
        }
    };
    keeper::gallery(run, &model, plan, lab, strip, out)
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
