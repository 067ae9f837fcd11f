//! The flow chart of a forward and a backward pass through a network of two weights.

use super::svg::{Anchor, FAINT, INK, PALETTE, Rectangle, Svg, TEXT};
use super::{Figure, FigureText};
use crate::studies::chain_rule::{ChainRule, Gradient, Node};

/// Pixels from the middle of one box to that of the next.
const STEP: f64 = 190.0;
/// Pixels of a box.
const BOX: (f64, f64) = (118.0, 58.0);
/// The middle of the boxes of the forward pass, and of the parameters below them.
const FORWARD: f64 = 96.0;
const PARAMETERS: f64 = 256.0;
const LEFT: f64 = 80.0;

/// Draws the values of the forward pass from left to right, the derivatives from right to left, and each parameter's gradient below the sum
/// that it is part of.
pub fn draw(example: &ChainRule) -> Figure {
    let numbers = &example.numbers;
    let mut svg = Svg::new(LEFT * 2.0 + STEP * example.forward.len() as f64, 372.0);
    let across = |index: usize| LEFT + STEP * index as f64;
    svg.text((LEFT - BOX.0 / 2.0, 24.0), "forward: the values", Anchor::Start, TEXT, PALETTE[0]);
    svg.text((LEFT + 120.0, 24.0), "backward: the derivatives", Anchor::Start, TEXT, PALETTE[1]);
    draw_box(&mut svg, (across(0), FORWARD), "x", "the input", numbers.x);
    for (index, Node { name, formula, value }) in example.forward.iter().enumerate() {
        // The loss's formula is longer than its box.
        let formula = if *name == "L" { "Loss(a2, y)" } else { formula };
        draw_box(&mut svg, (across(index + 1), FORWARD), name, formula, *value);
        let ends = (across(index) + BOX.0 / 2.0, across(index + 1) - BOX.0 / 2.0);
        arrow(&mut svg, (ends.0, FORWARD - 14.0), (ends.1, FORWARD - 14.0), PALETTE[0], "");
    }
    // The derivative by the first weight has no box to its left: its product is below w1.
    let between = example.backward.iter().rev().skip(1);
    for (index, edge) in between.enumerate() {
        let ends = (across(index + 2) - BOX.0 / 2.0, across(index + 1) + BOX.0 / 2.0);
        arrow(&mut svg, (ends.0, FORWARD + 14.0), (ends.1, FORWARD + 14.0), PALETTE[1], "5 3");
        let middle = (ends.0 + ends.1) / 2.0;
        svg.text((middle, FORWARD + 46.0), edge.name, Anchor::Middle, TEXT - 1.0, PALETTE[1]);
        svg.text((middle, FORWARD + 62.0), &format!("{:.4}", edge.value), Anchor::Middle, TEXT - 1.0, PALETTE[1]);
    }
    for gradient in &example.gradients {
        draw_parameter(&mut svg, example, gradient, &across);
    }
    let caption = "The forward pass computes the values from the input x to the loss L (solid); the backward pass multiplies the derivatives \
                   from the loss back to each parameter (dashed).";
    let words = FigureText {
        title: "A forward and a backward pass".into(),
        alt: "A flow chart of the values and the derivatives of a network of two weights.".into(),
        caption: caption.into(),
    };
    svg.text((LEFT - BOX.0 / 2.0, 356.0), caption, Anchor::Start, TEXT - 1.0, FAINT);
    Figure::svg("backprop", words, svg)
}

/// A parameter below the sum it is part of, weights to the left and biases to the right.
fn draw_parameter(svg: &mut Svg, example: &ChainRule, gradient: &Gradient, across: &impl Fn(usize) -> f64) {
    let numbers = &example.numbers;
    let (sum, value, aside) = match gradient.parameter {
        "w1" => (1, numbers.w1, -1.0),
        "b1" => (1, numbers.b1, 1.0),
        "w2" => (3, numbers.w2, -1.0),
        _ => (3, numbers.b2, 1.0),
    };
    let x = across(sum) + aside * 72.0;
    draw_box(svg, (x, PARAMETERS), gradient.parameter, "a parameter", value);
    let top = PARAMETERS - BOX.1 / 2.0;
    let bottom = FORWARD + BOX.1 / 2.0;
    arrow(svg, (x - 8.0, top), (across(sum) + aside * 26.0 - 8.0, bottom), PALETTE[0], "");
    arrow(svg, (across(sum) + aside * 26.0 + 8.0, bottom), (x + 8.0, top), PALETTE[1], "5 3");
    let label = format!("dL/d{} = {:+.4}", gradient.parameter, gradient.product);
    svg.text((x, PARAMETERS + BOX.1 / 2.0 + 20.0), &label, Anchor::Middle, TEXT - 1.0, PALETTE[1]);
}

fn draw_box(svg: &mut Svg, (x, y): (f64, f64), name: &str, formula: &str, value: f64) {
    let area = Rectangle { left: x - BOX.0 / 2.0, top: y - BOX.1 / 2.0, width: BOX.0, height: BOX.1 };
    svg.rect(area, "#F4F7FA", 1.0, INK);
    svg.text((x, y - 12.0), name, Anchor::Middle, TEXT, INK);
    svg.text((x, y + 4.0), formula, Anchor::Middle, TEXT - 3.0, FAINT);
    svg.text((x, y + 21.0), &format!("{value:.4}"), Anchor::Middle, TEXT, INK);
}

/// A line with a head at its second end.
fn arrow(svg: &mut Svg, from: (f64, f64), to: (f64, f64), stroke: &str, dash: &str) {
    const HEAD: f64 = 8.0;
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    let (ux, uy) = (dx / length, dy / length);
    let base = (to.0 - HEAD * ux, to.1 - HEAD * uy);
    svg.polyline(&[from, base], stroke, 1.8, dash);
    let side = HEAD / 2.0;
    svg.area(&[to, (base.0 - side * uy, base.1 + side * ux), (base.0 + side * uy, base.1 - side * ux)], stroke, 1.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::chain_rule;

    #[test]
    fn every_value_derivative_and_gradient_is_in_the_chart() {
        let example = chain_rule::work();
        let chart = String::from_utf8(draw(&example).bytes).unwrap();
        for node in &example.forward {
            assert!(
                chart.contains(&format!(">{}<", node.name)) && chart.contains(&format!(">{:.4}<", node.value)),
                "{node:?}"
            );
        }
        let between = &example.backward[..example.backward.len() - 1];
        assert!(between.iter().all(|edge| chart.contains(&format!(">{}<", edge.name))), "{chart}");
        for gradient in &example.gradients {
            assert!(
                chart.contains(&format!(">dL/d{} = {:+.4}<", gradient.parameter, gradient.product)),
                "{gradient:?}"
            );
        }
    }
}
