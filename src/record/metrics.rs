//! The metrics of a record, in the order in which they were measured.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::experiment::metric::Metric;

/// Each metric once, with its value. In a file it is an object from names to numbers; names are read once, when the record is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics(Vec<(Metric, f64)>);

impl Metrics {
    /// The value of a metric; `None` if it was not recorded.
    pub fn get(&self, metric: &Metric) -> Option<f64> {
        self.iter().find(|(known, _)| *known == metric).map(|(_, value)| value)
    }

    /// Adds a metric, or replaces its value.
    pub fn insert(&mut self, metric: Metric, value: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == metric) {
            Some((_, known)) => *known = value,
            None => self.0.push((metric, value)),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The metrics and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&Metric, f64)> {
        self.0.iter().map(|(metric, value)| (metric, *value))
    }
}

impl Extend<(Metric, f64)> for Metrics {
    fn extend<I: IntoIterator<Item = (Metric, f64)>>(&mut self, more: I) {
        more.into_iter().for_each(|(metric, value)| self.insert(metric, value));
    }
}

impl FromIterator<(Metric, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (Metric, f64)>>(all: I) -> Self {
        let mut metrics = Self::default();
        metrics.extend(all);
        metrics
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(metric, value)| (metric.to_string(), value)))
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;
        impl<'de> Visitor<'de> for OfObject {
            type Value = Metrics;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object from names of metrics to numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                let mut metrics = Metrics::default();
                while let Some((name, value)) = map.next_entry::<String, f64>()? {
                    metrics.insert(Metric::of_record(&name), value);
                }
                Ok(metrics)
            }
        }
        deserializer.deserialize_map(OfObject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_come_back_to_the_same_bytes_in_the_same_order_unknown_names_too() {
        let text = r#"{"test_loss":0.1,"psnr@0.6":21.0,"zeta@3":-2.5e-7,"test_accuracy":1.0}"#;
        let metrics: Metrics = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&metrics).unwrap(), text);
        assert_eq!(metrics.get(&Metric::TestAccuracy), Some(1.0));
        assert_eq!(metrics.get(&Metric::Unknown("zeta@3".into())), Some(-2.5e-7));
        assert_eq!(metrics.get(&Metric::TrainLoss), None);
    }

    #[test]
    fn a_metric_that_is_no_number_is_an_error() {
        let error = serde_json::from_str::<Metrics>(r#"{"test_loss":"low"}"#).unwrap_err();
        assert!(error.to_string().contains("invalid type: string \"low\""), "{error}");
    }

    #[test]
    fn inserting_a_metric_again_replaces_its_value() {
        let mut metrics: Metrics = [(Metric::TestLoss, 0.3), (Metric::TestAccuracy, 0.9)].into_iter().collect();
        metrics.insert(Metric::TestLoss, 0.2);
        let all: Vec<_> = metrics.iter().collect();
        assert_eq!(all, [(&Metric::TestLoss, 0.2), (&Metric::TestAccuracy, 0.9)]);
    }
}
