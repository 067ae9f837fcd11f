//! Pictures of single digits from the outside world, made to look like MNIST's.
//!
//! In: a PNG of any size and either polarity. Out: 28x28 bytes, light ink on black. A 28x28 picture keeps its pixels; any other
//! is cropped to its ink, shrunk or grown to fit 20x20, and set with its centre of mass in the middle, as MNIST's makers did.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{PIXELS, SIDE};

/// Longest side of the ink in an MNIST image.
const BOX: f64 = 20.0;

/// Reads a PNG as a digit.
///
/// # Errors
/// It cannot be read, is not a PNG, or shows nothing.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let (width, height, grey) = decode(path).with_context(|| format!("{shown} cannot be read as a PNG"))?;
    let grey = light_on_dark(grey, width, height);
    if (width, height) == (SIDE, SIDE) {
        return Ok(grey.into_iter().map(|value| value.round() as u8).collect());
    }
    fit(&grey, width).with_context(|| format!("{shown} shows nothing: all its pixels are alike"))
}

/// Width, height and grey levels, 0 to 255, transparency on white.
fn decode(path: &Path) -> Result<(usize, usize, Vec<f64>)> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path)?));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size().context("the picture is too large")?;
    ensure!(size <= 1 << 28, "the picture is too large");
    let mut bytes = vec![0; size];
    let info = reader.next_frame(&mut bytes)?;
    let channels = info.color_type.samples();
    let grey = bytes[..info.buffer_size()].chunks_exact(channels).map(|pixel| {
        let pixel: Vec<f64> = pixel.iter().map(|&value| f64::from(value)).collect();
        // Rec. 601 luma.
        let luma = |p: &[f64]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        let over_white = |value: f64, alpha: f64| 255.0 + (value - 255.0) * alpha / 255.0;
        match channels {
            1 => pixel[0],
            2 => over_white(pixel[0], pixel[1]),
            3 => luma(&pixel),
            _ => over_white(luma(&pixel), pixel[3]),
        }
    });
    Ok((info.width as usize, info.height as usize, grey.collect()))
}

/// Inverts a picture whose border is light.
fn light_on_dark(grey: Vec<f64>, width: usize, height: usize) -> Vec<f64> {
    let on_border = |i: usize| {
        let (x, y) = (i % width, i / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let border: Vec<f64> = (0..grey.len()).filter(|&i| on_border(i)).map(|i| grey[i]).collect();
    let light = border.iter().sum::<f64>() / border.len().max(1) as f64 > 127.5;
    if light { grey.into_iter().map(|value| 255.0 - value).collect() } else { grey }
}

/// Crop, scale, centre; `None` for a blank picture.
fn fit(grey: &[f64], width: usize) -> Option<Vec<u8>> {
    let low = grey.iter().copied().fold(f64::INFINITY, f64::min);
    let high = grey.iter().copied().fold(0.0, f64::max);
    if high - low < 1.0 {
        return None;
    }
    let ink: Vec<f64> = grey.iter().map(|value| (value - low) / (high - low)).collect();
    // Faint background texture is not ink.
    let inked = |i: &usize| ink[*i] > 0.2;
    let columns: Vec<usize> = (0..ink.len()).filter(inked).map(|i| i % width).collect();
    let rows: Vec<usize> = (0..ink.len()).filter(inked).map(|i| i / width).collect();
    let (x0, x1) = (*columns.iter().min()?, *columns.iter().max()? + 1);
    let (y0, y1) = (*rows.iter().min()?, *rows.iter().max()? + 1);
    let scale = (x1 - x0).max(y1 - y0) as f64 / BOX; // source pixels a target pixel
    let (mut mass, mut mass_x, mut mass_y) = (0.0, 0.0, 0.0);
    for y in y0..y1 {
        for x in x0..x1 {
            let value = ink[y * width + x];
            mass += value;
            mass_x += value * (x as f64 + 0.5);
            mass_y += value * (y as f64 + 0.5);
        }
    }
    let middle = SIDE as f64 / 2.0;
    let from = (mass_x / mass - middle * scale, mass_y / mass - middle * scale);
    let crop = (x0 as f64, x1 as f64, y0 as f64, y1 as f64);
    let pixel = |i: usize| {
        let x = from.0 + (i % SIDE) as f64 * scale;
        let y = from.1 + (i / SIDE) as f64 * scale;
        let ends = (x.max(crop.0), (x + scale).min(crop.1), y.max(crop.2), (y + scale).min(crop.3));
        (255.0 * covered(&ink, width, ends) / (scale * scale)).round().clamp(0.0, 255.0) as u8
    };
    Some((0..PIXELS).map(pixel).collect())
}

/// The ink inside a rectangle of fractional pixels.
fn covered(ink: &[f64], width: usize, (x0, x1, y0, y1): (f64, f64, f64, f64)) -> f64 {
    if x1 <= x0 || y1 <= y0 {
        return 0.0;
    }
    let overlap = |cell: usize, from: f64, to: f64| (to.min(cell as f64 + 1.0) - from.max(cell as f64)).max(0.0);
    let mut sum = 0.0;
    for y in y0 as usize..(y1.ceil() as usize) {
        for x in x0 as usize..(x1.ceil() as usize) {
            sum += ink[y * width + x] * overlap(x, x0, x1) * overlap(y, y0, y1);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    fn write(path: &Path, width: usize, pixels: &[u8]) {
        let file = std::fs::File::create(path).unwrap();
        let mut encoder = png::Encoder::new(file, width as u32, (pixels.len() / width) as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    }

    #[test]
    fn a_28x28_picture_keeps_its_pixels_in_either_polarity() {
        let digit = digits::draw(5, 1).pixels;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.png");
        write(&path, 28, &digit);
        assert_eq!(read(&path).unwrap(), digit);
        write(&path, 28, &digit.iter().map(|p| 255 - p).collect::<Vec<_>>());
        assert_eq!(read(&path).unwrap(), digit);
    }

    #[test]
    fn a_large_off_centre_picture_is_set_in_the_middle_at_mnists_size() {
        // A black bar of 40 x 100 in the corner of a white page.
        let (width, height) = (200, 300);
        let bar = |i: usize| (10..50).contains(&(i % width)) && (20..120).contains(&(i / width));
        let page: Vec<u8> = (0..width * height).map(|i| if bar(i) { 0 } else { 255 }).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bar.png");
        write(&path, width, &page);
        let found = read(&path).unwrap();
        // 20 rows high, 8 columns wide, around the middle.
        for (i, &value) in found.iter().enumerate() {
            let inside = (10..18).contains(&(i % 28)) && (4..24).contains(&(i / 28));
            assert_eq!(value, if inside { 255 } else { 0 }, "pixel {i}");
        }
    }

    #[test]
    fn blank_and_foreign_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.png");
        write(&path, 40, &[255; 1600]);
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("shows nothing"));
        std::fs::write(&path, b"not a picture").unwrap();
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("cannot be read as a PNG"));
    }
}
