//! One arm of one experiment, for the commands that look at a single network.

use anyhow::{Context, Result, bail, ensure};

use super::run::{RunOptions, settle_dataset};
use super::trust;
use crate::cli::Subject;
use crate::experiment::config::TrialKind;
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::spec::{Spec, library};
use crate::suggest::suggestion;
use crate::trial::Lab;

/// An arm and where it can be trained.
pub struct SelectedArm {
    /// The plan of the arm alone, with its one seed.
    pub plan: Plan,
    /// A lab with the arm's data.
    pub lab: Lab,
    /// Names the folder of results: the experiment, and the arm where there are several.
    pub name: String,
}

impl SelectedArm {
    /// The arm.
    ///
    /// # Errors
    /// The plan has none.
    pub fn arm(&self) -> Result<&Arm> {
        self.plan.arms.first().context("the plan has no arm")
    }

    /// Resolves the flags and loads the data. A misspelt arm is reported before anything is read or fetched.
    ///
    /// # Errors
    /// There is no such experiment or arm, it trains no network, or the data are unavailable.
    pub fn open(subject: &Subject) -> Result<Self> {
        let options = RunOptions::from_flags(&subject.run);
        let mut spec = experiment(subject.experiment.as_deref())?;
        options.apply(&mut spec)?;
        let plan = Plan::new(&spec)?;
        let arm = select(&plan, subject.arm.as_deref())?;
        check_trains_network(&spec.name, arm)?;
        let name = folder_name(&spec.name, &arm.label);
        let backend = trust::open(options.backend.as_deref())?;
        settle_dataset(&mut spec, &options.data)?;
        let mut plan = Plan::new(&spec)?;
        plan.arms = vec![select(&plan, subject.arm.as_deref())?.clone()];
        let lab = Lab::open(&plan, &options.data, backend)?;
        plan.learn_shapes(|data| lab.shape(data));
        plan.seeds = vec![subject.seed];
        Ok(Self { plan, lab, name })
    }
}

/// The experiment of this name, or the one with nothing but defaults.
///
/// # Errors
/// There is no such experiment, or its file has a mistake.
pub fn experiment(name: Option<&str>) -> Result<Spec> {
    match name {
        Some(name) => library::find(name),
        None => Ok(Spec::parse("classifier", "the default experiment", "question = \"The 784-64-32-10 classifier\"")?),
    }
}

/// # Errors
/// The arm of the experiment goes down a test function.
pub fn check_trains_network(experiment: &str, arm: &Arm) -> Result<()> {
    ensure!(
        !matches!(arm.config.kind(), TrialKind::Descent(_)),
        "`{experiment}` goes down a test function and trains no network; run it with `kindling sweep {experiment}`"
    );
    Ok(())
}

/// The arm of this label, or the only one.
///
/// # Errors
/// There is no such arm, or there are several and none is chosen.
pub fn select<'a>(plan: &'a Plan, label: Option<&str>) -> Result<&'a Arm> {
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    match (label, &plan.arms[..]) {
        (None, [only]) => Ok(only),
        (None, _) => bail!("{} has several arms; choose one with --arm: {}", plan.name, labels.join(", ")),
        (Some(label), arms) => match arms.iter().find(|arm| arm.label == label) {
            Some(arm) => Ok(arm),
            None => {
                let near = suggestion(label, labels.iter().copied());
                bail!("no arm `{label}` in {}{near}; there are {}", plan.name, labels.join(", "))
            }
        },
    }
}

/// The name of an arm's results: the experiment's, and the arm's where there are several.
pub fn folder_name(experiment: &str, label: &str) -> String {
    let whole = if label == "default" { experiment.to_string() } else { format!("{experiment}-{label}") };
    whole.chars().map(|c| if c.is_alphanumeric() || "-._=".contains(c) { c } else { '-' }).collect()
}
