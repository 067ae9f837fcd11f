//! Colours between two colours, and pictures of coloured pixels as PNG.

use anyhow::{Context, Result};

/// The colour at `share`, from 0 to 1, of the way from the first colour to the second.
pub fn mix(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f64::from(from[i]) + share * (f64::from(to[i]) - f64::from(from[i]))).round() as u8)
}

/// A PNG of `width` by `height` pixels of red, green and blue, `[height * width * 3]`.
///
/// # Errors
/// The picture is empty or too large for a PNG.
pub fn png(width: usize, height: usize, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().context("cannot start the PNG")?;
    writer.write_image_data(bytes).context("cannot write the PNG")?;
    writer.finish().context("cannot finish the PNG")?;
    Ok(out)
}
