//! Claims about what is the same every time: a descent without jitter. One run is all there is to know.

use anyhow::{Result, anyhow};

use super::Finding;
use super::bench::Bench;
use super::language::{Side, Test};
use super::piece::Piece;
use super::trend;

impl Bench<'_> {
    /// What the one value of each arm says. A run that diverged has no value, and so neither confirms nor refutes a comparison.
    ///
    /// # Errors
    /// A trend along an axis that is not of the plan, or not numeric.
    pub fn certain(&self, test: &Test) -> Result<Vec<Piece>> {
        let one = |arm: &str| self.values(arm).into_iter().flatten().next();
        let value = |side: &Side| match side.unmoved() {
            Side::Arm(_, arm) | Side::Best(arm) => one(arm).map(|value| value + side.margin()),
            Side::Number(number) => Some(*number),
            Side::Moved(..) => None,
        };
        let told = |holds: Option<bool>, evidence: String| {
            let finding = match holds {
                Some(true) => Finding::Confirmed,
                Some(false) => Finding::Refuted,
                None => Finding::Inconclusive,
            };
            Piece::Told { finding, evidence: format!("{evidence}, the same every time"), seeds: 1 }
        };
        let shown = |side: &Side| match (side, value(side)) {
            (Side::Number(number), _) => number.to_string(),
            (side, Some(value)) => format!("{side} = {}", plain(value)),
            (side, None) => format!("{side} has no value"),
        };
        Ok(match test {
            Test::Order(sides) => sides
                .windows(2)
                .map(|pair| {
                    let holds = value(&pair[0]).zip(value(&pair[1])).map(|(a, b)| a > b);
                    told(holds, format!("{} against {}", shown(&pair[0]), shown(&pair[1])))
                })
                .collect(),
            Test::Within(side, low, high) => {
                vec![told(value(side).map(|v| (*low..=*high).contains(&v)), shown(side))]
            }
            Test::Trend { axis, fixed, rising } => {
                let lines = trend::lines(self.plan, axis, fixed).map_err(|what| anyhow!(what))?;
                let tau = |line: &Vec<trend::Standing>| {
                    let values: Option<Vec<f64>> =
                        line.iter().map(|(arm, _)| one(&self.plan.arms[*arm].label)).collect();
                    let positions: Vec<f64> = line.iter().map(|(_, position)| *position).collect();
                    trend::kendall_tau(&positions, &values?)
                };
                let taus: Option<Vec<f64>> = lines.iter().map(tau).collect();
                let wanted = if *rising { 1.0 } else { -1.0 };
                let holds = taus.as_ref().map(|taus| taus.iter().all(|tau| (tau - wanted).abs() < 1e-9));
                let words = taus.map_or("not every arm has a value".into(), |taus| {
                    let all: Vec<String> = taus.iter().map(|tau| format!("{tau:+.2}")).collect();
                    format!("Kendall tau along {axis} = {}", all.join(", "))
                });
                vec![told(holds, words)]
            }
        })
    }
}

/// Four digits, however small or large.
fn plain(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}
