//! Clean, noisy and cleaned images of each class, at a mild and at a strong noise level.
//!
//! In: an exhibit whose trial was asked about noise. Out: a figure a level.

use anyhow::Result;

use super::{TrainedAutoencoder, bytes, under_classes};
use crate::evaluate::denoise::noisy;
use crate::report::figures::Figure;
use crate::report::figures::grid::Grid;

/// Levels that a picture is worth at, where the trial was asked about them.
const SHOWN: [f64; 2] = [0.2, 0.6];

/// A picture a level; none where no noise was asked about.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(exhibit: &TrainedAutoencoder) -> Result<Vec<Figure>> {
    let asked = |level: &f64| exhibit.config.evaluate.noise.contains(level);
    SHOWN.into_iter().filter(asked).map(|level| at(exhibit, level)).collect()
}

fn at(exhibit: &TrainedAutoencoder, level: f64) -> Result<Figure> {
    let chosen = exhibit.of_each_class(0);
    let kind = exhibit.config.train.noise_kind;
    let noisy = noisy(exhibit.test.rows, kind, level, exhibit.seed);
    let clean = exhibit.test.rows.numbers();
    let all = [("clean", bytes(&clean)), ("noisy", bytes(&noisy)), ("cleaned", exhibit.reconstruct(&noisy))];
    let rows = all.iter().map(|(name, images)| (name.to_string(), under_classes(images, &chosen))).collect();
    let picture = Grid { columns: exhibit.dataset.classes.clone(), rows, zoom: 2.0 }.draw()?;
    let caption = format!(
        "The first test image of each class: clean, with {} noise of level {level}, and cleaned (seed {}).",
        kind.name(),
        exhibit.seed
    );
    Ok(Figure::svg(&format!("cleaned-{level}"), &format!("Cleaning at noise level {level}"), caption, picture))
}
