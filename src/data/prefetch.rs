//! Loading into the processor's cache ahead of time.

/// Bytes in a cache line.
const CACHE_LINE: usize = 64;

/// Asks the processor to load the numbers into its cache.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn slice<T>(values: &[T]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for line in values.chunks((CACHE_LINE / size_of::<T>()).max(1)) {
        // SAFETY: a prefetch reads nothing that the program sees, and the address is within a slice.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
}

/// Only x86-64 has a stable prefetch instruction in Rust; elsewhere nothing is loaded ahead of time.
#[cfg(not(target_arch = "x86_64"))]
pub fn slice<T>(_values: &[T]) {}
