//! What a GPU is asked for, and that stacks side by side are as alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use burn::tensor::Device;
use burn_cubecl::cubecl::logging::{LaunchObservation, LaunchObserver};

use super::*;
use crate::data::{Examples as Data, PointSet};
use crate::experiment::config::{Hidden, TrialConfig};
use crate::nn::device::gpu_for_tests;
use crate::train::TrainError;
use crate::train::step::Steps;

/// Launches of one thread: other tests launch kernels of their own.
struct Counted {
    thread: ThreadId,
    launches: AtomicUsize,
}

impl LaunchObserver for Counted {
    fn launched(&self, _kernel: &'static str) {
        if thread::current().id() == self.thread {
            self.launches.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn points() -> Data {
    let values = (0..400).map(|i| (i as f32 * 0.7).sin()).collect();
    let labels = (0..200).map(|i| u8::from(i % 3 == 0)).collect();
    Data::Points(PointSet { values, width: 2, labels, targets: Vec::new() })
}

fn config(widths: &[usize], batch: usize) -> TrialConfig {
    let mut config = TrialConfig::default();
    (config.model.hidden, config.train.batch_size) = (Hidden::Widths(widths.to_vec()), batch);
    config
}

/// Calls `f` with the stack and the job of each config, each of two seeds.
fn with_stacks<T>(configs: &[TrialConfig], gpu: &Gpu, f: impl FnOnce(Vec<(Network, &Job)>) -> T) -> T {
    let (device, examples) = (Device::flex(), points());
    let split = examples.slice(0, 200, crate::data::Pixels::Unit);
    let job = |config: &'_ TrialConfig| (config.train.clone(), config.task(2));
    let owned: Vec<_> = configs.iter().map(job).collect();
    let jobs: Vec<Job> = owned
        .iter()
        .map(|(train, task)| Job {
            seeds: &[3, 8],
            config: train,
            dropout: 0.0,
            frozen: 0,
            train: split,
            validation: split,
            task: *task,
            noise: train.noise(),
            device: &device,
            gpu: Some(gpu),
        })
        .collect();
    let stack = |config: &TrialConfig| config.network(2, 2).init(&[3, 8], &device.clone().autodiff());
    f(configs.iter().map(stack).zip(&jobs).collect())
}

#[test]
fn an_epoch_of_two_hundred_steps_and_its_validation_are_a_few_launches() {
    let Some(gpu) = gpu_for_tests() else { return };
    let configs = [config(&[8], 1), config(&[5, 4], 2)];
    with_stacks(&configs, &gpu, |stacks| {
        let mut lanes = side_by_side(stacks, &gpu).unwrap();
        let counted = Arc::new(Counted { thread: thread::current().id(), launches: AtomicUsize::new(0) });
        let watching = LaunchObservation::new(counted.clone());
        for (lane, steps) in lanes.iter_mut().zip([200, 100]) {
            lane.start_epoch(0).unwrap();
            (0..steps).for_each(|_| lane.step(0.01).unwrap());
        }
        assert_eq!(counted.launches.load(Ordering::Relaxed), 0, "nothing is launched, or waited for, within an epoch");
        lanes.iter_mut().for_each(|lane| drop(lane.take_scores().unwrap()));
        let training = counted.launches.load(Ordering::Relaxed);
        lanes.iter_mut().for_each(|lane| drop(lane.validate().unwrap()));
        let all = counted.launches.load(Ordering::Relaxed);
        drop(watching);
        assert!((1..=8).contains(&training), "{training} launches for 200 steps of four networks");
        assert_eq!(all, training + 1, "one launch validates all networks");
    });
}

#[test]
fn what_does_not_fit_into_a_buffer_says_so_and_is_no_failure_of_the_device() {
    let Some(mut gpu) = gpu_for_tests() else { return };
    gpu.adapter.largest_buffer = 1_601;
    let configs = [config(&[20], 10)];
    with_stacks(&configs, &gpu, |stacks| {
        // 2 x (2 x 20 + 20 + 20 x 2 + 2) parameters, two moments each.
        match Steps::side_by_side(stacks) {
            Err(TrainError::TooLarge(error)) => assert!(error.to_string().contains("1632 bytes"), "{error}"),
            other => panic!("{:?}", other.err()),
        }
    });
}
