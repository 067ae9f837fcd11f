//! Quantities: what arms are ranked by and claims are about.
//!
//! In: text such as `test_accuracy` or `knn_accuracy - knn_accuracy_pca`. Out: a [`Quantity`], which is one metric or the difference of two.
//! Text is parsed once, where it enters the program (experiment file, claim, `--metric`), and written back unchanged by `Display`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::metric::{Metric, Unit};
use crate::suggest::suggestion;

/// A metric, or the difference of two metrics of the same trial.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// One metric.
    Single(Metric),
    /// The first metric minus the second. Unit and direction are those of the first.
    Difference(Metric, Metric),
}

impl Quantity {
    /// The metrics it is made of: one, or both sides of the difference.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        let (first, second) = match self {
            Self::Single(metric) => (metric, None),
            Self::Difference(first, second) => (first, Some(second)),
        };
        std::iter::once(first).chain(second)
    }

    fn first(&self) -> &Metric {
        match self {
            Self::Single(first) | Self::Difference(first, _) => first,
        }
    }

    /// What it is counted in.
    pub fn unit(&self) -> Unit {
        self.first().unit()
    }

    /// Whether it is a share, or a difference of shares, shown in percent.
    pub(crate) fn is_percent(&self) -> bool {
        self.first().is_percent()
    }

    /// Whether a larger value is the better one.
    pub(crate) fn higher_is_better(&self) -> bool {
        self.first().higher_is_better()
    }

    /// The value, with the sign turned where a smaller one is better: of two, the better has the larger.
    pub(crate) fn goodness(&self, value: f64) -> f64 {
        self.first().goodness(value)
    }

    /// What it is called on an axis.
    pub fn title(&self) -> String {
        match self {
            Self::Single(metric) => metric.title(),
            Self::Difference(..) => self.to_string().replace('_', " "),
        }
    }

    /// A value as tables show it, without its unit.
    pub fn format(&self, value: f64) -> String {
        self.first().format(value)
    }

    /// What a user asks of records that exist. Like `from_str`, but never an error: a name that this program does not know is a
    /// [`Metric::Unknown`], which the records may hold.
    pub(crate) fn of_records(text: &str) -> Self {
        let metric = |name: &str| Metric::named(name).unwrap_or_else(|| Metric::Unknown(name.into()));
        match sides(text) {
            (first, Some(second)) => Self::Difference(metric(first), metric(second)),
            (only, None) => Self::Single(metric(only)),
        }
    }
}

/// The two sides of `a - b`; the second is `None` for a single metric.
fn sides(text: &str) -> (&str, Option<&str>) {
    match text.split_once(" - ") {
        Some((first, second)) => (first.trim(), Some(second.trim())),
        None => (text, None),
    }
}

impl From<Metric> for Quantity {
    fn from(metric: Metric) -> Self {
        Self::Single(metric)
    }
}

impl FromStr for Quantity {
    type Err = String;

    /// # Errors
    /// There is no such metric; the message has the nearest name and all names.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = match sides(text) {
            (first, Some(second)) => {
                Metric::named(first).zip(Metric::named(second)).map(|(a, b)| Self::Difference(a, b))
            }
            (only, None) => Metric::named(only).map(Self::Single),
        };
        known.ok_or_else(|| {
            let names = Metric::names();
            let near = suggestion(text, names.iter().map(String::as_str));
            format!("no metric `{text}`{near}; there are {}, and differences `a - b` of two", names.join(", "))
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Single(metric) => metric.fmt(f),
            Self::Difference(first, second) => write!(f, "{first} - {second}"),
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Quantity, String> {
        text.parse()
    }

    #[test]
    fn single_metrics_levels_and_differences_are_known_and_others_are_not() {
        for known in ["test_accuracy", "psnr@0.6", "knn_accuracy - knn_accuracy_pca", "ssim@0.2 - ssim_noisy@0.2"] {
            assert_eq!(parse(known).unwrap().to_string(), known);
        }
        for unknown in ["accuracy", "psnr", "psnr@high", "psnr@nan", "test_mse@0.2", "test_mse - mse"] {
            assert!(parse(unknown).is_err(), "{unknown}");
        }
        let error = parse("test_acuracy").unwrap_err();
        assert!(error.contains("did you mean `test_accuracy`?") && error.contains("epochs_to@LEVEL"), "{error}");
        assert!(error.contains("knn_confused@CLASS-CLASS"), "{error}");
        let pair = parse("knn_confused@4-9").unwrap();
        assert_eq!((pair.to_string().as_str(), pair.is_percent()), ("knn_confused@4-9", true));
        for unknown in ["knn_confused@9-4", "knn_confused@4", "knn_confused@4-4", "knn_confused@4-999"] {
            assert!(parse(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn directions_and_units_are_the_metrics_own() {
        let of = |text: &str| parse(text).unwrap();
        assert!(!of("test_mse").higher_is_better() && of("psnr@0.1").higher_is_better());
        assert_eq!((of("knn_accuracy").goodness(0.7), of("test_mse").goodness(0.7)), (0.7, -0.7));
        assert!(of("knn_accuracy").higher_is_better() && !of("diverged").higher_is_better());
        assert!(of("knn_accuracy - knn_accuracy_pca").is_percent() && !of("test_bce").is_percent());
        assert_eq!(of("psnr@0.6").title(), "PSNR of denoised images at noise 0.6");
        assert_eq!(of("epochs_to@0.9").title(), "epochs to a validation accuracy of 0.9");
        assert_eq!(of("psnr@0.6 - psnr_noisy@0.6").title(), "psnr@0.6 - psnr noisy@0.6");
        assert_eq!(of("knn_accuracy").format(0.9712), "97.12");
        assert_eq!(of("test_mse").format(0.00712), "0.00712");
    }

    #[test]
    fn what_records_may_hold_is_never_an_error() {
        assert_eq!(Quantity::of_records("speed - test_loss").to_string(), "speed - test_loss");
        assert_eq!(Quantity::of_records("psnr@0.60").to_string(), "psnr@0.6");
    }
}
