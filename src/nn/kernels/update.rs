//! One step of an update rule in one pass over memory, in place.
//!
//! In: a parameter, its gradient and the moments that the rule keeps of earlier gradients, as slices of one length. Out: the
//! parameter and the moments one step later, in the same slices. Each rule computes what Burn's own optimizer computes, operation
//! by operation and without fused multiply-adds, so the bits are the same; the exception are numbers too small to matter, which
//! become 0 (see [`TINY`]).

use pulp::Arch;

use crate::nn::update_rule::{AdaGrad, Adam, Momentum, RmsProp, UpdateRule};

/// Gradients and first moments with a smaller absolute value become 0. A moment whose gradients are 0 decays until it is
/// subnormal and stays there, and each product with a subnormal number costs many processors some 150 cycles. With Adam's eps of
/// 1e-8, a moment of this size moves its weight by less than 1e-22 times the learning rate.
pub const TINY: f32 = 1e-30;

/// Gradients with a smaller absolute value count as 0 in the second moment: their square, times its weight in the mean, would
/// be subnormal.
const TINY_ROOT: f32 = 1e-17;

/// One step of an update rule for one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// The rule with its settings.
    pub rule: UpdateRule,
    /// Learning rate of this step.
    pub lr: f64,
    /// Factor of the parameter in the L2 penalty's gradient, or in AdamW's decoupled decay; 0 for none.
    pub weight_decay: f64,
    /// Number of this step for this parameter, counted from 1.
    pub step: usize,
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
    /// Takes the step, with the widest vectors that the processor has. `first` and `second` are the rule's moments and as long as
    /// `parameter`; a moment that the rule does not keep is not read and may be empty.
    pub fn apply(self, parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let Self { rule, lr, weight_decay, step } = self;
        assert_eq!(parameter.len(), gradient.len(), "the gradient is not as long as the parameter");
        let lengths = [first.len(), second.len()];
        let fit = lengths.iter().take(rule.moments()).all(|&length| length == parameter.len());
        assert!(fit, "a moment is not as long as the parameter");
        // Burn keeps its settings in 32 bits, too.
        let (rate, decay, step) = (lr as f32, weight_decay as f32, step as i32);
        let grad = |p: f32, g: f32| flush(if decay == 0.0 { g } else { p * decay + g });
        match rule {
            UpdateRule::Sgd => each(parameter, gradient, |p, g| *p -= grad(*p, g) * rate),
            UpdateRule::Momentum(Momentum { momentum, nesterov }) => {
                let momentum = momentum as f32;
                each_with(parameter, gradient, first, |p, g, v| {
                    let g = grad(*p, g);
                    *v = flush(g + *v * momentum);
                    *p -= if nesterov { *v * momentum + g } else { *v } * rate;
                });
            }
            UpdateRule::RmsProp(RmsProp { momentum, alpha, eps }) => {
                let [momentum, alpha, eps] = [momentum, alpha, eps].map(|setting| setting as f32);
                if momentum > 0.0 {
                    each_with_two(parameter, gradient, first, second, |p, g, square, v| {
                        let g = grad(*p, g);
                        *square = mean_square(*square, alpha, g);
                        *v = flush(*v * momentum + g / (square.sqrt() + eps));
                        *p -= *v * rate;
                    });
                } else {
                    each_with(parameter, gradient, first, |p, g, square| {
                        let g = grad(*p, g);
                        *square = mean_square(*square, alpha, g);
                        *p -= g / (square.sqrt() + eps) * rate;
                    });
                }
            }
            UpdateRule::AdaGrad(AdaGrad { eps }) => {
                let eps = eps as f32;
                each_with(parameter, gradient, first, |p, g, sum| {
                    let g = grad(*p, g);
                    *sum += square(g);
                    *p -= g / (sum.sqrt() + eps) * rate;
                });
            }
            UpdateRule::Adam(Adam { betas: [b1, b2], eps }) => {
                let [b1, b2, eps] = [b1, b2, eps].map(|setting| setting as f32);
                // The more efficient order of operations at the end of section 2 of Kingma and Ba, 2015, as in Burn.
                let root = (1.0 - b2.powi(step)).sqrt();
                let (bias_correction, eps) = (root / (1.0 - b1.powi(step)), eps * root);
                each_with_two(parameter, gradient, first, second, |p, g, m, v| {
                    let g = grad(*p, g);
                    *m = flush(*m * b1 + g * (1.0 - b1));
                    *v = mean_square(*v, b2, g);
                    *p -= *m * bias_correction / (v.sqrt() + eps) * rate;
                });
            }
            UpdateRule::AdamW(Adam { betas: [b1, b2], eps }) => {
                let [b1, b2, eps] = [b1, b2, eps].map(|setting| setting as f32);
                // Loshchilov and Hutter, 2019, algorithm 2. Burn rounds the decay to 32 bits before it multiplies it by the rate.
                let keep = (1.0 - lr * f64::from(decay)) as f32;
                let (left_1, left_2) = (1.0 - b1.powi(step), 1.0 - b2.powi(step));
                each_with_two(parameter, gradient, first, second, |p, g, m, v| {
                    let g = flush(g);
                    *m = flush(*m * b1 + g * (1.0 - b1));
                    *v = mean_square(*v, b2, g);
                    *p = *p * keep - *m / left_1 / ((*v / left_2).sqrt() + eps) * rate;
                });
            }
        }
    }
}

/// `value`, or 0 if it is below [`TINY`].
#[inline(always)]
fn flush(value: f32) -> f32 {
    if value.abs() < TINY { 0.0 } else { value }
}

/// `value^2`, or 0 if `value` is below [`TINY_ROOT`].
#[inline(always)]
fn square(value: f32) -> f32 {
    let value = if value.abs() < TINY_ROOT { 0.0 } else { value };
    value * value
}

/// `keep mean + (1 - keep) value^2`, or 0 if that is subnormal.
#[inline(always)]
fn mean_square(mean: f32, keep: f32, value: f32) -> f32 {
    let mean = mean * keep + square(value) * (1.0 - keep);
    if mean < f32::MIN_POSITIVE { 0.0 } else { mean }
}

/// Calls `f` with each number of the parameter and its gradient.
fn each(parameter: &mut [f32], gradient: &[f32], f: impl Fn(&mut f32, f32)) {
    Arch::new().dispatch(
        #[inline(always)]
        || parameter.iter_mut().zip(gradient).for_each(|(p, &g)| f(p, g)),
    );
}

/// [`each`], with one moment besides.
fn each_with(parameter: &mut [f32], gradient: &[f32], first: &mut [f32], f: impl Fn(&mut f32, f32, &mut f32)) {
    Arch::new().dispatch(
        #[inline(always)]
        || parameter.iter_mut().zip(gradient).zip(first).for_each(|((p, &g), m)| f(p, g, m)),
    );
}

/// [`each`], with two moments besides.
fn each_with_two(
    parameter: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    f: impl Fn(&mut f32, f32, &mut f32, &mut f32),
) {
    Arch::new().dispatch(
        #[inline(always)]
        || parameter.iter_mut().zip(gradient).zip(first).zip(second).for_each(|(((p, &g), m), v)| f(p, g, m, v)),
    );
}
