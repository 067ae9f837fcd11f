//! The examples of a training or test file: images, or points of a toy data set.
//!
//! In: images as read, or points as drawn. Out: borrowed splits of them.

use std::sync::OnceLock;

use burn_dataset::DatasetError;

use super::sparse::SparseImages;
use super::split::{ImageRows, Rows, Split};
use super::{Pixels, SIDE, scaled};

/// The examples of a training or test file.
#[derive(Debug, Clone, PartialEq)]
pub enum Examples {
    /// Images of one size, each with a class.
    Images(Images),
    /// Points, each with a class or a target.
    Points(PointSet),
}

/// Images and their classes.
#[derive(Debug, Clone)]
pub struct Images {
    /// Rows and columns of an image.
    pub shape: [usize; 2],
    /// `[n, rows, columns]`; of a digit 0 is background and 255 is ink.
    pub pixels: Vec<u8>,
    /// `[n]` classes, from 0.
    pub labels: Vec<u8>,
    /// The images without their zeros, made when a network first takes them; `None` where that does not pay.
    sparse: OnceLock<Option<SparseImages>>,
}

/// Share of pixels that are not 0 above which a dense product is as fast as a sparse one. Measured: of MNIST 19 % are not 0, and
/// leaving out the others makes the first layer twice as fast; of Fashion-MNIST 50 %, which makes training a sixth slower.
const DENSE: f64 = 0.35;

/// Points of a few coordinates, and the class or the target of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PointSet {
    /// `[n * width]` coordinates, row-major.
    pub values: Vec<f32>,
    /// Coordinates of a point.
    pub width: usize,
    /// `[n]` classes; all 0 in a regression.
    pub labels: Vec<u8>,
    /// `[n]` numbers to predict in a regression; empty in a classification.
    pub targets: Vec<f32>,
}

impl Examples {
    /// Number of examples.
    pub fn count(&self) -> usize {
        self.labels().len()
    }

    /// `[n]` classes; all 0 in a regression.
    pub fn labels(&self) -> &[u8] {
        match self {
            Self::Images(images) => &images.labels,
            Self::Points(points) => &points.labels,
        }
    }

    /// Numbers in an example: a network's inputs.
    pub fn width(&self) -> usize {
        match self {
            Self::Images(images) => images.width(),
            Self::Points(points) => points.width,
        }
    }

    /// The images; `None` for points.
    pub fn images(&self) -> Option<&Images> {
        match self {
            Self::Images(images) => Some(images),
            Self::Points(_) => None,
        }
    }

    /// The points; `None` for images.
    pub fn points(&self) -> Option<&PointSet> {
        match self {
            Self::Images(_) => None,
            Self::Points(points) => Some(points),
        }
    }

    /// The examples in another order: example `order[i]` at place `i`.
    ///
    /// # Panics
    /// An index is past the end.
    pub fn reordered(&self, order: &[usize]) -> Self {
        match self {
            Self::Images(images) => Self::Images(images.picked(order)),
            Self::Points(points) => Self::Points(PointSet {
                values: pick(&points.values, points.width, order),
                width: points.width,
                labels: pick(&points.labels, 1, order),
                targets: if points.targets.is_empty() { Vec::new() } else { pick(&points.targets, 1, order) },
            }),
        }
    }

    /// The examples of these classes, in their order; class `classes[i]` becomes class i.
    pub fn of_classes(&self, classes: &[u8]) -> Self {
        let place = |label: &u8| classes.iter().position(|class| class == label);
        let places = self.labels().iter().enumerate().filter_map(|(index, label)| Some((index, place(label)? as u8)));
        let (order, labels): (Vec<usize>, Vec<u8>) = places.unzip();
        let mut chosen = self.reordered(&order);
        match &mut chosen {
            Self::Images(images) => images.labels = labels,
            Self::Points(points) => points.labels = labels,
        }
        chosen
    }

    /// Examples `from..to`, borrowed; `pixels` decides the scale of images and has no effect on points.
    ///
    /// # Panics
    /// The range reaches past the end.
    pub fn slice(&self, from: usize, to: usize, pixels: Pixels) -> Split<'_> {
        match self {
            Self::Images(images) => images.slice(from, to, pixels),
            Self::Points(points) => points.slice(from, to),
        }
    }
}

/// The rows `order`, of `width` values each.
fn pick<T: Copy>(values: &[T], width: usize, order: &[usize]) -> Vec<T> {
    order.iter().flat_map(|&index| &values[index * width..(index + 1) * width]).copied().collect()
}

impl PartialEq for Images {
    fn eq(&self, other: &Self) -> bool {
        (self.shape, &self.pixels, &self.labels) == (other.shape, &other.pixels, &other.labels)
    }
}

impl Eq for Images {}

impl Images {
    /// Images `[n, 28, 28]` with their classes `[n]`.
    pub fn new(pixels: Vec<u8>, labels: Vec<u8>) -> Self {
        Self::sized([SIDE, SIDE], pixels, labels)
    }

    /// Images `[n, rows, columns]` with their classes `[n]`.
    pub fn sized(shape: [usize; 2], pixels: Vec<u8>, labels: Vec<u8>) -> Self {
        Self { shape, pixels, labels, sparse: OnceLock::new() }
    }

    /// Pixels of an image.
    pub fn width(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Some of the images: image `order[i]` at place `i`.
    ///
    /// # Panics
    /// An index is past the end.
    pub fn picked(&self, order: &[usize]) -> Self {
        Self::sized(self.shape, pick(&self.pixels, self.width(), order), pick(&self.labels, 1, order))
    }

    /// The images without their zeros; `None` where so few pixels are 0 that this does not pay.
    fn sparse(&self) -> Option<&SparseImages> {
        let sparse = || {
            let inked = self.pixels.iter().filter(|pixel| **pixel > 0).count();
            (inked as f64 <= DENSE * self.pixels.len() as f64).then(|| SparseImages::new(&self.pixels, self.width()))
        };
        self.sparse.get_or_init(sparse).as_ref()
    }

    /// Number of images.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The pixels of image `index`, row by row.
    ///
    /// # Panics
    /// The index is past the end.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.width()..(index + 1) * self.width()]
    }

    fn slice(&self, from: usize, to: usize, pixels: Pixels) -> Split<'_> {
        let width = self.width();
        let bytes = &self.pixels[from * width..to * width];
        let sparse = self.sparse().map(|sparse| sparse.range(from, to));
        let rows = Rows::Images(ImageRows { bytes, width, pixels, sparse });
        Split { rows, labels: &self.labels[from..to], targets: &[] }
    }
}

impl PointSet {
    fn slice(&self, from: usize, to: usize) -> Split<'_> {
        let values = &self.values[from * self.width..to * self.width];
        let targets = if self.targets.is_empty() { &[] } else { &self.targets[from..to] };
        Split { rows: Rows::Numbers { values, width: self.width }, labels: &self.labels[from..to], targets }
    }

    /// The smallest and the largest value of coordinate `axis`; infinity and minus infinity if there are no points.
    pub fn range(&self, axis: usize) -> (f32, f32) {
        let column = self.values.iter().skip(axis).step_by(self.width.max(1));
        column.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
    }
}

/// One image, as an item of burn-dataset's `Dataset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Its pixels, 0 to 1.
    pub image: Vec<f32>,
    /// The class, from 0.
    pub label: u8,
}

impl burn_dataset::Dataset<Example> for Images {
    fn get(&self, index: usize) -> Result<Example, DatasetError> {
        let image = self.image(index).iter().map(|&pixel| scaled(pixel)).collect();
        Ok(Example { image, label: self.labels[index] })
    }

    fn len(&self) -> usize {
        self.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;

    #[test]
    fn images_are_a_burn_dataset_of_numbers_from_0_to_1() {
        let images = Images::new([vec![0; PIXELS], vec![255; PIXELS]].concat(), vec![3, 7]);
        use burn_dataset::Dataset as _;
        assert_eq!(images.len(), 2);
        let item = images.get(1).unwrap();
        assert_eq!(item.label, 7);
        assert!(item.image.iter().all(|&pixel| pixel == 1.0));
    }
}
