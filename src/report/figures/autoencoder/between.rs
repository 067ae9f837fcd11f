//! What lies between codes: class centroids, the points halfway between them, and a strip from one image to another.
//!
//! In: codes of the test images and the strip's ends. Out: two figures.

use std::fmt;

use anyhow::{Result, anyhow, bail, ensure};

use super::{Interpolation, TrainedAutoencoder};
use crate::report::figures::Figure;
use crate::report::figures::grid::Grid;
use crate::suggest::suggestion;

/// The two ends of a strip, as typed: `3,8` are classes, `@17,@42` test images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterpolationEnds(pub String, pub String);

impl InterpolationEnds {
    /// The first two classes that have test images with these labels; one twice where there is only one.
    pub fn usual(classes: &[String], labels: &[u8]) -> Self {
        let mut present = (0..classes.len()).filter(|&class| labels.iter().any(|&label| usize::from(label) == class));
        let first = present.next().unwrap_or(0);
        let second = present.next().unwrap_or(first);
        Self(classes[first].clone(), classes[second].clone())
    }

    /// Checks that both ends exist among test images with these labels.
    ///
    /// # Errors
    /// One does not; the message says what there is.
    pub fn check(&self, classes: &[String], labels: &[u8]) -> Result<()> {
        [&self.0, &self.1].into_iter().try_for_each(|name| End::find(name, classes, labels).map(|_| ()))
    }
}

/// One end of a strip.
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
            [a, b] if !a.is_empty() && !b.is_empty() => Ok(Self(a.into(), b.into())),
            _ => Err("expected two classes such as 3,8, or two test images such as @17,@42".into()),
        }
    }
}

impl fmt::Display for InterpolationEnds {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{},{}", self.0, self.1)
    }
}

/// The grid of centroids and the strip.
///
/// # Errors
/// A picture cannot be encoded, or an end of the strip does not exist.
pub fn draw(exhibit: &TrainedAutoencoder, strip: &Interpolation) -> Result<Vec<Figure>> {
    let centroids = centroids(exhibit);
    let mut figures = Vec::new();
    figures.push(grid(exhibit, &centroids)?);
    let end = |name: &str| code_of(exhibit, &centroids, name);
    let (from, to) = (end(&strip.between.0)?, end(&strip.between.1)?);
    let steps = strip.steps.max(2);
    let at = |step: usize| mix(&from, &to, step as f32 / (steps - 1) as f32);
    let decoded = exhibit.decode((0..steps).flat_map(at).collect());
    let name = format!("{} to {}", strip.between.0, strip.between.1);
    let picture = Grid { columns: Vec::new(), rows: vec![(name, decoded)], zoom: 2.0 }.draw()?;
    let caption = format!(
        "{steps} codes on the straight line from {} to {}, decoded: names are class means, @ marks a test image.",
        strip.between.0, strip.between.1
    );
    figures.push(Figure::svg("between", "From one to the other", caption, picture));
    Ok(figures)
}

/// The mean code of each class's test images; none for a class without any.
fn centroids(exhibit: &TrainedAutoencoder) -> Vec<Option<Vec<f32>>> {
    let width = exhibit.latent();
    let mut sums = vec![(0usize, vec![0.0f64; width]); exhibit.dataset.classes.len()];
    for (code, &label) in exhibit.codes.chunks_exact(width).zip(exhibit.test.labels) {
        let (count, sum) = &mut sums[usize::from(label)];
        *count += 1;
        sum.iter_mut().zip(code).for_each(|(sum, &v)| *sum += f64::from(v));
    }
    let mean = |(count, sum): (usize, Vec<f64>)| {
        (count > 0).then(|| sum.into_iter().map(|v| (v / count as f64) as f32).collect())
    };
    sums.into_iter().map(mean).collect()
}

/// Row i, column j: halfway between the centroids of classes i and j; the centroids themselves on the diagonal. Classes without
/// test images are left out.
fn grid(exhibit: &TrainedAutoencoder, centroids: &[Option<Vec<f32>>]) -> Result<Figure> {
    let named = exhibit.dataset.classes.iter().zip(centroids);
    let present: Vec<(&String, &Vec<f32>)> = named.filter_map(|(name, code)| Some((name, code.as_ref()?))).collect();
    let classes: Vec<String> = present.iter().map(|(name, _)| (*name).clone()).collect();
    let row = |from: &Vec<f32>| present.iter().flat_map(|(_, to)| mix(from, to, 0.5)).collect::<Vec<f32>>();
    let rows = present.iter().map(|(name, from)| ((*name).clone(), exhibit.decode(row(from))));
    let picture = Grid { columns: classes, rows: rows.collect(), zoom: 2.0 }.draw()?;
    let caption =
        "Decoded mean codes of the classes on the diagonal; elsewhere the point halfway between those of its row \
                   and column."
            .into();
    Ok(Figure::svg("centroids", "Centroids, and halfway between", caption, picture))
}

/// `share` of the way from one code to another.
fn mix(from: &[f32], to: &[f32], share: f32) -> Vec<f32> {
    from.iter().zip(to).map(|(a, b)| a + share * (b - a)).collect()
}

fn code_of(exhibit: &TrainedAutoencoder, centroids: &[Option<Vec<f32>>], name: &str) -> Result<Vec<f32>> {
    match End::find(name, &exhibit.dataset.classes, exhibit.test.labels)? {
        End::Image(index) => Ok(exhibit.points().row(index).to_vec()),
        End::Class(class) => {
            centroids[class].clone().ok_or_else(|| anyhow!("there is no test image of class `{name}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_two_names_with_a_comma_between() {
        assert_eq!("3, 8".parse(), Ok(InterpolationEnds("3".into(), "8".into())));
        assert_eq!("@17,@42".parse(), Ok(InterpolationEnds("@17".into(), "@42".into())));
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
        assert_eq!(InterpolationEnds::usual(&classes, &labels), InterpolationEnds("b".into(), "d".into()));
        assert!(InterpolationEnds::usual(&classes, &labels).check(&classes, &labels).is_ok());
        let error = InterpolationEnds("a".into(), "b".into()).check(&classes, &labels).unwrap_err();
        assert!(error.to_string().contains("no test image of class `a`"));
    }
}
