//! Successive halving at work: which trials a search needs, and the trainings that end early.
//!
//! In: a plan that halves, and the records so far. Out: the trials of the stage at hand, and a trainer that ends those which fall behind. What
//! is decided is in [`crate::experiment::plan::halving`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::Trainer;
use crate::experiment::plan::halving::ValidationScore;
use crate::experiment::plan::{Plan, Trial};
use crate::experiment::spec::Halving;
use crate::record::{Status, TrialRecord};
use crate::train::{Callback, EpochScores, TrainError};

/// The seed that decides which arms train on.
const FIRST: u64 = 0;

/// The trials that a search needs, as far as the records tell: those of all stages that are done, and of the next.
#[derive(Debug, Default)]
pub struct NeededTrials {
    /// Arm and seed of each.
    trials: BTreeSet<(usize, u64)>,
    /// Those whose record says that they were pruned, and which are to train on after all.
    stale: HashSet<(usize, u64)>,
    /// Whether all of them are recorded, and none are left.
    pub is_whole: bool,
    scores: Scores,
    ended: BTreeSet<usize>,
}

/// The validation scores at each rung, by the epochs and the arm.
type Scores = BTreeMap<usize, BTreeMap<usize, ValidationScore>>;

impl NeededTrials {
    /// The trials that a plan needs: without halving all of them.
    pub fn of(plan: &Plan, records: &[TrialRecord]) -> Self {
        let Some(halving) = plan.halving else {
            let all = (0..plan.arms.len()).flat_map(|arm| plan.seeds.iter().map(move |&seed| (arm, seed)));
            return Self { trials: all.collect(), is_whole: true, ..Self::default() };
        };
        let found = Recorded::of(plan, records);
        let mut needed = Self { is_whole: true, ..Self::default() };
        let mut left = needed.first_stage(plan, halving, &found);
        for &seeds in &halving.stages(plan.seeds.len() as u64)[1..] {
            // Where all diverged, nothing is chosen.
            if !needed.is_whole || left.is_empty() {
                break;
            }
            let score = |arm: usize, upto: u64| found.mean_validation(arm, upto);
            let before = needed.trials.iter().filter(|(arm, _)| *arm == left[0]).count() as u64;
            left.sort_by(|&a, &b| score(b, before).order(&score(a, before)).then(a.cmp(&b)));
            left.truncate(halving.advance(left.len()));
            for &arm in &left {
                for seed in 0..seeds {
                    needed.trials.insert((arm, seed));
                    needed.is_whole &= found.has_ended(arm, seed);
                }
            }
        }
        needed
    }

    /// Replays the decisions of the first stage: every arm with its first seed. Returns the arms that reached the last epoch.
    fn first_stage(&mut self, plan: &Plan, halving: Halving, found: &Recorded) -> Vec<usize> {
        let epochs = plan.arms.first().map_or(0, |arm| arm.config.train.epochs);
        let mut left = Vec::new();
        for arm in 0..plan.arms.len() {
            self.trials.insert((arm, FIRST));
            let Some(record) = found.get(arm, FIRST) else {
                self.is_whole = false;
                continue;
            };
            let mut pruned = None;
            for rung in halving.rungs(epochs) {
                let Some(score) = record.validation_after(rung) else { break };
                let of_rung = self.scores.entry(rung).or_default();
                let earlier: Vec<ValidationScore> = of_rung.values().copied().collect();
                of_rung.insert(arm, score);
                // Where an earlier arm's scores are missing, the decision cannot be made again; its record says what it was.
                if self.is_whole && !halving.keeps(&earlier, score) {
                    pruned = Some(rung);
                    break;
                }
            }
            // Without the scores of an earlier arm nothing can be said against what was decided with them.
            if record.status == Status::Pruned && record.pruned_epoch != pruned && self.is_whole {
                // The search was another one, such as one that keeps fewer arms.
                self.stale.insert((arm, FIRST));
                for of_rung in self.scores.values_mut() {
                    of_rung.remove(&arm);
                }
                self.is_whole = false;
                continue;
            }
            self.ended.insert(arm);
            if pruned.is_none() && record.status == Status::Done {
                left.push(arm);
            }
        }
        left
    }

    /// The trials in the order of the plan.
    pub fn trials<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = Trial> + 'a {
        plan.trials().filter(|trial| self.trials.contains(&(trial.arm, trial.seed)))
    }

    /// Takes out of `records` those that were pruned and are to train on.
    pub fn leave_out_stale(&self, plan: &Plan, records: &mut Vec<TrialRecord>) {
        let arms: HashMap<&str, usize> =
            plan.arms.iter().enumerate().map(|(at, arm)| (arm.label.as_str(), at)).collect();
        let is_stale = |record: &TrialRecord| {
            let arm = arms.get(record.arm.as_str());
            record.status == Status::Pruned
                && (plan.halving.is_none() || arm.is_some_and(|&arm| self.stale.contains(&(arm, record.seed))))
        };
        records.retain(|record| !is_stale(record));
    }
}

/// The records of a plan's trials that ended, the last of each; a whole training before one that was pruned.
struct Recorded<'a>(HashMap<(usize, u64), &'a TrialRecord>);

impl<'a> Recorded<'a> {
    fn of(plan: &Plan, records: &'a [TrialRecord]) -> Self {
        let arms: HashMap<&str, usize> =
            plan.arms.iter().enumerate().map(|(at, arm)| (arm.label.as_str(), at)).collect();
        let mut found: HashMap<(usize, u64), &TrialRecord> = HashMap::new();
        for record in records.iter().filter(|record| record.status != Status::Failed) {
            let Some(&arm) = arms.get(record.arm.as_str()) else { continue };
            let place = found.entry((arm, record.seed)).or_insert(record);
            if place.status == Status::Pruned {
                *place = record;
            }
        }
        Self(found)
    }

    fn get(&self, arm: usize, seed: u64) -> Option<&'a TrialRecord> {
        self.0.get(&(arm, seed)).copied()
    }

    fn has_ended(&self, arm: usize, seed: u64) -> bool {
        self.get(arm, seed).is_some()
    }

    /// The mean validation score over the first seeds, after the last epoch; the worst where one diverged or is missing.
    fn mean_validation(&self, arm: usize, seeds: u64) -> ValidationScore {
        let last = |record: &TrialRecord| match record.status {
            Status::Done => record.validation_after(record.history.validation_loss.len()),
            Status::Diverged | Status::Failed | Status::Pruned => None,
        };
        let scores: Option<Vec<ValidationScore>> = (0..seeds).map(|seed| last(self.get(arm, seed)?)).collect();
        scores.filter(|all| !all.is_empty()).map_or(ValidationScore::WORST, |all| {
            let mean = |part: fn(&ValidationScore) -> f64| all.iter().map(part).sum::<f64>() / all.len() as f64;
            ValidationScore { first: mean(|score| score.first), second: mean(|score| score.second) }
        })
    }
}

/// A trainer that ends the trainings of the first seed which fall behind.
pub struct HalvingTrainer<'a> {
    trainer: &'a dyn Trainer,
    halving: Halving,
    rungs: Vec<usize>,
    board: Board,
}

/// Where the trainings of a search tell each other their scores.
struct Board {
    state: Mutex<BoardState>,
    changed: Condvar,
}

#[derive(Default)]
struct BoardState {
    scores: Scores,
    /// Arms that will tell no more scores.
    ended: BTreeSet<usize>,
}

impl<'a> HalvingTrainer<'a> {
    /// A trainer for the trials of a search that are left.
    pub fn new(trainer: &'a dyn Trainer, halving: Halving, plan: &Plan, needed: &NeededTrials) -> Self {
        let epochs = plan.arms.first().map_or(0, |arm| arm.config.train.epochs);
        let state = BoardState { scores: needed.scores.clone(), ended: needed.ended.clone() };
        Self {
            trainer,
            halving,
            rungs: halving.rungs(epochs),
            board: Board { state: Mutex::new(state), changed: Condvar::new() },
        }
    }
}

impl Trainer for HalvingTrainer<'_> {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError> {
        match trials {
            [trial] if trial.seed == FIRST => {
                // However the training ends, by a panic too, later arms wait for it no longer.
                let mut ended = EndedArm { board: &self.board, arm: trial.arm, was_interrupted: false };
                let trained =
                    self.trainer.train(trials, &PruningCallback { inner: callback, search: self, arm: trial.arm });
                ended.was_interrupted = matches!(trained, Err(TrainError::Interrupted));
                trained
            }
            _ => self.trainer.train(trials, callback),
        }
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        self.trainer.id(trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        self.trainer.failed(trial, error)
    }

    fn trains_one_at_a_time(&self) -> bool {
        true
    }
}

impl Board {
    fn state(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an arm's score at a rung, waits until every earlier arm has told its own or ended, and returns theirs; `None` where `is_stopped`
    /// says so first.
    fn tell(
        &self,
        rung: usize,
        arm: usize,
        score: ValidationScore,
        is_stopped: impl Fn() -> bool,
    ) -> Option<Vec<ValidationScore>> {
        /// How often it is asked whether the run is to stop.
        const ASKED_EVERY: Duration = Duration::from_millis(50);
        let mut state = self.state();
        state.scores.entry(rung).or_default().insert(arm, score);
        self.changed.notify_all();
        loop {
            let of_rung = state.scores.entry(rung).or_default();
            let earlier: Vec<ValidationScore> = of_rung.range(..arm).map(|(_, score)| *score).collect();
            let told: BTreeSet<usize> = of_rung.range(..arm).map(|(arm, _)| *arm).collect();
            // Nothing is decided once the run is to stop: an earlier arm may have ended for that alone.
            if is_stopped() {
                return None;
            }
            if (0..arm).all(|other| told.contains(&other) || state.ended.contains(&other)) {
                return Some(earlier);
            }
            let (woken, _) = self.changed.wait_timeout(state, ASKED_EVERY).unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
    }
}

/// Notes on the board, when dropped, that an arm has ended, unless it was interrupted: such an arm has more scores to tell when the run goes on.
struct EndedArm<'a> {
    board: &'a Board,
    arm: usize,
    was_interrupted: bool,
}

impl Drop for EndedArm<'_> {
    fn drop(&mut self) {
        if self.was_interrupted {
            return;
        }
        self.board.state().ended.insert(self.arm);
        self.board.changed.notify_all();
    }
}

/// Ends a training whose arm falls behind.
struct PruningCallback<'a> {
    inner: &'a dyn Callback,
    search: &'a HalvingTrainer<'a>,
    arm: usize,
}

impl Callback for PruningCallback<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        self.inner.on_step(examples)
    }

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        let HalvingTrainer { halving, rungs, board, .. } = self.search;
        let inner = self.inner.on_epoch(epoch, scores);
        let Some(scores) = scores.first().copied().flatten().filter(|_| rungs.contains(&epoch)) else { return inner };
        // In 32 bits, as records have it, so that the same is decided again from them.
        let validation = scores.validation;
        let score = ValidationScore::new(validation.accuracy.map(|accuracy| accuracy as f32), validation.loss as f32);
        let is_stopped = || self.inner.on_step(0).is_break();
        match board.tell(epoch, self.arm, score, is_stopped) {
            Some(earlier) if !halving.keeps(&earlier, score) => ControlFlow::Break(()),
            Some(_) | None => inner,
        }
    }
}
