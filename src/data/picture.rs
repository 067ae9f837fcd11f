//! PNG pictures of single digits, brought into MNIST's format.
//!
//! In: a PNG of any size, dark on light or light on dark. Out: 28x28 bytes, light ink on black. A 28x28 picture keeps
//! its pixels; any other is cropped to its ink, scaled to fit 20x20, and placed with its centre of mass in the middle,
//! as the images of MNIST were (LeCun et al., "Gradient-based learning applied to document recognition", 1998).

use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{PIXELS, SIDE};
use crate::files::open_file;

/// The longer side of the ink's bounding box in an MNIST image, in pixels.
const BOX: f64 = 20.0;

/// The most pixels that are read: a photo of a telephone's camera has 12 million.
const MAX_PIXELS: u64 = 1 << 24;

/// The pixels `[784]` of a picture of a digit.
///
/// # Errors
/// The file cannot be read, is not a PNG, is too large, or is blank.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let name = path.display();
    let picture =
        decode(path).with_context(|| format!("{name} cannot be read as a PNG; save it as one"))?.light_on_dark();
    let is_blank = picture.grey.iter().all(|value| (value - picture.grey[0]).abs() < 1.0);
    ensure!(!is_blank, "{name} is blank: all its pixels are alike; give a picture of a digit");
    if (picture.width, picture.height) == (SIDE, SIDE) {
        return Ok(picture.grey.into_iter().map(|value| value.round() as u8).collect());
    }
    fit(&picture).with_context(|| format!("{name} is blank: all its pixels are alike; give a picture of a digit"))
}

/// Rows and columns of a picture, and its pixels as they are, row by row.
///
/// # Errors
/// The file cannot be read, is not a PNG, or is too large.
pub fn read_as_is(path: &Path) -> Result<([usize; 2], Vec<u8>)> {
    let picture =
        decode(path).with_context(|| format!("{} cannot be read as a PNG; save it as one", path.display()))?;
    let pixels = picture.grey.into_iter().map(|value| value.round() as u8).collect();
    Ok(([picture.height, picture.width], pixels))
}

/// A greyscale picture.
struct Picture {
    width: usize,
    height: usize,
    /// `[height * width]` grey levels, 0 to 255.
    grey: Vec<f64>,
}

/// A PNG in grey; what is transparent shows white.
fn decode(path: &Path) -> Result<Picture> {
    let mut decoder = png::Decoder::new(BufReader::new(open_file(path)?));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let info = reader.info();
    let pixels = u64::from(info.width) * u64::from(info.height);
    ensure!(
        pixels <= MAX_PIXELS,
        "it has {} x {} pixels, and at most {MAX_PIXELS} are read; scale it down",
        info.width,
        info.height
    );
    let mut bytes = vec![0; reader.output_buffer_size().context("it has more pixels than can be addressed")?];
    let info = reader.next_frame(&mut bytes)?;
    let channels = info.color_type.samples();
    let grey = bytes[..info.buffer_size()].chunks_exact(channels).map(|pixel| {
        let pixel: Vec<f64> = pixel.iter().map(|&value| f64::from(value)).collect();
        // The luma of ITU-R Recommendation BT.601.
        let luma = |p: &[f64]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        let over_white = |value: f64, alpha: f64| 255.0 + (value - 255.0) * alpha / 255.0;
        match channels {
            1 => pixel[0],
            2 => over_white(pixel[0], pixel[1]),
            3 => luma(&pixel),
            _ => over_white(luma(&pixel), pixel[3]),
        }
    });
    Ok(Picture { width: info.width as usize, height: info.height as usize, grey: grey.collect() })
}

impl Picture {
    /// The picture, inverted if its border is light on average.
    fn light_on_dark(self) -> Self {
        let Self { width, height, grey } = self;
        let on_border = |i: usize| {
            let (x, y) = (i % width, i / width);
            x == 0 || y == 0 || x + 1 == width || y + 1 == height
        };
        let border: Vec<f64> = (0..grey.len()).filter(|&i| on_border(i)).map(|i| grey[i]).collect();
        let is_light = border.iter().sum::<f64>() / border.len().max(1) as f64 > 127.5;
        let grey = if is_light { grey.into_iter().map(|value| 255.0 - value).collect() } else { grey };
        Self { width, height, grey }
    }
}

/// The picture cropped to its ink, scaled and centred, `[784]`; `None` if it is blank.
fn fit(picture: &Picture) -> Option<Vec<u8>> {
    let Picture { width, grey, .. } = picture;
    let width = *width;
    let low = grey.iter().copied().fold(f64::INFINITY, f64::min);
    let high = grey.iter().copied().fold(0.0, f64::max);
    if high - low < 1.0 {
        return None;
    }
    let ink: Vec<f64> = grey.iter().map(|value| (value - low) / (high - low)).collect();
    // The threshold keeps faint background texture from counting as ink.
    let inked = |i: &usize| ink[*i] > 0.2;
    let columns = || (0..ink.len()).filter(inked).map(|i| i % width);
    let rows = || (0..ink.len()).filter(inked).map(|i| i / width);
    let (x0, x1) = (columns().min()?, columns().max()? + 1);
    let (y0, y1) = (rows().min()?, rows().max()? + 1);
    let scale = (x1 - x0).max(y1 - y0) as f64 / BOX; // pixels of the picture to one of the result
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
    let origin = (mass_x / mass - middle * scale, mass_y / mass - middle * scale);
    let crop = Rectangle { x: x0 as f64..x1 as f64, y: y0 as f64..y1 as f64 };
    let pixel = |i: usize| {
        let x = origin.0 + (i % SIDE) as f64 * scale;
        let y = origin.1 + (i / SIDE) as f64 * scale;
        let cell = Rectangle {
            x: x.max(crop.x.start)..(x + scale).min(crop.x.end),
            y: y.max(crop.y.start)..(y + scale).min(crop.y.end),
        };
        (255.0 * ink_in(&cell, &ink, width) / (scale * scale)).round().clamp(0.0, 255.0) as u8
    };
    Some((0..PIXELS).map(pixel).collect())
}

/// A rectangle whose edges may cut through pixels.
struct Rectangle {
    x: Range<f64>,
    y: Range<f64>,
}

/// The sum of the ink `[height * width]` inside a rectangle, each pixel weighted by its share inside.
fn ink_in(rectangle: &Rectangle, ink: &[f64], width: usize) -> f64 {
    let Rectangle { x: Range { start: x0, end: x1 }, y: Range { start: y0, end: y1 } } = *rectangle;
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
    fn a_28x28_picture_keeps_its_pixels_dark_on_light_or_light_on_dark() {
        let digit = digits::draw(5, 1).pixels;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.png");
        write(&path, 28, &digit);
        assert_eq!(read(&path).unwrap(), digit);
        write(&path, 28, &digit.iter().map(|p| 255 - p).collect::<Vec<_>>());
        assert_eq!(read(&path).unwrap(), digit);
    }

    #[test]
    fn a_large_off_centre_picture_is_scaled_and_centred() {
        // A black bar of 40 x 100 in the corner of a white page.
        let (width, height) = (200, 300);
        let bar = |i: usize| (10..50).contains(&(i % width)) && (20..120).contains(&(i / width));
        let page: Vec<u8> = (0..width * height).map(|i| if bar(i) { 0 } else { 255 }).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bar.png");
        write(&path, width, &page);
        let pixels = read(&path).unwrap();
        // 20 rows high, 8 columns wide, around the middle.
        for (i, &value) in pixels.iter().enumerate() {
            let inside = (10..18).contains(&(i % 28)) && (4..24).contains(&(i / 28));
            assert_eq!(value, if inside { 255 } else { 0 }, "pixel {i}");
        }
    }

    #[test]
    fn blank_pictures_and_other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.png");
        write(&path, 40, &[255; 1600]);
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("is blank"));
        std::fs::write(&path, b"not a picture").unwrap();
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("cannot be read as a PNG"));
    }
}
