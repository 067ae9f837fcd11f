//! A record is the same to the byte with every width of the processor's vectors and every number of threads.
//!
//! Each width is a process of its own, limited by `KINDLING_SIMD`; CI runs a processor without AVX-512 besides (qemu).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::desk::Desk;
use kindling::nn::cpu::simd::VARIABLE;

/// Every activation, every loss of a classifier, every optimizer, and every setting that goes through arithmetic of its own. The
/// networks are small, because without vector instructions a fused multiply-add is a function call.
const CLASSIFIERS: &str = "question = 'q'
seeds = 1
[data]
dataset = 'tiny'
train = 60
validation = 20
test = 20
[model]
hidden = [7, 5]
[train]
epochs = 2
batch_size = 17
[[arms]]
name = 'dropout'
dropout = 0.3
[[arms]]
name = 'augment'
augment = { shift = 2, rotate = 8, elastic = 9 }
[[arms]]
name = 'noise'
noise = 0.3
[[arms]]
name = 'clipped'
clip_norm = 0.3
l1 = 0.1
l2 = 0.5
[[arms]]
name = 'cosine'
schedule = 'cosine'
[[arms]]
name = 'mse'
loss = 'mse'
[[arms]]
name = 'bce'
loss = 'bce_sum'
";

/// All of an autoencoder's measures.
const AUTOENCODER: &str = "question = 'q'
seeds = 1
[data]
dataset = 'tiny'
train = 60
validation = 20
test = 30
[model]
hidden = [9]
latent = 3
[train]
epochs = 1
batch_size = 20
[evaluate]
knn = 3
baselines = true
probe = true
trustworthiness = 5
noise = [0.0, 0.5]
[sweep]
loss = ['mse', 'bce']
";

const DESCENTS: &str = "question = 'q'
seeds = 1
[descend]
function = 'bowl'
steps = 40
[sweep]
optimizer = ['sgd', 'momentum', 'rmsprop', 'adagrad', 'adam', 'adamw']
";

fn experiments() -> [(&'static str, String); 5] {
    let axis = |axis: &str| {
        let start = CLASSIFIERS.split("[[arms]]").next().unwrap();
        format!("{start}[sweep]\n{axis}\n")
    };
    let activations = kindling::nn::models::ActivationKind::ALL.iter().map(|kind| serde_json::to_string(kind).unwrap());
    let activations = format!("activation = [{}]", activations.collect::<Vec<_>>().join(", "));
    let optimizers = "optimizer = ['sgd', 'momentum', 'rmsprop', 'adagrad', 'adam', 'adamw']";
    [
        ("classifiers", CLASSIFIERS.into()),
        ("activations", axis(&activations)),
        ("optimizers", axis(optimizers)),
        ("autoencoder", AUTOENCODER.into()),
        ("descents", DESCENTS.into()),
    ]
}

#[test]
fn records_are_the_same_bytes_with_every_width_of_vectors() {
    let desk = Desk::new();
    for (name, text) in experiments() {
        let spec = format!("{name}.toml");
        std::fs::write(desk.path().join(&spec), text).unwrap();
        let records = |simd: &str| {
            let out = format!("{name}-{simd}");
            let args = ["sweep", &spec, "--backend", "flex", "--offline", "--quiet", "--out", &out];
            let output = desk.command(&args).env(VARIABLE, simd).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            desk.records(&out)
        };
        let widest = records("widest");
        assert!(!widest.is_empty());
        for simd in ["avx2", "scalar"] {
            assert_eq!(records(simd), widest, "{name} with {simd}");
        }
    }
}
