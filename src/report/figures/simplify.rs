//! Lines with fewer points that look the same, by Douglas and Peucker ("Algorithms for the reduction of the number of points required to
//! represent a digitized line or its caricature", 1973).

/// How far, in pixels, a point that is left out may be from the line without it: about what is lost by printing one decimal place.
const TOLERANCE: f64 = 0.1;

/// The points of the line, in their order, without those that nobody would miss. The ends stay.
pub fn simplified(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut is_kept = vec![false; points.len()];
    (is_kept[0], is_kept[last]) = (true, true);
    let mut parts = vec![(0, last)];
    while let Some((from, to)) = parts.pop() {
        let inner = from + 1..to;
        let away = inner.map(|index| (index, distance(points[index], points[from], points[to])));
        let furthest = away.fold(None, |best: Option<(usize, f64)>, found| match best {
            Some(best) if best.1 >= found.1 => Some(best),
            _ => Some(found),
        });
        if let Some((index, _)) = furthest.filter(|(_, distance)| *distance > TOLERANCE) {
            is_kept[index] = true;
            parts.extend([(from, index), (index, to)]);
        }
    }
    points.iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(&point, _)| point).collect()
}

/// The distance of a point from the stretch between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - share * dx).hypot(py - share * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_keeps_its_ends_and_a_corner_stays() {
        assert_eq!(simplified(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (5.0, 5.0)]), [(0.0, 0.0), (5.0, 5.0)]);
        let corner = [(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)];
        assert_eq!(simplified(&corner), corner);
        // There and back on the same way: the end of the way is a corner.
        let back = [(0.0, 0.0), (4.0, 0.0), (0.0, 0.0)];
        assert_eq!(simplified(&back), back);
        assert_eq!(simplified(&[]), []);
        assert_eq!(simplified(&[(1.0, 2.0)]), [(1.0, 2.0)]);
    }

    #[test]
    fn no_point_of_a_curve_is_further_from_the_fewer_points_than_is_printed() {
        let curve: Vec<(f64, f64)> =
            (0..3000).map(|i| f64::from(i) * 0.1).map(|x| (x, 60.0 * (x / 25.0).sin())).collect();
        let fewer = simplified(&curve);
        assert!(fewer.len() < 300, "{}", fewer.len());
        for &point in &curve {
            let nearest = fewer.windows(2).map(|pair| distance(point, pair[0], pair[1])).fold(f64::INFINITY, f64::min);
            assert!(nearest <= TOLERANCE, "{nearest}");
        }
    }
}
