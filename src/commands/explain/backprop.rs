//! `kindling explain backprop`: the chain rule on a network of two weights, and its flow chart.

use std::path::Path;

use anyhow::Result;

use super::SOURCE;
use crate::commands::draw::save;
use crate::commands::print::Format;
use crate::report::figures::backprop;
use crate::report::table::{Cell, Table};
use crate::studies::chain_rule::{ChainRule, Gradient, work};
use crate::terminal;

/// Prints every step, and draws the flow chart.
pub fn run(out: &Path, format: Format) -> Result<()> {
    let example = work();
    let figure = backprop::draw(&example);
    save(out, &figure.bytes)?;
    if format == Format::Json {
        let whole = serde_json::json!({ "source": SOURCE, "example": example, "figure": out });
        terminal::print(format_args!("{}", serde_json::to_string_pretty(&whole)?));
        return Ok(());
    }
    terminal::print(format_args!("{}", text(&example)));
    terminal::print(format_args!("flow chart: {}", out.display()));
    Ok(())
}

fn text(example: &ChainRule) -> String {
    let numbers = &example.numbers;
    let mut lines = vec![
        format!(
            "A network of one unit in each of two layers, as in the computational graph of {SOURCE}; the numbers are ours."
        ),
        format!(
            "x = {}, target y = {}, w1 = {}, b1 = {}, w2 = {}, b2 = {}",
            numbers.x, numbers.y, numbers.w1, numbers.b1, numbers.w2, numbers.b2
        ),
        "\nFORWARD: from the input to the loss".into(),
    ];
    lines.extend(example.forward.iter().map(|node| step(node.name, node.formula, node.value)));
    lines.push("\nBACKWARD: from the loss to the first weight, one derivative for each step".into());
    lines.extend(example.backward.iter().map(|edge| step(edge.name, edge.formula, edge.value)));
    lines.push("\nGRADIENTS: the product of the derivatives on the way from the loss to a parameter".into());
    lines.extend(example.gradients.iter().map(product));
    lines.push(format!(
        "\nCHECK: (L(w + h) - L(w - h)) / 2h with h = {:e} is the same to within the article's 1e-5\n\n{}",
        example.step,
        table(&example.gradients).text()
    ));
    lines.push(
        "\nIn a training the first two derivatives are one: dL/da2 * da2/dz2 = a2 - y, in which nothing is divided by a number near 0."
            .into(),
    );
    lines.join("\n")
}

fn step(name: &str, formula: &str, value: f64) -> String {
    format!("  {name:<7} = {formula:<28} = {value:+.6}")
}

fn product(gradient: &Gradient) -> String {
    let names: Vec<&str> = gradient.factors.iter().map(|edge| edge.name).collect();
    let values: Vec<String> = gradient.factors.iter().map(|edge| format!("{:.4}", edge.value)).collect();
    let Gradient { parameter, product, .. } = gradient;
    format!("  dL/d{parameter} = {}\n         = {} = {product:+.6}", names.join(" * "), values.join(" * "))
}

fn table(gradients: &[Gradient]) -> Table {
    let row = |gradient: &Gradient| {
        vec![
            Cell::Text(format!("dL/d{}", gradient.parameter)),
            Cell::number(format!("{:+.8}", gradient.product)),
            Cell::number(format!("{:+.8}", gradient.central_difference)),
            Cell::number(format!("{:.1e}", gradient.relative_difference)),
        ]
    };
    Table::new(["gradient", "chain rule", "central difference", "relative difference"], gradients.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_on_paper() {
        let text = text(&work());
        for line in [
            "  z1      = w1 x + b1                    = +0.500000",
            "  da2/dz2 = a2 (1 - a2)                  = +0.249376",
            "  dL/dw1 = dL/da2 * da2/dz2 * dz2/da1 * da1/dz1 * dz1/dw1\n         = -2.1052 * 0.2494 * -0.6000 * 1.0000 * 0.5000 = +0.157494",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
