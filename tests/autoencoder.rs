//! `kindling autoencoder` as its user meets it, and whether its networks learn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;

use common::desk::Desk;
use common::{lab, plan, real_data};
use kindling::data::source::{self, DataLocations};
use kindling::data::{DataConfig, Pixels, Size};
use kindling::evaluate::knn::{Index, Vectors};
use kindling::evaluate::pca;
use kindling::experiment::config::TrialConfig;
use kindling::experiment::metric::Metric;
use kindling::record::TrialRecord;
use kindling::train::NoCallback;
use kindling::trial::run_stack;

const SMALL: [&str; 12] = [
    "autoencoder",
    "--dataset",
    "tiny",
    "--hidden",
    "20",
    "--latent",
    "4",
    "--epochs",
    "2",
    "--seeds",
    "3",
    "--set=data.train=500",
];

fn small(extra: &[&'static str]) -> Vec<&'static str> {
    let rest = ["--set=data.validation=100", "--set=data.test=100", "--out", "out"];
    SMALL.into_iter().chain(rest).chain(extra.iter().copied()).collect()
}

#[test]
fn a_run_leaves_records_networks_pictures_and_codes() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &small(&["--noise", "0.2", "--between", "3,@7", "--steps", "5"]));
    for words in ["KNN accuracy on codes", "one-vs-rest accuracy", "multi-class accuracy", "report: out/report.html"] {
        assert!(out.contains(words), "no `{words}` in\n{out}");
    }
    let folder = desk.path().join("out");
    for name in
        ["reconstructions", "codes", "centroids", "between", "cleaned-0.2", "cleaned-0.6", "denoising", "confusion"]
    {
        let svg = fs::read_to_string(folder.join(format!("figures/{name}.svg"))).unwrap();
        // The letters of a picture's bytes are no numbers.
        let has_nan = svg.split('"').any(|part| !part.starts_with("data:") && part.contains("NaN"));
        assert!(svg.ends_with("</svg>\n") && !has_nan, "{name}");
    }
    // Rows of 60 pixels below the names of the ten classes, which are 26 pixels high: two images of each class with their
    // reconstructions; ten centroids; clean, noisy and denoised images. The interpolation is one row without names above.
    for (name, rows, above) in [
        ("reconstructions", 4, 26),
        ("centroids", 10, 26),
        ("cleaned-0.2", 3, 26),
        ("cleaned-0.6", 3, 26),
        ("between", 1, 6),
    ] {
        let svg = fs::read_to_string(folder.join(format!("figures/{name}.svg"))).unwrap();
        assert!(svg.contains(&format!(" height=\"{}\" role", above + 60 * rows + 2)), "{name}: {}", &svg[..200]);
    }
    let codes = fs::read_to_string(folder.join("figures/codes.svg")).unwrap();
    let dots: usize =
        codes.lines().filter(|line| line.starts_with("<path")).map(|line| line.matches('M').count()).sum();
    assert_eq!(dots, 100, "a dot for each of the 100 test images");
    let html = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(html.contains("Latent interpolation") && html.contains("3 to @7"));
    // The flags are the experiment: its two epochs differ from no file.
    assert!(!html.contains("Not as published"));
    // 100 codes of 4 numbers of 4 bytes, behind NumPy's header of 128.
    assert_eq!(fs::metadata(folder.join("codes.npy")).unwrap().len(), 128 + 1600);
    assert_eq!(fs::read_to_string(folder.join("tensors.tsv")).unwrap().lines().count(), 100);
    assert_eq!(fs::read_to_string(folder.join("metadata.tsv")).unwrap().lines().count(), 101);
    assert_eq!(fs::read_to_string(folder.join("tsne.csv")).unwrap().lines().count(), 101);
    assert!((0..3).all(|seed| folder.join(format!("models/seed-{seed}/model.safetensors")).is_file()));

    // The same command again trains nothing and draws the same; so does the report, with its own strip.
    let picture = |name: &str| fs::read(folder.join("figures").join(name)).unwrap();
    let (codes, strip, html) =
        (picture("codes.svg"), picture("between.svg"), fs::read(folder.join("report.html")).unwrap());
    let (_, err) = desk.expect(0, &small(&["--noise", "0.2", "--between", "3,@7", "--steps", "5"]));
    assert!(err.contains("nothing to train"), "{err}");
    assert_eq!((picture("codes.svg"), picture("between.svg")), (codes.clone(), strip.clone()));
    assert_eq!(fs::read(folder.join("report.html")).unwrap(), html);
    desk.expect(0, &["report", "out"]);
    assert_eq!(picture("codes.svg"), codes);
    assert_ne!(picture("between.svg"), strip);

    let (out, _) = desk.expect(0, &["verify", "out", "--trials", "1"]);
    assert!(out.contains("the same bytes"), "{out}");
}

#[test]
fn the_saved_network_and_the_exported_codes_are_those_of_the_record() {
    let desk = Desk::new();
    desk.expect(0, &small(&[]));
    let records = kindling::record::read_all(&desk.path().join("out")).unwrap();
    let median = |mut records: Vec<TrialRecord>| {
        records.sort_by(|a, b| a.metric(&Metric::TestMse).unwrap().total_cmp(&b.metric(&Metric::TestMse).unwrap()));
        records.swap_remove(1)
    };
    let record = median(records);
    // The binary trains on flex, whatever backend is tested.
    let device = kindling::nn::device::open(Some("flex")).unwrap().device;
    let folder = desk.path().join(format!("out/models/seed-{}", record.seed));
    let (network, card) = kindling::trial::saved::load(&folder, &device).unwrap();
    assert_eq!(card.test_mse, record.metric(&Metric::TestMse));
    let tiny = source::load(
        &DataConfig::named("tiny"),
        &DataLocations { dir: Some(desk.path().join("data")), cache: "x".into(), offline: true, show_progress: false },
    );
    let test = tiny.unwrap();
    let codes = kindling::evaluate::outputs_of_one(
        &kindling::nn::models::Network::encoder_of(network.autoencoder().unwrap()),
        test.test.slice(0, 100, Pixels::Unit).rows,
        &device,
    );
    let bytes = fs::read(desk.path().join("out/codes.npy")).unwrap();
    let exported: Vec<f32> = bytes[128..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(exported, codes);
    // A classifier's commands refuse it.
    let (_, err) = desk.expect(2, &["predict", folder.to_str().unwrap(), "x.png"]);
    assert!(err.contains("autoencoder"), "{err}");
}

#[test]
fn bad_values_cannot_start_and_are_named() {
    let desk = Desk::new();
    for (bad, words) in [
        (&["--latent", "0"][..], "model.latent"),
        (&["--latent", "785"], "784"),
        (&["--depth", "9"], "model.depth"),
        (&["--depth", "0"], "model.depth"),
        (&["--noise", "-1"], "noise"),
        (&["--noise", "1.5", "--noise-kind", "mask"], "train.noise"),
        (&["--noise-kind", "gausian"], "gaussian"),
        (&["--loss", "cross_entropy"], "mse or bce"),
        (&["-k", "501"], "evaluate.knn"),
        (&["-k", "0"], "evaluate.knn"),
        (&["--seeds", "0"], "seeds"),
        (&["--jobs", "0"], "--jobs"),
        (&["--between", "3,x"], "no class `x`"),
        (&["--between", "@100,@1"], "@0 to @99"),
        (&["--between", "3"], "3,8"),
        (&["--steps", "1"], "--steps"),
        (&["--depth", "2", "--hidden", "9"], "--hidden"),
    ] {
        let base = [
            "autoencoder",
            "--dataset",
            "tiny",
            "--set=data.train=500",
            "--set=data.validation=100",
            "--set=data.test=100",
        ];
        let args: Vec<&str> = base.iter().chain(bad).copied().collect();
        let (_, err) = desk.expect(2, &args);
        assert!(err.contains(words), "{bad:?}: {err}");
        assert!(!desk.path().join("artifacts").exists(), "{bad:?} left something behind");
    }
}

#[test]
fn a_class_without_test_images_leaves_its_place_empty_and_constant_codes_draw_no_nonsense() {
    let desk = Desk::new();
    // Nine test images are not of every class.
    desk.expect(0, &small(&["--set=data.test=9", "--set=evaluate.trustworthiness=3", "--set=init=zeros"]));
    for name in ["codes", "reconstructions", "centroids", "between"] {
        let svg = fs::read_to_string(desk.path().join(format!("out/figures/{name}.svg"))).unwrap();
        let numbers = svg.split('"').filter(|part| !part.starts_with("data:"));
        assert!(!numbers.clone().any(|part| part.contains("NaN") || part.contains("inf")), "{name}");
    }
}

#[test]
fn training_lowers_the_error_keeps_the_class_and_undoes_noise() {
    let text = "[model]\nhidden = [64]\nlatent = 12\n[train]\nloss = 'mse'\nepochs = 60\nbatch_size = 20\nlr = 0.003\nnoise = 0.3\n\
                [evaluate]\nknn = 3\nbaselines = true\nprobe = true\ntrustworthiness = 5\nnoise = [0.0, 0.3]";
    let trial = plan(text).trials().next().unwrap();
    let records = run_stack(&lab(), &[trial], &NoCallback).unwrap().records;
    let metric = |name: &str| records[0].quantity(&name.parse().unwrap()).unwrap();
    assert!(metric("explained_variance") > 0.4, "{}", metric("explained_variance"));
    assert!(metric("knn_accuracy - knn_accuracy_untrained") > 0.05, "{:?}", records[0].metrics);
    assert!(metric("probe_accuracy") > 0.3, "{}", metric("probe_accuracy"));
    assert!(metric("trustworthiness") > 0.7, "{}", metric("trustworthiness"));
    assert!(metric("psnr@0.3 - psnr_noisy@0.3") > 2.0, "{}", metric("psnr@0.3 - psnr_noisy@0.3"));
    assert!(metric("ssim@0.3") > metric("ssim_noisy@0.3"));
    // What is clean has no noise to be measured by.
    assert_eq!(records[0].metric(&Metric::of_record("psnr_noisy@0")), None);
    assert_eq!(metric("ssim_noisy@0"), 1.0);
    let right: u32 = (0..10).map(|class| records[0].confusion[class][class]).sum();
    assert_eq!(metric("knn_accuracy"), f64::from(right) / 100.0);
}

#[test]
fn on_real_images_the_trainings_code_beats_the_untrained_one_and_pca_is_what_scikit_learn_finds() {
    let Some(dir) = real_data() else { return };
    let search = DataLocations { dir: Some(dir), cache: "x".into(), offline: true, show_progress: false };
    for (name, pca_mse) in [("mnist", Some(0.0168)), ("fashion-mnist", None)] {
        let dataset = source::load(&DataConfig::named(name), &search).unwrap();
        if let Some(expected) = pca_mse {
            // The mean squared error of 32 components, fitted on the training images, on the test images.
            let [train, test] =
                [dataset.train.slice(0, 55_000, Pixels::Unit), dataset.test.slice(0, 10_000, Pixels::Unit)]
                    .map(|part| part.rows.numbers());
            let points = |values| Vectors { values, width: 784 };
            let found = pca::Pca::fit(points(&train)).mse(points(&test), 32);
            assert!((found - expected).abs() < 1e-4, "{found}");
            // A naive scan over the real pixels of some test images.
            let few = Vectors { values: &test[..20 * 784], width: 784 };
            let near = Index::new(points(&train)).nearest(few, 5);
            for (query, own) in near.chunks_exact(5).enumerate() {
                let mut all: Vec<(f64, u32)> =
                    (0..55_000).map(|row| (points(&train).distance(row, few.row(query)), row as u32)).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let naive: Vec<(f64, u32)> = all[..5].to_vec();
                assert_eq!(own.iter().map(|n| (n.distance, n.index)).collect::<Vec<_>>(), naive);
            }
        }
        let mut config = TrialConfig::default();
        config.data.dataset = name.into();
        let mut trial = plan(
            "[model]\nhidden = [128]\nlatent = 16\n[train]\nloss = 'mse'\nepochs = 4\nbatch_size = 64\nlr = 0.002\n[evaluate]\nknn = 5\nbaselines = true",
        )
        .trials()
        .next()
        .unwrap();
        trial.config.data = DataConfig {
            train: Size::Count(5000),
            validation: Size::Count(500),
            test: Size::Count(1000),
            ..config.data
        };
        let lab = kindling::trial::Lab::with_dataset(dataset, lab().backend);
        let records = run_stack(&lab, &[trial], &NoCallback).unwrap().records;
        let metric = |name: &str| records[0].quantity(&name.parse().unwrap()).unwrap();
        assert!(metric("explained_variance") > 0.5, "{name}: {}", metric("explained_variance"));
        assert!(metric("knn_accuracy - knn_accuracy_untrained") > 0.02, "{name}: {:?}", records[0].metrics);
        assert!(metric("knn_accuracy") > 0.7, "{name}");
    }
}
