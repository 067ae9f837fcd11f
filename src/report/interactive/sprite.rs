//! Small grey images in one PNG, from which a page cuts them.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::data::Images;
use crate::report::figures::contact_sheet::Grey;

/// Images of one size, in rows.
#[derive(Debug, Serialize)]
pub struct Sprite {
    /// Pixels of an image, rows and columns.
    shape: [usize; 2],
    /// Images in a row.
    across: usize,
    /// The PNG, as base64.
    png: String,
}

/// Images in a row.
const ACROSS: usize = 25;

impl Sprite {
    /// The images at these places, in their order; those that there are not are left black.
    ///
    /// # Errors
    /// The picture cannot be encoded.
    pub fn of(images: &Images, places: &[usize]) -> Result<Self> {
        let [rows, columns] = images.shape;
        let mut sheet = Grey::filled(ACROSS * columns, places.len().div_ceil(ACROSS).max(1) * rows, 0);
        for (index, &place) in places.iter().enumerate().filter(|(_, place)| **place < images.count()) {
            sheet.paste(images.image(place), columns, (index % ACROSS * columns, index / ACROSS * rows), 1);
        }
        Ok(Self { shape: images.shape, across: ACROSS, png: STANDARD.encode(sheet.png()?) })
    }
}
