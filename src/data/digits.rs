//! `digits`: 60,000 training and 10,000 test images of digits in a handwritten style, drawn by this program where MNIST
//! is unavailable.
//!
//! In: the cache folder. Out: a [`Dataset`] named `digits`. Image `i` depends on `i` alone and is drawn without the
//! platform's mathematical functions, so the data set has the same hash everywhere.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::known::FILE_NAMES;
use super::strokes::{HANDS, polyline};
use super::{Dataset, Images, PIXELS, SIDE, idx};
use crate::files::write_atomic;
use crate::seed::{Purpose, Stream};
use crate::terminal;

/// Number of classes, of the drawn digits as of MNIST's and of Fashion-MNIST's.
pub const CLASSES: usize = 10;
const TRAIN: usize = 60_000;
const TEST: usize = 10_000;
/// The seed of every draw: another value makes another data set.
const SEED: u64 = 1;
/// The data set's [`Dataset::hash`]; cached files with another hash are drawn again.
const HASH: &str = "02d5b897f964e8d8";

/// Reads the data set from the cache folder, or draws it and writes it there. If the folder cannot be written, a note
/// is printed and the next run draws the images again.
pub fn load(cache: &Path) -> Dataset {
    let folder = cache.join("digits");
    if let Ok(dataset) = super::folder::read_folder("digits", &folder)
        && dataset.hash == HASH
    {
        return dataset;
    }
    let drawn = [draw(0, TRAIN), draw(TRAIN, TEST)];
    if let Err(error) = write(&drawn, &folder) {
        terminal::tell(format_args!(
            "note: the digits could not be cached and will be drawn again next time: {error:#}"
        ));
    }
    let [train, test] = drawn;
    Dataset::new("digits", train, test)
}

/// Writes the training and the test images as the four IDX files of a data set.
fn write(drawn: &[Images; 2], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let contents = drawn.iter().flat_map(|images| {
        let n = images.count();
        [idx::write(&[n, SIDE, SIDE], &images.pixels), idx::write(&[n], &images.labels)]
    });
    for (name, bytes) in FILE_NAMES.iter().zip(contents) {
        write_atomic(&folder.join(name), &bytes)?;
    }
    Ok(())
}

/// Images `first..first + count`, drawn on all cores; the test images follow the training images, from index 60,000 on.
pub fn draw(first: usize, count: usize) -> Images {
    let (mut pixels, mut labels) = (vec![0; count * PIXELS], vec![0; count]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = count.div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let shares = pixels.chunks_mut(share * PIXELS).zip(labels.chunks_mut(share));
        for (worker, (pixels, labels)) in shares.enumerate() {
            scope.spawn(move || {
                for (i, (image, label)) in pixels.chunks_mut(PIXELS).zip(labels).enumerate() {
                    *label = draw_one((first + worker * share + i) as u64, image);
                }
            });
        }
    });
    Images::new(pixels, labels)
}

/// Draws image `index` into 784 zeros and returns its class.
fn draw_one(index: u64, image: &mut [u8]) -> u8 {
    let mut stream = Stream::new(SEED, Purpose::Data, index);
    let digit = stream.below(10) as usize;
    let hands = HANDS[digit];
    let hand = hands[stream.below(hands.len() as u32) as usize];
    let warp = Warp::draw(&mut stream);
    let pen = Pen {
        radius: stream.uniform(0.75, 1.75),
        softness: stream.uniform(0.8, 1.7),
        ink: stream.uniform(190.0, 300.0),
    };
    let mut ink = [0.0f64; PIXELS];
    for stroke in hand {
        let wobble = 0.035;
        let points: Vec<(f64, f64)> =
            stroke.points.iter().map(|&(x, y)| (x + wobble * stream.normal(), y + wobble * stream.normal())).collect();
        let line: Vec<(f64, f64)> =
            polyline(stroke.smooth, &points).into_iter().map(|point| warp.apply(point)).collect();
        for pair in line.windows(2) {
            pen.draw(pair[0], pair[1], &mut ink);
        }
    }
    for (pixel, &ink) in image.iter_mut().zip(&ink) {
        *pixel = (ink * pen.ink).min(255.0) as u8;
    }
    digit as u8
}

/// The map from the unit square to pixels: slant, rotation, scale, shift, and a smooth elastic distortion by sine
/// waves.
struct Warp {
    matrix: [f64; 4],
    centre: (f64, f64),
    /// Amplitude in pixels, angular frequency and phase of each wave: two displace x, along y and along x, and two
    /// displace y, along x and along y.
    waves: [(f64, f64, f64); 4],
}

impl Warp {
    fn draw(stream: &mut Stream) -> Self {
        let angle = 0.16 * stream.normal();
        let slant = 0.22 * stream.normal() - 0.08;
        let (width, height) = (stream.uniform(9.0, 18.5), stream.uniform(15.0, 21.0));
        let (sin, cos) = (libm::sin(angle), libm::cos(angle));
        let mut wave = || (stream.uniform(-1.3, 1.3), stream.uniform(2.0, 6.5), stream.uniform(0.0, 6.3));
        let waves = [wave(), wave(), wave(), wave()];
        let middle = SIDE as f64 / 2.0 - 0.5;
        Self {
            matrix: [
                cos * width,
                cos * slant * height - sin * height,
                sin * width,
                sin * slant * height + cos * height,
            ],
            centre: (middle + 1.1 * stream.normal(), middle + 1.1 * stream.normal()),
            waves,
        }
    }

    fn apply(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (u, v) = (x - 0.5, y - 0.5);
        let wave = |i: usize, position: f64| {
            let (amplitude, frequency, phase) = self.waves[i];
            amplitude * libm::sin(frequency * position + phase)
        };
        let m = &self.matrix;
        (
            self.centre.0 + m[0] * u + m[1] * v + wave(0, v) + 0.5 * wave(1, u),
            self.centre.1 + m[2] * u + m[3] * v + wave(2, u) + 0.5 * wave(3, v),
        )
    }
}

/// A round pen, in pixels.
struct Pen {
    radius: f64,
    /// Half the width of the edge over which the ink fades.
    softness: f64,
    /// Grey level of full ink; pixels saturate at 255.
    ink: f64,
}

impl Pen {
    /// Draws the line from `a` to `b`, points (x, y) in pixels: each pixel of `ink` keeps the largest strength, 0 to 1,
    /// that reaches it.
    fn draw(&self, a: (f64, f64), b: (f64, f64), ink: &mut [f64; PIXELS]) {
        let reach = self.radius + self.softness;
        let last = SIDE as f64 - 1.0;
        let range = |p: f64, q: f64| {
            let low = (p.min(q) - reach).ceil().clamp(0.0, last) as usize;
            let high = (p.max(q) + reach).floor().clamp(0.0, last) as usize;
            low..=high
        };
        let along = (b.0 - a.0, b.1 - a.1);
        let length2 = (along.0 * along.0 + along.1 * along.1).max(1e-12);
        for row in range(a.1, b.1) {
            for column in range(a.0, b.0) {
                let (dx, dy) = (column as f64 - a.0, row as f64 - a.1);
                let t = ((dx * along.0 + dy * along.1) / length2).clamp(0.0, 1.0);
                let (ex, ey) = (dx - t * along.0, dy - t * along.1);
                let distance = libm::sqrt(ex * ex + ey * ey);
                let strength = ((reach - distance) / (2.0 * self.softness)).clamp(0.0, 1.0);
                let pixel = &mut ink[row * SIDE + column];
                *pixel = pixel.max(strength);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_depends_on_its_index_alone() {
        let some = draw(100, 7);
        let others = draw(103, 2);
        assert_eq!(others.pixels, some.pixels[3 * PIXELS..5 * PIXELS]);
        assert_eq!(others.labels, some.labels[3..5]);
    }

    #[test]
    fn the_data_set_has_its_hash_and_every_image_and_class_its_share_of_ink() {
        let test = draw(TRAIN, TEST);
        assert_eq!(Dataset::new("digits", draw(0, TRAIN), test.clone()).hash, HASH);
        let mut counts = [0; 10];
        for index in 0..test.count() {
            counts[usize::from(test.labels[index])] += 1;
            let inked = test.image(index).iter().filter(|&&pixel| pixel > 100).count();
            assert!((10..500).contains(&inked), "image {index} has {inked} dark pixels");
        }
        assert!(counts.iter().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }

    #[test]
    fn damaged_cached_files_are_drawn_again() {
        let dir = tempfile::tempdir().unwrap();
        let first = load(dir.path());
        let file = dir.path().join("digits").join(FILE_NAMES[2]);
        let mut bytes = fs::read(&file).unwrap();
        bytes[1000] ^= 1;
        fs::write(&file, bytes).unwrap();
        assert_eq!(load(dir.path()).hash, first.hash);
    }
}
