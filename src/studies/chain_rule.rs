//! The chain rule worked through on a network of one unit in each of two layers, as in the computational graph of Wasil Zafar, "How Neural
//! Networks Learn", 2026: ReLU, sigmoid, binary cross-entropy.
//!
//! In: nothing; the numbers are ours, since the article's graph has none. Out: every value of the forward pass, every local derivative, and
//! the gradient of each parameter beside its central difference.

use serde::Serialize;

use super::gradient_check::STEP;

/// The input, the target and the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Numbers {
    pub x: f64,
    pub y: f64,
    pub w1: f64,
    pub b1: f64,
    pub w2: f64,
    pub b2: f64,
}

/// A value of the forward pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Its name: `z1`.
    pub name: &'static str,
    /// What it is made of: `w1 x + b1`.
    pub formula: &'static str,
    pub value: f64,
}

/// The derivative of one value by the one before it: an edge of the graph, walked backward.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    /// Its name: `da2/dz2`.
    pub name: &'static str,
    /// `a2 (1 - a2)`
    pub formula: &'static str,
    pub value: f64,
}

/// The derivative of the loss by one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gradient {
    /// The parameter's name: `w1`.
    pub parameter: &'static str,
    /// The edges from the loss to the parameter.
    pub factors: Vec<Edge>,
    /// Their product.
    pub product: f64,
    /// `(L(w + h) - L(w - h)) / 2h` with the step h of the gradient check.
    pub central_difference: f64,
    /// The difference of the two, relative to the product.
    pub relative_difference: f64,
}

/// The example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainRule {
    pub numbers: Numbers,
    /// From the input to the loss.
    pub forward: Vec<Node>,
    /// From the loss to the first weight.
    pub backward: Vec<Edge>,
    /// Of both weights and both biases, from the last layer to the first.
    pub gradients: Vec<Gradient>,
    /// The step of the central differences.
    pub step: f64,
}

/// Numbers for which every value and every derivative is visible: the ReLU is on, and the prediction is on the wrong side.
const NUMBERS: Numbers = Numbers { x: 0.5, y: 1.0, w1: 0.8, b1: 0.1, w2: -0.6, b2: 0.2 };

/// Works the example through.
pub fn work() -> ChainRule {
    let forward = forward(NUMBERS);
    let [z1, a1, _, a2, _] = forward.each_ref().map(|node| node.value);
    let Numbers { x, y, w2, .. } = NUMBERS;
    let edge = |name, formula, value| Edge { name, formula, value };
    let loss = edge("dL/da2", "(a2 - y) / (a2 (1 - a2))", (a2 - y) / (a2 * (1.0 - a2)));
    let output = edge("da2/dz2", "a2 (1 - a2)", a2 * (1.0 - a2));
    let second = edge("dz2/da1", "w2", w2);
    let hidden = edge("da1/dz1", "1 where z1 > 0, else 0", f64::from(u8::from(z1 > 0.0)));
    let first = edge("dz1/dw1", "x", x);
    let to_output = [loss, output];
    let to_hidden = [to_output.as_slice(), &[second, hidden]].concat();
    let gradients = vec![
        gradient("w2", [to_output.as_slice(), &[edge("dz2/dw2", "a1", a1)]].concat(), |at, h| at.w2 += h),
        gradient("b2", [to_output.as_slice(), &[edge("dz2/db2", "1", 1.0)]].concat(), |at, h| at.b2 += h),
        gradient("w1", [to_hidden.as_slice(), std::slice::from_ref(&first)].concat(), |at, h| at.w1 += h),
        gradient("b1", [to_hidden.as_slice(), &[edge("dz1/db1", "1", 1.0)]].concat(), |at, h| at.b1 += h),
    ];
    let backward = [to_hidden, vec![first]].concat();
    ChainRule { numbers: NUMBERS, forward: forward.into(), backward, gradients, step: STEP }
}

/// The values z1, a1, z2, a2 and L.
fn forward(Numbers { x, y, w1, b1, w2, b2 }: Numbers) -> [Node; 5] {
    let z1 = w1 * x + b1;
    let a1 = z1.max(0.0);
    let z2 = w2 * a1 + b2;
    let a2 = 1.0 / (1.0 + libm::exp(-z2));
    let loss = -(y * libm::log(a2) + (1.0 - y) * libm::log1p(-a2));
    let node = |name, formula, value| Node { name, formula, value };
    [
        node("z1", "w1 x + b1", z1),
        node("a1", "ReLU(z1)", a1),
        node("z2", "w2 a1 + b2", z2),
        node("a2", "sigmoid(z2)", a2),
        node("L", "-y ln a2 - (1 - y) ln(1 - a2)", loss),
    ]
}

/// The gradient of the parameter that `add` adds a step to.
fn gradient(parameter: &'static str, factors: Vec<Edge>, add: impl Fn(&mut Numbers, f64)) -> Gradient {
    let loss = |step: f64| {
        let mut moved = NUMBERS;
        add(&mut moved, step);
        let [.., last] = forward(moved);
        last.value
    };
    let product: f64 = factors.iter().map(|edge| edge.value).product();
    let central_difference = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
    let relative_difference = (product - central_difference).abs() / product.abs();
    Gradient { parameter, factors, product, central_difference, relative_difference }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::activation;
    use crate::nn::cpu::loss::loss_and_gradient;
    use crate::nn::loss::Loss;
    use crate::nn::models::ActivationKind;

    #[test]
    fn the_values_and_the_gradients_are_those_on_paper() {
        let ChainRule { forward, gradients, .. } = work();
        // z1 = 0.8 * 0.5 + 0.1, z2 = -0.6 * 0.5 + 0.2, sigmoid(-0.1) = 0.475021, -ln of it = 0.744397
        let expected = [0.5, 0.5, -0.1, 0.475_020_8, 0.744_396_7];
        for (node, expected) in forward.iter().zip(expected) {
            assert!((node.value - expected).abs() < 1e-7, "{node:?}");
        }
        // dL/dz2 = 0.475021 - 1; times a1, 1, w2 x and w2.
        let expected = [-0.262_489_6, -0.524_979_2, 0.157_493_8, 0.314_987_5];
        for (gradient, expected) in gradients.iter().zip(expected) {
            assert!((gradient.product - expected).abs() < 1e-7, "{gradient:?}");
        }
    }

    #[test]
    fn every_gradient_is_its_central_difference_to_within_the_articles_1e_5() {
        for gradient in work().gradients {
            assert!(gradient.relative_difference < 1e-5, "{gradient:?}");
        }
    }

    #[test]
    fn the_functions_that_train_give_the_same_loss_and_derivatives() {
        let ChainRule { forward, backward, .. } = work();
        let (z1, z2) = (forward[0].value as f32, forward[2].value as f32);
        let mut by_z2 = [0.0];
        let loss = loss_and_gradient(Loss::Bce, &[z2], &[NUMBERS.y as f32], 1, &mut by_z2);
        assert!((loss - forward[4].value).abs() < 1e-6);
        assert!((f64::from(by_z2[0]) - backward[0].value * backward[1].value).abs() < 1e-6);
        let (mut a1, mut by_z1) = ([0.0], [by_z2[0] * NUMBERS.w2 as f32]);
        activation::forward(ActivationKind::Relu, None, &[z1], &mut a1);
        activation::backward(ActivationKind::Relu, None, &[z1], &a1, &mut by_z1);
        let product: f64 = backward[..4].iter().map(|edge| edge.value).product();
        assert!((f64::from(by_z1[0]) - product).abs() < 1e-6);
    }
}
