//! Random search: arms sampled instead of multiplied.
//!
//! Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012.

use toml::Value;

use super::Combination;
use crate::seed::{Purpose, Stream};
use crate::spec::{Axis, AxisValues, Random};

/// Arm `i` depends on the search's seed and on `i` alone, so a longer search starts with a shorter one's arms.
pub fn sample(axes: &[&Axis], random: Random) -> Vec<Combination> {
    let arm = |index: u64| {
        let mut stream = Stream::new(random.seed, Purpose::Search, index);
        axes.iter().map(|axis| axis.assign(draw(&axis.values, &mut stream))).collect()
    };
    (0..random.random).map(arm).collect()
}

fn draw(values: &AxisValues, stream: &mut Stream) -> Value {
    match values {
        AxisValues::List(list) => list[stream.below(list.len() as u32) as usize].clone(),
        AxisValues::Range { low, high, log, whole } => {
            // Whole numbers get a bin of their own width at both ends.
            let (from, to) = if *whole { (low - 0.5, high + 0.5) } else { (*low, *high) };
            let number = if *log {
                libm::exp(stream.uniform(libm::log(from.max(low * 0.5)), libm::log(to)))
            } else {
                stream.uniform(from, to)
            };
            if *whole {
                Value::Integer(number.round().clamp(*low, *high) as i64)
            } else {
                Value::Float(four_digits(number).clamp(*low, *high))
            }
        }
    }
}

/// A sampled number is kept to four significant digits: what the label shows is what is trained.
fn four_digits(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}
