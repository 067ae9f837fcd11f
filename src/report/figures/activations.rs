//! Every activation function and its derivative, as small multiples.

use super::axis::{Axis, Scale};
use super::panel::{AxisLabels, Panel};
use super::svg::{Anchor, FAINT, INK, PALETTE, Rectangle, Svg, TEXT};
use super::{Figure, FigureText};
use crate::nn::cpu::activation;
use crate::nn::models::ActivationKind;

const COLUMNS: usize = 5;
/// Pixels of one small multiple.
const CELL: (f64, f64) = (240.0, 218.0);
/// The last sum. Every kink lies before it: that of ReLU6 at 6 is the last.
const REACH: f32 = 7.0;
/// Sums from `-REACH` to `REACH`, 25 in each unit.
const POINTS: i32 = 350;
/// Neighbouring values that differ by more than this are the two sides of a jump. The steepest function and the steepest derivative without a jump change by less than
/// 0.05 from one sum to the next.
const JUMP: f32 = 0.1;

/// The values and derivatives of an activation at these sums, as a training on the CPU computes them.
fn values(kind: ActivationKind, sums: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let mut outputs = vec![0.0; sums.len()];
    activation::forward(kind, None, sums, &mut outputs);
    // The gradient of the outputs themselves is 1.
    let mut derivatives = vec![1.0; sums.len()];
    activation::backward(kind, None, sums, &outputs, &mut derivatives);
    (outputs, derivatives)
}

/// A panel for each activation.
pub fn draw() -> Figure {
    let rows = ActivationKind::ALL.len().div_ceil(COLUMNS);
    let legend = 34.0;
    let mut svg = Svg::new(COLUMNS as f64 * CELL.0 + 10.0, rows as f64 * CELL.1 + legend);
    for (x, text, dash) in [(20.0, "the function", ""), (150.0, "its derivative", "5 3")] {
        svg.polyline(&[(x, 18.0), (x + 28.0, 18.0)], stroke(dash), 2.2, dash);
        svg.text((x + 35.0, 23.0), text, Anchor::Start, TEXT, INK);
    }
    for (index, &kind) in ActivationKind::ALL.iter().enumerate() {
        let (column, row) = (index % COLUMNS, index / COLUMNS);
        draw_one(&mut svg, kind, (column as f64 * CELL.0, legend + row as f64 * CELL.1));
    }
    let words = FigureText {
        title: "Activation functions and their derivatives".into(),
        alt: format!("{} activation functions and their derivatives, a panel for each.", ActivationKind::ALL.len()),
        caption: "Each activation function over the sum x of a unit (solid) and its derivative (dashed), as a training on the CPU computes \
                  them. At a kink the derivative is the left one."
            .into(),
    };
    Figure::svg("activations", words, svg)
}

fn stroke(dash: &str) -> &'static str {
    if dash.is_empty() { PALETTE[0] } else { PALETTE[1] }
}

fn draw_one(svg: &mut Svg, kind: ActivationKind, (left, top): (f64, f64)) {
    let middle = left + CELL.0 / 2.0 + 10.0;
    svg.text((middle, top + 18.0), kind.name(), Anchor::Middle, TEXT + 1.0, INK);
    svg.text((middle, top + 34.0), kind.formula(), Anchor::Middle, TEXT - 3.0, FAINT);
    let sums: Vec<f32> = (-POINTS / 2..=POINTS / 2).map(|i| REACH * i as f32 / (POINTS / 2) as f32).collect();
    let (outputs, derivatives) = values(kind, &sums);
    let area = Rectangle { left: left + 42.0, top: top + 43.0, width: CELL.0 - 56.0, height: CELL.1 - 76.0 };
    let both = outputs.iter().chain(&derivatives).map(|&value| f64::from(value));
    let Some(y) = Axis::over(both, Scale::Linear, (area.top + area.height, area.top)) else { return };
    let x = Axis::exactly((-f64::from(REACH), f64::from(REACH)), Scale::Linear, (area.left, area.left + area.width));
    let panel = Panel { x, y };
    panel.grid(svg);
    for (values, dash) in [(&derivatives, "5 3"), (&outputs, "")] {
        for piece in pieces(&sums, values) {
            let pixels: Vec<(f64, f64)> = piece.into_iter().map(|point| panel.to_pixels(point)).collect();
            svg.polyline(&pixels, stroke(dash), 2.0, dash);
        }
    }
    panel.ticks(svg, AxisLabels { x: "", y: "" });
}

/// The curve, cut where it jumps.
fn pieces(sums: &[f32], values: &[f32]) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<(f32, f32)> = sums.iter().copied().zip(values.iter().copied()).collect();
    let parts = points.chunk_by(|a, b| (a.1 - b.1).abs() <= JUMP);
    let wide = |part: &[(f32, f32)]| part.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
    parts.map(wide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_derivatives_are_the_known_ones() {
        for (kind, x, value, derivative) in [
            (ActivationKind::Sigmoid, 0.0, 0.5, 0.25),
            (ActivationKind::Tanh, 0.0, 0.0, 1.0),
            (ActivationKind::Relu, -1.0, 0.0, 0.0),
            (ActivationKind::Relu, 2.0, 2.0, 1.0),
            (ActivationKind::Relu6, 6.5, 6.0, 0.0),
            (ActivationKind::LeakyRelu, -2.0, -0.02, 0.01),
            (ActivationKind::Prelu, -2.0, -0.5, 0.25),
            (ActivationKind::Softplus, 0.0, std::f32::consts::LN_2, 0.5),
            (ActivationKind::Softsign, 1.0, 0.5, 0.25),
            (ActivationKind::Silu, 0.0, 0.0, 0.5),
            (ActivationKind::Gelu, 0.0, 0.0, 0.5),
            (ActivationKind::HardSigmoid, 0.0, 0.5, 0.2),
            (ActivationKind::HardShrink, 1.0, 1.0, 1.0),
            (ActivationKind::SoftShrink, 1.0, 0.5, 1.0),
            (ActivationKind::Step, 3.0, 1.0, 0.0),
            (ActivationKind::Identity, -3.0, -3.0, 1.0),
        ] {
            let (outputs, derivatives) = values(kind, &[x]);
            assert!((outputs[0] - value).abs() < 1e-6, "{kind:?}({x}) = {}", outputs[0]);
            assert!((derivatives[0] - derivative).abs() < 1e-6, "{kind:?}'({x}) = {}", derivatives[0]);
        }
    }

    #[test]
    fn a_curve_is_cut_at_its_jumps_and_nowhere_else() {
        let sums: Vec<f32> = (-POINTS / 2..=POINTS / 2).map(|i| REACH * i as f32 / (POINTS / 2) as f32).collect();
        let cuts = |kind| {
            let (outputs, derivatives) = values(kind, &sums);
            [outputs, derivatives].map(|values| pieces(&sums, &values).len())
        };
        assert_eq!(cuts(ActivationKind::Relu), [1, 2]);
        assert_eq!(cuts(ActivationKind::Step), [2, 1]);
        assert_eq!(cuts(ActivationKind::HardTanh), [1, 3]);
        assert_eq!(cuts(ActivationKind::HardShrink), [3, 3]);
        for smooth in [ActivationKind::Sigmoid, ActivationKind::Mish, ActivationKind::Gelu, ActivationKind::TanhShrink]
        {
            assert_eq!(cuts(smooth), [1, 1], "{smooth:?}");
        }
    }
}
