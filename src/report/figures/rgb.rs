//! Colours between two colours, and pictures of coloured pixels as PNG.

use anyhow::{Context, Result};

/// The colour at `share`, from 0 to 1, of the way from the first colour to the second.
pub fn mix(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f64::from(from[i]) + share * (f64::from(to[i]) - f64::from(from[i]))).round() as u8)
}

/// Red, green and blue of a colour written as `#0072B2`; black where it is not written so.
pub fn hex(colour: &str) -> [u8; 3] {
    let number = u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0);
    let [_, red, green, blue] = number.to_be_bytes();
    [red, green, blue]
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
