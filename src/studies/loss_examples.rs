//! Losses worked through by hand, with the numbers of Wasil Zafar, "How Neural Networks Learn", 2026.
//!
//! In: nothing. Out: every step's number, computed by the losses that train. Where the article has probabilities and the loss takes logits,
//! the logits are those of the probabilities.

use serde::Serialize;

use crate::nn::cpu::loss::loss_and_gradient;
use crate::nn::cpu::math::sigmoid;
use crate::nn::loss::Loss;

/// A loss of some predictions, term by term.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LossExample {
    /// The loss.
    pub loss: Loss,
    /// What the article calls the predictions: `poor` or `good`.
    pub predictions_are: &'static str,
    /// The right answers: numbers, 0 and 1, or one class as one-hot.
    pub targets: Vec<f32>,
    /// Numbers, or probabilities.
    pub predictions: Vec<f32>,
    /// What the loss takes: the numbers, or the logits of the probabilities.
    pub outputs: Vec<f32>,
    /// The share of each prediction alone, before any mean.
    pub terms: Vec<f64>,
    /// The loss of all.
    pub value: f64,
    /// The number that the article's code gives where its formula gives `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed_by_the_article: Option<f64>,
}

/// Why probabilities are clipped, and logits are not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clipping {
    /// The smallest probability that is left.
    pub epsilon: f64,
    /// `-ln epsilon`: the largest loss there can then be.
    pub largest_loss: f64,
    /// A logit far on the wrong side, of a target of 1.
    pub logit: f32,
    /// Its probability in 32 bits, whose logarithm would be taken.
    pub probability: f32,
    /// The binary cross-entropy on the logit itself, and its derivative.
    pub loss: f64,
    /// The derivative by the logit.
    pub gradient: f32,
}

/// Mean squared error and binary and categorical cross-entropy, each of poor and of good predictions.
pub fn examples() -> Vec<LossExample> {
    let numbers: &[f32] = &[3.0, 5.0, 7.0, 9.0];
    let binary: &[f32] = &[1.0, 0.0, 1.0, 1.0, 0.0];
    let classes: &[f32] = &[0.0, 0.0, 1.0];
    [
        (Loss::Mse, "poor", numbers, &[2.0, 4.0, 8.0, 11.0][..]),
        (Loss::Mse, "good", numbers, &[3.1, 4.9, 7.1, 8.9]),
        (Loss::Bce, "poor", binary, &[0.4, 0.7, 0.3, 0.5, 0.6]),
        (Loss::Bce, "good", binary, &[0.9, 0.1, 0.8, 0.95, 0.05]),
        (Loss::CrossEntropy, "poor", classes, &[0.4, 0.4, 0.2]),
        (Loss::CrossEntropy, "good", classes, &[0.05, 0.05, 0.9]),
    ]
    .map(|(loss, predictions_are, targets, predictions)| work(loss, predictions_are, targets, predictions))
    .into()
}

fn work(loss: Loss, predictions_are: &'static str, targets: &[f32], predictions: &[f32]) -> LossExample {
    let logarithm = |p: f32| libm::log(f64::from(p));
    let output = |&p: &f32| match loss {
        // A softmax of logarithms of probabilities gives the probabilities back.
        Loss::CrossEntropy => logarithm(p) as f32,
        Loss::Bce => (logarithm(p) - libm::log1p(-f64::from(p))) as f32,
        _ => p,
    };
    let outputs: Vec<f32> = predictions.iter().map(output).collect();
    // The outputs of a softmax are one example; others are an example each, with one output.
    let is_one_example = loss == Loss::CrossEntropy;
    let term = |index: usize| {
        if is_one_example {
            let mut alone = vec![0.0; targets.len()];
            alone[index] = targets[index];
            sum(loss, &outputs, &alone, targets.len())
        } else {
            sum(loss, &outputs[index..=index], &targets[index..=index], 1)
        }
    };
    let terms: Vec<f64> = (0..targets.len()).map(term).collect();
    let value = if is_one_example {
        sum(loss, &outputs, targets, targets.len())
    } else {
        sum(loss, &outputs, targets, 1) / targets.len() as f64
    };
    LossExample {
        loss,
        predictions_are,
        targets: targets.to_vec(),
        predictions: predictions.to_vec(),
        outputs,
        terms,
        value,
        // It takes the mean over the classes of the one example too.
        printed_by_the_article: is_one_example.then_some(value / targets.len() as f64),
    }
}

/// The sum of the losses of examples of `width` outputs.
fn sum(loss: Loss, outputs: &[f32], targets: &[f32], width: usize) -> f64 {
    loss_and_gradient(loss, outputs, targets, width, &mut vec![0.0; outputs.len()])
}

/// The article's clipping, and the loss on a logit that needs none.
pub fn clipping() -> Clipping {
    const EPSILON: f64 = 1e-15;
    const LOGIT: f32 = -1000.0;
    let mut gradient = [0.0];
    let loss = loss_and_gradient(Loss::Bce, &[LOGIT], &[1.0], 1, &mut gradient);
    Clipping {
        epsilon: EPSILON,
        largest_loss: -libm::log(EPSILON),
        logit: LOGIT,
        probability: sigmoid(LOGIT),
        loss,
        gradient: gradient[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(loss: Loss, predictions_are: &str) -> LossExample {
        let mut all = examples().into_iter();
        all.find(|example| example.loss == loss && example.predictions_are == predictions_are).unwrap()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    }

    #[test]
    fn the_losses_are_those_of_the_articles_formulas() {
        let poor = example(Loss::Mse, "poor");
        assert_eq!((poor.terms, poor.value), (vec![1.0, 1.0, 1.0, 4.0], 1.75));
        near(example(Loss::Mse, "good").value, 0.01);
        let poor = example(Loss::Bce, "poor");
        for (term, p) in poor.terms.iter().zip([0.4f64, 0.3, 0.3, 0.5, 0.4]) {
            near(*term, -p.ln());
        }
        near(poor.value, poor.terms.iter().sum::<f64>() / 5.0);
        near(poor.value, 0.986_734_9);
        near(example(Loss::Bce, "good").value, 0.107_290_2);
        for (predictions_are, p, printed) in [("poor", 0.2f64, 0.536_479_3), ("good", 0.9, 0.035_120_2)] {
            let found = example(Loss::CrossEntropy, predictions_are);
            near(found.value, -p.ln());
            assert_eq!(found.terms[..2], [0.0, 0.0]);
            near(found.terms[2], -p.ln());
            near(found.printed_by_the_article.unwrap(), printed);
        }
    }

    #[test]
    fn a_clipped_probability_has_a_largest_loss_and_a_logit_keeps_its_gradient() {
        let found = clipping();
        near(found.largest_loss, 34.538_776_4);
        assert_eq!((found.probability, found.loss, found.gradient), (0.0, 1000.0, -1.0));
    }
}
