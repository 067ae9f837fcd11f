//! The weights of a first layer as a sheet of images, one for each unit: blue below 0, white at 0, red above.

use anyhow::Result;

use super::contact_sheet::{GLYPH, Grey};
use super::rgb::{self, mix};
use crate::data::SIDE;

const BLUE: [u8; 3] = [5, 72, 160];
const WHITE: [u8; 3] = [255, 255, 255];
const RED: [u8; 3] = [178, 24, 32];
/// Pixels of the picture to one weight.
const ZOOM: usize = 3;
/// Pixels between the images.
const SPACE: usize = 6;
/// Images in a row.
const COLUMNS: usize = 16;
/// The colour bar's pixels from top to bottom.
const BAR: usize = 10;

/// A sheet, and what its colours mean.
pub struct WeightSheet {
    /// The picture.
    pub png: Vec<u8>,
    /// The size from which on a weight has the full colour.
    pub limit: f64,
}

/// The sheet of `units`, each with its name and its 784 weights, in rows of 16. All have the same colours, which are full from the 99.5th
/// percentile of the weights' sizes on: a few large weights would otherwise make all others pale.
///
/// # Errors
/// There is no unit, or the picture is too large for a PNG.
pub fn sheet(units: &[(String, Vec<f32>)]) -> Result<WeightSheet> {
    let limit = limit(units);
    let columns = units.len().clamp(1, COLUMNS);
    let cell = (SIDE * ZOOM + SPACE, SIDE * ZOOM + SPACE + GLYPH + 3);
    let (width, rows) = (columns * cell.0 + SPACE, units.len().div_ceil(columns));
    let height = rows * cell.1 + SPACE + BAR + GLYPH + 3 + SPACE;
    // One grey picture for each of red, green and blue, so that images and letters are drawn as on other sheets.
    let channels: Vec<Grey> = (0..3)
        .map(|channel| {
            let mut picture = Grey::filled(width, height, 255);
            for (index, (name, weights)) in units.iter().enumerate() {
                let (x, y) = (SPACE + index % columns * cell.0, SPACE + index / columns * cell.1);
                let shades: Vec<u8> = weights.iter().map(|&w| colour(f64::from(w) / limit)[channel]).collect();
                picture.write(&fitting(name), x, y);
                picture.paste(&shades, SIDE, (x, y + GLYPH + 1), ZOOM);
            }
            draw_bar(&mut picture, channel, SPACE + rows * cell.1, limit);
            picture
        })
        .collect();
    let bytes: Vec<u8> = (0..width * height).flat_map(|i| channels.iter().map(move |grey| grey.pixels[i])).collect();
    Ok(WeightSheet { png: rgb::png(width, height, &bytes)?, limit })
}

/// The 99.5th percentile of the weights' sizes, or 1 if they are all 0.
fn limit(units: &[(String, Vec<f32>)]) -> f64 {
    let mut sizes: Vec<f32> = units.iter().flat_map(|(_, weights)| weights).map(|w| w.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    let index = (0.995 * sizes.len().saturating_sub(1) as f64).round() as usize;
    let found = sizes.get(index).copied().filter(|size| *size > 0.0 && size.is_finite());
    found.map_or(1.0, f64::from)
}

/// The colour of a share from -1 to 1.
fn colour(share: f64) -> [u8; 3] {
    mix(WHITE, if share < 0.0 { BLUE } else { RED }, share.abs())
}

/// The part of a name that fits above its image.
fn fitting(name: &str) -> String {
    name.chars().take(SIDE * ZOOM / GLYPH).collect()
}

/// One channel of the colours from the lowest to the highest, and the weights that the ends stand for.
fn draw_bar(picture: &mut Grey, channel: usize, top: usize, limit: f64) {
    let width = SIDE * ZOOM;
    for column in 0..width {
        let shade = colour(2.0 * column as f64 / (width - 1) as f64 - 1.0)[channel];
        for row in 0..BAR {
            let index = (top + row) * picture.width + SPACE + column;
            picture.pixels[index] = shade;
        }
    }
    let end = if limit < 0.01 { format!("{limit:.0e}") } else { format!("{limit:.2}") };
    let ends = [format!("-{end}"), end];
    picture.write(&ends[0], SPACE, top + BAR + 3);
    picture.write(&ends[1], (SPACE + width).saturating_sub(GLYPH * ends[1].len()), top + BAR + 3);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;

    #[test]
    fn colours_are_symmetric_about_white() {
        assert_eq!([colour(0.0), colour(-1.0), colour(1.0), colour(7.0)], [WHITE, BLUE, RED, RED]);
        assert_eq!(colour(0.5), mix(WHITE, RED, 0.5));
    }

    #[test]
    fn a_sheet_has_a_place_for_each_unit_with_the_colours_of_its_weights() {
        let unit = |name: &str, weight: f32| (name.to_string(), vec![weight; PIXELS]);
        let found = sheet(&[unit("H1", -2.0), unit("H2", 2.0), unit("H3", 0.0)]).unwrap();
        assert_eq!(found.limit, 2.0);
        let mut reader = png::Decoder::new(std::io::Cursor::new(found.png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        let cell = SIDE * ZOOM + SPACE;
        let width = 3 * cell + SPACE;
        let pixel = |x: usize, y: usize| &bytes[3 * (y * width + x)..][..3];
        let middle = SPACE + GLYPH + 40;
        assert_eq!(pixel(SPACE + 40, middle), BLUE);
        assert_eq!(pixel(SPACE + cell + 40, middle), RED);
        assert_eq!(pixel(SPACE + 2 * cell + 40, middle), WHITE);
    }

    #[test]
    fn weights_that_are_all_0_are_white_and_a_long_name_is_cut() {
        assert_eq!(limit(&[("H1".into(), vec![0.0; PIXELS])]), 1.0);
        assert_eq!(fitting("a-name-longer-than-its-image"), "a-name-lon");
        assert!(sheet(&[("only".into(), vec![0.0; PIXELS])]).is_ok());
    }
}
