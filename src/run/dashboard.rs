//! burn-train's terminal dashboard, fed from our own loop; plain lines where there is no terminal.
//!
//! In: the training loop's events. Out: a screen, or a line an epoch on stderr.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn_train::Interrupter;
use burn_train::logger::TrainingProgressLogger;
use burn_train::metric::{
    MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry, SerializedEntry,
};
use burn_train::renderer::tui::TuiMetricsRendererWrapper;
use burn_train::renderer::{MetricState, MetricsRenderer, MetricsRendererTraining};

use crate::evaluate::Scores;
use crate::experiment::config::{TrialConfig, TrialKind};
use crate::terminal;
use crate::train::{Callback, EpochScores, TrainError};

/// Steps between two updates of the screen's progress bar.
const EVERY: usize = 20;

/// Shows one training, epoch by epoch.
pub struct Dashboard<'a> {
    /// `None` inside where the user closed it.
    screen: Option<Mutex<Option<Screen>>>,
    quiet: bool,
    /// Whether a training that is stopped keeps the weights it has.
    keeps: bool,
    epochs: usize,
    steps: AtomicUsize,
    /// Whether the training itself has begun, and not only one that it starts from.
    has_begun: AtomicBool,
    stop: &'a AtomicBool,
}

struct Screen {
    renderer: TuiMetricsRendererWrapper,
    interrupter: Interrupter,
    seen: usize,
}

impl<'a> Dashboard<'a> {
    /// Whether there is a screen to draw on: both stdout and stderr are terminals.
    pub fn has_screen(quiet: bool) -> bool {
        !quiet && std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Runs `train` and shows it: on a screen where there is one, in lines elsewhere, not at all when `quiet`. A user who stops the training on
    /// the screen sets `stop`; where `keeps` is set, the training then ends with the weights it has.
    ///
    /// # Errors
    /// Those of `train`.
    pub fn show<T>(
        label: &str,
        config: &TrialConfig,
        (quiet, keeps): (bool, bool),
        stop: &'a AtomicBool,
        train: impl FnOnce(&Self) -> Result<T, TrainError>,
    ) -> Result<T, TrainError> {
        let epochs = config.train.epochs;
        let has_accuracy = matches!(config.kind(), TrialKind::Classification);
        let open = || Mutex::new(Some(Screen::open(label, epochs, config.data.likely_sizes().train, has_accuracy)));
        let screen = Self::has_screen(quiet).then(open);
        train(&Self {
            screen,
            quiet,
            keeps,
            epochs,
            steps: AtomicUsize::new(0),
            has_begun: AtomicBool::new(false),
            stop,
        })
    }

    /// Does something on the screen, where there is one. burn-train's screen panics when the user has it kill the training, and again when
    /// it is dropped: then it is left as it is, which has given the terminal back, and the training stops.
    fn on_screen(&self, draw: impl FnOnce(&mut Screen)) {
        let Some(screen) = &self.screen else { return };
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = screen.as_mut() else { return };
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| draw(open))) else { return };
        if panic.downcast_ref() != Some(&"Killing training from user input.") {
            resume_unwind(panic);
        }
        std::mem::forget(screen.take());
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Screen {
    fn open(label: &str, epochs: usize, examples: usize, has_accuracy: bool) -> Self {
        let interrupter = Interrupter::new();
        let mut renderer = TuiMetricsRendererWrapper::new(interrupter.clone(), None);
        let accuracy = has_accuracy.then(|| ("Accuracy", Some("%".to_string()), true));
        for (name, unit, higher_is_better) in std::iter::once(("Loss", None, false)).chain(accuracy) {
            renderer.register_metric(MetricDefinition {
                metric_id: id(name),
                name: Arc::new(name.to_string()),
                description: None,
                attributes: MetricAttributes::Numeric(NumericAttributes { unit, higher_is_better }),
            });
        }
        renderer.start(epochs, 0, Some(examples), Some(label));
        renderer.start_split("train", examples);
        Self { renderer, interrupter, seen: 0 }
    }

    fn epoch(&mut self, epoch: usize, scores: &EpochScores) {
        let state = |name: &str, value: f64, shown: String| {
            let entry = MetricEntry::new(id(name), SerializedEntry::new(shown, value.to_string()));
            MetricState::Numeric(entry, Some(NumericEntry::Value(value)))
        };
        let both = |s: &Scores| {
            let accuracy = s.accuracy.map(|a| state("Accuracy", 100.0 * a, format!("{:.2} %", 100.0 * a)));
            std::iter::once(state("Loss", s.loss, format!("{:.5}", s.loss))).chain(accuracy)
        };
        both(&scores.train).for_each(|state| self.renderer.update_train(state));
        both(&scores.validation).for_each(|state| self.renderer.update_valid(state));
        self.renderer.update_epoch(epoch);
        self.seen = 0;
    }
}

fn words(scores: &Scores) -> String {
    let accuracy = scores.accuracy.map_or(String::new(), |a| format!(" accuracy {:.2} %", 100.0 * a));
    format!("loss {:.4}{accuracy}", scores.loss)
}

fn id(name: &str) -> MetricId {
    MetricId::new(Arc::new(name.to_string()))
}

impl Callback for Dashboard<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        let is_shown = self.steps.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY);
        self.on_screen(|screen| {
            screen.seen += examples;
            let seen = screen.seen;
            if is_shown {
                screen.renderer.update_split(seen);
            }
            if screen.interrupter.should_stop() {
                self.stop.store(true, Ordering::Relaxed);
            }
        });
        if examples > 0 {
            self.has_begun.store(true, Ordering::Relaxed);
        }
        // What is kept is measured to the end: steps without examples are those of the evaluation then.
        let is_measured = self.keeps && examples == 0 && self.has_begun.load(Ordering::Relaxed);
        if self.stop.load(Ordering::Relaxed) && !is_measured {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        let Some(scores) = scores.first().copied().flatten() else { return ControlFlow::Continue(()) };
        if self.screen.is_some() {
            self.on_screen(|screen| screen.epoch(epoch, &scores));
        } else if !self.quiet {
            terminal::tell(format_args!(
                "epoch {epoch:>3}/{}  train {}  validation {}",
                self.epochs,
                words(&scores.train),
                words(&scores.validation)
            ));
        }
        ControlFlow::Continue(())
    }

    fn keeps_what_it_has(&self) -> bool {
        self.keeps
    }
}
