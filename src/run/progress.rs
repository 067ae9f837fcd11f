//! The progress of a run on stderr: a bar with the time left and the best so far, or plain lines.
//!
//! In: the runner's events. Out: in a terminal a bar; elsewhere one line every tenth of the work or
//! thirty seconds, so that logs stay readable.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Listener;
use crate::experiment::config::TrialKind;
use crate::experiment::metric::Metric;
use crate::experiment::plan::Trial;
use crate::experiment::plan::cost::{self, human};
use crate::record::{Status, TrialRecord};
use crate::terminal;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// Not at all.
    Quiet,
    /// One line every tenth of the work or thirty seconds.
    Plain,
    /// A bar that redraws itself.
    Bar,
}

impl ProgressMode {
    /// A bar where stderr is a terminal, plain lines elsewhere.
    pub fn fitting(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Bar,
            (false, false) => Self::Plain,
        }
    }
}

/// The progress of a run on the terminal.
pub struct SweepProgress {
    shown: ProgressMode,
    bar: ProgressBar,
    /// Whether another display has the terminal.
    paused: AtomicBool,
    examples: AtomicU64,
    state: Mutex<State>,
}

struct State {
    started: Instant,
    last_line: Instant,
    /// Tenths of the work that a line has been printed for.
    printed_tenths: u64,
    trials: usize,
    done: usize,
    diverged: usize,
    failed: usize,
    pruned: usize,
    best: Option<BestScore>,
    total: u64,
    /// Examples per epoch and number of epochs, by arm.
    planned: HashMap<String, (usize, usize)>,
}

impl SweepProgress {
    /// A display that shows nothing until the run starts.
    pub fn new(shown: ProgressMode) -> Self {
        let now = Instant::now();
        Self {
            shown,
            bar: ProgressBar::hidden(),
            paused: AtomicBool::new(false),
            examples: AtomicU64::new(0),
            state: Mutex::new(State {
                started: now,
                last_line: now,
                printed_tenths: 0,
                trials: 0,
                done: 0,
                diverged: 0,
                failed: 0,
                pruned: 0,
                best: None,
                total: 0,
                planned: HashMap::new(),
            }),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether it shows nothing at all.
    pub fn is_quiet(&self) -> bool {
        self.shown == ProgressMode::Quiet
    }

    /// Leaves the terminal to another display, until [`Self::resume`].
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
    }

    /// Takes the terminal back.
    pub fn resume(&self) {
        if self.paused.swap(false, Ordering::Relaxed) && self.shown == ProgressMode::Bar {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        }
    }

    /// Prints a line on stderr, above the bar where there is one.
    pub fn print(&self, text: &str) {
        if self.shown == ProgressMode::Bar { self.bar.println(text) } else { terminal::tell(format_args!("{text}")) }
    }

    /// Clears the bar at the end of the run.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, state: &mut State, examples: u64) {
        let share = examples as f64 / state.total.max(1) as f64;
        let tenth = (share * 10.0) as u64;
        let waited = state.last_line.elapsed() >= Duration::from_secs(30);
        if self.shown != ProgressMode::Plain || !(tenth > state.printed_tenths || waited) || share <= 0.0 {
            return;
        }
        state.printed_tenths = tenth;
        state.last_line = Instant::now();
        let elapsed = state.started.elapsed().as_secs_f64();
        let left = match share {
            share if share < 1.0 => format!(", about {} left", human(elapsed * (1.0 - share) / share)),
            _ => String::new(),
        };
        terminal::tell(format_args!(
            "{:3.0} %  {}/{} trials  {} elapsed{left}{}",
            100.0 * share.min(1.0),
            state.done,
            state.trials,
            human(elapsed),
            state.status_text()
        ));
    }
}

impl State {
    fn status_text(&self) -> String {
        let mut text = String::new();
        if let Some(best) = &self.best {
            text.push_str(&format!("  best {best}"));
        }
        if self.diverged > 0 {
            text.push_str(&format!("  {} diverged", self.diverged));
        }
        if self.pruned > 0 {
            text.push_str(&format!("  {} pruned", self.pruned));
        }
        if self.failed > 0 {
            text.push_str(&format!("  {} FAILED", self.failed));
        }
        text
    }
}

fn examples_and_epochs(trial: &Trial) -> (usize, usize) {
    match trial.config.kind() {
        TrialKind::Descent(descent) => (descent.steps, 1),
        TrialKind::Classification | TrialKind::Regression | TrialKind::Autoencoder { .. } => {
            (trial.config.data.likely_sizes().train, trial.config.train.epochs)
        }
    }
}

impl Listener for SweepProgress {
    fn on_start(&self, pending: &[Trial], recorded: usize) {
        let mut state = self.state();
        state.started = Instant::now();
        state.trials = pending.len();
        let mut arms: Vec<&Trial> = Vec::new();
        for trial in pending {
            if arms.iter().all(|arm| arm.label != trial.label) {
                arms.push(trial);
            }
        }
        let free = cost::part_of_longer(&arms.iter().map(|arm| &arm.config).collect::<Vec<_>>());
        for (arm, _) in arms.iter().zip(free).filter(|(_, free)| !free) {
            state.planned.insert(arm.label.clone(), examples_and_epochs(arm));
        }
        let of = |trial: &Trial| state.planned.get(&trial.label).map_or(0, |(examples, epochs)| examples * epochs);
        state.total = pending.iter().map(|trial| of(trial) as u64).sum();
        if self.shown == ProgressMode::Quiet {
            return;
        }
        match (pending.len(), recorded) {
            (0, n) => terminal::tell(format_args!("all {n} trials are recorded already; nothing to train")),
            (n, 0) => terminal::tell(format_args!("{n} trials to train")),
            (n, m) => terminal::tell(format_args!("{n} trials to train, {m} recorded already")),
        }
        if self.shown == ProgressMode::Bar && !pending.is_empty() {
            let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {elapsed} elapsed, {eta} left  {msg}");
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar.set_length(state.total);
            self.bar.set_message(format!("0/{} trials", state.trials));
            if !self.paused.load(Ordering::Relaxed) {
                self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            }
            self.bar.enable_steady_tick(Duration::from_millis(500));
        }
    }

    fn on_examples(&self, examples: usize) {
        let so_far = self.examples.fetch_add(examples as u64, Ordering::Relaxed) + examples as u64;
        match self.shown {
            ProgressMode::Quiet => {}
            ProgressMode::Bar => self.bar.set_position(so_far),
            // The clock is read rarely: a step may take less time than reading it.
            ProgressMode::Plain if so_far / 200_000 != (so_far - examples as u64) / 200_000 => {
                self.line(&mut self.state(), so_far);
            }
            ProgressMode::Plain => {}
        }
    }

    fn on_record(&self, record: &TrialRecord) {
        let mut state = self.state();
        state.done += 1;
        match record.status {
            Status::Done => {}
            Status::Diverged => state.diverged += 1,
            Status::Failed => state.failed += 1,
            Status::Pruned => state.pruned += 1,
        }
        if let Some(better) =
            BestScore::of(record).filter(|new| state.best.as_ref().is_none_or(|old| new.is_better_than(old)))
        {
            state.best = Some(better);
        }
        if record.status == Status::Failed && self.shown != ProgressMode::Quiet {
            let error = record.error.as_deref().unwrap_or("for no stated reason");
            self.print(&format!("failed: {} seed {}: {error}", record.arm, record.seed));
        }
        // The epochs that a trial left out by ending early count as done, or the bar would never reach its end.
        if let Some((examples, epochs)) = state.planned.get(&record.arm) {
            let trained = record.history.train_loss.len() + usize::from(record.status == Status::Diverged);
            let undone = (examples * epochs.saturating_sub(trained)) as u64;
            self.bar.set_position(self.examples.fetch_add(undone, Ordering::Relaxed) + undone);
        }
        self.bar.set_message(format!("{}/{} trials{}", state.done, state.trials, state.status_text()));
        if state.done == state.trials {
            let total = state.total;
            self.line(&mut state, total);
        }
    }
}

/// The best validation score so far.
struct BestScore {
    arm: String,
    metric: Metric,
    value: f64,
}

impl BestScore {
    /// The validation accuracy of a record, or its validation loss; `None` where it has neither.
    fn of(record: &TrialRecord) -> Option<Self> {
        let best = |metric| Some(Self { arm: record.arm.clone(), value: record.metric(&metric)?, metric });
        best(Metric::ValidationAccuracy).or_else(|| best(Metric::ValidationLoss))
    }

    /// Whether it is better than another of the same metric.
    fn is_better_than(&self, other: &Self) -> bool {
        self.metric == other.metric && self.metric.goodness(self.value) > self.metric.goodness(other.value)
    }
}

impl std::fmt::Display for BestScore {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let number = self.metric.format(self.value);
        let unit = if self.metric.is_percent() { " %" } else { "" };
        write!(f, "{number}{unit} ({})", self.arm)
    }
}

/// The rough cost of a plan as a sentence: trials, steps and time.
pub fn cost_line(plan: &crate::experiment::plan::Plan, jobs: usize) -> String {
    let seeds = plan.seeds.len() as u64;
    let trainings = cost::trainings_of_an_arm(plan);
    let free = cost::part_of_longer(&plan.arms.iter().map(|arm| &arm.config).collect::<Vec<_>>());
    let trained = plan.arms.iter().zip(free).filter(|(_, free)| !free);
    let steps: f64 = trained.map(|(arm, _)| cost::steps(arm) as f64 * trainings).sum();
    let trials = match plan.halving {
        None => format!("{} trials", plan.arms.len() as u64 * seeds),
        Some(_) => format!("{} trials, most of them pruned", plan.arms.len() as u64 * seeds),
    };
    format!(
        "{} arms x {seeds} seeds = {trials}, {:.1} million steps, roughly {} with {jobs} workers on a recent CPU",
        plan.arms.len(),
        steps / 1e6,
        human(cost::plan_seconds(plan, jobs))
    )
}
