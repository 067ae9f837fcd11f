//! The product of the axes: every combination of one value of each, where zipped axes take their values together.

use super::Combination;
use crate::experiment::spec::keys::ARM;
use crate::experiment::spec::{Assignment, AxisValues, NamedArm, Spec, SpecError, SweepAxis};

/// The factors of the product. A factor lists the values of the named arms, of one axis, or of several zipped axes.
pub fn factors(spec: &Spec, axes: &[&SweepAxis]) -> Result<Vec<Vec<Combination>>, SpecError> {
    let name = |arm: &NamedArm| {
        vec![Assignment { path: ARM.into(), value: arm.name.as_str().into(), location: arm.location.clone() }]
    };
    let mut factors: Vec<Vec<Combination>> = Vec::new();
    if !spec.arms.is_empty() {
        factors.push(spec.arms.iter().map(name).collect());
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
        let lists = members.iter().map(|member| values(member)).collect::<Vec<_>>();
        if let Some(wrong) = lists.iter().position(|list| list.len() != lists[0].len()) {
            return Err(SpecError {
                location: members[wrong].location.clone(),
                what: format!(
                    "zipped axes must have as many values: `{}` has {}, `{}` has {}",
                    members[0].key,
                    lists[0].len(),
                    members[wrong].key,
                    lists[wrong].len()
                ),
            });
        }
        let element = |i: usize| lists.iter().map(|list| list[i].clone()).collect();
        factors.push((0..lists[0].len()).map(element).collect());
        done.extend(members.iter().map(|member| member.path.as_str()));
    }
    Ok(factors)
}

fn values(axis: &SweepAxis) -> Vec<Assignment> {
    match &axis.values {
        AxisValues::List(list) => list.iter().map(|value| axis.assign(value.clone())).collect(),
        AxisValues::Range { .. } => Vec::new(),
    }
}

/// Every combination of one element of each factor; the first factor changes slowest.
pub fn product(factors: &[Vec<Combination>]) -> Vec<Combination> {
    factors.iter().fold(vec![Vec::new()], |combinations, factor| {
        let extend = |start: &Combination| {
            let start = start.clone();
            factor.iter().map(move |element| [start.clone(), element.clone()].concat())
        };
        combinations.iter().flat_map(extend).collect()
    })
}

impl SweepAxis {
    /// The setting of one of its values.
    pub(super) fn assign(&self, value: toml::Value) -> Assignment {
        Assignment { path: self.path.clone(), value, location: self.location.clone() }
    }
}
