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

    /// Pixels that [`Self::draw_legend`] needs.
    pub fn legend_height(&self, width: f64) -> f64 {
        self.places(width).last().map_or(0.0, |(_, y)| y + 30.0)
    }

    /// The setting and its values with their colours, below `top` and to the right of `left`; nothing where every arm has its own colour.
    pub fn draw_legend(&self, svg: &mut Svg, (left, top): (f64, f64), width: f64) {
        let Some((setting, values)) = &self.setting else { return };
        let mut places = self.places(width).into_iter().map(|(dx, dy)| (left + dx, top + dy));
        svg.legend(|svg| {
            if let Some((x, y)) = places.next() {
                svg.text((x, y + 14.0), &format!("{}:", axis_label(setting)), Anchor::Start, TEXT, INK);
            }
            for ((x, y), (index, value)) in places.zip(values.iter().enumerate()) {
                svg.dot((x + 13.0, y + 9.0), 5.0, colour(index), 1.0);
                svg.text((x + 26.0, y + 14.0), value, Anchor::Start, TEXT, INK);
            }
        });
    }

    /// The places of the setting's name and of its values.
    fn places(&self, width: f64) -> Vec<(f64, f64)> {
        let Some((setting, values)) = &self.setting else { return Vec::new() };
        let name = axis_label(setting);
        let words: Vec<&str> = std::iter::once(name.as_str()).chain(values.iter().map(String::as_str)).collect();
        entries(&words, width)
    }
}

/// The value of a setting for each arm, in plan order; `None` where an arm has none.
pub fn values(summary: &Summary, axis: &str) -> Option<Vec<String>> {
    summary.arms.iter().map(|arm| arm.axes.get(axis).map(plain)).collect()
}
