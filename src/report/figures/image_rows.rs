//! Rows of 28x28 images with names beside and above them.
//!
//! The images are one small PNG inside of the SVG, so that the names stay sharp at any size.

use anyhow::Result;

use super::contact_sheet::Grey;
use super::svg::{Anchor, INK, Rectangle, Svg, TEXT, text_width};
use crate::data::{PIXELS, SIDE};

/// Rows of images under the names of their columns.
#[derive(Debug, Clone)]
pub struct ImageRows {
    /// Names above the columns; may be empty.
    pub columns: Vec<String>,
    /// From top to bottom.
    pub rows: Vec<ImageRow>,
}

/// A name and the images to its right.
#[derive(Debug, Clone)]
pub struct ImageRow {
    pub name: String,
    /// `[n, 28, 28]` grey values.
    pub images: Vec<u8>,
}

/// Pixels of the figure for each pixel of an image.
const ZOOM: f64 = 2.0;
/// Image pixels between two images.
const GAP: usize = 2;
const CELL: usize = SIDE + GAP;

impl ImageRows {
    /// The rows on white.
    ///
    /// # Errors
    /// The PNG cannot be encoded, as when there are no images.
    pub fn draw(&self) -> Result<Svg> {
        let widest = self.rows.iter().map(|row| row.images.len() / PIXELS).max().unwrap_or(0);
        let mut sheet = Grey::filled((widest * CELL).max(1), (self.rows.len() * CELL).max(1), 255);
        for (index, row) in self.rows.iter().enumerate() {
            for (column, image) in row.images.chunks_exact(PIXELS).enumerate() {
                sheet.paste(image, SIDE, (column * CELL, index * CELL), 1);
            }
        }
        let names = self.rows.iter().map(|row| text_width(&row.name, TEXT));
        let left = names.fold(0.0, f64::max) + 20.0;
        let cell = CELL as f64 * ZOOM;
        let half = SIDE as f64 * ZOOM / 2.0;
        let longest = self.columns.iter().map(|name| text_width(name, TEXT)).fold(0.0, f64::max);
        // Names that are too long to stand side by side read upwards.
        let upward = longest > cell;
        let top = match (self.columns.is_empty(), upward) {
            (true, _) => 6.0,
            (false, false) => 26.0,
            (false, true) => longest + 12.0,
        };
        let (width, height) = (sheet.width as f64 * ZOOM, sheet.height() as f64 * ZOOM);
        let mut svg = Svg::new(left + width + 4.0, top + height + 2.0);
        for (column, name) in self.columns.iter().enumerate() {
            let x = left + cell * column as f64 + half;
            if upward {
                svg.upward((x + 5.0, top - 6.0 - longest / 2.0), name);
            } else {
                svg.text((x, top - 8.0), name, Anchor::Middle, TEXT, INK);
            }
        }
        for (index, row) in self.rows.iter().enumerate() {
            svg.text((left - 10.0, top + cell * index as f64 + half + 5.0), &row.name, Anchor::End, TEXT, INK);
        }
        svg.image(Rectangle { left, top, width, height }, &sheet.png()?);
        Ok(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_has_room_for_its_images_and_names() {
        let image: Vec<u8> = vec![200; PIXELS];
        let row = |name: &str, images: Vec<u8>| ImageRow { name: name.into(), images };
        let rows = vec![row("first", [image.clone(), image.clone()].concat()), row("second", image)];
        let svg = ImageRows { columns: vec!["x".into(), "y".into()], rows }.draw().unwrap();
        // Two columns and two rows of 60 pixels; names of one letter above, and of up to six letters to the left.
        assert_eq!((svg.width, svg.height), (text_width("second", TEXT) + 20.0 + 120.0 + 4.0, 26.0 + 120.0 + 2.0));
        let text = svg.finish("title");
        assert_eq!(text.matches("<image").count(), 1);
        assert!(["first", "second", ">x<", ">y<"].iter().all(|name| text.contains(name)));
    }
}
