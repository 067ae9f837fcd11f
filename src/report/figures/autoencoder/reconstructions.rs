//! Originals over reconstructions, some of each class.
//!
//! In: an exhibit. Out: a figure.

use anyhow::Result;

use super::{TrainedAutoencoder, bytes, under_classes};
use crate::report::figures::Figure;
use crate::report::figures::grid::Grid;

/// Images of each class.
const EACH: usize = 2;

/// # Errors
/// The picture cannot be encoded.
pub fn draw(exhibit: &TrainedAutoencoder) -> Result<Figure> {
    let images = exhibit.test.rows.numbers();
    let (originals, given_back) = (bytes(&images), exhibit.reconstruct(&images));
    let rows = (0..EACH).flat_map(|nth| {
        let chosen = exhibit.of_each_class(nth);
        [("original", &originals), ("given back", &given_back)]
            .map(|(name, all)| (name.to_string(), under_classes(all, &chosen)))
    });
    let rows = rows.collect();
    let picture = Grid { columns: exhibit.dataset.classes.clone(), rows, zoom: 2.0 }.draw()?;
    let caption = format!(
        "The first test images of each class, and what the autoencoder gives back from {} numbers (seed {}).",
        exhibit.latent(),
        exhibit.seed
    );
    Ok(Figure::svg("reconstructions", "What comes back", caption, picture))
}
