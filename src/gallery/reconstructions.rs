//! Originals over reconstructions, some of each class.

use anyhow::Result;

use super::Exhibit;
use crate::figures::Figure;
use crate::figures::grid::Grid;

/// Images of each class.
const EACH: usize = 2;

/// # Errors
/// The picture cannot be encoded.
pub fn draw(exhibit: &Exhibit) -> Result<Figure> {
    let chosen = exhibit.first_of_each_class(EACH);
    let mut rows: Vec<(String, Vec<u8>)> = Vec::new();
    for nth in 0..EACH {
        let of_row: Vec<usize> = chosen.iter().filter_map(|own| own.get(nth).copied()).collect();
        let mut originals = Vec::new();
        of_row.iter().for_each(|&index| exhibit.test.rows.append(index, &mut originals));
        let given_back = exhibit.reconstruct(&originals);
        let originals: Vec<u8> = originals.into_iter().map(super::byte).collect();
        rows.push(("original".into(), originals));
        rows.push(("given back".into(), given_back));
    }
    let picture = Grid { columns: exhibit.corpus.classes.clone(), rows, zoom: 2.0 }.draw()?;
    let caption = format!(
        "The first test images of each class, and what the autoencoder gives back from {} numbers (seed {}).",
        exhibit.latent(),
        exhibit.seed
    );
    Ok(Figure::svg("reconstructions", "What comes back", caption, picture))
}
