//! The vector instructions that the processor has, or that `KINDLING_SIMD` limits it to.
//!
//! Every number of a record is the same with all of them: a vector holds separate chains of the same operations. The
//! limit exists so that this can be seen.

use std::sync::OnceLock;

use pulp::{Arch, Simd, WithSimd};

/// The environment variable that limits the vector instructions: `scalar` for none, `avx2` for AVX2 and FMA.
pub const VARIABLE: &str = "KINDLING_SIMD";

/// The widest vector instructions that may be used. Detected once for the process.
pub fn arch() -> Arch {
    static FOUND: OnceLock<Arch> = OnceLock::new();
    *FOUND.get_or_init(|| limited(std::env::var(VARIABLE).as_deref().unwrap_or_default()))
}

fn limited(limit: &str) -> Arch {
    match limit {
        "scalar" => Arch::Scalar,
        #[cfg(target_arch = "x86_64")]
        "avx2" => pulp::x86::V3::try_new().map_or(Arch::Scalar, Arch::V3),
        _ => Arch::new(),
    }
}

/// Runs a loop compiled for the widest vector instructions that may be used. `f` and whatever it calls must be
/// `#[inline(always)]`, or it is compiled without them.
#[inline(always)]
pub fn vectorised(f: impl FnMut()) {
    // `FnMut`, because a closure that is called by `FnOnce` goes through a function that is not inlined.
    struct Loop<F>(F);

    impl<F: FnMut()> WithSimd for Loop<F> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _simd: S) {
            (self.0)();
        }
    }

    arch().dispatch(Loop(f));
}
