//! Clean, noisy and cleaned images of each class, at a mild and at a strong noise level.

use anyhow::Result;

use super::Exhibit;
use crate::data::PIXELS;
use crate::eval::denoise::noisy;
use crate::figures::Figure;
use crate::figures::grid::Grid;

/// Levels that a picture is worth at, where the trial was asked about them.
const SHOWN: [f64; 2] = [0.2, 0.6];

/// A picture a level; none where no noise was asked about.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(exhibit: &Exhibit) -> Result<Vec<Figure>> {
    let asked = |level: &f64| exhibit.config.evaluate.noise.contains(level);
    SHOWN.into_iter().filter(asked).map(|level| at(exhibit, level)).collect()
}

fn at(exhibit: &Exhibit, level: f64) -> Result<Figure> {
    let chosen: Vec<usize> = exhibit.first_of_each_class(1).concat();
    let kind = exhibit.config.train.noise_kind;
    let noisy = noisy(exhibit.test.rows, kind, level, exhibit.seed);
    let clean = exhibit.test.rows.numbers();
    let pick = |all: &[f32]| -> Vec<f32> {
        chosen.iter().flat_map(|&index| all[index * PIXELS..(index + 1) * PIXELS].to_vec()).collect()
    };
    let bytes = |values: Vec<f32>| values.into_iter().map(super::byte).collect::<Vec<u8>>();
    let before = pick(&noisy);
    let row = |name: &str, bytes: Vec<u8>| (name.to_string(), bytes);
    let cleaned = exhibit.reconstruct(&before);
    let rows = vec![row("clean", bytes(pick(&clean))), row("noisy", bytes(before)), row("cleaned", cleaned)];
    let picture = Grid { columns: exhibit.corpus.classes.clone(), rows, zoom: 2.0 }.draw()?;
    let caption = format!(
        "The first test image of each class: clean, with {} noise of level {level}, and cleaned (seed {}).",
        kind.name(),
        exhibit.seed
    );
    Ok(Figure::svg(&format!("cleaned-{level}"), &format!("Cleaning at noise level {level}"), caption, picture))
}
