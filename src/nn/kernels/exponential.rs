//! The exponential of 32-bit floats in vector instructions, with the same result on every machine.
//!
//! In: 32-bit floats. Out: `e^x` of each, to the last bit the result of glibc's `expf` on a processor with fused
//! multiply-add (an ignored test compares all floats). The C library's function takes one number at a time; this one
//! has no branch and no call, so that the compiler vectorises it. On a processor without fused multiply-add, each of
//! those is a call: the bits are the same, but it is no faster.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

/// `x` is written as `(32 k + i + r) ln 2 / 32` with integers k and i and |r| at most 1/2.
const STEPS: f64 = 32.0;

/// `32 / ln 2`.
const STEPS_PER_E: f64 = STEPS * std::f64::consts::LOG2_E;

/// 1.5 * 2^52: adding it to a float rounds that to an integer, which the last bits of the sum hold.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `2^(r / 32)` for |r| at most 1/2 as `1 + C r + B r^2 + A r^3`: the minimax coefficients of ARM's optimized-routines
/// (`math/exp2f_data.c`), which glibc and musl use as well, in full 64-bit precision.
const A: f64 = f64::from_bits(0x3ebc_6af8_4b91_2394);
const B: f64 = f64::from_bits(0x3f2e_bfce_50fa_c4f3);
const C: f64 = f64::from_bits(0x3f96_2e42_ff0c_52d6);

/// The bits of `2^(i / 32)`, less what `i` adds to the exponent's bits when it is shifted there with k.
static POWERS: [u64; 32] = powers();

/// Numbers in a block: two vectors of 64-bit floats with AVX-512.
pub const LANES: usize = 16;

/// `e^x` of each.
#[inline(always)]
pub fn exp(x: [f32; LANES]) -> [f32; LANES] {
    // One short loop for each stage: the table would keep a single loop from being vectorised, and closures may be
    // compiled outside the function whose vector instructions they could use.
    let (mut z, mut rounded, mut powers, mut out) = ([0.0; LANES], [0.0; LANES], [0; LANES], [0.0; LANES]);
    for i in 0..LANES {
        // At ±150 the result is 0 or infinite in 32 bits, but neither in 64.
        z[i] = f64::from(x[i].clamp(-150.0, 150.0)) * STEPS_PER_E;
        rounded[i] = z[i] + ROUND;
    }
    for i in 0..LANES {
        powers[i] = POWERS[(rounded[i].to_bits() % 32) as usize];
    }
    for i in 0..LANES {
        let r = z[i] - (rounded[i] - ROUND);
        let scale = f64::from_bits(powers[i].wrapping_add(rounded[i].to_bits() << 47));
        let power = A.mul_add(r, B).mul_add(r * r, C.mul_add(r, 1.0));
        out[i] = (power * scale) as f32;
    }
    out
}

/// An elementwise function of [`LANES`] numbers.
pub trait Block {
    /// The function of each number. It must be `#[inline(always)]`, or it is compiled without the processor's vector
    /// instructions.
    fn apply(x: [f32; LANES]) -> [f32; LANES];
}

/// `e^x`.
pub struct Exponential;

impl Block for Exponential {
    #[inline(always)]
    fn apply(x: [f32; LANES]) -> [f32; LANES] {
        exp(x)
    }
}

/// Applies a function to every number in place, [`LANES`] at a time; the last block is padded with zeros.
pub fn apply<B: Block>(values: &mut [f32]) {
    struct Blocks<'a, B>(&'a mut [f32], PhantomData<B>);

    impl<B: Block> WithSimd for Blocks<'_, B> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) {
            let (blocks, rest) = self.0.as_chunks_mut::<LANES>();
            for block in blocks {
                *block = B::apply(*block);
            }
            let mut last = [0.0; LANES];
            last[..rest.len()].copy_from_slice(rest);
            rest.copy_from_slice(&B::apply(last)[..rest.len()]);
        }
    }

    Arch::new().dispatch(Blocks(values, PhantomData::<B>));
}

const fn powers() -> [u64; 32] {
    // 2^(i / 32), each rounded to the nearest 64-bit float from 60 decimal digits; no `const fn` computes them exactly.
    const ROUNDED: [u64; 32] = [
        0x3ff0_0000_0000_0000,
        0x3ff0_59b0_d315_8574,
        0x3ff0_b558_6cf9_890f,
        0x3ff1_1301_d012_5b51,
        0x3ff1_72b8_3c7d_517b,
        0x3ff1_d487_3168_b9aa,
        0x3ff2_387a_6e75_6238,
        0x3ff2_9e9d_f51f_dee1,
        0x3ff3_06fe_0a31_b715,
        0x3ff3_71a7_373a_a9cb,
        0x3ff3_dea6_4c12_3422,
        0x3ff4_4e08_6061_892d,
        0x3ff4_bfda_d536_2a27,
        0x3ff5_342b_569d_4f82,
        0x3ff5_ab07_dd48_5429,
        0x3ff6_247e_b03a_5585,
        0x3ff6_a09e_667f_3bcd,
        0x3ff7_1f75_e8ec_5f74,
        0x3ff7_a114_73eb_0187,
        0x3ff8_2589_994c_ce13,
        0x3ff8_ace5_422a_a0db,
        0x3ff9_3737_b0cd_c5e5,
        0x3ff9_c491_82a3_f090,
        0x3ffa_5503_b23e_255d,
        0x3ffa_e89f_995a_d3ad,
        0x3ffb_7f76_f2fb_5e47,
        0x3ffc_199b_dd85_529c,
        0x3ffc_b720_dcef_9069,
        0x3ffd_5818_dcfb_a487,
        0x3ffd_fc97_337b_9b5f,
        0x3ffe_a4af_a2a4_90da,
        0x3fff_5076_5b6e_4540,
    ];
    let mut powers = ROUNDED;
    let mut i = 0;
    while i < 32 {
        powers[i] = powers[i].wrapping_sub((i as u64) << 47);
        i += 1;
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exp(x: f32) -> f32 {
        let mut value = [x];
        apply::<Exponential>(&mut value);
        value[0]
    }

    #[test]
    fn it_is_the_exponential_rounded_to_32_bits() {
        // Every 9,973rd float of all there are; the exponential in 64 bits is the reference.
        let mut max_error = 0.0f64;
        for bits in (0..=u32::MAX).step_by(9_973) {
            let x = f32::from_bits(bits);
            let (rounded, exact) = (exp(x), f64::from(x).exp());
            if x.is_nan() {
                assert!(rounded.is_nan());
            } else if exact > f64::from(f32::MAX) * (1.0 + 1e-7) {
                assert_eq!(rounded, f32::INFINITY, "{x}");
            } else if exact > f64::from(f32::MIN_POSITIVE) {
                max_error = max_error.max((f64::from(rounded) / exact - 1.0).abs());
            } else {
                assert!((f64::from(rounded) - exact).abs() <= 2f64.powi(-149), "{x}");
            }
        }
        // Half a unit in the last place is 2^-24; the error bound of the method is 0.502 units.
        assert!(max_error < 1.01 * 2f64.powi(-24), "{max_error:e}");
    }

    #[test]
    #[ignore = "half a minute, and only where the C library is glibc: cargo test exponential -- --ignored"]
    fn it_is_glibcs_exponential_to_the_bit() {
        for bits in 0..=u32::MAX {
            let x = f32::from_bits(bits);
            assert!(x.is_nan() || exp(x).to_bits() == x.exp().to_bits(), "{x:e}");
        }
    }

    #[test]
    fn the_limits_0_1_and_nan_are_exact() {
        assert_eq!([0.0, -0.0, f32::NEG_INFINITY, f32::INFINITY].map(exp), [1.0, 1.0, 0.0, f32::INFINITY]);
        assert_eq!(exp(1.0), std::f32::consts::E);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn a_number_has_the_same_exponential_at_every_position_of_a_block() {
        let alone: Vec<f32> = (0..37).map(|i| exp(i as f32 * 0.3 - 5.0)).collect();
        let mut together: Vec<f32> = (0..37).map(|i| i as f32 * 0.3 - 5.0).collect();
        apply::<Exponential>(&mut together);
        assert_eq!(together, alone);
    }

    #[test]
    fn the_table_holds_the_powers_of_two_to_the_nearest_bit() {
        for (i, &bits) in POWERS.iter().enumerate() {
            let power = f64::from_bits(bits.wrapping_add((i as u64) << 47));
            assert!((power.log2() - i as f64 / 32.0).abs() < 2e-16, "{i}: {power}");
        }
    }
}
