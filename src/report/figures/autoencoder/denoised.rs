//! Clean, noisy and denoised images of each class, at a mild and at a strong noise level.

use anyhow::Result;

use super::{TrainedAutoencoder, bytes, under_classes};
use crate::evaluate::denoise::noisy;
use crate::report::figures::image_rows::{ImageRow, ImageRows};
use crate::report::figures::{Figure, FigureText};

/// The noise levels that are drawn if the trial was evaluated at them.
const SHOWN: [f64; 2] = [0.2, 0.6];

/// A figure per noise level; none if the trial was not evaluated on noisy images.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(trained: &TrainedAutoencoder) -> Result<Vec<Figure>> {
    let evaluated = |level: &f64| trained.config.evaluate.noise.contains(level);
    SHOWN.into_iter().filter(evaluated).map(|level| draw_level(trained, level)).collect()
}

fn draw_level(trained: &TrainedAutoencoder, level: f64) -> Result<Figure> {
    let chosen = trained.of_each_class(0);
    let kind = trained.config.train.noise_kind;
    let noisy = noisy(trained.test.rows, kind, level, trained.seed);
    let clean = trained.test.rows.numbers();
    let row = |name: &str, images: &[u8]| ImageRow { name: name.into(), images: under_classes(images, &chosen) };
    let rows =
        vec![row("clean", &bytes(&clean)), row("noisy", &bytes(&noisy)), row("denoised", &trained.reconstruct(&noisy))];
    let picture = ImageRows { columns: trained.dataset.classes.clone(), rows }.draw()?;
    let words = FigureText {
        title: format!("Denoised images at noise level {level}"),
        alt: "The first test image of each class: clean, noisy and denoised.".into(),
        caption: format!(
            "The first test image of each class: clean, with {} noise of level {level}, and denoised (seed {}).",
            kind.name(),
            trained.seed
        ),
    };
    Ok(Figure::svg(&format!("cleaned-{level}"), words, picture))
}
