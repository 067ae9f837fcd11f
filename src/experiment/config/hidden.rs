//! The hidden widths of a network: written out, or tapered between its two ends.
//!
//! In: the two ends' widths. Out: the widths between them.

use serde::{Deserialize, Serialize};

/// `[64, 32]`, or `{ depth = 3 }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a list of widths such as [64, 32], or { depth = 3 }")]
pub enum Hidden {
    /// These widths.
    Widths(Vec<usize>),
    /// So many layers, whose widths shrink by the same factor from one to the next.
    Taper(Taper),
}

/// See [`Hidden::Taper`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taper {
    /// Layers of weights from the first end to the second: 1 has no hidden layer.
    pub depth: usize,
}

/// Layers a tapered network may have.
pub const MOST_DEPTH: usize = 5;

impl Hidden {
    /// The widths between `from` inputs and `to` outputs; tapered ones above 16 rounded to the nearest multiple of 8, which is what
    /// vector instructions like.
    pub fn widths(&self, from: usize, to: usize) -> Vec<usize> {
        match self {
            Self::Widths(widths) => widths.clone(),
            Self::Taper(Taper { depth }) => {
                let ratio = to as f64 / from as f64;
                (1..*depth).map(|layer| rounded(from as f64 * ratio.powf(layer as f64 / *depth as f64))).collect()
            }
        }
    }
}

fn rounded(width: f64) -> usize {
    if width > 16.0 { 8 * (width / 8.0).round() as usize } else { width.round().max(1.0) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taper_shrinks_by_one_factor_between_its_ends() {
        let taper = |depth| Hidden::Taper(Taper { depth }).widths(784, 32);
        assert_eq!(taper(1), [0usize; 0]);
        // 784 / sqrt(24.5) = 158.4.
        assert_eq!(taper(2), [160]);
        // 24.5^(1/3) = 2.904: 270.0 and 93.0.
        assert_eq!(taper(3), [272, 96]);
        assert_eq!(taper(5).len(), 4);
        assert_eq!(Hidden::Widths(vec![512, 128]).widths(784, 32), [512, 128]);
    }
}
