//! One network of one experiment, for commands that look at it closely.
//!
//! In: flags. Out: the arm's settings, and a lab with its data.

use anyhow::{Result, ensure};

use super::{resolve, train};
use crate::cli::Subject;
use crate::experiment::config::TrialKind;
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::spec::{Spec, library};
use crate::nn::device;
use crate::trial::Lab;

/// The arm and where it can be trained.
pub struct Opened {
    /// Its settings.
    pub arm: Arm,
    /// With the arm's data.
    pub lab: Lab,
    /// Names the folder of results.
    pub name: String,
}

/// Resolves the flags and loads the data.
///
/// # Errors
/// There is no such experiment or arm, it trains no network, or its data cannot be had.
pub fn open(subject: &Subject) -> Result<Opened> {
    let mut spec = match &subject.experiment {
        Some(name) => library::find(name)?,
        None => Spec::parse("classifier", "the default experiment", "question = \"The 784-64-32-10 classifier\"")?,
    };
    resolve::apply(&mut spec, &subject.run)?;
    let search = resolve::search(&subject.run.data, subject.run.quiet);
    // A misspelt arm is told before anything is read or fetched.
    train::choose(&Plan::new(&spec)?, subject.arm.as_deref())?;
    let backend = device::open(subject.run.backend.as_deref())?;
    resolve::settle_dataset(&mut spec, &search)?;
    let plan = Plan::new(&spec)?;
    let (_, arm) = train::choose(&plan, subject.arm.as_deref())?;
    ensure!(
        !matches!(arm.config.kind(), TrialKind::Descent(_)),
        "`{}` goes down a function and has no network",
        spec.name
    );
    let name = train::file_name(&spec.name, &arm.label);
    let lab = Lab::open(&Plan { arms: vec![arm.clone()], ..plan.clone() }, &search, backend)?;
    Ok(Opened { arm: arm.clone(), lab, name })
}
