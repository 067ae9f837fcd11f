//! Small data and small plans for tests that really train.
#![allow(dead_code, clippy::print_stderr)]

pub mod desk;

use std::path::PathBuf;

use kindling::data::{Dataset, digits};
use kindling::experiment::plan::Plan;
use kindling::experiment::spec::Spec;
use kindling::nn::device;
use kindling::record::TrialRecord;
use kindling::trial::Lab;

/// 700 drawn digits: 500 to learn from, 100 to validate, 100 to test.
pub fn dataset() -> Dataset {
    Dataset::new("digits", digits::draw(0, 600), digits::draw(600, 100))
}

/// The backend under test: `KINDLING_TEST_BACKEND`, or flex.
pub fn lab() -> Lab {
    let backend = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| "flex".into());
    Lab::with_dataset(dataset(), device::open(Some(&backend)).unwrap())
}

/// A plan over the small data; `extra` is TOML that follows the question.
pub fn plan(extra: &str) -> Plan {
    Plan::new(&spec(extra)).unwrap()
}

pub fn spec(extra: &str) -> Spec {
    let mut spec = Spec::parse("small", "small.toml", &format!("question = 'q'\n{extra}")).unwrap();
    for setting in ["dataset=\"digits\"", "data.train=500", "data.validation=100", "data.test=100"] {
        spec.set(setting).unwrap();
    }
    spec
}

/// Records as the bytes of the file, time apart.
pub fn lines(records: &[TrialRecord]) -> Vec<String> {
    records.iter().map(|record| record.timeless().to_line().unwrap()).collect()
}

/// The folder with the real data sets, where there is one.
pub fn real_data() -> Option<PathBuf> {
    let named = std::env::var_os("KINDLING_DATA_DIR").map(PathBuf::from);
    let beside = Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let found = [named, beside].into_iter().flatten().find(|dir| dir.join("mnist").is_dir());
    if found.is_none() {
        assert!(
            std::env::var_os("KINDLING_REQUIRE_DATA").is_none(),
            "KINDLING_REQUIRE_DATA is set, but there is no real MNIST"
        );
        eprintln!("SKIPPED: no real MNIST here (set KINDLING_DATA_DIR)");
    }
    found
}
