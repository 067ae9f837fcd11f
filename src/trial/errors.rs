//! The squared and the absolute error of a network's outputs on the test examples, where `evaluate.errors` asks for them.

use burn::tensor::Device;

use crate::data::Split;
use crate::evaluate::classification::probabilities;
use crate::evaluate::outputs_of_one;
use crate::experiment::metric::Metric;
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::nn::task::Task;

/// The means over examples and outputs of a stack of one: of predicted numbers, of pixels, or of probabilities against 1 for the true class
/// and 0 for the others. A number that is not finite is left out.
pub fn measure(network: &Network, test: Split, task: Task, loss: Loss, device: &Device) -> Vec<(Metric, f64)> {
    let network = match network.autoencoder() {
        Some(autoencoder) => &Network::reconstructor_of(autoencoder),
        None => network,
    };
    let outputs = outputs_of_one(network, test.rows, device);
    let inputs = if task.reconstructs() { test.rows.numbers() } else { Vec::new() };
    let targets = task.targets(&inputs, test.labels, test.targets);
    let outputs =
        if task.has_accuracy() { probabilities(&outputs, targets.len() / test.count(), loss) } else { outputs };
    let [squared, absolute] = means(&outputs, &targets);
    let found = match task {
        // The squared error of reconstructions is measured in any case.
        Task::Reconstruct => vec![(Metric::TestMae, absolute)],
        Task::Classify { .. } | Task::Binary { .. } | Task::Regress => {
            vec![(Metric::TestMse, squared), (Metric::TestMae, absolute)]
        }
    };
    found.into_iter().filter(|(_, value)| value.is_finite()).collect()
}

/// The mean square and the mean absolute value of the differences, added in their order.
fn means(outputs: &[f32], targets: &[f32]) -> [f64; 2] {
    let mut sums = [0.0, 0.0];
    for (output, target) in outputs.iter().zip(targets) {
        let difference = f64::from(*output) - f64::from(*target);
        sums[0] += difference * difference;
        sums[1] += difference.abs();
    }
    sums.map(|sum| sum / outputs.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_means_are_those_worked_by_hand() {
        // Differences 1, -2, 0 and 0.5.
        assert_eq!(means(&[1.0, 0.0, 3.0, 0.5], &[0.0, 2.0, 3.0, 0.0]), [5.25 / 4.0, 3.5 / 4.0]);
    }
}
