//! The parts of a path that lie inside a rectangle.
//!
//! A path is cut before it is drawn, and not by a clip path of the picture: a surface in space shows a rectangle of its function as no
//! rectangle of pixels, and a path that diverged has points that no renderer can place.

/// A point in the units of the axes.
pub type Point = (f64, f64);

/// The pieces of a path inside a rectangle, whose ends are those of the two coordinates. A line that crosses an edge ends on it. A point that
/// is not finite ends a piece.
pub fn inside(ends: &[(f64, f64); 2], path: &[Point]) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    for pair in path.windows(2) {
        let Some((from, to)) = segment(ends, pair[0], pair[1]) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// Whether a point is inside or on an edge.
pub fn contains(ends: &[(f64, f64); 2], (x, y): Point) -> bool {
    (ends[0].0..=ends[0].1).contains(&x) && (ends[1].0..=ends[1].1).contains(&y)
}

/// The part of a line inside the rectangle (Liang and Barsky, "A new concept and method for line clipping", 1984).
fn segment(ends: &[(f64, f64); 2], from: Point, to: Point) -> Option<(Point, Point)> {
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (start, end, (low, high)) in [(from.0, to.0, ends[0]), (from.1, to.1, ends[1])] {
        let along = end - start;
        if !along.is_finite() {
            return None;
        }
        if along == 0.0 {
            if start < low || start > high {
                return None;
            }
            continue;
        }
        let (first, second) = ((low - start) / along, (high - start) / along);
        enter = enter.max(first.min(second));
        leave = leave.min(first.max(second));
    }
    let at = |share: f64| match share {
        0.0 => from,
        1.0 => to,
        _ => (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1)),
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [(f64, f64); 2] = [(0.0, 10.0), (0.0, 10.0)];

    #[test]
    fn a_path_that_leaves_and_returns_is_two_pieces_that_end_on_the_edge() {
        let path = [(5.0, 5.0), (15.0, 5.0), (15.0, 2.0), (5.0, 2.0), (4.0, 2.0)];
        let pieces = inside(&SQUARE, &path);
        assert_eq!(pieces, [vec![(5.0, 5.0), (10.0, 5.0)], vec![(10.0, 2.0), (5.0, 2.0), (4.0, 2.0)]]);
    }

    #[test]
    fn a_line_between_two_outer_points_is_cut_at_both_ends() {
        assert_eq!(inside(&SQUARE, &[(-5.0, 0.0), (15.0, 20.0)]), [vec![(0.0, 5.0), (5.0, 10.0)]]);
        assert!(inside(&SQUARE, &[(-5.0, 8.0), (5.0, 18.0)]).is_empty());
        assert!(inside(&SQUARE, &[(11.0, 1.0), (11.0, 9.0)]).is_empty());
    }

    #[test]
    fn what_is_not_finite_is_left_out_and_what_is_far_away_is_cut() {
        let pieces = inside(&SQUARE, &[(1.0, 1.0), (f64::INFINITY, 1.0), (2.0, 2.0), (2.0, 1e300)]);
        assert_eq!(pieces, [vec![(2.0, 2.0), (2.0, 10.0)]]);
        assert!(
            contains(&SQUARE, (10.0, 0.0)) && !contains(&SQUARE, (10.1, 0.0)) && !contains(&SQUARE, (f64::NAN, 0.0))
        );
    }
}
