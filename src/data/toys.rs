//! Toy data: a line, two blobs, the XOR quadrants; drawn here, the same everywhere, and small enough to be seen whole.
//!
//! In: a name. Out: a [`Dataset`] of points. Point `i` depends on the data set and on `i` alone.

use super::examples::{Examples, PointSet};
use super::{Dataset, DefaultSizes};
use crate::seed::{Purpose, Stream};

/// A toy data set.
#[derive(Debug)]
pub struct Toy {
    /// As typed after `--dataset`.
    pub name: &'static str,
    /// In a line, for `kindling data`.
    pub what: &'static str,
    /// Numbers a point.
    pub width: usize,
    /// Classes; 0 where a number is to be predicted.
    pub classes: usize,
    /// Parts used where an experiment names none.
    pub sizes: DefaultSizes,
    files: [usize; 2],
    draw: fn(usize) -> Point,
}

/// Coordinates, class, and the number to be predicted.
type Point = (Vec<f64>, u8, f64);

/// PointSet of the training file and of the test file.
const MANY: [usize; 2] = [1_000, 1_000];
/// The corners of the unit square; the training file has them twice, so that validation has them too.
const CORNERS: usize = 4;
/// Keys every draw; a new value is new data.
const SEED: u64 = 2;
/// Half the distance between the blobs' centres along each axis, in standard deviations: a straight line tells
/// 98.3 % of them apart, the normal distribution's share below 1.5 times the square root of 2.
const APART: f64 = 1.5;
/// Separable points keep this distance from the straight line between the blobs.
const MARGIN: f64 = 0.5;
/// Standard deviation of the noise around the line.
const SCATTER: f64 = 0.3;

const SOME: DefaultSizes = DefaultSizes { train: 300, validation: 100, test: 300 };
const FOUR: DefaultSizes = DefaultSizes { train: CORNERS, validation: CORNERS, test: CORNERS };

/// Every toy data set.
pub const TOYS: &[Toy] = &[
    Toy {
        name: "line",
        what: "y = 2x - 1 with noise of 0.3",
        width: 1,
        classes: 0,
        sizes: SOME,
        files: MANY,
        draw: line,
    },
    Toy {
        name: "blobs",
        what: "two overlapping normal blobs",
        width: 2,
        classes: 2,
        sizes: SOME,
        files: MANY,
        draw: blob,
    },
    Toy {
        name: "separable",
        what: "two blobs with a gap of 1",
        width: 2,
        classes: 2,
        sizes: SOME,
        files: MANY,
        draw: separable,
    },
    Toy {
        name: "quadrants",
        what: "XOR of the signs of x and y",
        width: 2,
        classes: 2,
        sizes: SOME,
        files: MANY,
        draw: quadrant,
    },
    Toy {
        name: "xor",
        what: "the four corners of XOR",
        width: 2,
        classes: 2,
        sizes: FOUR,
        files: [2 * CORNERS, CORNERS],
        draw: corner,
    },
];

/// The toy data set of this name.
pub fn find(name: &str) -> Option<&'static Toy> {
    TOYS.iter().find(|toy| toy.name == name)
}

impl Toy {
    /// Draws it.
    pub fn dataset(&self) -> Dataset {
        let [train, test] = self.files;
        let classes = (0..self.classes).map(|class| class.to_string()).collect();
        let drawn = [self.points(0, train), self.points(train, test)];
        let [train, test] = drawn.map(Examples::PointSet);
        Dataset::of(self.name, train, test, classes)
    }

    fn points(&self, first: usize, count: usize) -> PointSet {
        let mut points = PointSet { width: self.width, ..PointSet::default() };
        for index in first..first + count {
            let (values, label, answer) = (self.draw)(index);
            points.values.extend(values.into_iter().map(|v| v as f32));
            points.labels.push(label);
            if self.classes == 0 {
                points.targets.push(answer as f32);
            }
        }
        points
    }
}

fn stream(index: usize) -> Stream {
    Stream::new(SEED, Purpose::Data, index as u64)
}

fn line(index: usize) -> Point {
    let mut stream = stream(index);
    let x = stream.uniform(-1.0, 1.0);
    (vec![x], 0, 2.0 * x - 1.0 + SCATTER * stream.normal())
}

fn blob(index: usize) -> Point {
    blob_of(&mut stream(index))
}

fn blob_of(stream: &mut Stream) -> Point {
    let class = stream.below(2) as u8;
    let centre = if class == 1 { APART } else { -APART };
    (vec![centre + stream.normal(), centre + stream.normal()], class, 0.0)
}

fn separable(index: usize) -> Point {
    let mut stream = stream(index);
    loop {
        let (point, class, answer) = blob_of(&mut stream);
        let beyond = (point[0] + point[1]) / std::f64::consts::SQRT_2;
        if (if class == 1 { beyond } else { -beyond }) >= MARGIN {
            return (point, class, answer);
        }
    }
}

fn quadrant(index: usize) -> Point {
    let mut stream = stream(index);
    let (x, y) = (stream.uniform(-1.0, 1.0), stream.uniform(-1.0, 1.0));
    (vec![x, y], u8::from((x > 0.0) != (y > 0.0)), 0.0)
}

fn corner(index: usize) -> Point {
    let (x, y) = (index & 1, (index >> 1) & 1);
    (vec![x as f64, y as f64], (x ^ y) as u8, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(name: &str) -> PointSet {
        find(name).unwrap().dataset().train.points().unwrap().clone()
    }

    #[test]
    fn the_line_has_its_slope_by_least_squares() {
        let PointSet { values, targets, .. } = points("line");
        let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len() as f64;
        let (mx, my) = (mean(&values), mean(&targets));
        let both = values.iter().zip(&targets).map(|(&x, &y)| (f64::from(x) - mx) * (f64::from(y) - my)).sum::<f64>();
        let slope = both / values.iter().map(|&x| (f64::from(x) - mx).powi(2)).sum::<f64>();
        // Its standard error is 0.3 / sqrt(1000 / 3) = 0.016.
        assert!((slope - 2.0).abs() < 0.05 && (my - slope * mx + 1.0).abs() < 0.03, "{slope}");
    }

    #[test]
    fn every_class_is_where_its_name_says() {
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
    fn the_corners_are_the_same_four_in_every_part() {
        let dataset = find("xor").unwrap().dataset();
        assert_eq!((dataset.train.count(), dataset.test.count()), (8, 4));
        let all = [dataset.train.slice(0, 4, Default::default()), dataset.train.slice(4, 8, Default::default())];
        assert_eq!(all[0].rows.numbers(), all[1].rows.numbers());
        assert_eq!(all[0].labels, [0, 1, 1, 0]);
    }
}
