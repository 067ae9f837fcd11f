//! `kindling explain loss`: the losses, term by term.

use anyhow::Result;
use serde_json::json;

use super::SOURCE;
use crate::commands::print::Format;
use crate::nn::loss::Loss;
use crate::studies::loss_examples::{Clipping, LossExample, clipping, examples};
use crate::terminal;

/// Prints the examples and why probabilities are clipped.
pub fn run(format: Format) -> Result<()> {
    let (examples, clipping) = (examples(), clipping());
    if format == Format::Json {
        let whole = json!({ "source": SOURCE, "examples": examples, "clipping": clipping });
        terminal::print(format_args!("{}", serde_json::to_string_pretty(&whole)?));
        return Ok(());
    }
    terminal::print(format_args!(
        "The numbers that go in are those of {SOURCE}; those that come out are computed by the losses that train here."
    ));
    let mut heading = None;
    for example in &examples {
        if heading != Some(example.loss) {
            terminal::print(format_args!("\n{}", heading_of(example.loss)));
            heading = Some(example.loss);
        }
        terminal::print(format_args!("\n{}", steps(example)));
    }
    terminal::print(format_args!("\n{}", why_clipped(&clipping)));
    Ok(())
}

fn heading_of(loss: Loss) -> &'static str {
    match loss {
        Loss::Bce => {
            "BINARY CROSS-ENTROPY (bce): the mean of -ln p where the target is 1, and of -ln(1 - p) where it is 0\n\
             Kindling takes the logit z = ln(p / (1 - p)) in place of the probability p."
        }
        Loss::CrossEntropy => {
            "CATEGORICAL CROSS-ENTROPY (cross_entropy): -ln p of the class that is right, the mean over examples\n\
             Kindling takes logits, which a softmax makes probabilities of; those of ln p are p."
        }
        _ => {
            "MEAN SQUARED ERROR (mse): the mean of (prediction - target)^2\n\
             The loss `quadratic` is half of the sum over an example's outputs, and so half of this where there is one."
        }
    }
}

/// The inputs, a line for each term, and the loss.
fn steps(example: &LossExample) -> String {
    let LossExample { loss, predictions_are, targets, predictions, terms, value, .. } = example;
    let mut lines =
        vec![format!("  {predictions_are} predictions {} for the targets {}", list(predictions), list(targets))];
    let mut counted: Vec<String> = Vec::new();
    for ((target, prediction), term) in targets.iter().zip(predictions).zip(terms) {
        let left = match (loss, *target == 1.0) {
            (Loss::Bce, true) | (Loss::CrossEntropy, true) => format!("-ln {prediction}"),
            (Loss::Bce, false) => format!("-ln(1 - {prediction})"),
            // A class that is not the right one has no term.
            (Loss::CrossEntropy, false) => continue,
            _ => format!("({prediction} - {target})^2"),
        };
        lines.push(format!("    {left:<14} = {term:.4}"));
        counted.push(format!("{term:.4}"));
    }
    let sum = counted.join(" + ");
    match example.printed_by_the_article {
        None => lines.push(format!("    loss = ({sum}) / {} = {value:.4}", terms.len())),
        Some(printed) => {
            lines.push(format!("    loss = {value:.4}"));
            lines.push(format!(
                "    Correction: the article's formula gives {value:.4} too, but its code divides by the {} classes as well and prints \
                 {value:.4} / {} = {printed:.4}.",
                terms.len(),
                terms.len()
            ));
        }
    }
    lines.join("\n")
}

fn list(numbers: &[f32]) -> String {
    let all: Vec<String> = numbers.iter().map(f32::to_string).collect();
    format!("[{}]", all.join(", "))
}

fn why_clipped(clipping: &Clipping) -> String {
    let Clipping { epsilon, largest_loss, logit, probability, loss, gradient } = clipping;
    format!(
        "WHY PROBABILITIES ARE CLIPPED, AND LOGITS ARE NOT\n\
         \x20 -ln 0 is infinite: one certain and wrong prediction would make the whole loss infinite. A probability that is kept at {epsilon:e} or \
         above costs -ln {epsilon:e} = {largest_loss:.2} at most, but a prediction that was clipped has a gradient of 0 and learns nothing.\n\
         \x20 A loss on logits never takes the logarithm of a probability. For a logit z it is ln(1 + e^z) - t z, and for several \
         ln(sum of e^(z - m)) - (z of the right class - m) with the largest logit m: no power is above 1, and their sum is at least 1.\n\
         \x20 At z = {logit} and the target 1 the probability is {probability} in 32 bits. The loss of the logit is {loss}, and its gradient {gradient}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_on_paper() {
        let all: Vec<String> = examples().iter().map(steps).collect();
        assert!(
            all[0].ends_with("(11 - 9)^2     = 4.0000\n    loss = (1.0000 + 1.0000 + 1.0000 + 4.0000) / 4 = 1.7500"),
            "{}",
            all[0]
        );
        assert!(all[2].contains("    -ln(1 - 0.7)   = 1.2040\n    -ln 0.3        = 1.2040\n"), "{}", all[2]);
        assert!(all[4].contains("loss = 1.6094\n") && all[4].contains("1.6094 / 3 = 0.5365"), "{}", all[4]);
        assert!(all[5].contains("loss = 0.1054\n") && all[5].ends_with("= 0.0351."), "{}", all[5]);
        let why = why_clipped(&clipping());
        assert!(why.contains("-ln 1e-15 = 34.54 at most") && why.contains("is 1000, and its gradient -1"), "{why}");
    }
}
