//! The range of every number of a trial's settings, and which settings go together.

use super::model::{Hidden, MAX_DEPTH};
use super::{Source, Start, TrialConfig, TrialKind, Vary};
use crate::data::classes::parse as chosen_classes;
use crate::data::scale::Scale;
use crate::data::toys::{self, Toy};
use crate::data::{DataConfig, PIXELS, Pixels, Size};
use crate::nn::loss::Loss;
use crate::nn::models::{ActivationKind, Init, NetworkConfig};

/// The most hidden layers.
const MAX_HIDDEN: usize = 100;
/// The most outputs: as many as a label of one byte has values.
const MAX_OUTPUTS: usize = 256;
/// The most parameters of a network.
const MAX_PARAMETERS: usize = 1 << 26;

impl TrialConfig {
    /// Checks every number against its range. The message names the key.
    ///
    /// # Errors
    /// The first value out of range, with the range.
    pub fn validate(&self) -> Result<(), String> {
        // The upper bound is far beyond use, and keeps products of sizes from overflowing.
        const MAX: usize = 1_000_000;
        let positive = |name: &str, value: usize, max: usize| match value {
            0 => Err(format!("`{name}` is 0; it must be at least 1")),
            value if value > max => Err(format!("`{name}` is {value}; it must be at most {max}")),
            _ => Ok(()),
        };
        positive("train.epochs", self.train.epochs, MAX)?;
        positive("train.batch_size", self.train.batch_size, MAX)?;
        let data = &self.data;
        for (name, size) in [("data.train", data.train), ("data.validation", data.validation), ("data.test", data.test)]
        {
            match size {
                Size::Count(count) => positive(name, count, 100 * MAX)?,
                Size::Share(share) if !(share > 0.0 && share < 1.0) => {
                    return Err(format!("`{name}` is {share}; a share must be above 0 and below 1"));
                }
                Size::Share(_) | Size::Auto(_) => {}
            }
        }
        match &self.model.hidden {
            Hidden::Widths(widths) if widths.len() > MAX_HIDDEN => {
                return Err(format!("`model.hidden` has {} layers; at most {MAX_HIDDEN}", widths.len()));
            }
            Hidden::Widths(widths) => {
                widths.iter().try_for_each(|&width| positive("model.hidden", width, MAX / 10))?;
            }
            Hidden::Taper(taper) => positive("model.depth", taper.depth, MAX_DEPTH)?,
        }
        if let Some(outputs) = self.model.outputs {
            positive("model.outputs", outputs, MAX_OUTPUTS)?;
        }
        if let TrialKind::Descent(descent) = self.kind() {
            descent.validate()?;
        }
        self.validate_choice()?;
        self.validate_autoencoder()?;
        self.validate_outputs()?;
        self.train.augment.validate()?;
        if !self.train.augment.is_none() && toys::find(&self.data.dataset).is_some() {
            return Err(format!("`train.augment` moves images; `{}` is points", self.data.dataset));
        }
        for (name, lambda) in [("l1", self.train.l1), ("l1_half", self.train.l1_half), ("l2", self.train.l2)] {
            if !(lambda.is_finite() && lambda >= 0.0) {
                return Err(format!("`train.{name}` is {lambda}; it must be 0 or more"));
            }
        }
        if self.train.l1 > 0.0 && self.train.l1_half > 0.0 {
            return Err("`train.l1` and `train.l1_half` are one penalty in two scalings; keep one of them".into());
        }
        let (level, max) = (self.train.noise, self.train.noise_kind.max_level());
        if !(0.0..=max).contains(&level) {
            return Err(format!("`train.noise` is {level}; it must be 0 to {max}"));
        }
        if level > 0.0 && (toys::find(&self.data.dataset).is_some() || self.data.pixels == Pixels::Raw) {
            return Err("`train.noise` is for pixels of 0 to 1: neither for points nor for raw pixels".into());
        }
        // The mask is drawn in 32 bits, where the nearest number to 0.99999999 is 1.
        if !(0.0..1.0).contains(&self.model.dropout) || self.model.dropout as f32 >= 1.0 {
            let found = self.model.dropout;
            return Err(format!("`model.dropout` is {found}; it must be at least 0 and below 1"));
        }
        if let Init::Normal(sd) = self.model.init.weights
            && !(sd.is_finite() && sd >= 0.0)
        {
            return Err(format!("`model.init` has standard deviation {sd}; it must be 0 or more"));
        }
        let parameters = self.likely_network().parameters();
        if parameters > MAX_PARAMETERS {
            return Err(format!(
                "`model.hidden` makes a network of {parameters} parameters; at most {MAX_PARAMETERS}, 256 MiB, are trained"
            ));
        }
        self.validate_vary()?;
        self.validate_unit_norm()?;
        if self.train.validate_every == Some(0) {
            return Err(
                "`train.validate_every` is 0; it must be at least 1 (leave it out to validate once an epoch)".into()
            );
        }
        if self.model.init.biases.is_some() && !self.model.bias {
            return Err("`model.init` sets biases, and `model.bias` is false; leave one of the two out".into());
        }
        if self.train.loss == Loss::PerceptronSum && self.model.init.weights == Init::Zeros {
            return Err(
                "`perceptron_sum` has no gradient at weights of 0, where no point is on a wrong side; start from others".into()
            );
        }
        let of_networks = [
            ("train.validate_every", self.train.validate_every.is_some()),
            ("train.watch", self.train.watch),
            ("evaluate.errors", self.evaluate.errors),
        ];
        if let (TrialKind::Descent(_), Some((name, _))) = (self.kind(), of_networks.iter().find(|(_, asked)| *asked)) {
            return Err(format!("`{name}` is for networks, and a descent has none; leave it out"));
        }
        if self.train.validate_every.is_some() && self.kind() != TrialKind::Classification {
            return Err(
                "`train.validate_every` is for classifiers, whose accuracy it looks at within epochs; leave it out"
                    .into(),
            );
        }
        if self.train.patience == Some(0) {
            return Err("`train.patience` is 0; it must be at least 1 (leave it out to train on)".into());
        }
        for (name, value) in [("clip_norm", self.train.clip_norm), ("clip_value", self.train.clip_value)] {
            if let Some(value) = value
                && !(value.is_finite() && value as f32 > 0.0)
            {
                return Err(format!("`train.{name}` is {value}; it must be above 0, in 32 bits too"));
            }
        }
        self.train.optimizer.validate()?;
        self.train.schedule.validate()
    }

    /// Checks which draws follow the seed against the kind of the trial.
    fn validate_vary(&self) -> Result<(), String> {
        let vary = &self.train.vary;
        vary.validate()?;
        if matches!(self.kind(), TrialKind::Descent(_)) && *vary != Vary::default() {
            return Err("`train.vary` is for networks: of a descent the seed moves the start and nothing else".into());
        }
        if vary.varies(Source::Split) {
            if self.model.latent.is_some() {
                return Err(
                    "`train.vary` with split is not for autoencoders, whose codes are compared on one split".into()
                );
            }
            if matches!(self.model.start, Some(Start::WarmStart(_))) {
                return Err(
                    "`train.vary` with split does not go with a warm start, which would see the other split".into()
                );
            }
        }
        Ok(())
    }

    /// Checks what is chosen of the data set.
    fn validate_choice(&self) -> Result<(), String> {
        let DataConfig { dataset, classes, margin, .. } = &self.data;
        let has_margin = toys::find(dataset).is_none() && toys::parse(dataset).is_some();
        if has_margin || !chosen_classes(dataset).1.is_empty() {
            return Err(format!(
                "`data.dataset` is `{dataset}`, the name that records write; set `data.classes` or `data.margin` beside the plain name"
            ));
        }
        if classes.iter().enumerate().any(|(index, class)| classes[..index].contains(class)) {
            return Err("`data.classes` must have each class once".into());
        }
        if !classes.is_empty() && toys::find(dataset).is_some() {
            return Err(format!("`data.classes` chooses images; `{dataset}` is points"));
        }
        let of_all = DataConfig::named(dataset).class_count();
        if let (Some(class), true) = (classes.iter().max(), self.knows_classes())
            && usize::from(*class) >= of_all
        {
            let last = of_all.saturating_sub(1);
            return Err(format!("`data.classes` has {class}; the classes of `{dataset}` are 0 to {last}"));
        }
        if classes.len() == 1 && self.model.latent.is_none() {
            return Err(
                "`data.classes` has one class, which only an autoencoder can learn from; give two or more".into()
            );
        }
        if *margin != toys::MARGIN && !toys::find(dataset).is_some_and(Toy::has_margin) {
            return Err(format!("`data.margin` is for `separable`, whose classes have a gap; `{dataset}` has none"));
        }
        if !(0.0..=toys::MAX_MARGIN).contains(margin) {
            return Err(format!("`data.margin` is {margin}; it must be 0 to {}", toys::MAX_MARGIN));
        }
        self.validate_own_data()
    }

    /// Checks the settings of data of one's own.
    fn validate_own_data(&self) -> Result<(), String> {
        let DataConfig { dataset, label, target, ignore, scale, split_seed, .. } = &self.data;
        let for_own = [
            ("label", label.is_some()),
            ("target", target.is_some()),
            ("ignore", !ignore.is_empty()),
            ("scale", *scale != Scale::default()),
            ("split_seed", *split_seed != 0),
        ];
        if let (false, Some((name, _))) = (self.data.is_own(), for_own.iter().find(|(_, given)| *given)) {
            return Err(format!(
                "`data.{name}` is for data of your own; `{dataset}` is read and split in one way alone"
            ));
        }
        if self.data.is_own() && self.train.vary.varies(Source::Split) {
            return Err(
                "`train.vary` with split is for published sets; of data of your own, make `data.split_seed` an axis"
                    .into(),
            );
        }
        Ok(())
    }

    /// Checks the measures that are asked for against the numbers of training and test examples that there are.
    ///
    /// # Errors
    /// A measure needs more examples.
    pub(crate) fn validate_sizes(&self, train: usize, test: usize) -> Result<(), String> {
        self.evaluate.validate(train, test, self.train.noise_kind.max_level())
    }

    fn validate_unit_norm(&self) -> Result<(), String> {
        let is_descent = matches!(self.kind(), TrialKind::Descent(_));
        let has_one_layer_and_output = matches!(self.likely_network(), NetworkConfig::Classifier(mlp) if mlp.hidden.is_empty() && mlp.outputs == 1);
        match self.train.unit_norm && (is_descent || !has_one_layer_and_output) {
            true => Err("`train.unit_norm` is for a network with one layer and one output; \
                         set `model.hidden = []`, and for two classes `model.outputs = 1`"
                .into()),
            false => Ok(()),
        }
    }

    /// Whether the number of classes is known from the data set's name.
    fn knows_classes(&self) -> bool {
        !self.data.is_own() || self.data.target.is_some()
    }

    /// Checks the last layer's outputs against the loss and the data set.
    fn validate_outputs(&self) -> Result<(), String> {
        let (loss, outputs) = (self.train.loss, self.model.outputs);
        let (name, classes) = (&self.data.dataset, self.data.class_count());
        let is_toy = toys::find(name).is_some();
        match self.kind() {
            TrialKind::Regression if !matches!(loss, Loss::Mse | Loss::Quadratic) => {
                return Err(format!("`{name}` has numbers to be predicted: `train.loss` must be mse or quadratic"));
            }
            TrialKind::Autoencoder { .. } if is_toy => {
                return Err(format!("an autoencoder needs images; `{name}` is points"));
            }
            TrialKind::Classification
            | TrialKind::Regression
            | TrialKind::Autoencoder { .. }
            | TrialKind::Descent(_) => {}
        }
        match outputs {
            Some(1) if loss == Loss::CrossEntropy => {
                return Err("`model.outputs = 1` separates two classes with `train.loss` bce, mse or perceptron; \
                            cross_entropy needs one output per class"
                    .into());
            }
            Some(1) if self.knows_classes() && classes > 2 => {
                return Err(format!("`model.outputs = 1` separates two classes; `{name}` has {classes}"));
            }
            Some(n) if n > 1 && self.knows_classes() && n != classes.max(1) => {
                return Err(format!("`model.outputs` is {n}; it must be 1, or one per class (leave it out)"));
            }
            _ => {}
        }
        let layers = self.likely_network().layers();
        if self.model.frozen >= layers {
            return Err(format!("`model.frozen` is {}; of {layers} layers at least one must learn", self.model.frozen));
        }
        if self.model.output == ActivationKind::Step {
            return Err(
                "`model.output` is step, whose derivative is 0 everywhere, so that nothing would be learnt".into()
            );
        }
        if self.model.output != ActivationKind::Identity && loss.is_on_logits() {
            return Err(
                "`model.output` must be left out: `train.loss` has its own (use mse or quadratic with it)".into()
            );
        }
        Ok(())
    }

    fn validate_autoencoder(&self) -> Result<(), String> {
        match (self.model.latent, self.train.loss) {
            (None, _) if self.evaluate.is_about_codes() => {
                Err("`evaluate` asks about an autoencoder's code; give it a width with `model.latent`".into())
            }
            (None, _) => Ok(()),
            (Some(0), _) => Err("`model.latent` is 0; a code must have at least 1 number".into()),
            (Some(latent), _) if latent > PIXELS => {
                Err(format!("`model.latent` is {latent}; it must be at most the {PIXELS} pixels of an image"))
            }
            (Some(_), _) if self.model.output != ActivationKind::Identity => {
                Err("`model.output` must be left out for an autoencoder, which ends in a sigmoid".into())
            }
            (Some(_), _) if self.data.pixels == Pixels::Raw => {
                Err("`data.pixels` must be unit for an autoencoder, whose outputs are 0 to 1".into())
            }
            (Some(_), loss) if !matches!(loss, Loss::Mse | Loss::Bce) => {
                Err("`model.latent` makes an autoencoder, whose `train.loss` must be mse or bce".into())
            }
            (Some(_), _) if self.data.is_own() => Ok(()),
            (Some(_), _) => {
                let sizes = self.data.likely_sizes();
                self.validate_sizes(sizes.train, sizes.test)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::config::{DescentConfig, Taper};
    use crate::nn::models::{BiasInit, LayerInit};

    #[test]
    fn an_autoencoders_values_are_checked_too() {
        let broken = |change: fn(&mut TrialConfig)| {
            let mut config = TrialConfig::default();
            config.model.latent = Some(8);
            config.train.loss = Loss::Mse;
            assert_eq!(config.validate(), Ok(()));
            change(&mut config);
            config.validate().unwrap_err()
        };
        assert!(broken(|c| c.model.latent = Some(0)).contains("model.latent"));
        assert!(broken(|c| c.model.latent = Some(785)).contains("784"));
        assert!(broken(|c| c.evaluate.knn = Some(60_000)).contains("55000"));
        assert!(broken(|c| c.evaluate.trustworthiness = Some(5_000)).contains("test images"));
        assert!(broken(|c| c.evaluate.noise = vec![0.2, -0.1]).contains("-0.1"));
        assert!(broken(|c| c.evaluate.baselines = true).contains("evaluate.knn"));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let broken = |change: fn(&mut TrialConfig)| {
            let mut config = TrialConfig::default();
            change(&mut config);
            config.validate().unwrap_err()
        };
        assert!(broken(|c| c.train.batch_size = 0).contains("train.batch_size"));
        assert!(broken(|c| c.train.epochs = 0).contains("train.epochs"));
        assert!(broken(|c| c.model.hidden = Hidden::Widths(vec![64, 0])).contains("model.hidden"));
        assert!(broken(|c| c.model.hidden = Hidden::Taper(Taper { depth: 9 })).contains("model.depth"));
        assert!(broken(|c| c.model.hidden = Hidden::Widths(vec![1; 101])).contains("101 layers"));
        assert!(broken(|c| c.model.hidden = Hidden::Widths(vec![100_000, 100_000])).contains("10079600010 parameters"));
        assert!(broken(|c| c.model.outputs = Some(1 << 62)).contains("model.outputs"));
        assert!(broken(|c| c.train.optimizer.lr = 1e-320).contains("32 bits"));
        assert!(broken(|c| c.train.clip_norm = Some(1e-320)).contains("clip_norm"));
        assert!(broken(|c| c.model.latent = Some(8)).contains("mse or bce"));
        assert!(broken(|c| c.train.noise = -1.0).contains("train.noise"));
        assert!(broken(|c| c.evaluate.knn = Some(5)).contains("model.latent"));
        assert!(broken(|c| c.model.dropout = 1.0).contains("model.dropout"));
        assert!(broken(|c| c.train.optimizer.lr = -0.1).contains("lr"));
        assert!(broken(|c| c.train.clip_norm = Some(0.0)).contains("clip_norm"));
        assert!(broken(|c| c.train.patience = Some(0)).contains("patience"));
        let of_networks: [fn(&mut TrialConfig); 3] =
            [|c| c.train.validate_every = Some(100), |c| c.train.watch = true, |c| c.evaluate.errors = true];
        for change in of_networks {
            let mut descent = TrialConfig { descend: Some(DescentConfig::default()), ..TrialConfig::default() };
            assert_eq!(descent.validate(), Ok(()));
            change(&mut descent);
            assert!(descent.validate().unwrap_err().contains("is for networks"));
        }
        assert!(broken(|c| c.train.validate_every = Some(0)).contains("train.validate_every"));
        assert!(
            broken(|c| {
                (c.data.dataset, c.train.loss) = ("line".into(), Loss::Mse);
                c.train.validate_every = Some(9);
            })
            .contains("for classifiers")
        );
        assert!(
            broken(|c| {
                c.model.init = LayerInit { weights: Init::HeNormal, biases: Some(BiasInit::Normal) };
                c.model.bias = false;
            })
            .contains("`model.bias` is false")
        );
        assert!(
            broken(|c| {
                (c.model.hidden, c.model.outputs) = (Hidden::Widths(vec![]), Some(1));
                (c.data.dataset, c.train.loss, c.model.init) =
                    ("separable".into(), Loss::PerceptronSum, Init::Zeros.into());
            })
            .contains("start from others")
        );
        // What records write is no setting: `separable(50)` would draw for ever, and `mnist[3,3]` has a class without examples.
        for dataset in ["separable(0.1)", "mnist[3,3]", "mnist[3,5]"] {
            let mut config = TrialConfig::default();
            config.data.dataset = dataset.into();
            assert!(config.validate().unwrap_err().contains("the name that records write"), "{dataset}");
        }
        assert!(toys::parse("separable(50)").is_none() && toys::parse("separable(nan)").is_none());
        assert!(broken(|c| c.data.classes = vec![3, 3]).contains("each class once"));
        assert!(broken(|c| c.data.classes = vec![3, 10]).contains("0 to 9"));
        assert!(broken(|c| c.data.classes = vec![3]).contains("two or more"));
        assert!(
            broken(|c| (c.data.classes, c.model.outputs, c.train.loss) = (vec![1, 2, 3], Some(1), Loss::Bce))
                .contains("has 3")
        );
        assert!(broken(|c| c.data.margin = 0.1).contains("separable"));
        let separable = |margin: f64| {
            let mut config = TrialConfig::default();
            (config.data.dataset, config.data.margin) = ("separable".into(), margin);
            config.validate()
        };
        assert_eq!(separable(0.1), Ok(()));
        assert!(separable(3.5).unwrap_err().contains("0 to 3") && separable(f64::NAN).is_err());
        assert!(broken(|c| c.train.unit_norm = true).contains("one layer and one output"));
        assert!(broken(|c| c.train.l1_half = -1.0).contains("train.l1_half"));
        assert!(broken(|c| (c.train.l1, c.train.l1_half) = (1.0, 2.0)).contains("two scalings"));
    }

    #[test]
    fn sources_of_variation_are_checked() {
        let vary = |text: &str, latent: Option<usize>| {
            let mut config = TrialConfig::default();
            config.train.vary = serde_json::from_str(text).unwrap();
            config.model.latent = latent;
            config.train.loss = if latent.is_some() { Loss::Mse } else { Loss::CrossEntropy };
            config.validate()
        };
        assert_eq!(vary(r#"["split", "order"]"#, None), Ok(()));
        assert_eq!(vary(r#"["init"]"#, Some(8)), Ok(()));
        assert!(vary("[]", None).unwrap_err().contains("init, order and split"));
        assert!(vary(r#"["init", "init"]"#, None).unwrap_err().contains("each once"));
        assert!(vary(r#"["split"]"#, Some(8)).unwrap_err().contains("autoencoders"));
    }
}
