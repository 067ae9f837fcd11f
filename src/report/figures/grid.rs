//! Rows of images with names beside and above them.
//!
//! In: names and 28x28 images. Out: an SVG with one small PNG inside, so that names stay sharp at any size and pixels square.

use anyhow::Result;

use super::svg::{Anchor, INK, Svg, TEXT, text_width};
use crate::data::{PIXELS, SIDE};
use crate::report::figures::contact_sheet::Grey;

/// Rows of images.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Names above the columns, or none.
    pub columns: Vec<String>,
    /// A name, and images of 784 bytes each.
    pub rows: Vec<(String, Vec<u8>)>,
    /// Size of a pixel.
    pub zoom: f64,
}

/// Pixels between images.
const GAP: usize = 2;
const CELL: usize = SIDE + GAP;

impl Grid {
    /// The rows on white.
    ///
    /// # Errors
    /// The images cannot be encoded.
    pub fn draw(&self) -> Result<Svg> {
        let widest = self.rows.iter().map(|(_, images)| images.len() / PIXELS).max().unwrap_or(0);
        let mut sheet = Grey::filled((widest * CELL).max(1), (self.rows.len() * CELL).max(1), 255);
        for (row, (_, images)) in self.rows.iter().enumerate() {
            for (column, image) in images.chunks_exact(PIXELS).enumerate() {
                sheet.paste(image, column * CELL, row * CELL, 1);
            }
        }
        let names = self.rows.iter().map(|(name, _)| text_width(name, TEXT));
        let left = names.fold(0.0, f64::max) + 20.0;
        let cell = CELL as f64 * self.zoom;
        let half = SIDE as f64 * self.zoom / 2.0;
        let longest = self.columns.iter().map(|name| text_width(name, TEXT)).fold(0.0, f64::max);
        // Names too long to stand side by side stand on end.
        let upright = longest > cell;
        let top = match (self.columns.is_empty(), upright) {
            (true, _) => 6.0,
            (false, false) => 26.0,
            (false, true) => longest + 12.0,
        };
        let size = (sheet.width as f64 * self.zoom, sheet.height() as f64 * self.zoom);
        let mut svg = Svg::new(left + size.0 + 4.0, top + size.1 + 2.0);
        for (column, name) in self.columns.iter().enumerate() {
            let x = left + cell * column as f64 + half;
            match upright {
                true => svg.upward((x + 5.0, top - 6.0 - longest / 2.0), name),
                false => svg.text((x, top - 8.0), name, Anchor::Middle, TEXT, INK),
            }
        }
        for (row, (name, _)) in self.rows.iter().enumerate() {
            svg.text((left - 10.0, top + cell * row as f64 + half + 5.0), name, Anchor::End, TEXT, INK);
        }
        svg.image((left, top), size, &sheet.png()?);
        Ok(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_room_for_its_images_and_names() {
        let image: Vec<u8> = vec![200; PIXELS];
        let rows = vec![("first".to_string(), [image.clone(), image.clone()].concat()), ("second".into(), image)];
        let grid = Grid { columns: vec!["x".into(), "y".into()], rows, zoom: 2.0 };
        let svg = grid.draw().unwrap();
        assert!(svg.width > 2.0 * 60.0 && svg.height > 2.0 * 60.0);
        let text = svg.finish("title");
        assert_eq!(text.matches("<image").count(), 1);
        assert!(["first", "second", ">x<", ">y<"].iter().all(|name| text.contains(name)));
    }
}
