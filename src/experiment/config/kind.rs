//! What a trial is: the training of a classifier, of a regressor or of an autoencoder, or a descent. It decides what is measured.

use super::{DescentConfig, TrialConfig};
use crate::experiment::metric::{Level, Metric};
use crate::nn::models::ActivationKind;

/// What a trial's settings make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrialKind<'a> {
    /// A network is trained to predict classes.
    Classification,
    /// A network is trained to predict numbers.
    Regression,
    /// A network is trained to reconstruct its inputs.
    Autoencoder {
        /// Numbers of the code.
        latent: usize,
    },
    /// An optimizer goes down a test function. No network is trained, and no data is read.
    Descent(&'a DescentConfig),
}

impl TrialConfig {
    /// What the trial is. A `[descend]` section comes first: beside it the model and the data do not count.
    pub fn kind(&self) -> TrialKind<'_> {
        match (&self.descend, self.model.latent) {
            (Some(descent), _) => TrialKind::Descent(descent),
            (None, Some(latent)) => TrialKind::Autoencoder { latent },
            (None, None) if self.data.class_count() == 0 => TrialKind::Regression,
            (None, None) => TrialKind::Classification,
        }
    }

    /// The metric that ranks arms unless the experiment names another.
    pub(crate) fn ranking_metric(&self) -> Metric {
        match self.kind() {
            TrialKind::Classification => Metric::TestAccuracy,
            TrialKind::Regression => Metric::TestLoss,
            TrialKind::Autoencoder { .. } => Metric::TestMse,
            TrialKind::Descent(_) => Metric::FinalValue,
        }
    }

    /// The metrics of these trials, without those of [`TrialConfig::measured_at_any_level`].
    pub(crate) fn measured(&self) -> Vec<Metric> {
        let mut metrics = vec![Metric::Diverged, Metric::Seconds];
        let losses = [Metric::TestLoss, Metric::ValidationLoss, Metric::TrainLoss];
        let errors = if self.evaluate.errors { vec![Metric::TestMse, Metric::TestMae] } else { Vec::new() };
        match self.kind() {
            TrialKind::Classification => {
                metrics.extend(losses);
                metrics.extend([Metric::TestAccuracy, Metric::ValidationAccuracy, Metric::TrainAccuracy]);
                metrics.extend([Metric::TestPrecision, Metric::TestRecall, Metric::TestF1]);
                metrics.extend(errors);
            }
            TrialKind::Regression => {
                metrics.extend(losses);
                metrics.extend(errors);
            }
            TrialKind::Autoencoder { .. } => {
                metrics.extend(losses);
                metrics.extend([Metric::TestMse, Metric::TestBce]);
                metrics.extend(errors.into_iter().skip(1));
                metrics.extend(self.measured_of_codes());
            }
            TrialKind::Descent(_) => {
                metrics.extend([Metric::FinalValue, Metric::FinalX, Metric::FinalY]);
                metrics.extend([Metric::Distance, Metric::StepsToArrive]);
            }
        }
        metrics
    }

    /// What `[evaluate]` asks of an autoencoder.
    fn measured_of_codes(&self) -> Vec<Metric> {
        let asked = &self.evaluate;
        let mut metrics = Vec::new();
        let mut add_if = |asked: bool, more: &[Metric]| metrics.extend(more.iter().filter(|_| asked).cloned());
        add_if(asked.is_about_codes(), &[Metric::ExplainedVariance, Metric::ExplainedVariancePca]);
        add_if(asked.knn.is_some(), &[Metric::KnnAccuracy, Metric::KnnOneVsRest]);
        let baselines = [Metric::KnnAccuracyPixels, Metric::KnnAccuracyPca, Metric::KnnAccuracyUntrained];
        add_if(asked.baselines, &baselines);
        add_if(asked.probe, &[Metric::ProbeAccuracy]);
        add_if(asked.trustworthiness.is_some(), &[Metric::Trustworthiness]);
        for level in asked.noise.iter().copied().filter_map(Level::new) {
            add_if(true, &[Metric::PsnrNoisy(level), Metric::Psnr(level)]);
            add_if(true, &[Metric::SsimNoisy(level), Metric::Ssim(level)]);
            add_if(asked.knn.is_some(), &[Metric::KnnNoisy(level), Metric::KnnCleaned(level)]);
            add_if(true, &[Metric::ClassifierNoisy(level), Metric::ClassifierCleaned(level)]);
        }
        metrics
    }

    /// The metrics of these trials that can be asked for at any level, which say how soon a run gets there, or of any layer.
    pub(crate) fn measured_at_any_level(&self) -> Vec<fn(Level) -> Metric> {
        let mut metrics: Vec<fn(Level) -> Metric> = match self.kind() {
            TrialKind::Classification => {
                vec![Metric::EpochsTo, Metric::EpochsToFit, Metric::StepsTo, Metric::ImagesTo]
            }
            TrialKind::Descent(_) => vec![Metric::StepsTo],
            TrialKind::Regression | TrialKind::Autoencoder { .. } => Vec::new(),
        };
        if self.evaluate.knn.is_some() && matches!(self.kind(), TrialKind::Autoencoder { .. }) {
            metrics.push(Metric::KnnClass);
        }
        if self.train.watch {
            metrics.extend([Metric::GradientNorm as fn(Level) -> Metric, Metric::Saturated, Metric::Slope]);
        }
        metrics
    }

    /// The activation of a layer, counted from 1; `None` where there is no such layer.
    fn activation_of_layer(&self, layer: Level) -> Option<ActivationKind> {
        let shapes = self.likely_network().shapes();
        let index = (1..=shapes.len()).find(|&index| index as f64 == layer.get())? - 1;
        shapes.get(index).map(|(_, shape)| shape.activation)
    }

    /// Whether these trials have a metric.
    pub(crate) fn measures(&self, metric: &Metric) -> bool {
        if matches!(metric, Metric::KnnConfused(_)) {
            return self.measures(&Metric::KnnAccuracy);
        }
        let has_level = |level: &Level| match metric {
            Metric::GradientNorm(_) => self.activation_of_layer(*level).is_some(),
            Metric::Saturated(_) => self.activation_of_layer(*level).is_some_and(ActivationKind::has_limits),
            Metric::Slope(_) => self.activation_of_layer(*level).is_some_and(|kind| kind != ActivationKind::Identity),
            // Which classes a folder of one's own has is not known before it is read.
            Metric::KnnClass(_) if !self.data.classes.is_empty() => level.get() < self.data.classes.len() as f64,
            _ => true,
        };
        let at_its_level = |level| self.measured_at_any_level().iter().any(|at| at(level) == *metric);
        self.measured().contains(metric) || metric.level().filter(has_level).is_some_and(at_its_level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::loss::Loss;

    fn config(change: impl Fn(&mut TrialConfig)) -> TrialConfig {
        let mut config = TrialConfig::default();
        change(&mut config);
        config
    }

    #[test]
    fn the_kind_decides_what_ranks_arms_and_what_is_measured() {
        let classifier = config(|_| {});
        let regressor = config(|c| c.data.dataset = "line".into());
        let autoencoder = config(|c| c.model.latent = Some(8));
        let descent = config(|c| c.descend = Some(DescentConfig::default()));
        // A descent reads neither the model nor the data.
        let both = config(|c| (c.model.latent, c.descend) = (Some(8), Some(DescentConfig::default())));
        assert_eq!(classifier.kind(), TrialKind::Classification);
        assert_eq!(regressor.kind(), TrialKind::Regression);
        assert_eq!(autoencoder.kind(), TrialKind::Autoencoder { latent: 8 });
        assert_eq!(descent.kind(), TrialKind::Descent(&DescentConfig::default()));
        assert_eq!(both.kind(), descent.kind());
        for config in [&classifier, &regressor, &autoencoder, &descent] {
            assert!(config.measures(&config.ranking_metric()), "{:?}", config.kind());
            assert!(config.measures(&Metric::Diverged));
        }
        let epochs_to = Level::new(0.9).map(Metric::EpochsTo).unwrap();
        let has_epochs_to = [&classifier, &regressor, &autoencoder, &descent].map(|config| config.measures(&epochs_to));
        assert_eq!(has_epochs_to, [true, false, false, false]);
        let steps_to = Level::new(0.9).map(Metric::StepsTo).unwrap();
        let has_steps_to = [&classifier, &regressor, &autoencoder, &descent].map(|config| config.measures(&steps_to));
        assert_eq!(has_steps_to, [true, false, false, true]);
        let watched = config(|c| c.train.watch = true);
        let of_layer = |layer| watched.measures(&Metric::Slope(Level::new(layer).unwrap()));
        assert_eq!([0.0, 1.0, 1.5, 2.0, 3.0, 4.0].map(of_layer), [false, true, false, true, false, false]);
        // The last layer has a gradient, and no activation before the loss; GELU has a slope, and no limit on one side.
        let of_last = Level::new(3.0).unwrap();
        assert!(watched.measures(&Metric::GradientNorm(of_last)) && !watched.measures(&Metric::Saturated(of_last)));
        let first = Level::new(1.0).unwrap();
        let gelu = config(|c| (c.train.watch, c.model.activation) = (true, ActivationKind::Gelu));
        assert!(gelu.measures(&Metric::Slope(first)) && !gelu.measures(&Metric::Saturated(first)));
        assert!(watched.measures(&Metric::Saturated(first)));
        assert!(!classifier.measures(&Metric::Slope(Level::new(1.0).unwrap())));
        let errors = config(|c| c.evaluate.errors = true);
        assert!(errors.measures(&Metric::TestMae) && !classifier.measures(&Metric::TestMae));
    }

    #[test]
    fn an_autoencoder_measures_what_evaluate_asks_for_and_every_name_reads_back() {
        let plain = config(|c| (c.model.latent, c.train.loss) = (Some(8), Loss::Mse));
        let full = config(|c| {
            (c.model.latent, c.train.loss) = (Some(8), Loss::Mse);
            c.evaluate.knn = Some(5);
            (c.evaluate.baselines, c.evaluate.probe) = (true, true);
            c.evaluate.trustworthiness = Some(12);
            c.evaluate.noise = vec![0.0, 0.4];
        });
        // diverged, seconds, three losses, MSE and BCE; then 2 + 2 + 3 + 1 + 1 of the codes, and 8 at each of two levels.
        assert_eq!((plain.measured().len(), full.measured().len()), (7, 7 + 9 + 16));
        for metric in full.measured() {
            assert_eq!(Metric::of_record(&metric.to_string()), metric);
        }
        let without_knn = config(|c| (c.model.latent, c.evaluate.noise) = (Some(8), vec![0.4]));
        let level = Level::new(0.4).unwrap();
        assert!(without_knn.measures(&Metric::Psnr(level)) && !without_knn.measures(&Metric::KnnCleaned(level)));
    }
}
