//! One step of an update rule for one number, as a kernel takes it.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use crate::nn::cpu::update::Update;
use crate::nn::update_rule::{Adam, Momentum, RmsProp, UpdateRule};

/// Places of a network's constants, the same in every step.
pub mod constant {
    /// Factor of the parameter in the gradient.
    pub const DECAY: usize = 0;
    /// Gradients below it count as 0 in a mean square.
    pub const TINY_ROOT: usize = 1;
    /// Weight of the first moment so far: the momentum, or Adam's first beta.
    pub const FIRST_KEEP: usize = 2;
    /// Weight of the gradient in the first moment.
    pub const FIRST_ADD: usize = 3;
    /// Weight of the mean square so far.
    pub const SECOND_KEEP: usize = 4;
    /// Weight of the new square.
    pub const SECOND_ADD: usize = 5;
    /// 1 for Nesterov's variant, else 0.
    pub const NESTEROV: usize = 6;
    /// Factor of the weights' signs in their gradient.
    pub const L1: usize = 7;
    /// Factor of the weights in their gradient.
    pub const L2: usize = 8;
    /// The largest absolute value of a derivative; below 0 for none.
    pub const LIMIT: usize = 9;
    /// The largest norm of a gradient; below 0 for none.
    pub const NORM: usize = 10;
    /// 1 where weights are divided by their norm after each step, else 0.
    pub const UNIT_NORM: usize = 11;
    /// Number of constants.
    pub const COUNT: usize = 12;
}

/// Places of the numbers of a step.
pub mod of_step {
    /// The learning rate with the rule's own factor, negative.
    pub const RATE: usize = 0;
    /// Added to the denominator.
    pub const EPS: usize = 1;
    /// Factor of the parameter in a decoupled decay.
    pub const KEEP: usize = 2;
    /// How many there are.
    pub const COUNT: usize = 3;
}

/// The numbers of a step.
pub type OfStep = [f32; of_step::COUNT];

/// First moments and gradients below it become 0, as on the CPU.
const TINY: f32 = 1e-30;

/// The smallest normal number.
const SMALLEST: f32 = f32::MIN_POSITIVE;

/// What is done to a gradient before the rule sees it, and to weights after it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Adjustments {
    /// Factor of the weights' signs in their gradient.
    pub l1: f64,
    /// Factor of the weights in their gradient.
    pub l2: f64,
    /// The largest absolute value of a derivative.
    pub limit: Option<f64>,
    /// The largest norm of a network's gradient.
    pub norm: Option<f64>,
    /// Whether the weights of a layer are divided by their norm after each step.
    pub unit_norm: bool,
}

/// The constants of a training.
pub fn constants(update: &Update, adjustments: Adjustments) -> [f32; constant::COUNT] {
    let mut all = [0.0; constant::COUNT];
    let mut set = |place: usize, value: f64| all[place] = value as f32;
    set(constant::DECAY, update.decay);
    set(constant::TINY_ROOT, update.tiny_root);
    match update.rule {
        UpdateRule::Sgd => {}
        UpdateRule::Momentum(Momentum { momentum, nesterov }) => {
            set(constant::FIRST_KEEP, momentum);
            set(constant::NESTEROV, f64::from(u8::from(nesterov)));
        }
        UpdateRule::RmsProp(RmsProp { momentum, alpha, .. }) => {
            set(constant::FIRST_KEEP, momentum);
            set(constant::SECOND_KEEP, alpha);
            set(constant::SECOND_ADD, 1.0 - alpha);
        }
        UpdateRule::AdaGrad(_) => {
            set(constant::SECOND_KEEP, 1.0);
            set(constant::SECOND_ADD, 1.0);
        }
        UpdateRule::Adam(Adam { betas: [b1, b2], .. }) | UpdateRule::AdamW(Adam { betas: [b1, b2], .. }) => {
            set(constant::FIRST_KEEP, b1);
            set(constant::FIRST_ADD, 1.0 - b1);
            set(constant::SECOND_KEEP, b2);
            set(constant::SECOND_ADD, 1.0 - b2);
        }
    }
    set(constant::L1, adjustments.l1);
    set(constant::L2, adjustments.l2);
    set(constant::LIMIT, adjustments.limit.unwrap_or(-1.0));
    set(constant::NORM, adjustments.norm.unwrap_or(-1.0));
    set(constant::UNIT_NORM, f64::from(u8::from(adjustments.unit_norm)));
    all
}

/// The numbers of a step: those that the CPU's update computes with.
pub fn of_step(update: &Update) -> OfStep {
    let [left_1, left_2] = update.corrections;
    let correction = left_2.sqrt();
    let eps = update.rule.eps().unwrap_or(0.0);
    [-(update.lr * correction / left_1) as f32, (eps * correction) as f32, update.keep as f32]
}

/// The number of a rule in the table.
pub fn number(rule: UpdateRule) -> u32 {
    match rule {
        UpdateRule::Sgd => SGD,
        UpdateRule::Momentum(_) => MOMENTUM,
        UpdateRule::RmsProp(_) => RMS_PROP,
        UpdateRule::AdaGrad(_) => ADA_GRAD,
        UpdateRule::Adam(_) | UpdateRule::AdamW(_) => ADAM,
    }
}

const SGD: u32 = 0;
const MOMENTUM: u32 = 1;
const RMS_PROP: u32 = 2;
const ADA_GRAD: u32 = 3;
const ADAM: u32 = 4;

/// Moves parameter `at` by its gradient.
#[cube]
pub(super) fn update(
    parameters: &mut [f32],
    moments: &mut [f32],
    at: usize,
    gradient: f32,
    rule: u32,
    steps: &[f32],
    step: usize,
    constants: &[f32],
    constant: usize,
) {
    let second = parameters.len() + at;
    let p = parameters[at];
    let rate = steps[step + of_step::RATE];
    let g = flushed(fma(p, constants[constant + constant::DECAY], gradient), TINY);
    let mut moved = fma(g, rate, p);
    if rule == MOMENTUM {
        let momentum = constants[constant + constant::FIRST_KEEP];
        let v = flushed(fma(moments[at], momentum, g), TINY);
        moments[at] = v;
        let mut by = v;
        if constants[constant + constant::NESTEROV] > 0.0 {
            by = fma(v, momentum, g);
        }
        moved = fma(by, rate, p);
    }
    if rule == RMS_PROP || rule == ADA_GRAD {
        let root = flushed(g, constants[constant + constant::TINY_ROOT]);
        let s = mean_square(moments[at], root, constants, constant);
        moments[at] = s;
        let mut by = g / (f32::sqrt(s) + steps[step + of_step::EPS]);
        if rule == RMS_PROP {
            by = flushed(fma(moments[second], constants[constant + constant::FIRST_KEEP], by), TINY);
            moments[second] = by;
        }
        moved = fma(by, rate, p);
    }
    if rule == ADAM {
        let kept = moments[at] * constants[constant + constant::FIRST_KEEP];
        let m = flushed(fma(g, constants[constant + constant::FIRST_ADD], kept), TINY);
        moments[at] = m;
        let root = flushed(g, constants[constant + constant::TINY_ROOT]);
        let v = mean_square(moments[second], root, constants, constant);
        moments[second] = v;
        let by = m / (f32::sqrt(v) + steps[step + of_step::EPS]);
        moved = fma(by, rate, p * steps[step + of_step::KEEP]);
    }
    parameters[at] = moved;
}

/// The mean of squares with that of `value`, or 0 if that is subnormal.
#[cube]
fn mean_square(mean: f32, value: f32, constants: &[f32], constant: usize) -> f32 {
    let kept = mean * constants[constant + constant::SECOND_KEEP];
    flushed(fma(value * value, constants[constant + constant::SECOND_ADD], kept), SMALLEST)
}

/// `value`, or 0 if its absolute value is below `limit`.
#[cube]
fn flushed(value: f32, limit: f32) -> f32 {
    let mut y = value;
    if value.abs() < limit {
        y = f32::new(0.0);
    }
    y
}
