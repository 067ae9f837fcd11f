//! One step of an update rule in one pass over memory, in place.
//!
//! In: a parameter, its gradient and the moments that the rule keeps of earlier gradients, as slices of one length. Out: the
//! parameter and the moments one step later, in the same slices. Numbers too small to matter become 0 (see [`TINY`]).

use super::simd::vectorised;
use crate::nn::update_rule::{AdaGrad, Adam, Momentum, RmsProp, UpdateRule};

/// Gradients and first moments with a smaller absolute value become 0. A moment whose gradients are 0 decays until it is
/// subnormal and stays there, and each product with a subnormal number costs many processors some 150 cycles. With Adam's eps of
/// 1e-8, a moment of this size moves its weight by less than 1e-22 times the learning rate.
pub const TINY: f32 = 1e-30;

/// Gradients with a smaller absolute value count as 0 in the second moment: their square, times its weight in the mean, would
/// be subnormal.
const TINY_ROOT: f32 = 1e-17;

/// The least `eps` with which a gradient below [`TINY_ROOT`] counts as 0: its quotient is then below 1e-7. With a smaller one no
/// gradient does.
const LEAST_EPS: f64 = 1e-10;

/// One step of an update rule, for any parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    rule: UpdateRule,
    /// The learning rate.
    lr: f64,
    /// Factor of the parameter in the L2 penalty's gradient.
    decay: f32,
    /// Factor of the parameter in AdamW's decoupled decay.
    keep: f32,
    /// `1 - b1^t` and `1 - b2^t` of Adam at step t.
    corrections: [f64; 2],
    tiny_root: f32,
}

impl UpdateRule {
    /// How many moments the rule keeps, each with one number for every number of the parameter: 0, 1 or 2.
    pub fn moments(self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::RmsProp(settings) if settings.momentum as f32 > 0.0 => 2,
            Self::Momentum(_) | Self::RmsProp(_) | Self::AdaGrad(_) => 1,
            Self::Adam(_) | Self::AdamW(_) => 2,
        }
    }
}

impl Update {
    /// Step `step`, counted from 1, with learning rate `lr`. `weight_decay` is the factor of the parameter in the L2 penalty's
    /// gradient, or in AdamW's decoupled decay; 0 for none.
    pub fn new(rule: UpdateRule, lr: f64, weight_decay: f64, step: usize) -> Self {
        let is_decoupled = matches!(rule, UpdateRule::AdamW(_));
        let corrections = match rule {
            UpdateRule::Adam(Adam { betas, .. }) | UpdateRule::AdamW(Adam { betas, .. }) => {
                betas.map(|beta| 1.0 - libm::pow(beta, step as f64))
            }
            _ => [1.0; 2],
        };
        Self {
            rule,
            lr,
            decay: if is_decoupled { 0.0 } else { weight_decay as f32 },
            keep: if is_decoupled { (1.0 - lr * weight_decay) as f32 } else { 1.0 },
            corrections,
            tiny_root: if rule.eps().is_none_or(|eps| eps >= LEAST_EPS) { TINY_ROOT } else { 0.0 },
        }
    }

    /// Whether a parameter stays as it is if its gradient and moments are 0.
    pub fn keeps_what_has_no_gradient(&self) -> bool {
        self.decay == 0.0 && self.keep == 1.0
    }

    /// Takes the step. `first` and `second` are the rule's moments and as long as `parameter`; a moment that the rule does not
    /// keep is not read and may be empty.
    ///
    /// # Panics
    /// The lengths differ.
    pub fn apply(&self, parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        assert_eq!(parameter.len(), gradient.len(), "the gradient is as long as the parameter");
        let lengths = [first.len(), second.len()];
        let fit = lengths.iter().take(self.rule.moments()).all(|&length| length == parameter.len());
        assert!(fit, "a moment is as long as the parameter");
        vectorised(
            #[inline(always)]
            || self.step(parameter, gradient, first, second),
        );
    }

    #[inline(always)]
    fn step(&self, parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let &Self { rule, lr, decay, keep, corrections: [left_1, left_2], tiny_root } = self;
        let rate = lr as f32;
        let gradient = parameter.iter_mut().zip(gradient).map(
            #[inline(always)]
            |(p, &g)| {
                let g = flush(if decay == 0.0 { g } else { p.mul_add(decay, g) });
                (p, g)
            },
        );
        match rule {
            UpdateRule::Sgd => gradient.for_each(
                #[inline(always)]
                |(p, g)| *p = g.mul_add(-rate, *p),
            ),
            UpdateRule::Momentum(Momentum { momentum, nesterov }) => {
                let momentum = momentum as f32;
                gradient.zip(first).for_each(
                    #[inline(always)]
                    |((p, g), v)| {
                        *v = flush(v.mul_add(momentum, g));
                        let step = if nesterov { v.mul_add(momentum, g) } else { *v };
                        *p = step.mul_add(-rate, *p);
                    },
                );
            }
            UpdateRule::RmsProp(RmsProp { momentum, alpha, eps }) => {
                let [momentum, eps, mean] = [momentum as f32, eps as f32, tiny_root];
                let mean = MeanSquare::new(alpha, mean);
                if momentum > 0.0 {
                    gradient.zip(first).zip(second).for_each(
                        #[inline(always)]
                        |(((p, g), square), v)| {
                            *square = mean.next(*square, g);
                            *v = flush(v.mul_add(momentum, g / (square.sqrt() + eps)));
                            *p = v.mul_add(-rate, *p);
                        },
                    );
                } else {
                    gradient.zip(first).for_each(
                        #[inline(always)]
                        |((p, g), square)| {
                            *square = mean.next(*square, g);
                            *p = (g / (square.sqrt() + eps)).mul_add(-rate, *p);
                        },
                    );
                }
            }
            UpdateRule::AdaGrad(AdaGrad { eps }) => {
                let eps = eps as f32;
                gradient.zip(first).for_each(
                    #[inline(always)]
                    |((p, g), sum)| {
                        let root = above(g, tiny_root);
                        *sum = root.mul_add(root, *sum);
                        *p = (g / (sum.sqrt() + eps)).mul_add(-rate, *p);
                    },
                );
            }
            UpdateRule::Adam(Adam { betas: [b1, b2], eps }) | UpdateRule::AdamW(Adam { betas: [b1, b2], eps }) => {
                // The more efficient order of operations at the end of section 2 of Kingma and Ba, 2015. AdamW is
                // algorithm 2 of Loshchilov and Hutter, 2019.
                let root = left_2.sqrt();
                let (rate, eps) = ((lr * root / left_1) as f32, (eps * root) as f32);
                let (b1, left_b1, mean) = (b1 as f32, (1.0 - b1) as f32, MeanSquare::new(b2, tiny_root));
                gradient.zip(first).zip(second).for_each(
                    #[inline(always)]
                    |(((p, g), m), v)| {
                        *m = flush(g.mul_add(left_b1, *m * b1));
                        *v = mean.next(*v, g);
                        *p = (*m / (v.sqrt() + eps)).mul_add(-rate, *p * keep);
                    },
                );
            }
        }
    }
}

/// A running mean of squares.
#[derive(Clone, Copy)]
struct MeanSquare {
    /// Weight of the mean so far.
    keep: f32,
    /// Weight of the new square.
    add: f32,
    tiny_root: f32,
}

impl MeanSquare {
    fn new(keep: f64, tiny_root: f32) -> Self {
        Self { keep: keep as f32, add: (1.0 - keep) as f32, tiny_root }
    }

    /// The mean with the square of `value`, or 0 if that is subnormal.
    #[inline(always)]
    fn next(self, mean: f32, value: f32) -> f32 {
        let root = above(value, self.tiny_root);
        let mean = (root * root).mul_add(self.add, mean * self.keep);
        if mean < f32::MIN_POSITIVE { 0.0 } else { mean }
    }
}

/// `value`, or 0 if it is below [`TINY`].
#[inline(always)]
fn flush(value: f32) -> f32 {
    above(value, TINY)
}

/// `value`, or 0 if its absolute value is below `limit`.
#[inline(always)]
fn above(value: f32, limit: f32) -> f32 {
    if value.abs() < limit { 0.0 } else { value }
}
