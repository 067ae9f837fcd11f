//! The workers of a run: each takes the next stack, trains it, and sends its records to the thread that appends them.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use anyhow::Result;
use rayon::ThreadPoolBuilder;

use super::{Listener, Trainer};
use crate::experiment::plan::Trial;
use crate::record::{RecordFile, TrialRecord};
use crate::train::{Callback, EpochScores, TrainError};

/// Trains every stack and appends each record as it comes. The records of a stack that was interrupted are missing.
///
/// # Errors
/// A record cannot be written, or the GPU failed.
pub fn train_all(
    stacks: VecDeque<Vec<Trial>>,
    trainer: &dyn Trainer,
    file: &mut RecordFile,
    jobs: usize,
    listener: &dyn Listener,
    stop: &AtomicBool,
) -> Result<Vec<TrialRecord>> {
    let workers = jobs.clamp(1, stacks.len().max(1));
    let queue = Mutex::new(stacks);
    let (send, receive) = mpsc::channel();
    let relay = Relay { listener, stop };
    let mut records = Vec::new();
    let mut write_error = None;
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (send, queue, relay) = (send.clone(), &queue, &relay);
            let work = move || {
                while let Some(stack) = next(queue, stop) {
                    match train_one(&stack, trainer, relay) {
                        Outcome::Records(done) => {
                            if send.send(done).is_err() {
                                return;
                            }
                        }
                        Outcome::InHalves(halves) => {
                            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                            halves.into_iter().rev().for_each(|half| queue.push_front(half));
                        }
                        Outcome::Interrupted => return,
                    }
                }
            };
            scope.spawn(move || in_worker_pool(workers, work));
        }
        drop(send);
        for done in receive {
            let appended = done.and_then(|done| {
                for record in done {
                    file.append(&record)?;
                    listener.on_record(&record);
                    records.push(record);
                }
                Ok(())
            });
            if let Err(error) = appended {
                // No further record can be kept or made: stop the workers and return the error.
                stop.store(true, Ordering::Relaxed);
                write_error = Some(error);
                break;
            }
        }
    });
    match write_error {
        Some(error) => Err(error),
        None => Ok(records),
    }
}

/// Runs `work`, one of `workers`, in a thread pool of its share of the cores: with one worker per core, a matrix product that asked for a second
/// thread would only wait for it. The share stays the same when other workers end.
pub fn in_worker_pool<T: Send>(workers: usize, work: impl FnOnce() -> T + Send) -> T {
    let threads = (rayon::current_num_threads() / workers).max(1);
    match ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        // The pool's threads could not be started: work on this one.
        Err(_) => work(),
    }
}

fn next(queue: &Mutex<VecDeque<Vec<Trial>>>, stop: &AtomicBool) -> Option<Vec<Trial>> {
    if stop.load(Ordering::Relaxed) {
        return None;
    }
    // A worker that panicked did so outside the lock: the queue is whole.
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// What became of trials that were to train together.
enum Outcome {
    /// Their records, failed ones where they could not be trained; or why nothing can be.
    Records(Result<Vec<TrialRecord>>),
    /// They cannot train together, and half of them may.
    InHalves([Vec<Trial>; 2]),
    /// The run was interrupted.
    Interrupted,
}

/// The trials in two halves where they are of several trainings, so that what one training fails for fails no other.
fn apart(trials: &[Trial]) -> Option<[Vec<Trial>; 2]> {
    let (first, others) = trials.split_first()?;
    let is_one = others.iter().all(|trial| trial.config.shares_training(&first.config));
    if is_one { None } else { halves(trials) }
}

/// The trials in two halves; `None` for those of one network, which is one training and one seed.
fn halves(trials: &[Trial]) -> Option<[Vec<Trial>; 2]> {
    let is_one = |a: &Trial, b: &Trial| a.seed == b.seed && a.config.shares_training(&b.config);
    let mut networks: Vec<Vec<Trial>> = Vec::new();
    for trial in trials {
        match networks.iter_mut().find(|own| is_one(&own[0], trial)) {
            Some(own) => own.push(trial.clone()),
            None => networks.push(vec![trial.clone()]),
        }
    }
    let others = networks.split_off(networks.len() / 2);
    (!networks.is_empty()).then(|| [networks.concat(), others.concat()])
}

fn train_one(stack: &[Trial], trainer: &dyn Trainer, relay: &Relay) -> Outcome {
    let trained = catch_unwind(AssertUnwindSafe(|| trainer.train(stack, relay)));
    let error = match trained {
        Ok(Ok(records)) => return Outcome::Records(Ok(records)),
        Ok(Err(TrainError::Interrupted)) => return Outcome::Interrupted,
        Ok(Err(error @ TrainError::Device(_))) => return Outcome::Records(Err(error.into())),
        Ok(Err(TrainError::TooLarge(error))) => match halves(stack) {
            Some(halves) => return Outcome::InHalves(halves),
            None => format!("{error:#}"),
        },
        Ok(Err(TrainError::Failed(error))) => format!("{error:#}"),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("panicked: {}", text.unwrap_or("for no stated reason"))
        }
    };
    if let Some(halves) = apart(stack) {
        return Outcome::InHalves(halves);
    }
    Outcome::Records(stack.iter().map(|trial| trainer.failed(trial, &error)).collect())
}

/// Passes the steps of a training to the run's listener, and the wish to stop to the training.
struct Relay<'a> {
    listener: &'a dyn Listener,
    stop: &'a AtomicBool,
}

impl Callback for Relay<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        self.listener.on_examples(examples);
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
