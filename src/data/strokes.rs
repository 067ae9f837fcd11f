//! The shapes of the ten digits of `digits`: each hand writes a digit by a few pen strokes in the unit square.
//!
//! A point is (x, y), x to the right and y down. A smooth stroke is a Catmull-Rom spline through its points, a straight
//! one a polyline. The coordinates were chosen by eye for this program.

/// One movement of the pen, from where it touches the paper to where it is lifted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    /// Whether the points are joined by a spline; else by straight lines.
    pub(super) smooth: bool,
    /// The points (x, y) it passes, in order.
    pub(super) points: &'static [(f64, f64)],
}

/// The strokes of one way to write a digit.
pub(super) type Hand = &'static [Stroke];

const fn smooth(points: &'static [(f64, f64)]) -> Stroke {
    Stroke { smooth: true, points }
}

const fn straight(points: &'static [(f64, f64)]) -> Stroke {
    Stroke { smooth: false, points }
}

/// The hands of each digit, 0 to 9.
pub(super) const HANDS: [&[Hand]; 10] = [
    &[
        &[smooth(&[
            (0.50, 0.00),
            (0.18, 0.20),
            (0.10, 0.55),
            (0.28, 0.93),
            (0.55, 1.00),
            (0.85, 0.75),
            (0.88, 0.35),
            (0.70, 0.05),
            (0.50, 0.00),
        ])],
        &[smooth(&[
            (0.62, 0.03),
            (0.30, 0.12),
            (0.12, 0.50),
            (0.25, 0.92),
            (0.55, 0.97),
            (0.80, 0.60),
            (0.78, 0.20),
            (0.50, 0.02),
            (0.40, 0.14),
        ])],
        &[smooth(&[
            (0.55, 0.05),
            (0.35, 0.20),
            (0.30, 0.60),
            (0.42, 0.97),
            (0.62, 0.90),
            (0.70, 0.50),
            (0.65, 0.12),
            (0.50, 0.02),
        ])],
    ],
    &[
        &[straight(&[(0.50, 0.00), (0.50, 1.00)])],
        &[straight(&[(0.28, 0.25), (0.55, 0.00), (0.55, 1.00)])],
        &[straight(&[(0.30, 0.22), (0.52, 0.00), (0.52, 0.98)]), straight(&[(0.25, 0.99), (0.80, 0.97)])],
        &[smooth(&[(0.62, 0.00), (0.52, 0.35), (0.46, 0.70), (0.40, 1.00)])],
    ],
    &[
        &[
            smooth(&[(0.15, 0.25), (0.35, 0.02), (0.72, 0.08), (0.78, 0.35), (0.45, 0.70), (0.10, 0.98)]),
            straight(&[(0.10, 0.98), (0.90, 0.95)]),
        ],
        &[smooth(&[
            (0.18, 0.18),
            (0.50, 0.00),
            (0.80, 0.20),
            (0.62, 0.55),
            (0.25, 0.92),
            (0.12, 0.85),
            (0.30, 0.75),
            (0.55, 0.92),
            (0.92, 0.95),
        ])],
        &[smooth(&[(0.12, 0.12), (0.55, 0.02), (0.75, 0.25), (0.50, 0.60), (0.12, 0.95), (0.50, 0.93), (0.88, 0.85)])],
    ],
    &[
        &[
            smooth(&[(0.15, 0.12), (0.50, 0.00), (0.80, 0.18), (0.68, 0.40), (0.40, 0.48)]),
            smooth(&[(0.40, 0.48), (0.76, 0.56), (0.85, 0.80), (0.55, 1.00), (0.10, 0.88)]),
        ],
        &[
            straight(&[(0.15, 0.04), (0.80, 0.03), (0.42, 0.42)]),
            smooth(&[(0.42, 0.42), (0.80, 0.52), (0.82, 0.82), (0.50, 1.00), (0.12, 0.90)]),
        ],
        &[smooth(&[
            (0.22, 0.08),
            (0.60, 0.02),
            (0.72, 0.25),
            (0.45, 0.46),
            (0.38, 0.47),
            (0.70, 0.60),
            (0.74, 0.85),
            (0.40, 0.99),
            (0.15, 0.95),
        ])],
    ],
    &[
        &[straight(&[(0.20, 0.02), (0.14, 0.55), (0.86, 0.52)]), straight(&[(0.70, 0.08), (0.64, 1.00)])],
        &[straight(&[(0.64, 1.00), (0.64, 0.00), (0.10, 0.66), (0.92, 0.66)])],
        &[
            smooth(&[(0.25, 0.05), (0.15, 0.35), (0.30, 0.52), (0.60, 0.45), (0.78, 0.30)]),
            straight(&[(0.78, 0.02), (0.66, 1.00)]),
        ],
    ],
    &[
        &[
            straight(&[(0.82, 0.03), (0.26, 0.03), (0.20, 0.45)]),
            smooth(&[(0.20, 0.45), (0.55, 0.38), (0.86, 0.65), (0.60, 0.97), (0.12, 0.92)]),
        ],
        &[smooth(&[
            (0.80, 0.02),
            (0.40, 0.05),
            (0.25, 0.20),
            (0.35, 0.42),
            (0.68, 0.55),
            (0.72, 0.82),
            (0.45, 1.00),
            (0.15, 0.93),
        ])],
        &[
            smooth(&[(0.30, 0.05), (0.24, 0.42), (0.60, 0.42), (0.80, 0.68), (0.55, 0.98), (0.15, 0.90)]),
            straight(&[(0.28, 0.05), (0.85, 0.00)]),
        ],
    ],
    &[
        &[smooth(&[
            (0.70, 0.02),
            (0.32, 0.30),
            (0.15, 0.70),
            (0.40, 1.00),
            (0.78, 0.85),
            (0.68, 0.57),
            (0.32, 0.60),
            (0.18, 0.76),
        ])],
        &[smooth(&[(0.45, 0.00), (0.25, 0.35), (0.20, 0.75), (0.45, 0.99), (0.72, 0.80), (0.55, 0.58), (0.24, 0.72)])],
        &[
            straight(&[(0.62, 0.00), (0.24, 0.66)]),
            smooth(&[(0.24, 0.66), (0.28, 0.95), (0.60, 0.99), (0.80, 0.78), (0.58, 0.56), (0.26, 0.68)]),
        ],
    ],
    &[
        &[straight(&[(0.10, 0.05), (0.85, 0.05), (0.40, 1.00)])],
        &[straight(&[(0.12, 0.05), (0.84, 0.03), (0.45, 1.00)]), straight(&[(0.32, 0.50), (0.78, 0.48)])],
        &[smooth(&[(0.12, 0.15), (0.30, 0.04), (0.82, 0.06), (0.62, 0.45), (0.48, 1.00)])],
    ],
    &[
        &[smooth(&[
            (0.72, 0.15),
            (0.45, 0.00),
            (0.22, 0.20),
            (0.50, 0.47),
            (0.80, 0.76),
            (0.50, 1.00),
            (0.18, 0.78),
            (0.50, 0.47),
            (0.76, 0.22),
            (0.70, 0.12),
        ])],
        &[
            smooth(&[(0.50, 0.00), (0.25, 0.12), (0.28, 0.38), (0.50, 0.48), (0.74, 0.36), (0.74, 0.10), (0.50, 0.00)]),
            smooth(&[(0.50, 0.48), (0.18, 0.66), (0.25, 0.94), (0.52, 1.00), (0.82, 0.90), (0.80, 0.62), (0.50, 0.48)]),
        ],
    ],
    &[
        &[
            smooth(&[(0.78, 0.25), (0.50, 0.02), (0.20, 0.25), (0.40, 0.50), (0.74, 0.38), (0.80, 0.18)]),
            straight(&[(0.80, 0.15), (0.70, 1.00)]),
        ],
        &[smooth(&[
            (0.76, 0.16),
            (0.45, 0.03),
            (0.22, 0.28),
            (0.48, 0.48),
            (0.78, 0.22),
            (0.76, 0.60),
            (0.58, 0.95),
            (0.25, 0.92),
        ])],
        &[
            smooth(&[(0.70, 0.10), (0.35, 0.08), (0.25, 0.38), (0.58, 0.45), (0.72, 0.12)]),
            straight(&[(0.72, 0.12), (0.45, 1.00)]),
        ],
    ],
];

/// A stroke as a polyline: its own points, or those of its spline, six for each pair of neighbouring points.
pub(super) fn polyline(smooth: bool, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const SEGMENTS: usize = 6;
    if !smooth || points.len() < 3 {
        return points.to_vec();
    }
    let at = |index: isize| points[index.clamp(0, points.len() as isize - 1) as usize];
    let mut line = vec![points[0]];
    for start in 0..points.len() as isize - 1 {
        let four = [at(start - 1), at(start), at(start + 1), at(start + 2)];
        line.extend((1..=SEGMENTS).map(|segment| spline(four, segment as f64 / SEGMENTS as f64)));
    }
    line
}

/// The spline of Catmull and Rom ("A class of local interpolating splines", 1974) from the second point, at `t` = 0, to
/// the third, at `t` = 1.
fn spline([a, b, c, d]: [(f64, f64); 4], t: f64) -> (f64, f64) {
    let blend = |a: f64, b: f64, c: f64, d: f64| {
        let cubic = -a + 3.0 * b - 3.0 * c + d;
        let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
        0.5 * (2.0 * b + t * (c - a + t * (square + t * cubic)))
    };
    (blend(a.0, b.0, c.0, d.0), blend(a.1, b.1, c.1, d.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_stroke_passes_through_its_points() {
        for hand in HANDS.iter().flat_map(|hands| hands.iter()) {
            for stroke in hand.iter() {
                let line = polyline(stroke.smooth, stroke.points);
                for point in stroke.points {
                    let near = |p: &(f64, f64)| (p.0 - point.0).abs() + (p.1 - point.1).abs() < 1e-12;
                    assert!(line.iter().any(near), "{point:?} is not on it");
                }
            }
        }
    }
}
