//! The linear probe: the test accuracy of a linear classifier trained on codes (Alain and Bengio, "Understanding intermediate layers
//! using linear classifier probes", 2016).

use anyhow::Context;
use burn::tensor::Device;

use crate::data::{Rows, Split};
use crate::evaluate::evaluate;
use crate::evaluate::knn::Vectors;
use crate::experiment::config::{Hidden, TrainConfig, TrialConfig};
use crate::nn::loss::Loss;
use crate::nn::optim::OptimizerConfig;
use crate::nn::task::Task;
use crate::train::{Callback, Job, TrainError, train};

/// Passes over the codes; the accuracy no longer moves after about ten.
const EPOCHS: usize = 15;

/// Codes `[n * latent]` and classes `[n]` of each split.
#[derive(Debug, Clone, Copy)]
pub struct EncodedSplits<'a> {
    /// Of the training images.
    pub train: (Vectors<'a>, &'a [u8]),
    /// Of the validation images.
    pub validation: (Vectors<'a>, &'a [u8]),
    /// Of the test images.
    pub test: (Vectors<'a>, &'a [u8]),
}

/// The test accuracy of a softmax classifier trained on codes that are standardised first: each number has mean 0 and standard deviation 1
/// over the training codes.
///
/// # Errors
/// The callback stopped it, or it could not be trained.
pub fn accuracy(
    encoded: &EncodedSplits,
    classes: usize,
    seed: u64,
    device: &Device,
    callback: &dyn Callback,
) -> Result<f64, TrainError> {
    let width = encoded.train.0.width;
    let standardisation = Standardisation::of(encoded.train.0);
    let [train_values, validation_values, test_values] =
        [encoded.train, encoded.validation, encoded.test].map(|(points, _)| standardisation.apply(points));
    let split = |values, labels| Split { rows: Rows::Numbers { values, width }, labels, targets: &[] };
    let optimizer = OptimizerConfig { lr: 0.01, ..OptimizerConfig::default() };
    let mut config = TrialConfig::default();
    config.model.hidden = Hidden::Widths(Vec::new());
    config.train = TrainConfig { epochs: EPOCHS, batch_size: 256, optimizer, ..TrainConfig::default() };
    let job = Job {
        seeds: &[seed],
        config: &config.train,
        dropout: 0.0,
        frozen: 0,
        train: split(&train_values, encoded.train.1),
        validation: split(&validation_values, encoded.validation.1),
        task: Task::Classify { classes },
        noise: config.train.noise(),
        device,
        gpu: None,
    };
    let probe = config.network(width, classes).init(&[seed], &device.clone().autodiff());
    let trained = train(probe, &job, callback)?;
    let test = split(&test_values, encoded.test.1);
    let scores = evaluate(&trained.model, test, job.task, Loss::CrossEntropy, device);
    let accuracy = scores.first().and_then(|scores| scores.accuracy);
    Ok(accuracy.context("the linear probe has no accuracy")?)
}

/// Mean and inverse standard deviation of each number of a code.
struct Standardisation(Vec<(f64, f64)>);

impl Standardisation {
    fn of(points: Vectors) -> Self {
        let n = points.count() as f64;
        let mut sums = vec![(0.0f64, 0.0f64); points.width];
        for (i, &v) in points.values.iter().enumerate() {
            let (sum, squares) = &mut sums[i % points.width];
            *sum += f64::from(v);
            *squares += f64::from(v).powi(2);
        }
        let mean_and_inverse = |(sum, squares): (f64, f64)| {
            let mean = sum / n;
            let sd = (squares / n - mean * mean).max(0.0).sqrt();
            // A number that is the same in all codes becomes 0.
            (mean, if sd > 0.0 { 1.0 / sd } else { 0.0 })
        };
        Self(sums.into_iter().map(mean_and_inverse).collect())
    }

    fn apply(&self, points: Vectors) -> Vec<f32> {
        let scaled = |(i, &v): (usize, &f32)| {
            let (mean, inverse) = self.0[i % points.width];
            ((f64::from(v) - mean) * inverse) as f32
        };
        points.values.iter().enumerate().map(scaled).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use crate::seed::{Purpose, Stream};
    use crate::train::NoCallback;

    /// Two numbers per point; the class is the sign of their sum, or of their product.
    fn codes(n: usize, counter: u64, class: fn(f64, f64) -> f64) -> (Vec<f32>, Vec<u8>) {
        let mut stream = Stream::new(6, Purpose::Data, counter);
        let mut values = Vec::new();
        let labels = (0..n).map(|_| {
            let (x, y) = (stream.normal(), stream.normal());
            values.extend([(50.0 + 10.0 * x) as f32, (0.01 * y) as f32]);
            u8::from(class(x, y) > 0.0)
        });
        let labels = labels.collect();
        (values, labels)
    }

    fn probed(class: fn(f64, f64) -> f64) -> f64 {
        let sets: Vec<_> = [(20_000, 0), (500, 1), (1000, 2)].map(|(n, counter)| codes(n, counter, class)).into();
        let view = |i: usize| (Vectors { values: &sets[i].0, width: 2 }, sets[i].1.as_slice());
        let encoded = EncodedSplits { train: view(0), validation: view(1), test: view(2) };
        accuracy(&encoded, 2, 0, &device::for_tests(), &NoCallback).unwrap()
    }

    #[test]
    fn a_line_is_read_off_and_an_exclusive_or_is_not() {
        assert!(probed(|x, y| x + y) > 0.97);
        assert!((0.4..0.6).contains(&probed(|x, y| x * y)));
    }
}
