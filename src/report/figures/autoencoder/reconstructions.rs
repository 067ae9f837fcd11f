//! Test images and their reconstructions, some of each class.

use anyhow::Result;

use super::{TrainedAutoencoder, bytes, under_classes};
use crate::report::figures::image_rows::{ImageRow, ImageRows};
use crate::report::figures::{Figure, FigureText};

/// Images of each class.
const EACH: usize = 2;

/// Two rows per image of a class: the originals and their reconstructions.
///
/// # Errors
/// The picture cannot be encoded.
pub fn draw(trained: &TrainedAutoencoder) -> Result<Figure> {
    let images = trained.test.rows.numbers();
    let (originals, reconstructions) = (bytes(&images), trained.reconstruct(&images));
    let rows = (0..EACH).flat_map(|nth| {
        let chosen = trained.of_each_class(nth);
        let row = |name: &str, images: &[u8]| ImageRow { name: name.into(), images: under_classes(images, &chosen) };
        [row("original", &originals), row("reconstruction", &reconstructions)]
    });
    let picture = ImageRows { columns: trained.dataset.classes.clone(), rows: rows.collect() }.draw()?;
    let words = FigureText {
        title: "Reconstructions".into(),
        alt: "Test images of each class above their reconstructions.".into(),
        caption: format!(
            "The first test images of each class, and their reconstructions from {} numbers (seed {}).",
            trained.latent(),
            trained.seed
        ),
    };
    Ok(Figure::svg("reconstructions", words, picture))
}
