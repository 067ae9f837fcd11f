//! The activations and their derivatives, as a kernel computes them.
//!
//! In: the sum of a unit. Out: its output, and the derivative of the output. What is not a number stays so, as on the CPU.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use crate::nn::models::activation::{ActivationKind, SELU_ALPHA, SELU_SCALE};

const LEAKY: f32 = 0.01;
const DENSITY: f32 = 0.398_942_3;
const GELU: f32 = 0.797_884_6;
const GELU_CUBIC: f32 = 0.044_715;
const TRIPLE_CUBIC: f32 = 3.0 * GELU_CUBIC;
const ALPHA: f32 = SELU_ALPHA as f32;
const SCALE: f32 = SELU_SCALE as f32;

/// The output of a unit whose activation has the number `kind`, one of `kinds`.
#[cube]
pub fn activate(kind: u32, z: f32, slope: f32, #[comptime] kinds: Vec<ActivationKind>) -> f32 {
    let mut y = z;
    #[unroll]
    for k in 0..comptime![kinds.len()] {
        let known = comptime![kinds[k]];
        if kind == comptime![known as u32] {
            y = output(z, slope, known);
        }
    }
    // Some compilers turn comparisons of floats around, by which what is no number would become one. Its bits do not change.
    if (u32::reinterpret(z) & 0x7FFF_FFFF) > 0x7F80_0000 {
        y = z;
    }
    y
}

/// The derivative of the output `y` of a unit by its sum `z`.
#[cube]
pub fn derivative(kind: u32, z: f32, y: f32, slope: f32, #[comptime] kinds: Vec<ActivationKind>) -> f32 {
    let mut d = f32::new(1.0);
    #[unroll]
    for k in 0..comptime![kinds.len()] {
        let known = comptime![kinds[k]];
        if kind == comptime![known as u32] {
            d = slope_at(z, y, slope, known);
        }
    }
    d
}

#[cube]
fn output(x: f32, slope: f32, #[comptime] kind: ActivationKind) -> f32 {
    match kind {
        ActivationKind::Identity => x,
        ActivationKind::Relu => at_most_zero(x, 0.0, x),
        ActivationKind::Sigmoid => sigmoid(x),
        ActivationKind::Tanh => tanh(x),
        ActivationKind::LeakyRelu => at_most_zero(x, LEAKY * x, x),
        ActivationKind::Prelu => at_most_zero(x, slope * x, x),
        ActivationKind::Gelu => x * normal(x),
        ActivationKind::GeluApproximate => 0.5 * x * (1.0 + tanh(gelu_argument(x))),
        ActivationKind::Silu => x * sigmoid(x),
        ActivationKind::Mish => x * tanh(softplus(x)),
        ActivationKind::Elu => at_most_zero(x, exp_m1(x), x),
        ActivationKind::Celu => at_most_zero(x, exp_m1(x), x),
        ActivationKind::Selu => SCALE * at_most_zero(x, ALPHA * exp_m1(x), x),
        ActivationKind::Relu6 => within(x, 0.0, 6.0),
        ActivationKind::Softplus => softplus(x),
        ActivationKind::Softsign => x / (1.0 + x.abs()),
        ActivationKind::LogSigmoid => -softplus(-x),
        ActivationKind::HardSigmoid => within(0.2 * x + 0.5, 0.0, 1.0),
        ActivationKind::HardSwish => x * within(x / 6.0 + 0.5, 0.0, 1.0),
        ActivationKind::HardTanh => within(x, -1.0, 1.0),
        ActivationKind::ThresholdedRelu => at_most_zero(x - 1.0, 0.0, x),
        ActivationKind::HardShrink => at_most_zero(x.abs() - 0.5, 0.0, x),
        ActivationKind::SoftShrink => x - within(x, -0.5, 0.5),
        ActivationKind::TanhShrink => x - tanh(x),
        ActivationKind::Step => {
            let mut y = x;
            if x >= 0.0 {
                y = f32::new(1.0);
            }
            if x < 0.0 {
                y = f32::new(0.0);
            }
            y
        }
    }
}

#[cube]
fn slope_at(x: f32, y: f32, slope: f32, #[comptime] kind: ActivationKind) -> f32 {
    match kind {
        ActivationKind::Identity => f32::new(1.0),
        ActivationKind::Relu => above(x, 0.0, 1.0, 0.0),
        ActivationKind::Sigmoid => y * (1.0 - y),
        ActivationKind::Tanh => 1.0 - y * y,
        ActivationKind::LeakyRelu => above(x, 0.0, 1.0, LEAKY),
        ActivationKind::Prelu => above(x, 0.0, 1.0, slope),
        ActivationKind::Gelu => normal(x) + x * DENSITY * f32::exp(x * x * f32::new(-0.5)),
        ActivationKind::GeluApproximate => {
            let t = tanh(gelu_argument(x));
            let inner = GELU * fma(x * x, f32::new(TRIPLE_CUBIC), f32::new(1.0));
            let square = 1.0 - t * t;
            // The square is 0 where the tangent is 1, but the inner derivative may be infinite.
            let mut rest = 0.5 * x * square * inner;
            if square == 0.0 {
                rest = f32::new(0.0);
            }
            0.5 * (1.0 + t) + rest
        }
        ActivationKind::Silu => {
            let s = sigmoid(x);
            s + x * s * (1.0 - s)
        }
        ActivationKind::Mish => {
            let t = tanh(softplus(x));
            t + x * (1.0 - t * t) * sigmoid(x)
        }
        ActivationKind::Elu => above(x, 0.0, 1.0, f32::exp(x)),
        ActivationKind::Celu => above(x, 0.0, 1.0, f32::exp(x)),
        ActivationKind::Selu => SCALE * above(x, 0.0, 1.0, ALPHA * f32::exp(x)),
        ActivationKind::Relu6 => between(x, 0.0, 6.0),
        ActivationKind::Softplus => sigmoid(x),
        ActivationKind::Softsign => {
            let d = x.abs() + 1.0;
            (d * d).recip()
        }
        ActivationKind::LogSigmoid => sigmoid(-x),
        ActivationKind::HardSigmoid => 0.2 * between(x, -2.5, 2.5),
        ActivationKind::HardSwish => hard_swish_derivative(x),
        ActivationKind::HardTanh => between(x, -1.0, 1.0),
        ActivationKind::ThresholdedRelu => above(x, 1.0, 1.0, 0.0),
        ActivationKind::HardShrink => above(x.abs(), 0.5, 1.0, 0.0),
        ActivationKind::SoftShrink => above(x.abs(), 0.5, 1.0, 0.0),
        ActivationKind::TanhShrink => {
            let t = tanh(x);
            t * t
        }
        ActivationKind::Step => f32::new(0.0),
    }
}

/// `then` where x is at most 0, else, and where x is not a number, `otherwise`.
#[cube]
fn at_most_zero(x: f32, then: f32, otherwise: f32) -> f32 {
    let mut y = otherwise;
    if x <= 0.0 {
        y = then;
    }
    y
}

/// `then` where x is above the limit, else `otherwise`.
#[cube]
fn above(x: f32, limit: f32, then: f32, otherwise: f32) -> f32 {
    let mut y = otherwise;
    if x > limit {
        y = then;
    }
    y
}

/// 1 where x is above `low` and at most `high`, else 0.
#[cube]
fn between(x: f32, low: f32, high: f32) -> f32 {
    let mut y = f32::new(0.0);
    if x > low && x <= high {
        y = f32::new(1.0);
    }
    y
}

/// x, cut to the range.
#[cube]
fn within(x: f32, low: f32, high: f32) -> f32 {
    let mut y = x;
    if x < low {
        y = low;
    }
    if x > high {
        y = high;
    }
    y
}

#[cube]
fn hard_swish_derivative(x: f32) -> f32 {
    let gate = within(x / 6.0 + 0.5, 0.0, 1.0);
    gate + x / 6.0 * between(x, -3.0, 3.0)
}

#[cube]
fn gelu_argument(x: f32) -> f32 {
    GELU * (x + GELU_CUBIC * x * x * x)
}

/// The logistic function. The exponential's argument is never above 0, so that it does not overflow.
#[cube]
pub fn sigmoid(x: f32) -> f32 {
    let e = f32::exp(-x.abs());
    let mut y = 1.0 / (1.0 + e);
    if x < 0.0 {
        y = e / (1.0 + e);
    }
    y
}

#[cube]
fn tanh(x: f32) -> f32 {
    // e^-2|x| - 1, divided by e^-2|x| + 1.
    let m = exp_m1(x.abs() * f32::new(-2.0));
    let t = -m / (m + 2.0);
    let mut y = t;
    if x < 0.0 {
        y = -t;
    }
    y
}

/// `ln(1 + e^x)`.
#[cube]
pub fn softplus(x: f32) -> f32 {
    let u = f32::exp(-x.abs());
    // ln(1 + u) as twice the inverse hyperbolic tangent of u / (2 + u), whose argument is at most 1/3.
    let s = u / (u + 2.0);
    let q = s * s;
    let mut series = f32::new(0.076_923_08);
    series = fma(series, q, f32::new(0.090_909_09));
    series = fma(series, q, f32::new(0.111_111_11));
    series = fma(series, q, f32::new(0.142_857_15));
    series = fma(series, q, f32::new(0.2));
    series = fma(series, q, f32::new(0.333_333_34));
    series = fma(series, q, f32::new(1.0));
    let rest = s * series * 2.0;
    let mut y = rest;
    if x > 0.0 {
        y = x + rest;
    }
    y
}

/// `e^x - 1` for x up to 0, without the loss of digits near 0: there by its Taylor series.
#[cube]
fn exp_m1(x: f32) -> f32 {
    let mut y = f32::exp(x) - 1.0;
    if x + 0.35 > 0.0 {
        let mut series = f32::new(0.000_198_412_7);
        series = fma(series, x, f32::new(0.001_388_888_9));
        series = fma(series, x, f32::new(0.008_333_334));
        series = fma(series, x, f32::new(0.041_666_668));
        series = fma(series, x, f32::new(0.166_666_67));
        series = fma(series, x, f32::new(0.5));
        series = fma(series, x, f32::new(1.0));
        y = x * series;
    }
    y
}

/// The standard normal distribution function, by the formula of the CPU's.
#[cube]
fn normal(x: f32) -> f32 {
    let z = fma(x.abs(), f32::new(0.353_553_4), f32::new(1.0));
    let t = z.recip();
    let mut series = f32::new(0.170_872_77);
    series = fma(series, t, f32::new(-0.822_152_26));
    series = fma(series, t, f32::new(1.488_515_9));
    series = fma(series, t, f32::new(-1.135_204));
    series = fma(series, t, f32::new(0.278_868_08));
    series = fma(series, t, f32::new(-0.186_288_06));
    series = fma(series, t, f32::new(0.096_784_18));
    series = fma(series, t, f32::new(0.374_091_96));
    series = fma(series, t, f32::new(1.000_023_7));
    series = fma(series, t, f32::new(-1.265_512_2));
    let half = 0.5 * t * f32::exp(fma(x * x, f32::new(-0.5), series));
    let mut y = half;
    if x >= 0.0 {
        y = 1.0 - half;
    }
    y
}
