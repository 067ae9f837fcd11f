//! One step of an update rule in one pass over memory, in place.
//!
//! In: a parameter, its gradient and the moments that the rule keeps of earlier gradients, as slices of one length. Out: the
//! parameter and the moments one step later, in the same slices. Numbers too small to matter become 0 (see [`TINY`]).

use num_traits::{Float, NumCast};

use super::simd::vectorised;
use crate::nn::update_rule::{AdaGrad, Adam, Momentum, RmsProp, UpdateRule};

/// Gradients and first moments with a smaller absolute value become 0. A moment whose gradients are 0 decays until it is
/// subnormal and stays there, and each product with a subnormal number costs many processors some 150 cycles. With Adam's eps of
/// 1e-8, a moment of this size moves its weight by less than 1e-22 times the learning rate.
pub const TINY: f64 = 1e-30;

/// Gradients with a smaller absolute value count as 0 in the second moment: their square, times its weight in the mean, would
/// be subnormal.
const TINY_ROOT: f64 = 1e-17;

/// The least `eps` with which a gradient below [`TINY_ROOT`] counts as 0: its quotient is then below 1e-7. With a smaller one no
/// gradient does.
const LEAST_EPS: f64 = 1e-10;

/// One step of an update rule, for any parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    pub(in crate::nn) rule: UpdateRule,
    /// The learning rate.
    pub(in crate::nn) lr: f64,
    /// Factor of the parameter in the L2 penalty's gradient.
    pub(in crate::nn) decay: f64,
    /// Factor of the parameter in AdamW's decoupled decay.
    pub(in crate::nn) keep: f64,
    /// `1 - b1^t` and `1 - b2^t` of Adam at step t.
    pub(in crate::nn) corrections: [f64; 2],
    /// A gradient with a smaller absolute value counts as 0 in a mean square.
    pub(in crate::nn) tiny_root: f64,
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
            decay: if is_decoupled { 0.0 } else { weight_decay },
            keep: if is_decoupled { 1.0 - lr * weight_decay } else { 1.0 },
            corrections,
            tiny_root: if rule.eps().is_none_or(|eps| eps >= LEAST_EPS) { TINY_ROOT } else { 0.0 },
        }
    }

    /// Whether a parameter stays as it is if its gradient and moments are 0.
    pub fn keeps_what_has_no_gradient(&self) -> bool {
        self.decay == 0.0 && self.keep == 1.0
    }

    /// Takes the step, in the precision of the numbers: 32 or 64 bits. `first` and `second` are the rule's moments and as long as
    /// `parameter`; a moment that the rule does not keep is not read and may be empty.
    ///
    /// # Panics
    /// The lengths differ.
    pub fn apply<F: Float>(&self, parameter: &mut [F], gradient: &[F], first: &mut [F], second: &mut [F]) {
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
    fn step<F: Float>(&self, p: &mut [F], g: &[F], first: &mut [F], second: &mut [F]) {
        let &Self { rule, lr, corrections: [left_1, left_2], .. } = self;
        let gradient = Gradient { decay: of(self.decay), tiny: of(TINY) };
        let (rate, keep, tiny_root) = (-of::<F>(lr), of::<F>(self.keep), of::<F>(self.tiny_root));
        // Slices of one length and an index: a loop over them is vectorised.
        let count = p.len();
        let g = &g[..count];
        match rule {
            UpdateRule::Sgd => {
                for i in 0..count {
                    p[i] = gradient.of(p[i], g[i]).mul_add(rate, p[i]);
                }
            }
            UpdateRule::Momentum(Momentum { momentum, nesterov }) => {
                let (momentum, v) = (of::<F>(momentum), &mut first[..count]);
                for i in 0..count {
                    let g = gradient.of(p[i], g[i]);
                    v[i] = above(v[i].mul_add(momentum, g), gradient.tiny);
                    let step = if nesterov { v[i].mul_add(momentum, g) } else { v[i] };
                    p[i] = step.mul_add(rate, p[i]);
                }
            }
            UpdateRule::RmsProp(RmsProp { momentum, alpha, eps }) => {
                let (momentum, eps, mean) = (of::<F>(momentum), of::<F>(eps), MeanSquare::new(alpha, tiny_root));
                let square = &mut first[..count];
                if momentum > F::zero() {
                    let v = &mut second[..count];
                    for i in 0..count {
                        let g = gradient.of(p[i], g[i]);
                        square[i] = mean.next(square[i], g);
                        v[i] = above(v[i].mul_add(momentum, g / (square[i].sqrt() + eps)), gradient.tiny);
                        p[i] = v[i].mul_add(rate, p[i]);
                    }
                } else {
                    for i in 0..count {
                        let g = gradient.of(p[i], g[i]);
                        square[i] = mean.next(square[i], g);
                        p[i] = (g / (square[i].sqrt() + eps)).mul_add(rate, p[i]);
                    }
                }
            }
            UpdateRule::AdaGrad(AdaGrad { eps }) => {
                let (eps, sum) = (of::<F>(eps), &mut first[..count]);
                for i in 0..count {
                    let g = gradient.of(p[i], g[i]);
                    let squared = above(g, tiny_root);
                    sum[i] = squared.mul_add(squared, sum[i]);
                    p[i] = (g / (sum[i].sqrt() + eps)).mul_add(rate, p[i]);
                }
            }
            UpdateRule::Adam(Adam { betas: [b1, b2], eps }) | UpdateRule::AdamW(Adam { betas: [b1, b2], eps }) => {
                // The more efficient order of operations at the end of section 2 of Kingma and Ba, 2015. AdamW is
                // algorithm 2 of Loshchilov and Hutter, 2019.
                let correction = left_2.sqrt();
                let (rate, eps) = (-of::<F>(lr * correction / left_1), of::<F>(eps * correction));
                let (b1, left_b1, mean) = (of::<F>(b1), of::<F>(1.0 - b1), MeanSquare::new(b2, tiny_root));
                let (m, v) = (&mut first[..count], &mut second[..count]);
                for i in 0..count {
                    let g = gradient.of(p[i], g[i]);
                    m[i] = above(g.mul_add(left_b1, m[i] * b1), gradient.tiny);
                    v[i] = mean.next(v[i], g);
                    p[i] = (m[i] / (v[i].sqrt() + eps)).mul_add(rate, p[i] * keep);
                }
            }
        }
    }
}

/// The gradient as a rule takes it.
#[derive(Clone, Copy)]
struct Gradient<F> {
    decay: F,
    tiny: F,
}

impl<F: Float> Gradient<F> {
    /// The gradient with that of the L2 penalty, or 0 if it is tiny.
    #[inline(always)]
    fn of(self, parameter: F, gradient: F) -> F {
        above(if self.decay == F::zero() { gradient } else { parameter.mul_add(self.decay, gradient) }, self.tiny)
    }
}

/// A running mean of squares.
#[derive(Clone, Copy)]
struct MeanSquare<F> {
    /// Weight of the mean so far.
    keep: F,
    /// Weight of the new square.
    add: F,
    tiny_root: F,
}

impl<F: Float> MeanSquare<F> {
    fn new(keep: f64, tiny_root: F) -> Self {
        Self { keep: of(keep), add: of(1.0 - keep), tiny_root }
    }

    /// The mean with the square of `value`, or 0 if that is subnormal.
    #[inline(always)]
    fn next(self, mean: F, value: F) -> F {
        let value = above(value, self.tiny_root);
        let mean = (value * value).mul_add(self.add, mean * self.keep);
        if mean < F::min_positive_value() { F::zero() } else { mean }
    }
}

/// `value`, or 0 if its absolute value is below `limit`.
#[inline(always)]
fn above<F: Float>(value: F, limit: F) -> F {
    if value.abs() < limit { F::zero() } else { value }
}

/// The nearest number of this precision.
#[inline(always)]
fn of<F: Float>(value: f64) -> F {
    NumCast::from(value).unwrap_or_else(F::nan)
}
