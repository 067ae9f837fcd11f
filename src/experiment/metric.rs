//! Metrics: what can be measured of a trained network or of a descent, as types.
//!
//! In: a name such as `test_accuracy` or `psnr@0.6`. Out: a [`Metric`], which `Display` writes back unchanged.

use std::cmp::Ordering;
use std::fmt;

/// What a metric is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share of 0 to 1, shown in percent.
    Percent,
    /// Decibels.
    Decibel,
    /// A number without unit.
    Plain,
}

/// The number behind the `@` of a metric: a noise level, the accuracy or value of `epochs_to` and its like, or a layer. Always finite.
#[derive(Debug, Clone, Copy)]
pub struct Level(f64);

impl Level {
    /// A level; `None` if it is not finite.
    pub fn new(level: f64) -> Option<Self> {
        // -0 and 0 are one level, written `0`.
        level.is_finite().then_some(Self(level + 0.0))
    }

    /// Its number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Level {}

/// Two classes, the lower first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassPair(u8, u8);

impl ClassPair {
    /// The pair that a text such as `4-9` names; `None` for other texts, and for a class with itself.
    fn named(text: &str) -> Option<Self> {
        let (a, b) = text.split_once('-')?;
        let (a, b) = (a.parse().ok()?, b.parse().ok()?);
        (a < b).then_some(Self(a, b))
    }

    /// Their numbers.
    pub fn classes(self) -> [usize; 2] {
        [self.0.into(), self.1.into()]
    }
}

/// One number of a trial. The order of the variants is the order in which tables show them; metrics at levels are ordered by level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Metric {
    TestAccuracy,
    TestPrecision,
    TestRecall,
    TestF1,
    TestLoss,
    TestMse,
    TestMae,
    TestBce,
    ExplainedVariance,
    ExplainedVariancePca,
    KnnAccuracy,
    KnnOneVsRest,
    KnnAccuracyPixels,
    KnnAccuracyPca,
    KnnAccuracyUntrained,
    ProbeAccuracy,
    Trustworthiness,
    ValidationAccuracy,
    ValidationLoss,
    TrainAccuracy,
    TrainLoss,
    /// 1 for a trial that diverged, 0 for one that did not.
    Diverged,
    FinalValue,
    FinalX,
    FinalY,
    /// Euclidean distance of a descent's last point from the minimum.
    Distance,
    /// Steps until a descent has gone 99 % of the way from its first value to the lowest.
    StepsToArrive,
    /// Wall time of training and evaluation.
    Seconds,
    PsnrNoisy(Level),
    Psnr(Level),
    SsimNoisy(Level),
    Ssim(Level),
    KnnNoisy(Level),
    KnnCleaned(Level),
    ClassifierNoisy(Level),
    ClassifierCleaned(Level),
    /// The first epoch, counted from 1, whose validation accuracy is the level or more; one more than there were epochs if none is.
    EpochsTo(Level),
    /// The same for the training accuracy, which is that of each batch before its step.
    EpochsToFit(Level),
    /// Optimizer steps until the validation accuracy first is the level or more; of a descent, until the value first is the level or less.
    /// A run that never gets there counts as if it did after its end, as far again as to its first evaluation.
    StepsTo(Level),
    /// The same, counted in training examples.
    ImagesTo(Level),
    /// Euclidean norm of the gradient by a layer's weights at the end of training; layers are counted from 1.
    GradientNorm(Level),
    /// Share of a layer's saturated units.
    Saturated(Level),
    /// Mean derivative of a layer's activation.
    Slope(Level),
    /// The accuracy of the nearest-neighbour classifier on codes for one class, the level, against the rest.
    KnnClass(Level),
    /// Of all wrong predictions of the nearest-neighbour classifier on codes, the share that takes one of two classes for the other.
    KnnConfused(ClassPair),
    /// A number that this version of the program does not know, in a record written by another version. It is shown by its name, as a
    /// plain number of which more is better.
    Unknown(String),
}

use Metric as M;

/// The metrics without a level.
const PLAIN: &[Metric] = &[
    M::TestAccuracy,
    M::TestPrecision,
    M::TestRecall,
    M::TestF1,
    M::TestLoss,
    M::TestMse,
    M::TestMae,
    M::TestBce,
    M::ExplainedVariance,
    M::ExplainedVariancePca,
    M::KnnAccuracy,
    M::KnnOneVsRest,
    M::KnnAccuracyPixels,
    M::KnnAccuracyPca,
    M::KnnAccuracyUntrained,
    M::ProbeAccuracy,
    M::Trustworthiness,
    M::ValidationAccuracy,
    M::ValidationLoss,
    M::TrainAccuracy,
    M::TrainLoss,
    M::Diverged,
    M::FinalValue,
    M::FinalX,
    M::FinalY,
    M::Distance,
    M::StepsToArrive,
    M::Seconds,
];

/// The metrics with a level.
const AT_LEVEL: &[fn(Level) -> Metric] = &[
    M::PsnrNoisy,
    M::Psnr,
    M::SsimNoisy,
    M::Ssim,
    M::KnnNoisy,
    M::KnnCleaned,
    M::ClassifierNoisy,
    M::ClassifierCleaned,
    M::EpochsTo,
    M::EpochsToFit,
    M::StepsTo,
    M::ImagesTo,
    M::GradientNorm,
    M::Saturated,
    M::Slope,
    M::KnnClass,
];

/// The name in messages of the metric of two classes.
const PAIRED_NAME: &str = "knn_confused@CLASS-CLASS";

/// The name of a metric with a level in messages, where it stands for every level: `psnr@LEVEL`.
pub(crate) fn at_any_level(metric: fn(Level) -> Metric) -> String {
    let metric = metric(Level(0.0));
    format!("{}@{}", metric.definition().name, metric.place())
}

/// What is known of a metric besides its level.
struct Definition<'a> {
    name: &'a str,
    title: &'a str,
    unit: Unit,
    higher_is_better: bool,
}

const fn share<'a>(name: &'a str, title: &'a str) -> Definition<'a> {
    Definition { name, title, unit: Unit::Percent, higher_is_better: true }
}

const fn error<'a>(name: &'a str, title: &'a str) -> Definition<'a> {
    Definition { name, title, unit: Unit::Plain, higher_is_better: false }
}

const fn score<'a>(name: &'a str, title: &'a str, unit: Unit) -> Definition<'a> {
    Definition { name, title, unit, higher_is_better: true }
}

impl Metric {
    /// Every metric in the order of the tables, those with a level at this one.
    pub fn all(level: Level) -> impl Iterator<Item = Self> {
        PLAIN.iter().cloned().chain(AT_LEVEL.iter().map(move |at| at(level))).chain([M::KnnConfused(ClassPair(0, 1))])
    }

    fn definition(&self) -> Definition<'_> {
        match self {
            M::TestAccuracy => share("test_accuracy", "test accuracy"),
            M::TestPrecision => share("test_precision", "macro precision on test"),
            M::TestRecall => share("test_recall", "macro recall on test"),
            M::TestF1 => share("test_f1", "macro F1 on test"),
            M::TestLoss => error("test_loss", "test loss"),
            M::TestMse => error("test_mse", "test MSE"),
            M::TestMae => error("test_mae", "test mean absolute error"),
            M::TestBce => error("test_bce", "test BCE"),
            M::ExplainedVariance => score("explained_variance", "explained variance", Unit::Plain),
            M::ExplainedVariancePca => score("explained_variance_pca", "explained variance of PCA", Unit::Plain),
            M::KnnAccuracy => share("knn_accuracy", "KNN accuracy on codes"),
            M::KnnOneVsRest => share("knn_one_vs_rest", "KNN mean one-vs-rest accuracy on codes"),
            M::KnnAccuracyPixels => share("knn_accuracy_pixels", "KNN accuracy on pixels"),
            M::KnnAccuracyPca => share("knn_accuracy_pca", "KNN accuracy on PCA codes"),
            M::KnnAccuracyUntrained => share("knn_accuracy_untrained", "KNN accuracy on the untrained encoder's codes"),
            M::ProbeAccuracy => share("probe_accuracy", "linear probe accuracy on codes"),
            M::Trustworthiness => score("trustworthiness", "trustworthiness", Unit::Plain),
            M::ValidationAccuracy => share("validation_accuracy", "validation accuracy"),
            M::ValidationLoss => error("validation_loss", "validation loss"),
            M::TrainAccuracy => share("train_accuracy", "training accuracy"),
            M::TrainLoss => error("train_loss", "training loss"),
            M::Diverged => Definition { higher_is_better: false, ..share("diverged", "divergence rate") },
            M::FinalValue => error("final_value", "final value"),
            M::FinalX => score("final_x", "final x", Unit::Plain),
            M::FinalY => score("final_y", "final y", Unit::Plain),
            M::Distance => error("distance", "distance to the minimum"),
            M::StepsToArrive => error("steps_to_arrive", "steps to convergence (99 %)"),
            M::Seconds => error("seconds", "seconds of wall time (differ from run to run)"),
            M::PsnrNoisy(_) => score("psnr_noisy", "PSNR of noisy images", Unit::Decibel),
            M::Psnr(_) => score("psnr", "PSNR of denoised images", Unit::Decibel),
            M::SsimNoisy(_) => score("ssim_noisy", "SSIM of noisy images", Unit::Plain),
            M::Ssim(_) => score("ssim", "SSIM of denoised images", Unit::Plain),
            M::KnnNoisy(_) => share("knn_noisy", "KNN accuracy on noisy images"),
            M::KnnCleaned(_) => share("knn_cleaned", "KNN accuracy on denoised images"),
            M::ClassifierNoisy(_) => share("classifier_noisy", "classifier accuracy on noisy images"),
            M::ClassifierCleaned(_) => share("classifier_cleaned", "classifier accuracy on denoised images"),
            M::EpochsTo(_) => error("epochs_to", "epochs to a validation accuracy"),
            M::EpochsToFit(_) => error("epochs_to_fit", "epochs to a training accuracy"),
            M::StepsTo(_) => error("steps_to", "steps to a validation accuracy, or down to a descent's value,"),
            M::ImagesTo(_) => error("images_to", "training examples to a validation accuracy"),
            M::GradientNorm(_) => score("gradient_norm", "gradient norm", Unit::Plain),
            M::Saturated(_) => Definition { higher_is_better: false, ..share("saturated", "saturated units") },
            M::Slope(_) => score("slope", "mean slope of the activation", Unit::Plain),
            M::KnnClass(_) => share("knn_class", "KNN accuracy on codes, one class against the rest"),
            M::KnnConfused(_) => share("knn_confused", "share of KNN's mistakes on codes"),
            M::Unknown(name) => score(name, name, Unit::Plain),
        }
    }

    /// The number behind the `@`; `None` for a metric without one.
    pub fn level(&self) -> Option<Level> {
        match self {
            M::PsnrNoisy(level)
            | M::Psnr(level)
            | M::SsimNoisy(level)
            | M::Ssim(level)
            | M::KnnNoisy(level)
            | M::KnnCleaned(level)
            | M::ClassifierNoisy(level)
            | M::ClassifierCleaned(level)
            | M::EpochsTo(level)
            | M::EpochsToFit(level)
            | M::StepsTo(level)
            | M::ImagesTo(level)
            | M::GradientNorm(level)
            | M::Saturated(level)
            | M::Slope(level)
            | M::KnnClass(level) => Some(*level),
            _ => None,
        }
    }

    /// Whether the number behind the `@` is that of a layer, counted from 1.
    pub(crate) fn is_of_a_layer(&self) -> bool {
        matches!(self, M::GradientNorm(_) | M::Saturated(_) | M::Slope(_))
    }

    /// What stands for the number behind the `@` where it is any.
    pub fn place(&self) -> &'static str {
        if self.is_of_a_layer() { "LAYER" } else { "LEVEL" }
    }

    /// What it is counted in.
    pub fn unit(&self) -> Unit {
        self.definition().unit
    }

    /// Whether it is a share, shown in percent.
    pub(crate) fn is_percent(&self) -> bool {
        self.unit() == Unit::Percent
    }

    /// Whether a larger value is the better one.
    pub fn higher_is_better(&self) -> bool {
        self.definition().higher_is_better
    }

    /// The value, with the sign turned where a smaller one is better: of two, the better has the larger.
    pub(crate) fn goodness(&self, value: f64) -> f64 {
        if self.higher_is_better() { value } else { -value }
    }

    /// What it is called on an axis.
    pub fn title(&self) -> String {
        let title = self.definition().title;
        match (self, self.level()) {
            (M::Unknown(name), _) => name.replace('_', " "),
            (M::EpochsTo(_) | M::EpochsToFit(_) | M::StepsTo(_) | M::ImagesTo(_), Some(Level(level))) => {
                format!("{title} of {level}")
            }
            (M::KnnClass(_), Some(Level(class))) => format!("KNN accuracy on codes, class {class} against the rest"),
            (M::KnnConfused(ClassPair(a, b)), _) => format!("{title} that are between {a} and {b}"),
            (_, Some(Level(layer))) if self.is_of_a_layer() => format!("{title} in layer {layer}"),
            (_, Some(Level(level))) => format!("{title} at noise {level}"),
            (_, None) => title.into(),
        }
    }

    /// A value as tables show it, without its unit.
    pub fn format(&self, value: f64) -> String {
        match self.unit() {
            Unit::Percent => format!("{:.2}", 100.0 * value),
            Unit::Decibel => format!("{value:.2}"),
            // Small losses need more places to be distinguished.
            Unit::Plain if value.abs() < 0.1 => format!("{value:.5}"),
            Unit::Plain => format!("{value:.4}"),
        }
    }

    /// All names, as a user writes them.
    pub(super) fn names() -> Vec<String> {
        let at_level = AT_LEVEL.iter().copied().map(at_any_level).chain([PAIRED_NAME.into()]);
        PLAIN.iter().map(Self::to_string).chain(at_level).collect()
    }

    /// The metric of this name, if there is one.
    pub(super) fn named(text: &str) -> Option<Self> {
        let Some((name, level)) = text.split_once('@') else {
            return PLAIN.iter().find(|metric| metric.definition().name == text).cloned();
        };
        if name == M::KnnConfused(ClassPair(0, 1)).definition().name {
            return ClassPair::named(level).map(M::KnnConfused);
        }
        let level = Level::new(level.parse().ok()?)?;
        AT_LEVEL.iter().map(|at| at(level)).find(|metric| metric.definition().name == name)
    }

    /// The metric that a record's key names. `Display` gives back the key, also of a metric that this program does not know.
    pub fn of_record(key: &str) -> Self {
        let known = Self::named(key).filter(|metric| metric.to_string() == key);
        known.unwrap_or_else(|| Self::Unknown(key.into()))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.definition().name)?;
        match (self, self.level()) {
            (M::KnnConfused(ClassPair(a, b)), _) => write!(f, "@{a}-{b}"),
            (_, Some(Level(level))) => write!(f, "@{level}"),
            (_, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_sort_by_kind_and_level_and_unknown_ones_come_last() {
        let names = ["zeta", "psnr@0.6", "test_mse", "psnr@0.2", "psnr@0", "train_loss"];
        let mut metrics = names.map(Metric::of_record);
        metrics.sort();
        let sorted = metrics.map(|metric| metric.to_string());
        assert_eq!(sorted, ["test_mse", "train_loss", "psnr@0", "psnr@0.2", "psnr@0.6", "zeta"]);
    }

    #[test]
    fn every_metric_is_found_by_its_name_and_the_lists_are_in_the_order_of_the_variants() {
        let all: Vec<Metric> = PLAIN.iter().cloned().chain(AT_LEVEL.iter().map(|at| at(Level(0.25)))).collect();
        assert!(all.is_sorted());
        for metric in &all {
            assert_eq!(Metric::named(&metric.to_string()).as_ref(), Some(metric));
        }
    }

    #[test]
    fn a_records_key_is_given_back_as_it_is_whether_it_is_known_or_not() {
        for (key, known) in [("psnr@0.6", true), ("psnr@0.60", false), ("psnr@-0", false), ("speed", false)] {
            let metric = Metric::of_record(key);
            assert_eq!((metric.to_string().as_str(), !matches!(metric, M::Unknown(_))), (key, known));
        }
        let speed = Metric::of_record("top_speed");
        assert_eq!(
            (speed.title(), speed.format(1.5), speed.higher_is_better()),
            ("top speed".into(), "1.5000".into(), true)
        );
    }
}
