//! An axis: values to pixels, and its ticks.

use crate::experiment::quantity::Quantity;

/// An axis with fewer ticks does not say what its scale is.
const FEWEST: usize = 3;

/// The scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal factors are equally far apart; values above 0 only.
    Log,
    /// For accuracies from guessing to nearly perfect: the logarithm of the error, so that 90, 99 and 99.9 % are equally far
    /// apart.
    Error,
}

/// An interval of values and the interval of pixels that shows it.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    pixels: (f64, f64),
}

impl Axis {
    /// An axis with all finite `values` and some room at both ends; `None` if there are none. `pixels` are those of its lower
    /// and of its upper end.
    pub fn over(values: impl IntoIterator<Item = f64>, scale: Scale, pixels: (f64, f64)) -> Option<Self> {
        let finite = |v: &f64| v.is_finite() && !(scale == Scale::Log && *v <= 0.0);
        let scaled: Vec<f64> = values.into_iter().filter(finite).map(|v| transform(scale, v)).collect();
        let low = scaled.iter().copied().reduce(f64::min)?;
        let high = scaled.iter().copied().reduce(f64::max)?;
        // Values that differ in their last bits alone are one value.
        let apart = high - low > 1e-9 * low.abs().max(high.abs());
        let room = if apart { 0.05 * (high - low) } else { (0.05 * low.abs()).max(1e-3) };
        Some(Self { scale, from: low - room, to: high + room, pixels })
    }

    /// An axis between two values, without room.
    pub fn exactly(ends: (f64, f64), scale: Scale, pixels: (f64, f64)) -> Self {
        Self { scale, from: transform(scale, ends.0), to: transform(scale, ends.1), pixels }
    }

    /// The scale for values of a metric: [`Scale::Error`] for accuracies that are far apart and reach above 80 %.
    pub fn scale_for(quantity: &Quantity, values: &[f64]) -> Scale {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if quantity.is_percent() && high - low > 0.15 && high > 0.8 { Scale::Error } else { Scale::Linear }
    }

    /// A sentence for the caption on a scale that readers may not expect; empty for the others.
    pub fn note(&self) -> &'static str {
        match self.scale {
            Scale::Error => " Accuracy is on a logarithmic scale of the error.",
            Scale::Linear | Scale::Log => "",
        }
    }

    /// The pixel of a value, or that of the nearer end for a value outside of the axis.
    pub fn to_pixels(self, value: f64) -> f64 {
        let share = (transform(self.scale, value) - self.from) / (self.to - self.from);
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// The pixels of the lower and of the upper end.
    pub fn pixels(&self) -> (f64, f64) {
        self.pixels
    }

    /// Round values of the axis with their text: at least [`FEWEST`], and about `most` at most.
    pub fn ticks(&self, most: usize, percent: bool) -> Vec<(f64, String)> {
        let inside = |value: &f64| {
            let scaled = transform(self.scale, *value);
            scaled >= self.from && scaled <= self.to
        };
        let of_scale: Vec<f64> = match self.scale {
            Scale::Linear => Vec::new(),
            Scale::Log => log_ticks(self.from, self.to, most),
            Scale::Error => vec![0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.998, 0.9995],
        };
        let mut shown = self.apart(of_scale.into_iter().filter(inside), most);
        let mut step = f64::INFINITY;
        if shown.len() < FEWEST {
            // Between values that are near each other every scale is nearly linear.
            let ends = [self.from, self.to].map(|end| untransform(self.scale, end));
            // `max_by_key` takes the last of equals.
            let values = (most..most + FEWEST).rev().map(|most| linear_ticks(ends[0], ends[1], most));
            let values = values.map(|values| values.into_iter().filter(inside).collect::<Vec<f64>>());
            let values = values.max_by_key(|values| values.len().min(FEWEST)).unwrap_or_default();
            step = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
            shown = self.apart(values.into_iter(), most.max(FEWEST));
        }
        shown.into_iter().map(|value| (value, tick_text(value, step, percent))).collect()
    }

    /// The values without those whose texts would overlap; of two that are too near, the higher stays.
    fn apart(&self, values: impl DoubleEndedIterator<Item = f64>, most: usize) -> Vec<f64> {
        let gap = (self.pixels.1 - self.pixels.0).abs() / (2 * most.max(1)) as f64;
        let mut kept: Vec<f64> = Vec::new();
        for value in values.rev() {
            if kept.last().is_none_or(|above| (self.to_pixels(*above) - self.to_pixels(value)).abs() >= gap) {
                kept.push(value);
            }
        }
        kept.reverse();
        kept
    }
}

fn transform(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.log10(),
        // A perfect score would be infinitely far away. A test set of 10,000 images tells nothing below one image in 20,000.
        Scale::Error => -(1.0 - value).max(5e-5).log10(),
    }
}

/// The value that [`transform`] takes to `scaled`.
fn untransform(scale: Scale, scaled: f64) -> f64 {
    match scale {
        Scale::Linear => scaled,
        Scale::Log => 10f64.powf(scaled),
        Scale::Error => 1.0 - 10f64.powf(-scaled),
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(from: f64, to: f64, most: usize) -> Vec<f64> {
    let raw = (to - from) / most.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= raw).unwrap_or(raw);
    let first = (from / step).ceil() as i64;
    let last = (to / step).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Powers of ten, with three times each of them where there is room.
fn log_ticks(from: f64, to: f64, most: usize) -> Vec<f64> {
    let powers = from.floor() as i32..=to.ceil() as i32;
    let between = (to - from) * 2.0 <= most as f64;
    powers
        .flat_map(|power| {
            let ten = 10f64.powi(power);
            [Some(ten), between.then_some(3.0 * ten)]
        })
        .flatten()
        .collect()
}

/// The most decimal places of a tick.
const MOST_DIGITS: f64 = 12.0;

fn tick_text(value: f64, step: f64, percent: bool) -> String {
    let (value, step, unit) = if percent { (value * 100.0, step * 100.0, " %") } else { (value, step, "") };
    // The exponent of a power of ten and its double or triple, which the rounding below would make 0.
    if !step.is_finite() && value != 0.0 && value.abs() < 9e-5 {
        return format!("{value:.0e}{unit}");
    }
    let value = (value * 1e9).round() / 1e9;
    if step.is_finite() {
        let digits = (-(step.log10() + 1e-9).floor()).clamp(0.0, MOST_DIGITS) as usize;
        format!("{value:.digits$}{unit}")
    } else if value >= 1e6 {
        // Seven digits are as many as fit beside an axis.
        format!("{value:e}{unit}")
    } else {
        format!("{value}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::over([0.921, 0.978], Scale::Linear, (0.0, 100.0)).unwrap();
        let texts: Vec<String> = axis.ticks(5, true).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["92 %", "94 %", "96 %", "98 %"]);
        let log = Axis::over([1e-4, 1.0], Scale::Log, (0.0, 100.0)).unwrap();
        assert_eq!(log.ticks(5, false).len(), 5);
    }

    #[test]
    fn small_powers_of_ten_are_written_with_an_exponent_and_round_ones_without_their_last_bits() {
        let texts = |low: f64, high: f64| -> Vec<String> {
            let axis = Axis::over([low, high], Scale::Log, (0.0, 400.0)).unwrap();
            axis.ticks(5, false).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts(1e-7, 1e-3), ["1e-7", "1e-6", "1e-5", "0.0001", "0.001"]);
        assert_eq!(texts(0.02, 0.6), ["0.03", "0.1", "0.3"]);
    }

    #[test]
    fn the_error_scale_sets_powers_of_the_error_equally_far_apart() {
        let axis = Axis::over([0.1, 0.999], Scale::Error, (0.0, 100.0)).unwrap();
        let gap = |a, b| axis.to_pixels(b) - axis.to_pixels(a);
        assert!((gap(0.9, 0.99) - gap(0.99, 0.999)).abs() < 1e-9);
    }

    #[test]
    fn ticks_keep_their_distance() {
        let axis = Axis::over([0.1, 0.9999], Scale::Error, (0.0, 190.0)).unwrap();
        let pixels: Vec<f64> = axis.ticks(5, true).iter().map(|(value, _)| axis.to_pixels(*value)).collect();
        assert!(pixels.len() > 3 && pixels.windows(2).all(|pair| pair[1] - pair[0] >= 19.0), "{pixels:?}");
    }

    #[test]
    fn an_axis_of_any_scale_has_three_ticks_at_least_where_there_is_room() {
        for scale in [Scale::Linear, Scale::Log, Scale::Error] {
            for (low, high) in [(0.09, 0.15), (0.96, 0.978), (0.301, 0.32), (0.5, 0.51), (0.11, 0.97)] {
                for most in 3..8 {
                    let ticks = Axis::over([low, high], scale, (190.0, 0.0)).unwrap().ticks(most, false);
                    assert!(ticks.len() >= 3, "{scale:?}, {low} to {high}, {most}: {ticks:?}");
                    let mut texts: Vec<&String> = ticks.iter().map(|(_, text)| text).collect();
                    texts.dedup();
                    assert_eq!(texts.len(), ticks.len(), "{ticks:?}");
                }
            }
        }
    }

    #[test]
    fn values_that_differ_in_their_last_bits_are_one_value() {
        // Once a panic: ticks with more digits than a number can be written with.
        let axis = Axis::over([-0.2, -0.2 + 3e-17], Scale::Linear, (0.0, 100.0)).unwrap();
        assert!(axis.ticks(5, false).iter().all(|(_, text)| text.len() < 8));
        let tiny = Axis::over([1e-200, 3e-200], Scale::Linear, (0.0, 100.0)).unwrap();
        assert!(tiny.ticks(5, false).len() < 10);
    }

    #[test]
    fn nothing_to_show_is_no_axis_and_one_value_has_room() {
        assert!(Axis::over([], Scale::Linear, (0.0, 1.0)).is_none());
        assert!(Axis::over([f64::NAN], Scale::Linear, (0.0, 1.0)).is_none());
        let one = Axis::over([5.0], Scale::Linear, (0.0, 10.0)).unwrap();
        assert_eq!(one.to_pixels(5.0), 5.0);
    }
}
