//! How the bytes of an image become the numbers that a network takes.

use std::sync::LazyLock;

/// How the bytes of an image become the numbers that a network takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pixels {
    /// Divided by 255: 0 to 1.
    #[default]
    Unit,
    /// Unchanged: 0 to 255.
    Raw,
}

/// A pixel as a network takes it: 0 to 1.
#[inline(always)]
pub fn scaled(pixel: u8) -> f32 {
    f32::from(pixel) * (1.0 / 255.0)
}

impl Pixels {
    /// The number that a network takes for each byte.
    pub fn numbers(self) -> &'static [f32; 256] {
        static UNIT: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|byte| scaled(byte as u8)));
        static RAW: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|byte| byte as f32));
        match self {
            Self::Unit => &UNIT,
            Self::Raw => &RAW,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_number() {
        assert_eq!([0, 51, 255].map(|byte| Pixels::Unit.numbers()[byte]), [0.0, scaled(51), 1.0]);
        assert_eq!([0, 51, 255].map(|byte| Pixels::Raw.numbers()[byte]), [0.0, 51.0, 255.0]);
    }
}
