//! Toy data sets of one or two coordinates, small enough for every point to be drawn: a line, two blobs, XOR.
//!
//! In: a name. Out: a [`Dataset`] of points. Point `i` depends on the data set and on `i` alone, and is the same on
//! every machine.

use super::examples::{Examples, PointSet};
use super::{Dataset, SplitSizes};
use crate::seed::{Purpose, Stream};

/// A toy data set.
#[derive(Debug)]
pub struct Toy {
    /// The name typed after `--dataset`.
    pub name: &'static str,
    /// A description in one line, for `kindling data`.
    pub description: &'static str,
    /// Coordinates of a point.
    pub width: usize,
    /// Number of classes; 0 for a regression.
    pub classes: usize,
    /// The sizes of the splits if an experiment gives none.
    pub sizes: SplitSizes,
    /// Points of the training file and of the test file.
    files: [usize; 2],
    /// From the point's index, and the margin between the classes where they have one.
    draw: fn(usize, f64) -> Point,
}

/// One example.
struct Point {
    coordinates: Vec<f64>,
    /// 0 for a regression.
    class: u8,
    /// The number to predict; unused in a classification.
    target: f64,
}

/// Points of the training file and of the test file.
const FILES: [usize; 2] = [1_000, 1_000];
/// The corners of the unit square. The training file has them twice, so that the validation split has all of them as
/// well.
const CORNERS: usize = 4;
/// The seed of every draw: another value makes other data.
const SEED: u64 = 2;
/// Half the distance between the blobs' centres along each axis, in standard deviations. The best straight line
/// classifies 98.3 % of the points correctly: the standard normal distribution function at 1.5 times the square root of
/// 2.
const HALF_DISTANCE: f64 = 1.5;
/// The least distance of a point of `separable` from the straight line between the blobs, unless an experiment gives another.
pub const MARGIN: f64 = 0.5;
/// The largest such distance: of the points that are drawn, 19 % lie beyond it.
pub const MAX_MARGIN: f64 = 3.0;
/// Standard deviation of the noise on the targets of `line`.
const LINE_NOISE: f64 = 0.3;

const POINT_SIZES: SplitSizes = SplitSizes { train: 300, validation: 100, test: 300 };
const CORNER_SIZES: SplitSizes = SplitSizes { train: CORNERS, validation: CORNERS, test: CORNERS };

/// Every toy data set.
pub const TOYS: &[Toy] = &[
    Toy {
        name: "line",
        description: "y = 2x - 1 with noise of 0.3",
        width: 1,
        classes: 0,
        sizes: POINT_SIZES,
        files: FILES,
        draw: line,
    },
    Toy {
        name: "blobs",
        description: "two overlapping normal blobs",
        width: 2,
        classes: 2,
        sizes: POINT_SIZES,
        files: FILES,
        draw: blob,
    },
    Toy {
        name: "separable",
        description: "two blobs with a gap of 1",
        width: 2,
        classes: 2,
        sizes: POINT_SIZES,
        files: FILES,
        draw: separable,
    },
    Toy {
        name: "quadrants",
        description: "XOR of the signs of x and y",
        width: 2,
        classes: 2,
        sizes: POINT_SIZES,
        files: FILES,
        draw: quadrant,
    },
    Toy {
        name: "xor",
        description: "the four corners of XOR",
        width: 2,
        classes: 2,
        sizes: CORNER_SIZES,
        files: [2 * CORNERS, CORNERS],
        draw: corner,
    },
];

/// The toy data set of this name.
pub fn find(name: &str) -> Option<&'static Toy> {
    TOYS.iter().find(|toy| toy.name == name)
}

/// The toy behind a record's data set, and its margin: the inverse of [`Toy::name_with`].
pub fn parse(name: &str) -> Option<(&'static Toy, f64)> {
    let with_margin = || {
        let (name, margin) = name.strip_suffix(')')?.split_once('(')?;
        let margin = margin.parse().ok().filter(|margin| (0.0..=MAX_MARGIN).contains(margin))?;
        Some((find(name).filter(|toy| toy.has_margin())?, margin))
    };
    find(name).map(|toy| (toy, MARGIN)).or_else(with_margin)
}

impl Toy {
    /// Draws all points.
    pub fn dataset(&self) -> Dataset {
        self.with_margin(MARGIN)
    }

    /// Draws all points, in `separable` at least this far from the straight line between the classes.
    pub fn with_margin(&self, margin: f64) -> Dataset {
        let [train, test] = self.files;
        let classes = (0..self.classes).map(|class| class.to_string()).collect();
        let drawn = [self.points(0, train, margin), self.points(train, test, margin)];
        let [train, test] = drawn.map(Examples::Points);
        Dataset::of(&self.name_with(margin), train, test, classes)
    }

    /// The toy's name, with the margin behind it where that is not the usual one: `separable(0.1)`.
    pub fn name_with(&self, margin: f64) -> String {
        if margin == MARGIN { self.name.into() } else { format!("{}({margin})", self.name) }
    }

    /// Whether a margin between its classes can be chosen.
    pub fn has_margin(&self) -> bool {
        self.name == "separable"
    }

    fn points(&self, first: usize, count: usize, margin: f64) -> PointSet {
        let mut points = PointSet { width: self.width, ..PointSet::default() };
        for index in first..first + count {
            let point = (self.draw)(index, margin);
            points.values.extend(point.coordinates.into_iter().map(|v| v as f32));
            points.labels.push(point.class);
            if self.classes == 0 {
                points.targets.push(point.target as f32);
            }
        }
        points
    }
}

fn stream(index: usize) -> Stream {
    Stream::new(SEED, Purpose::Data, index as u64)
}

fn line(index: usize, _: f64) -> Point {
    let mut stream = stream(index);
    let x = stream.uniform(-1.0, 1.0);
    Point { coordinates: vec![x], class: 0, target: 2.0 * x - 1.0 + LINE_NOISE * stream.normal() }
}

fn blob(index: usize, _: f64) -> Point {
    draw_blob(&mut stream(index))
}

fn draw_blob(stream: &mut Stream) -> Point {
    let class = stream.below(2) as u8;
    let centre = if class == 1 { HALF_DISTANCE } else { -HALF_DISTANCE };
    Point { coordinates: vec![centre + stream.normal(), centre + stream.normal()], class, target: 0.0 }
}

fn separable(index: usize, margin: f64) -> Point {
    let mut stream = stream(index);
    loop {
        let point = draw_blob(&mut stream);
        let above = (point.coordinates[0] + point.coordinates[1]) / std::f64::consts::SQRT_2;
        if (if point.class == 1 { above } else { -above }) >= margin {
            return point;
        }
    }
}

fn quadrant(index: usize, _: f64) -> Point {
    let mut stream = stream(index);
    let (x, y) = (stream.uniform(-1.0, 1.0), stream.uniform(-1.0, 1.0));
    Point { coordinates: vec![x, y], class: u8::from((x > 0.0) != (y > 0.0)), target: 0.0 }
}

fn corner(index: usize, _: f64) -> Point {
    let (x, y) = (index & 1, (index >> 1) & 1);
    Point { coordinates: vec![x as f64, y as f64], class: (x ^ y) as u8, target: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(name: &str) -> PointSet {
        find(name).unwrap().dataset().train.points().unwrap().clone()
    }

    #[test]
    fn the_line_has_slope_2_and_intercept_minus_1_by_least_squares() {
        let PointSet { values, targets, .. } = points("line");
        let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len() as f64;
        let (mx, my) = (mean(&values), mean(&targets));
        let covariance =
            values.iter().zip(&targets).map(|(&x, &y)| (f64::from(x) - mx) * (f64::from(y) - my)).sum::<f64>();
        let slope = covariance / values.iter().map(|&x| (f64::from(x) - mx).powi(2)).sum::<f64>();
        // Its standard error is 0.3 / sqrt(1000 / 3) = 0.016.
        assert!((slope - 2.0).abs() < 0.05 && (my - slope * mx + 1.0).abs() < 0.03, "{slope}");
    }

    #[test]
    fn every_class_lies_where_the_name_of_its_data_set_says() {
        for name in ["separable", "quadrants", "xor"] {
            let PointSet { values, labels, .. } = points(name);
            for (point, &label) in values.chunks(2).zip(&labels) {
                let expected = match name {
                    "separable" => point[0] + point[1] > 0.0,
                    "quadrants" => (point[0] > 0.0) != (point[1] > 0.0),
                    _ => point[0] != point[1],
                };
                assert_eq!(label == 1, expected, "{name} {point:?}");
            }
        }
        // The best straight line errs on 1.7 % of the blobs: 17 of 1,000, give or take 4.
        let PointSet { values, labels, .. } = points("blobs");
        let wrong = values.chunks(2).zip(&labels).filter(|(p, l)| (p[0] + p[1] > 0.0) != (**l == 1)).count();
        assert!((5..=30).contains(&wrong), "{wrong}");
    }

    #[test]
    fn the_points_of_separable_keep_the_margin_that_is_asked_for() {
        let toy = find("separable").unwrap();
        for margin in [0.0, 0.1, MARGIN, MAX_MARGIN] {
            let dataset = toy.with_margin(margin);
            let PointSet { values, labels, .. } = dataset.train.points().unwrap();
            let distances = values.chunks(2).zip(labels).map(|(point, &label)| {
                let above = f64::from(point[0] + point[1]) / std::f64::consts::SQRT_2;
                if label == 1 { above } else { -above }
            });
            let nearest = distances.fold(f64::INFINITY, f64::min);
            // The nearest of a thousand points lies close to the margin.
            assert!((margin - 1e-6..margin + 0.05).contains(&nearest), "{margin}: {nearest}");
            let (parsed, of_name) = parse(&dataset.name).unwrap();
            assert_eq!((parsed.name, of_name), ("separable", margin));
        }
        assert_eq!(toy.dataset().name, "separable");
        assert_ne!(toy.with_margin(0.1).hash, toy.dataset().hash);
        assert!(parse("blobs(0.1)").is_none());
    }

    #[test]
    fn training_validation_and_test_have_the_same_four_corners() {
        let dataset = find("xor").unwrap().dataset();
        assert_eq!((dataset.train.count(), dataset.test.count()), (8, 4));
        let [train, validation] =
            [dataset.train.slice(0, 4, Default::default()), dataset.train.slice(4, 8, Default::default())];
        let test = dataset.test.slice(0, 4, Default::default());
        for split in [train, validation, test] {
            assert_eq!(split.rows.numbers(), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
            assert_eq!(split.labels, [0, 1, 1, 0]);
        }
    }
}
