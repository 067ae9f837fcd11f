//! What can be measured of a trained network: every metric's name, unit and direction.
//!
//! In: a name such as `test_accuracy`, `psnr@0.6` (at noise level 0.6) or `knn_accuracy - knn_accuracy_pca` (a difference). Out:
//! whether there is such a metric, what it is called, whether more of it is better.

use crate::experiment::config::TrialConfig;
use crate::suggest::suggestion;

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share, shown in percent.
    Percent,
    /// Decibels.
    Decibel,
    /// A plain number.
    Plain,
}

struct Metric {
    name: &'static str,
    title: &'static str,
    unit: Unit,
    higher_is_better: bool,
}

const fn share(name: &'static str, title: &'static str) -> Metric {
    Metric { name, title, unit: Unit::Percent, higher_is_better: true }
}

const fn error(name: &'static str, title: &'static str) -> Metric {
    Metric { name, title, unit: Unit::Plain, higher_is_better: false }
}

const fn score(name: &'static str, title: &'static str, unit: Unit) -> Metric {
    Metric { name, title, unit, higher_is_better: true }
}

/// One number a network, in the order tables show them.
const METRICS: &[Metric] = &[
    share("test_accuracy", "test accuracy"),
    share("test_precision", "macro precision on test"),
    share("test_recall", "macro recall on test"),
    share("test_f1", "macro F1 on test"),
    error("test_loss", "test loss"),
    error("test_mse", "test MSE"),
    error("test_bce", "test BCE"),
    score("explained_variance", "explained variance", Unit::Plain),
    score("explained_variance_pca", "explained variance of PCA", Unit::Plain),
    share("knn_accuracy", "KNN accuracy on codes"),
    share("knn_one_vs_rest", "KNN mean one-vs-rest accuracy on codes"),
    share("knn_accuracy_pixels", "KNN accuracy on pixels"),
    share("knn_accuracy_pca", "KNN accuracy on PCA codes"),
    share("knn_accuracy_untrained", "KNN accuracy on the untrained encoder's codes"),
    share("probe_accuracy", "linear probe accuracy on codes"),
    score("trustworthiness", "trustworthiness", Unit::Plain),
    share("validation_accuracy", "validation accuracy"),
    error("validation_loss", "validation loss"),
    share("train_accuracy", "training accuracy"),
    error("train_loss", "training loss"),
    Metric { name: "diverged", title: "runs that diverged", unit: Unit::Percent, higher_is_better: false },
    error("final_value", "value at the end"),
    score("final_x", "x at the end", Unit::Plain),
    score("final_y", "y at the end", Unit::Plain),
    error("distance", "distance from the lowest point"),
    error("steps_to_arrive", "steps until 99 % of the way down"),
];

/// One number a network and any level: `epochs_to@0.9` is the first epoch after which the validation accuracy is 0.9 or more, one more than there were
/// epochs where none is.
const AT_ANY: &[Metric] = &[error("epochs_to", "epochs to a validation accuracy")];

/// One number a network and noise level: `psnr@0.6`.
const AT_LEVELS: &[Metric] = &[
    score("psnr_noisy", "PSNR of noisy images", Unit::Decibel),
    score("psnr", "PSNR of cleaned images", Unit::Decibel),
    score("ssim_noisy", "SSIM of noisy images", Unit::Plain),
    score("ssim", "SSIM of cleaned images", Unit::Plain),
    share("knn_noisy", "KNN accuracy on noisy images"),
    share("knn_cleaned", "KNN accuracy on cleaned images"),
    share("classifier_noisy", "classifier accuracy on noisy images"),
    share("classifier_cleaned", "classifier accuracy on cleaned images"),
];

/// The name of a metric at a noise level.
pub fn at_level(name: &str, level: f64) -> String {
    format!("{name}@{level}")
}

/// The two sides of a difference such as `knn_accuracy - knn_accuracy_pca`; the second is absent for a single metric.
pub fn sides(name: &str) -> (&str, Option<&str>) {
    match name.split_once(" - ") {
        Some((a, b)) => (a.trim(), Some(b.trim())),
        None => (name, None),
    }
}

fn find(name: &str) -> Option<&'static Metric> {
    let of = |table: &'static [Metric], name: &str| table.iter().find(|metric| metric.name == name);
    match name.split_once('@') {
        Some((base, level)) => {
            let known = of(AT_LEVELS, base).or_else(|| of(AT_ANY, base));
            level.parse::<f64>().ok().and(known)
        }
        None => of(METRICS, name),
    }
}

/// Checks that there is such a metric, or difference of metrics.
///
/// # Errors
/// There is none; the message names the nearest and all there are.
pub fn check(name: &str) -> Result<(), String> {
    let (a, b) = sides(name);
    if find(a).is_some() && b.is_none_or(|b| find(b).is_some()) {
        return Ok(());
    }
    let names = names();
    let near = suggestion(name, names.iter().map(String::as_str));
    Err(format!("no metric `{name}`{near}; there are {}, and differences `a - b` of two", names.join(", ")))
}

/// Every name, levels as `@LEVEL`.
pub fn names() -> Vec<String> {
    let at_levels = AT_LEVELS.iter().chain(AT_ANY).map(|metric| format!("{}@LEVEL", metric.name));
    METRICS.iter().map(|metric| metric.name.to_string()).chain(at_levels).collect()
}

/// Sorts names as tables show them: by kind, and by level within a kind.
pub fn sort(names: &mut [String]) {
    let order = |name: &str| {
        let (base, level) = name.split_once('@').unwrap_or((name, "-1"));
        let all = METRICS.iter().chain(AT_LEVELS).chain(AT_ANY);
        let kind = all.into_iter().position(|metric| metric.name == base).unwrap_or(usize::MAX);
        (kind, level.parse::<f64>().unwrap_or(f64::INFINITY))
    };
    names.sort_by(|a, b| order(a).0.cmp(&order(b).0).then(order(a).1.total_cmp(&order(b).1)).then(a.cmp(b)));
}

/// Whether a measured name stands for every level: `epochs_to@`.
pub fn is_at_any(measured: &str) -> bool {
    measured.ends_with('@')
}

/// What the trials of these settings measure.
pub fn measured(config: &TrialConfig) -> Vec<String> {
    if config.descend.is_some() {
        let names = ["final_value", "final_x", "final_y", "distance", "steps_to_arrive", "diverged"];
        return names.map(String::from).to_vec();
    }
    let mut names: Vec<&str> = vec!["test_loss", "validation_loss", "train_loss", "diverged"];
    if !config.is_autoencoder() && !config.is_regression() {
        names.extend(["test_accuracy", "validation_accuracy", "train_accuracy"]);
        names.extend(["test_precision", "test_recall", "test_f1", "epochs_to@"]);
    }
    if !config.is_autoencoder() {
        return names.into_iter().map(String::from).collect();
    }
    let asked = &config.evaluate;
    names.extend(["test_mse", "test_bce"]);
    let mut when = |asked: bool, more: &[&'static str]| names.extend(more.iter().filter(|_| asked));
    when(!asked.is_empty(), &["explained_variance", "explained_variance_pca"]);
    when(asked.knn.is_some(), &["knn_accuracy", "knn_one_vs_rest"]);
    when(asked.baselines, &["knn_accuracy_pixels", "knn_accuracy_pca", "knn_accuracy_untrained"]);
    when(asked.probe, &["probe_accuracy"]);
    when(asked.trustworthiness.is_some(), &["trustworthiness"]);
    let levels = asked.noise.iter().flat_map(|level| {
        let kinds = AT_LEVELS.iter().map(|metric| metric.name);
        kinds.filter(|name| asked.knn.is_some() || !name.starts_with("knn")).map(|name| at_level(name, *level))
    });
    names.into_iter().map(String::from).chain(levels).collect()
}

/// What it is counted in.
pub fn unit(name: &str) -> Unit {
    find(sides(name).0).map_or(Unit::Plain, |metric| metric.unit)
}

/// Whether it is a share, shown in percent.
pub fn is_percent(name: &str) -> bool {
    unit(name) == Unit::Percent
}

/// Whether more of it is better.
pub fn higher_is_better(name: &str) -> bool {
    find(sides(name).0).is_none_or(|metric| metric.higher_is_better)
}

/// What it is called on an axis.
pub fn title(name: &str) -> String {
    let at = if name.starts_with("epochs_to@") { "of" } else { "at noise" };
    let level = name.split_once('@').map_or(String::new(), |(_, level)| format!(" {at} {level}"));
    find(name).map_or_else(|| name.replace('_', " "), |metric| format!("{}{level}", metric.title))
}

/// A value as tables show it, without its unit.
pub fn number(name: &str, value: f64) -> String {
    match unit(name) {
        Unit::Percent => format!("{:.2}", 100.0 * value),
        Unit::Decibel => format!("{value:.2}"),
        // Small losses need more places to be told apart.
        Unit::Plain if value.abs() < 0.1 => format!("{value:.5}"),
        Unit::Plain => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_metrics_levels_and_differences_are_known_and_others_are_not() {
        for known in ["test_accuracy", "psnr@0.6", "knn_accuracy - knn_accuracy_pca", "ssim@0.2 - ssim_noisy@0.2"] {
            assert_eq!(check(known), Ok(()));
        }
        for unknown in ["accuracy", "psnr", "psnr@high", "test_mse@0.2", "test_mse - mse"] {
            assert!(check(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn directions_and_units_are_the_metrics_own() {
        assert!(!higher_is_better("test_mse") && higher_is_better("psnr@0.1") && higher_is_better("knn_accuracy"));
        assert!(is_percent("knn_accuracy - knn_accuracy_pca") && !is_percent("test_bce"));
        assert_eq!(title("psnr@0.6"), "PSNR of cleaned images at noise 0.6");
        assert_eq!((number("knn_accuracy", 0.9712), number("test_mse", 0.00712)), ("97.12".into(), "0.00712".into()));
    }

    #[test]
    fn names_sort_by_kind_and_level() {
        let mut names = ["psnr@0.6", "test_mse", "psnr@0.2", "psnr@0", "train_loss"].map(String::from);
        sort(&mut names);
        assert_eq!(names, ["test_mse", "train_loss", "psnr@0", "psnr@0.2", "psnr@0.6"]);
    }
}
