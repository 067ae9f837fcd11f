//! The colours of arms: one for each where they are few, and one for each value of a setting where they are many.

use super::axis_label;
use super::legend::entries;
use super::svg::{Anchor, INK, PALETTE, Svg, TEXT, colour};
use crate::analysis::summary::Summary;
use crate::experiment::plan::label::plain;

/// A colour per arm.
pub struct ArmColours {
    /// In plan order.
    colours: Vec<&'static str>,
    /// The setting whose values are coloured, with these in the order of their colours; `None` where every arm has its own colour.
    setting: Option<(String, Vec<String>)>,
}

impl ArmColours {
    /// By arm up to the number of colours; beyond it, by the first setting that has no more values than there are colours; one colour for
    /// all where there is no such setting.
    pub fn of(summary: &Summary) -> Self {
        let count = summary.arms.len();
        if count <= PALETTE.len() {
            return Self { colours: (0..count).map(colour).collect(), setting: None };
        }
        let by = summary.axes.iter().find_map(|axis| {
            let values = values(summary, axis)?;
            let mut distinct: Vec<String> = Vec::new();
            for value in &values {
                if !distinct.contains(value) {
                    distinct.push(value.clone());
                }
            }
            (2..=PALETTE.len()).contains(&distinct.len()).then_some((axis, values, distinct))
        });
        let Some((axis, values, distinct)) = by else {
            return Self { colours: vec![PALETTE[0]; count], setting: None };
        };
        let place = |value: &String| distinct.iter().position(|other| other == value).unwrap_or(0);
        let colours = values.iter().map(|value| colour(place(value))).collect();
        Self { colours, setting: Some((axis.clone(), distinct)) }
    }

    /// The colour of the arm at this place of the plan.
    pub fn colour(&self, arm: usize) -> &'static str {
        self.colours.get(arm).copied().unwrap_or(PALETTE[0])
    }

    /// A sentence, with a space before it, on what the colours are; empty where every arm has its own.
    pub fn note(&self) -> String {
        self.setting.as_ref().map_or(String::new(), |(setting, _)| format!(" Colour: {}.", axis_label(setting)))
    }

    /// Pixels that [`Self::draw_legend`] needs.
    pub fn legend_height(&self, width: f64) -> f64 {
        self.places(width).last().map_or(0.0, |(_, y)| y + 30.0)
    }

    /// The values of the setting with their colours, below `top` and to the right of `left`; nothing where every arm has its own colour.
    pub fn draw_legend(&self, svg: &mut Svg, (left, top): (f64, f64), width: f64) {
        let Some((_, values)) = &self.setting else { return };
        for ((dx, dy), (index, value)) in self.places(width).into_iter().zip(values.iter().enumerate()) {
            svg.dot((left + dx + 13.0, top + dy + 9.0), 5.0, colour(index), 1.0);
            svg.text((left + dx + 26.0, top + dy + 14.0), value, Anchor::Start, TEXT, INK);
        }
    }

    fn places(&self, width: f64) -> Vec<(f64, f64)> {
        let values: Vec<&str> = self.setting.iter().flat_map(|(_, values)| values).map(String::as_str).collect();
        entries(&values, width)
    }
}

/// The value of a setting for each arm, in plan order; `None` where an arm has none.
pub fn values(summary: &Summary, axis: &str) -> Option<Vec<String>> {
    let value = |label: &str| Some(plain(summary.records_of(label).next()?.axes.get(axis)?));
    summary.arms.iter().map(|arm| value(&arm.label)).collect()
}
