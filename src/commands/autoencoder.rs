//! `kindling autoencoder`: train a symmetric autoencoder over several seeds, and show what its code keeps.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Exit, resolve, session, sweep};
use crate::cli::AutoencoderArgs;
use crate::figures::Figure;
use crate::gallery::{Ends, Exhibit, Strip, export};
use crate::plan::{Plan, Trial};
use crate::progress::{Shown, SweepProgress};
use crate::record::{Status, TrialRecord};
use crate::report::{self, replace};
use crate::runner::Trainer;
use crate::saved::{self, Card};
use crate::spec::Spec;
use crate::summary::Summary;
use crate::train::{Unwatched, Watch};
use crate::trial::Lab;

/// Noise levels at which a denoising autoencoder is tested: as in the source, 0 to 0.8.
const LEVELS: &str = "[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]";

/// An experiment of one arm, whose networks are kept; then pictures of the median one.
pub fn run(args: &AutoencoderArgs) -> Result<Exit> {
    let mut spec = spec(args)?;
    resolve::apply(&mut spec, &args.run)?;
    spec.check_seeds("--seeds")?;
    session::check(args.jobs, None)?;
    ensure!(spec.axes.is_empty(), "`kindling autoencoder` trains one arm; vary things with `kindling sweep`");
    let out = resolve::out(&args.run, &spec.name);
    let (session, lab) = session::open(spec, &args.run, out, (args.jobs, None))?;
    let plan = session.plan.clone();
    let strip = strip(args, &lab, &plan)?;
    let keeper = Keeper { lab: &lab, folder: &session.out.clone() };
    let progress = SweepProgress::new(Shown::fitting(args.run.quiet));
    session.run(&keeper, &progress, |summary, out| {
        let shown = summary.median_run().and_then(|run| lab.corpus(&run.made_with.dataset).ok());
        let gallery = gallery(summary, &plan, &lab, &strip, out)?;
        report::write(summary, shown, gallery, out)?;
        sweep::show(summary, shown, out, args.run.json)
    })
}

/// The flags as the experiment they mean.
fn spec(args: &AutoencoderArgs) -> Result<Spec> {
    let AutoencoderArgs { latent, loss, noise, noise_kind, k, .. } = args;
    let widths = match (&args.hidden, args.depth) {
        (Some(hidden), _) => format!("hidden = {hidden:?}"),
        (None, Some(depth)) => format!("depth = {depth}"),
        (None, None) => "hidden = [512, 256, 128]".into(),
    };
    let mut text = format!("question = \"What does a {latent}-number code of an image keep?\"\nseeds = {}\n", args.seeds);
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

/// What the strip shows, checked before anything is trained.
fn strip(args: &AutoencoderArgs, lab: &Lab, plan: &Plan) -> Result<Strip> {
    let data = &plan.arms[0].config.data;
    let classes = &lab.corpus(&data.dataset)?.classes;
    let named = |i: usize| classes[i.min(classes.len() - 1)].clone();
    let between = args.between.clone().unwrap_or_else(|| Ends(named(0), named(1)));
    between.check(classes, data.test).context("--between")?;
    Ok(Strip { between, steps: usize::from(args.steps) })
}

/// Trains in the lab and keeps every network that finished.
struct Keeper<'a> {
    lab: &'a Lab,
    folder: &'a Path,
}

impl Trainer for Keeper<'_> {
    fn train(&self, trials: &[Trial], watch: &dyn Watch) -> Result<Option<Vec<TrialRecord>>> {
        let Some((records, stack)) = self.lab.run(trials, watch)? else { return Ok(None) };
        for (r, record) in records.iter().enumerate().filter(|(_, record)| record.status == Status::Done) {
            let classes = &self.lab.corpus(&trials[r].config.data.dataset)?.classes;
            saved::save(&model_folder(self.folder, record.seed), &stack.replica(r), &Card::new(record, classes, &trials[r].config))?;
        }
        Ok(Some(records))
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        self.lab.id(trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        self.lab.failed(trial, error)
    }
}

fn model_folder(folder: &Path, seed: u64) -> std::path::PathBuf {
    folder.join("models").join(format!("seed-{seed}"))
}

/// Pictures of the median run's network, whose codes are written for other programs; nothing where no run finished.
fn gallery(summary: &Summary, plan: &Plan, lab: &Lab, strip: &Strip, out: &Path) -> Result<Vec<Figure>> {
    let Some(run) = summary.median_run() else { return Ok(Vec::new()) };
    let config = &plan.arms[0].config;
    let device = &lab.place.device;
    // A network that was moved away is trained again: its record says it gives the same one.
    let model = match saved::load(&model_folder(out, run.seed), device) {
        Ok((model, card)) if card.config == *config && card.seed == run.seed => model,
        _ => lab.run(&[plan.arms[0].trial(0, run.seed)], &Unwatched)?.context("the training was broken off")?.1,
    };
    let model = model.autoencoder().context("the network kept is not an autoencoder")?;
    let corpus = lab.corpus(&config.data.dataset)?;
    let [_, _, test] = lab.parts(&config.data)?;
    let exhibit = Exhibit::new((model, config, run.seed), (corpus, test), device);
    let (figures, plane) = exhibit.show(strip)?;
    let width = exhibit.latent();
    replace(&out.join("codes.npy"), &export::npy_f32(&exhibit.codes, width))?;
    replace(&out.join("labels.npy"), &export::npy_u8(test.labels))?;
    replace(&out.join("tensors.tsv"), export::tensors_tsv(&exhibit.codes, width).as_bytes())?;
    replace(&out.join("metadata.tsv"), export::metadata_tsv(test.labels, &corpus.classes).as_bytes())?;
    if let Some(plane) = plane {
        replace(&out.join("tsne.csv"), export::plane_csv(&plane, test.labels, &corpus.classes).as_bytes())?;
    }
    Ok(figures)
}
