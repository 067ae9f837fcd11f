//! Numbers that start where a cache line starts.

use std::ops::{Deref, DerefMut};

/// Bytes in a cache line.
const LINE: usize = 64;

/// A fixed number of 32-bit floats. The first is at the start of a cache line, so that a vector that fills a line is read
/// from one line and not from two.
#[derive(Debug, Default)]
pub struct Aligned {
    buffer: Vec<f32>,
    start: usize,
    count: usize,
}

impl Aligned {
    /// This many zeros.
    pub fn zeros(count: usize) -> Self {
        let buffer = vec![0.0f32; count + LINE / size_of::<f32>() - 1];
        let start = buffer.as_ptr().align_offset(LINE);
        Self { buffer, start, count }
    }

    /// Makes it this long. The numbers are any that were there before.
    pub fn resize(&mut self, count: usize) {
        if self.start + count <= self.buffer.len() {
            self.count = count;
        } else {
            *self = Self::zeros(count);
        }
    }

    /// A copy of these numbers.
    pub fn copy_of(values: &[f32]) -> Self {
        let mut copy = Self::zeros(values.len());
        copy.copy_from_slice(values);
        copy
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        Self::copy_of(self)
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &self.buffer[self.start..self.start + self.count]
    }
}

impl DerefMut for Aligned {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[self.start..self.start + self.count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_start_at_a_cache_line() {
        for count in [0, 1, 15, 16, 1000] {
            let values: Vec<f32> = (0..count).map(|i| i as f32).collect();
            let aligned = Aligned::copy_of(&values).clone();
            assert_eq!(*aligned, *values);
            assert_eq!(aligned.as_ptr() as usize % LINE, 0);
        }
    }
}
