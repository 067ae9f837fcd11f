//! Exponential, logarithm and what is made of them, of 32-bit floats.
//!
//! In: 32-bit floats. Out: results that are within 0.51 units in the last place of the exact ones, and the same to the
//! bit everywhere: they are made of additions, multiplications, fused multiply-adds and divisions of 64-bit floats, which
//! IEEE 754 defines. No function has a branch or a call, so that the compiler can vectorise a loop over it.

/// A number that is added to a float below 2^51 to round it to an integer, which the last bits of the sum then hold:
/// 1.5 * 2^52.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `1 / k!` for k from 2 to 8: the Taylor series of the exponential. The first term left out, at most `(ln 2 / 2)^9 / 9!`, is
/// 2e-10.
const EXPONENTIAL: [f64; 7] =
    [1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0, 1.0 / 40_320.0];

/// Terms of the series of the inverse hyperbolic tangent, `s + s^3 / 3 + s^5 / 5 + ...`. For s up to 1/3 the first term left
/// out is below 1e-11 of the first.
const TERMS: usize = 11;

/// `2^n` and `e^r - 1` where x is `n ln 2 + r` with an integer n and |r| at most ln 2 / 2. Beyond ±150 the exponential is that
/// of ±150: 0 or infinite in 32 bits, but not in 64.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let x = x.clamp(-150.0, 150.0);
    let rounded = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let r = (rounded - ROUND).mul_add(-std::f64::consts::LN_2, x);
    // The integer is in the last bits of `rounded`; its bits are shifted to where a float has its exponent.
    let power = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    let mut series = EXPONENTIAL[6];
    for k in (0..6).rev() {
        series = series.mul_add(r, EXPONENTIAL[k]);
    }
    (power, series.mul_add(r * r, r))
}

/// `e^x`.
#[inline(always)]
fn exp_f64(x: f64) -> f64 {
    let (power, rest) = split(x);
    power.mul_add(rest, power)
}

/// `e^x`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    exp_f64(f64::from(x)) as f32
}

/// `e^x - 1`, without the loss of digits near 0.
#[inline(always)]
pub fn exp_m1(x: f32) -> f32 {
    let (power, rest) = split(f64::from(x));
    power.mul_add(rest, power - 1.0) as f32
}

/// The logistic function, `1 / (1 + e^-x)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    (1.0 / (1.0 + exp_f64(-f64::from(x)))) as f32
}

/// The hyperbolic tangent, `1 - 2 / (e^2x + 1)`.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let (power, rest) = split(2.0 * f64::from(x));
    let less_one = power.mul_add(rest, power - 1.0); // e^2x - 1
    (less_one / (less_one + 2.0)) as f32
}

/// `ln(1 + e^x)`.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let x = f64::from(x);
    (x.max(0.0) + ln_1p(exp_f64(-x.abs()))) as f32
}

/// The coefficients of `t^0` to `t^9` in the exponent of [`normal`] (Press, Teukolsky, Vetterling and Flannery, "Numerical
/// recipes in C", 1992, section 6.2).
const COMPLEMENTARY_ERROR: [f64; 10] = [
    -1.265_512_23,
    1.000_023_68,
    0.374_091_96,
    0.096_784_18,
    -0.186_288_06,
    0.278_868_07,
    -1.135_203_98,
    1.488_515_87,
    -0.822_152_23,
    0.170_872_77,
];

/// The standard normal distribution function, within 1.2e-7 of its value for negative x, and of 1 for positive x: half the
/// complementary error function of `z = |x| / sqrt 2`, which is `t e^(p(t) - z^2)` with `t = 1 / (1 + z / 2)`.
#[inline(always)]
pub fn normal(x: f32) -> f32 {
    let x = f64::from(x);
    let t = 1.0 / (0.5 * std::f64::consts::FRAC_1_SQRT_2).mul_add(x.abs(), 1.0);
    let mut series = COMPLEMENTARY_ERROR[9];
    for k in (0..9).rev() {
        series = series.mul_add(t, COMPLEMENTARY_ERROR[k]);
    }
    let half = 0.5 * t * exp_f64((-0.5 * x).mul_add(x, series));
    (if x >= 0.0 { 1.0 - half } else { half }) as f32
}

/// `ln(1 + u)` for u from 0 to 1, as twice the inverse hyperbolic tangent of `u / (2 + u)`.
#[inline(always)]
fn ln_1p(u: f64) -> f64 {
    let s = u / (2.0 + u);
    let square = s * s;
    let mut series = 0.0f64;
    for k in (0..TERMS).rev() {
        series = series.mul_add(square, 1.0 / (2 * k + 1) as f64);
    }
    2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of `f` in units in the last place over every 9,973rd float, by the reference in 64 bits.
    fn largest_error(f: fn(f32) -> f32, reference: fn(f64) -> f64) -> f64 {
        let mut largest = 0.0f64;
        for bits in (0..=u32::MAX).step_by(9_973) {
            let x = f32::from_bits(bits);
            let (found, exact) = (f(x), reference(f64::from(x)));
            if x.is_nan() {
                assert!(found.is_nan(), "{found}");
                continue;
            }
            // A result of infinity is right from where the exact one rounds to it.
            if exact.abs() >= f64::from(f32::MAX) * (1.0 + 2f64.powi(-25)) {
                assert_eq!(f64::from(found), f64::INFINITY.copysign(exact), "{x:e}");
                continue;
            }
            let rounded = (exact as f32).abs().min(f32::MAX.next_down());
            let unit = f64::from(rounded.next_up()) - f64::from(rounded);
            largest = largest.max((f64::from(found) - exact).abs() / unit);
        }
        largest
    }

    #[test]
    fn every_function_is_within_half_a_unit_and_a_little_of_the_exact_one() {
        let errors = [
            ("exp", largest_error(exp, f64::exp)),
            ("exp_m1", largest_error(exp_m1, f64::exp_m1)),
            ("sigmoid", largest_error(sigmoid, |x| 1.0 / (1.0 + (-x).exp()))),
            ("tanh", largest_error(tanh, f64::tanh)),
            ("softplus", largest_error(softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p())),
        ];
        for (name, largest) in errors {
            assert!(largest < 0.51, "{name}: {largest} units in the last place");
        }
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_complementary_error_function() {
        for i in -1200..=1200 {
            let x = i as f32 * 0.01;
            let (found, exact) = (f64::from(normal(x)), 0.5 * libm::erfc(-f64::from(x) / 2f64.sqrt()));
            assert!((found - exact).abs() < 2e-7 * exact, "{x}: {found:e}, {exact:e}");
        }
        assert_eq!([0.0, -f32::INFINITY, f32::INFINITY].map(normal)[1..], [0.0, 1.0]);
        assert!(normal(f32::NAN).is_nan());
    }

    #[test]
    fn the_limits_are_exact() {
        let (infinity, nan) = (f32::INFINITY, f32::NAN);
        assert_eq!([0.0, -infinity, infinity].map(exp), [1.0, 0.0, infinity]);
        assert_eq!([0.0, -infinity, infinity].map(exp_m1), [0.0, -1.0, infinity]);
        assert_eq!([0.0, -infinity, infinity].map(sigmoid), [0.5, 0.0, 1.0]);
        assert_eq!([0.0, -infinity, infinity].map(tanh), [0.0, -1.0, 1.0]);
        assert_eq!([0.0, -infinity, infinity].map(softplus), [std::f32::consts::LN_2, 0.0, infinity]);
        assert!([exp, exp_m1, sigmoid, tanh, softplus].iter().all(|f| f(nan).is_nan()));
    }
}
