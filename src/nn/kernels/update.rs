//! An optimizer's step in one pass over memory, in place.
//!
//! In: a parameter, its gradient, and what the rule remembers of earlier steps, as slices of one length. Out: the same slices,
//! a step later. Each rule does what Burn's own does, operation by operation and without contracting any two, so that it
//! leaves the same bits; only numbers too small to matter are kept as zero, see [`TINY`].

use pulp::Arch;

/// Gradients and first moments below it count as 0. A moment that is no longer fed halves every few steps until it
/// is subnormal, where it stays, and each product with a subnormal number costs many processors some 150 cycles. With
/// Adam's eps of 1e-8 such a moment moves its weight by less than 1e-22 times the rate.
pub const TINY: f32 = 1e-30;

/// Gradients below it have no square: it would be subnormal after its share is taken. As [`TINY`], but for second moments.
const TINY_ROOT: f32 = 1e-17;

/// A rule with the numbers of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// The rule.
    pub rule: UpdateRule,
    /// Of this step.
    pub rate: f32,
    /// Times the parameter, added to the gradient; 0 for none.
    pub decay: f32,
}

/// A rule's own numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)] // the names are the field's own
pub enum UpdateRule {
    /// Remembers nothing.
    Sgd,
    /// Remembers the velocity.
    Momentum { momentum: f32, nesterov: bool },
    /// Remembers the mean square.
    RmsProp { alpha: f32, eps: f32 },
    /// Remembers the mean square and the velocity.
    RmsPropMomentum { alpha: f32, eps: f32, momentum: f32 },
    /// Remembers the sum of squares.
    AdaGrad { eps: f32 },
    /// Remembers the first and the second moment. `step` counts from 1.
    Adam { betas: [f32; 2], eps: f32, step: i32 },
    /// Remembers the same; the parameter is first multiplied by `keep`.
    AdamW { betas: [f32; 2], eps: f32, step: i32, keep: f32 },
}

impl UpdateRule {
    /// Numbers remembered for each of a parameter's.
    pub fn moments(self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::Momentum { .. } | Self::RmsProp { .. } | Self::AdaGrad { .. } => 1,
            Self::RmsPropMomentum { .. } | Self::Adam { .. } | Self::AdamW { .. } => 2,
        }
    }
}

impl Update {
    /// Takes the step, with the widest vectors that the processor has. `first` and `second` are as long as `parameter` where
    /// the rule remembers so much, and not looked at where it does not.
    pub fn apply(self, parameter: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let Self { rate, decay, rule } = self;
        let grad = |p: f32, g: f32| flush(if decay == 0.0 { g } else { p * decay + g });
        assert_eq!(parameter.len(), gradient.len(), "a gradient for each number");
        let remembered = [first.len(), second.len()].map(|length| length == parameter.len());
        assert!(remembered.iter().take(rule.moments()).all(|fits| *fits), "what is remembered of each number");
        match rule {
            UpdateRule::Sgd => each(parameter, gradient, |p, g| *p -= grad(*p, g) * rate),
            UpdateRule::Momentum { momentum, nesterov } => each_with(parameter, gradient, first, |p, g, v| {
                let g = grad(*p, g);
                *v = flush(g + *v * momentum);
                *p -= if nesterov { *v * momentum + g } else { *v } * rate;
            }),
            UpdateRule::RmsProp { alpha, eps } => each_with(parameter, gradient, first, |p, g, square| {
                let g = grad(*p, g);
                *square = mean_square(*square, alpha, g);
                *p -= g / (square.sqrt() + eps) * rate;
            }),
            UpdateRule::RmsPropMomentum { alpha, eps, momentum } => {
                each_with_two(parameter, gradient, first, second, |p, g, square, v| {
                    let g = grad(*p, g);
                    *square = mean_square(*square, alpha, g);
                    *v = flush(*v * momentum + g / (square.sqrt() + eps));
                    *p -= *v * rate;
                });
            }
            UpdateRule::AdaGrad { eps } => each_with(parameter, gradient, first, |p, g, sum| {
                let g = grad(*p, g);
                *sum += square(g);
                *p -= g / (sum.sqrt() + eps) * rate;
            }),
            UpdateRule::Adam { betas: [b1, b2], eps, step } => {
                // Kingma and Ba, "Adam", 2015, section 2's more efficient order, as Burn has it.
                let root = (1.0 - b2.powi(step)).sqrt();
                let (share, eps) = (root / (1.0 - b1.powi(step)), eps * root);
                each_with_two(parameter, gradient, first, second, |p, g, m, v| {
                    let g = grad(*p, g);
                    *m = flush(*m * b1 + g * (1.0 - b1));
                    *v = mean_square(*v, b2, g);
                    *p -= *m * share / (v.sqrt() + eps) * rate;
                });
            }
            UpdateRule::AdamW { betas: [b1, b2], eps, step, keep } => {
                // Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2.
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

#[inline(always)]
fn flush(value: f32) -> f32 {
    if value.abs() < TINY { 0.0 } else { value }
}

#[inline(always)]
fn square(value: f32) -> f32 {
    let value = if value.abs() < TINY_ROOT { 0.0 } else { value };
    value * value
}

#[inline(always)]
fn mean_square(mean: f32, keep: f32, value: f32) -> f32 {
    let mean = mean * keep + square(value) * (1.0 - keep);
    if mean < f32::MIN_POSITIVE { 0.0 } else { mean }
}

/// For each number of a parameter: itself and its gradient.
fn each(parameter: &mut [f32], gradient: &[f32], f: impl Fn(&mut f32, f32)) {
    Arch::new().dispatch(
        #[inline(always)]
        || parameter.iter_mut().zip(gradient).for_each(|(p, &g)| f(p, g)),
    );
}

/// ... and what is remembered of it.
fn each_with(parameter: &mut [f32], gradient: &[f32], first: &mut [f32], f: impl Fn(&mut f32, f32, &mut f32)) {
    Arch::new().dispatch(
        #[inline(always)]
        || parameter.iter_mut().zip(gradient).zip(first).for_each(|((p, &g), m)| f(p, g, m)),
    );
}

/// ... and the two numbers that are remembered of it.
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
