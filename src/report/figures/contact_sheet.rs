//! Grey pictures put together from small images, as PNG.

use anyhow::{Context, Result};

use font8x8::UnicodeFonts;

/// Pixels of a letter in each direction.
pub const GLYPH: usize = 8;

/// A grey picture of 8 bits per pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grey {
    /// Pixels per row.
    pub width: usize,
    /// Row by row; 0 is black.
    pub pixels: Vec<u8>,
}

impl Grey {
    /// A picture of one shade.
    pub fn filled(width: usize, height: usize, shade: u8) -> Self {
        Self { width, pixels: vec![shade; width * height] }
    }

    /// Pixels per column.
    pub fn height(&self) -> usize {
        self.pixels.len() / self.width.max(1)
    }

    /// Copies an image of `columns` pixels a row to the upper left corner `(x, y)`, each of its pixels `zoom` wide.
    ///
    /// # Panics
    /// If the image does not fit.
    pub fn paste(&mut self, image: &[u8], columns: usize, (x, y): (usize, usize), zoom: usize) {
        for row in 0..image.len() / columns * zoom {
            for column in 0..columns * zoom {
                let index = (y + row) * self.width + x + column;
                self.pixels[index] = image[(row / zoom) * columns + column / zoom];
            }
        }
    }

    /// Writes words in black in an 8x8 pixel font; what does not fit is cut off.
    pub fn write(&mut self, words: &str, x: usize, y: usize) {
        for (i, letter) in words.chars().enumerate() {
            let Some(glyph) = font8x8::BASIC_FONTS.get(letter) else { continue };
            for (row, bits) in glyph.iter().enumerate() {
                for column in (0..GLYPH).filter(|column| bits >> column & 1 == 1) {
                    let across = x + i * GLYPH + column;
                    let index = (y + row) * self.width + across;
                    if across < self.width && index < self.pixels.len() {
                        self.pixels[index] = 0;
                    }
                }
            }
        }
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// The picture is empty or too large for a PNG.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height() as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context("cannot start the PNG")?;
        writer.write_image_data(&self.pixels).context("cannot write the PNG")?;
        writer.finish().context("cannot finish the PNG")?;
        Ok(bytes)
    }
}

/// A contact sheet of images of `shape` (rows, columns), `columns` images per row, with grey lines of one pixel around them.
pub fn contact(images: &[&[u8]], shape: [usize; 2], columns: usize, zoom: usize) -> Grey {
    const GAP: usize = 1;
    let [down, across] = shape.map(|side| side * zoom + GAP);
    let rows = images.len().div_ceil(columns);
    let mut sheet = Grey::filled(columns * across + GAP, rows * down + GAP, 64);
    for (index, image) in images.iter().enumerate() {
        let corner = (GAP + (index % columns) * across, GAP + (index / columns) * down);
        sheet.paste(image, shape[1], corner, zoom);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_keeps_every_pixel_and_survives_png() {
        let image: Vec<u8> = (0..20 * 28).map(|i| (i % 251) as u8).collect();
        let sheet = contact(&[&image, &image, &image], [20, 28], 2, 2);
        assert_eq!((sheet.width, sheet.height()), (2 * 57 + 1, 2 * 41 + 1));
        assert_eq!(sheet.pixels[sheet.width + 1 + 2], image[1]);
        let png = sheet.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut back = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut back).unwrap();
        assert_eq!(back, sheet.pixels);
    }
}
