//! The layers of a network from left to right: columns of units, and between them the shapes of the weights and the numbers of parameters.

use super::svg::{Anchor, FAINT, INK, PALETTE, Svg, TEXT};
use super::{Figure, FigureText};
use crate::experiment::config::TrialConfig;
use crate::nn::loss::Loss;
use crate::nn::models::{ActivationKind, LayerShape};

/// Pixels from one column of units to the next.
const STEP: f64 = 172.0;
/// The most units drawn of a layer: of a wider one half of them at each end, and dots between them.
const MOST_UNITS: usize = 8;
/// Pixels from one unit to the next.
const GAP: f64 = 27.0;
const RADIUS: f64 = 8.5;
/// The height of the middle of all columns.
const MIDDLE: f64 = 176.0;
/// The baseline of the first line of text below the columns.
const BELOW: f64 = MIDDLE + (MOST_UNITS as f64 + 1.0) * GAP / 2.0 + 24.0;

/// A column of units.
struct Column {
    name: String,
    width: usize,
    /// What the units do to their sums.
    activation: String,
}

/// The network of a trial's settings, for the inputs and classes that the data set's name implies. `name` is the experiment's.
pub fn draw(name: &str, config: &TrialConfig) -> Figure {
    let network = config.likely_network();
    let layers: Vec<LayerShape> = network.shapes().into_iter().map(|(_, shape)| shape).collect();
    let columns = columns(&layers, config);
    let mut svg = Svg::new(150.0 + STEP * layers.len() as f64, BELOW + 116.0);
    let left = |index: usize| 75.0 + STEP * index as f64;
    // Lines first, so that the units cover their ends.
    for (index, pair) in columns.windows(2).enumerate() {
        for from in heights(pair[0].width) {
            for to in heights(pair[1].width) {
                svg.line((left(index), from), (left(index + 1), to), "#C9D3DC", 0.6);
            }
        }
    }
    for (index, column) in columns.iter().enumerate() {
        draw_column(&mut svg, column, left(index), index == 0);
    }
    for (index, layer) in layers.iter().enumerate() {
        let is_frozen = index < config.model.frozen;
        draw_parameters(&mut svg, layer, is_frozen, (left(index) + left(index + 1)) / 2.0);
    }
    let total = format!("{} parameters in all", thousands(network.parameters()));
    svg.text((svg.width / 2.0, BELOW + 104.0), &total, Anchor::Middle, TEXT + 1.0, INK);
    let widths: Vec<String> = columns.iter().map(|column| column.width.to_string()).collect();
    let words = FigureText {
        title: format!("The network of {name}"),
        alt: format!("The layers of the network {}, with {total}.", widths.join("-")),
        caption: format!(
            "{}: {total}. Between two layers: the shape of the weights, inputs first, the biases, and their number.",
            widths.join("-")
        ),
    };
    Figure::svg("network", words, svg)
}

fn columns(layers: &[LayerShape], config: &TrialConfig) -> Vec<Column> {
    let inputs = layers.first().map_or(0, |layer| layer.inputs);
    let mut columns = vec![Column { name: "input".into(), width: inputs, activation: String::new() }];
    // An autoencoder's code is in the middle of as many layers on either side.
    let code = config.model.latent.map(|_| layers.len() / 2 - 1);
    let mut hidden = 0;
    for (index, layer) in layers.iter().enumerate() {
        let name = if index + 1 == layers.len() {
            "output".into()
        } else if Some(index) == code {
            "code".into()
        } else {
            hidden += 1;
            format!("hidden {hidden}")
        };
        let is_last = index + 1 == layers.len();
        let activation = match (layer.activation, config.train.loss) {
            (ActivationKind::Identity, Loss::CrossEntropy) if is_last => "softmax in the loss",
            (ActivationKind::Identity, Loss::Bce | Loss::BceSum) if is_last => "sigmoid in the loss",
            (ActivationKind::Identity, _) => "no activation",
            (kind, _) => kind.name(),
        };
        columns.push(Column { name, width: layer.outputs, activation: activation.into() });
    }
    columns
}

/// The heights of the units that are drawn of a layer of this width.
fn heights(width: usize) -> Vec<f64> {
    let places = if width > MOST_UNITS { MOST_UNITS + 1 } else { width };
    let at = |place: usize| MIDDLE + GAP * (place as f64 - (places as f64 - 1.0) / 2.0);
    // The place in the middle is left to the dots.
    (0..places).filter(|place| width <= MOST_UNITS || *place != MOST_UNITS / 2).map(at).collect()
}

fn draw_column(svg: &mut Svg, column: &Column, x: f64, is_input: bool) {
    svg.text((x, 26.0), &column.name, Anchor::Middle, TEXT, INK);
    svg.text((x, 42.0), &column.activation, Anchor::Middle, TEXT - 3.0, FAINT);
    for y in heights(column.width) {
        svg.dot((x, y), RADIUS, INK, 1.0);
        svg.dot((x, y), RADIUS - 1.2, if is_input { "#FFFFFF" } else { PALETTE[5] }, 1.0);
    }
    if column.width > MOST_UNITS {
        let dots = [-7.0, 0.0, 7.0].map(|down| (x, MIDDLE + down));
        svg.dots(&dots, 1.8, INK, 1.0);
    }
    svg.text((x, BELOW), &thousands(column.width), Anchor::Middle, TEXT + 1.0, INK);
}

/// The shape and the parameters of a layer, between its two columns.
fn draw_parameters(svg: &mut Svg, layer: &LayerShape, is_frozen: bool, x: f64) {
    let mut lines = vec![format!("{} x {}", layer.inputs, layer.outputs)];
    match layer.biases {
        0 => lines.push("no biases".into()),
        biases => lines.push(format!("+ {biases} {}", if biases == 1 { "bias" } else { "biases" })),
    }
    if layer.slopes > 0 {
        lines.push("+ 1 slope".into());
    }
    lines.push(format!("= {}", thousands(layer.parameters())));
    if is_frozen {
        lines.push("not trained".into());
    }
    for (index, line) in lines.iter().enumerate() {
        svg.text((x, BELOW + 16.0 + 16.0 * index as f64), line, Anchor::Middle, TEXT - 2.0, INK);
    }
}

/// A number with commas: 101,770.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let comma = |(index, digit): (usize, char)| {
        let is_first_of_three = index > 0 && (digits.len() - index).is_multiple_of(3);
        [is_first_of_three.then_some(','), Some(digit)]
    };
    digits.chars().enumerate().flat_map(comma).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_layer_shows_as_many_units_above_its_dots_as_below_and_a_narrow_one_all() {
        assert_eq!(heights(3), [MIDDLE - GAP, MIDDLE, MIDDLE + GAP]);
        assert_eq!(heights(8).len(), 8);
        let wide = heights(784);
        assert_eq!((wide.len(), wide.iter().filter(|y| **y < MIDDLE).count()), (8, 4));
        assert!((wide.iter().sum::<f64>() / 8.0 - MIDDLE).abs() < 1e-9);
    }

    #[test]
    fn commas_stand_before_every_three_digits() {
        assert_eq!([0, 999, 1_000, 101_770, 1_234_567].map(thousands), ["0", "999", "1,000", "101,770", "1,234,567"]);
    }
}
