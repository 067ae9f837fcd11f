//! Axes multiplied: every way to take one value of each, zipped axes together.

use super::Combination;
use crate::experiment::spec::keys::ARM;
use crate::experiment::spec::{Assignment, AxisValues, NamedArm, Spec, SpecError, SweepAxis};

/// Each group is a list of steps that are taken together: the named arms, one axis, or several zipped ones.
pub fn groups(spec: &Spec, axes: &[&SweepAxis]) -> Result<Vec<Vec<Combination>>, SpecError> {
    let name = |arm: &NamedArm| {
        vec![Assignment { path: ARM.into(), value: arm.name.as_str().into(), location: arm.location.clone() }]
    };
    let mut groups: Vec<Vec<Combination>> = Vec::new();
    if !spec.arms.is_empty() {
        groups.push(spec.arms.iter().map(name).collect());
    }
    let mut done: Vec<&str> = Vec::new();
    for axis in axes {
        if done.contains(&axis.path.as_str()) {
            continue;
        }
        let zipped = spec.zip.iter().find(|group| group.contains(&axis.path));
        let members: Vec<&&SweepAxis> = match zipped {
            Some(group) => axes.iter().filter(|other| group.contains(&other.path)).collect(),
            None => vec![axis],
        };
        let steps = members.iter().map(|member| values(member)).collect::<Vec<_>>();
        if let Some(wrong) = steps.iter().position(|list| list.len() != steps[0].len()) {
            return Err(SpecError {
                location: members[wrong].location.clone(),
                what: format!(
                    "zipped axes must have as many values: `{}` has {}, `{}` has {}",
                    members[0].key,
                    steps[0].len(),
                    members[wrong].key,
                    steps[wrong].len()
                ),
            });
        }
        let step = |i: usize| steps.iter().map(|list| list[i].clone()).collect();
        groups.push((0..steps[0].len()).map(step).collect());
        done.extend(members.iter().map(|member| member.path.as_str()));
    }
    Ok(groups)
}

fn values(axis: &SweepAxis) -> Vec<Assignment> {
    match &axis.values {
        AxisValues::List(list) => list.iter().map(|value| axis.assign(value.clone())).collect(),
        AxisValues::Range { .. } => Vec::new(),
    }
}

/// Every way to take one step of each group; the first group changes slowest.
pub fn product(groups: &[Vec<Combination>]) -> Vec<Combination> {
    groups.iter().fold(vec![Vec::new()], |sofar, group| {
        let extend = |start: &Combination| {
            let start = start.clone();
            group.iter().map(move |step| [start.clone(), step.clone()].concat())
        };
        sofar.iter().flat_map(extend).collect()
    })
}

impl SweepAxis {
    /// One of its values.
    pub(super) fn assign(&self, value: toml::Value) -> Assignment {
        Assignment { path: self.path.clone(), value, location: self.location.clone() }
    }
}
