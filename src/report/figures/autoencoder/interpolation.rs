//! Decoded points between codes: class centroids with their midpoints, and an interpolation from one code to another.

use std::fmt;

use anyhow::{Result, anyhow, bail, ensure};

use super::{Interpolation, TrainedAutoencoder};
use crate::report::figures::image_rows::{ImageRow, ImageRows};
use crate::report::figures::{Figure, FigureText};
use crate::suggest::suggestion;

/// The two ends of an interpolation, as typed: `3,8` are classes, `@17,@42` are test images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterpolationEnds {
    from: String,
    to: String,
}

impl InterpolationEnds {
    /// The first two classes that have test images with these labels, or one class twice.
    pub fn usual(classes: &[String], labels: &[u8]) -> Self {
        let mut present = (0..classes.len()).filter(|&class| labels.iter().any(|&label| usize::from(label) == class));
        let first = present.next().unwrap_or(0);
        let second = present.next().unwrap_or(first);
        Self { from: classes[first].clone(), to: classes[second].clone() }
    }

    /// Checks that both ends exist among test images with these labels.
    ///
    /// # Errors
    /// An end that does not exist; the message says what there is.
    pub fn check(&self, classes: &[String], labels: &[u8]) -> Result<()> {
        [&self.from, &self.to].into_iter().try_for_each(|name| End::find(name, classes, labels).map(|_| ()))
    }
}

/// One end of an interpolation.
enum End {
    /// The mean code of a class.
    Class(usize),
    /// The code of a test image.
    Image(usize),
}

impl End {
    fn find(name: &str, classes: &[String], labels: &[u8]) -> Result<Self> {
        if let Some(index) = name.strip_prefix('@') {
            let test = labels.len();
            let index = index.parse::<usize>().ok().filter(|index| *index < test);
            let last = test.saturating_sub(1);
            return Ok(Self::Image(index.ok_or_else(|| anyhow!("no test image `{name}`; there are @0 to @{last}"))?));
        }
        let Some(class) = classes.iter().position(|known| known == name) else {
            let near = suggestion(name, classes.iter().map(String::as_str));
            bail!("no class `{name}`{near}; there are {}, or test images such as @17", classes.join(", "));
        };
        ensure!(labels.iter().any(|&label| usize::from(label) == class), "there is no test image of class `{name}`");
        Ok(Self::Class(class))
    }
}

impl std::str::FromStr for InterpolationEnds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ends: Vec<&str> = text.split(',').map(str::trim).collect();
        match ends[..] {
            [a, b] if !a.is_empty() && !b.is_empty() => Ok(Self { from: a.into(), to: b.into() }),
            _ => Err("expected two classes such as 3,8, or two test images such as @17,@42".into()),
        }
    }
}

impl fmt::Display for InterpolationEnds {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{},{}", self.from, self.to)
    }
}

/// The centroids with their midpoints, and the interpolation.
///
/// # Errors
/// A picture cannot be encoded, or an end of the interpolation does not exist.
pub fn draw(trained: &TrainedAutoencoder, interpolation: &Interpolation) -> Result<Vec<Figure>> {
    let centroids = centroids(trained);
    Ok(vec![draw_centroids(trained, &centroids)?, draw_interpolation(trained, &centroids, interpolation)?])
}

/// The mean code of each class's test images; `None` for a class without any.
fn centroids(trained: &TrainedAutoencoder) -> Vec<Option<Vec<f32>>> {
    let width = trained.latent();
    let mut sums = vec![(0usize, vec![0.0f64; width]); trained.dataset.classes.len()];
    for (code, &label) in trained.codes.chunks_exact(width).zip(trained.test.labels) {
        let (count, sum) = &mut sums[usize::from(label)];
        *count += 1;
        sum.iter_mut().zip(code).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    let mean = |(count, sum): (usize, Vec<f64>)| {
        (count > 0).then(|| sum.into_iter().map(|v| (v / count as f64) as f32).collect())
    };
    sums.into_iter().map(mean).collect()
}

/// Row i, column j: the midpoint of the centroids of classes i and j, which on the diagonal is the centroid itself. Classes
/// without test images are left out.
fn draw_centroids(trained: &TrainedAutoencoder, centroids: &[Option<Vec<f32>>]) -> Result<Figure> {
    let named = trained.dataset.classes.iter().zip(centroids);
    let present: Vec<(&String, &Vec<f32>)> = named.filter_map(|(name, code)| Some((name, code.as_ref()?))).collect();
    let columns = present.iter().map(|(name, _)| (*name).clone()).collect();
    let row = |(name, from): &(&String, &Vec<f32>)| {
        let codes = present.iter().flat_map(|(_, to)| mix(from, to, 0.5)).collect();
        ImageRow { name: (*name).clone(), images: trained.decode(codes) }
    };
    let picture = ImageRows { columns, rows: present.iter().map(row).collect() }.draw()?;
    let words = FigureText {
        title: "Decoded class centroids and their midpoints".into(),
        alt: "Images decoded from the class centroids and from the midpoint of every two of them.".into(),
        caption: "On the diagonal, the decoded mean code of each class; elsewhere, the decoded midpoint of the mean codes of its row \
                  and its column."
            .into(),
    };
    Ok(Figure::svg("centroids", words, picture))
}

fn draw_interpolation(
    trained: &TrainedAutoencoder,
    centroids: &[Option<Vec<f32>>],
    interpolation: &Interpolation,
) -> Result<Figure> {
    let InterpolationEnds { from, to } = &interpolation.between;
    let ends = [code_of(trained, centroids, from)?, code_of(trained, centroids, to)?];
    let steps = interpolation.steps.max(2);
    let code = |step: usize| mix(&ends[0], &ends[1], step as f32 / (steps - 1) as f32);
    let images = trained.decode((0..steps).flat_map(code).collect());
    let rows = vec![ImageRow { name: format!("{from} to {to}"), images }];
    let picture = ImageRows { columns: Vec::new(), rows }.draw()?;
    let words = FigureText {
        title: "Latent interpolation".into(),
        alt: format!("Images decoded from {steps} codes between {from} and {to}."),
        caption: format!(
            "{steps} codes at equal steps on the straight line from {from} to {to}, decoded. The name of a class is its mean code; @ marks \
             a test image."
        ),
    };
    Ok(Figure::svg("between", words, picture))
}

/// The code at `share`, from 0 to 1, of the way from one code to another.
fn mix(from: &[f32], to: &[f32], share: f32) -> Vec<f32> {
    from.iter().zip(to).map(|(a, b)| a + share * (b - a)).collect()
}

fn code_of(trained: &TrainedAutoencoder, centroids: &[Option<Vec<f32>>], name: &str) -> Result<Vec<f32>> {
    match End::find(name, &trained.dataset.classes, trained.test.labels)? {
        End::Image(index) => Ok(trained.points().row(index).to_vec()),
        End::Class(class) => {
            centroids[class].clone().ok_or_else(|| anyhow!("there is no test image of class `{name}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(from: &str, to: &str) -> InterpolationEnds {
        InterpolationEnds { from: from.into(), to: to.into() }
    }

    #[test]
    fn ends_are_two_names_with_a_comma_between() {
        assert_eq!("3, 8".parse(), Ok(ends("3", "8")));
        assert_eq!("@17,@42".parse(), Ok(ends("@17", "@42")));
        for wrong in ["3", "3,", "1,2,3", ""] {
            assert!(wrong.parse::<InterpolationEnds>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mix_is_on_the_straight_line() {
        assert_eq!(mix(&[0.0, 2.0], &[1.0, 4.0], 0.5), [0.5, 3.0]);
        assert_eq!(mix(&[0.0, 2.0], &[1.0, 4.0], 1.0), [1.0, 4.0]);
    }

    #[test]
    fn a_class_without_test_images_is_no_end() {
        let classes = ["a", "b", "c", "d"].map(String::from);
        let labels = [1, 3, 3];
        assert_eq!(InterpolationEnds::usual(&classes, &labels), ends("b", "d"));
        assert!(InterpolationEnds::usual(&classes, &labels).check(&classes, &labels).is_ok());
        let error = ends("a", "b").check(&classes, &labels).unwrap_err();
        assert!(error.to_string().contains("no test image of class `a`"));
    }
}
