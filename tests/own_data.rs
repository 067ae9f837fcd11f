//! Data of one's own, from the file to a prediction, as a user meets them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use common::desk::Desk;
use kindling::data::idx;
use kindling::data::known::FILE_NAMES;
use kindling::seed::{Purpose, Stream};
use serde_json::Value;

/// Three clouds of points in a plane, with a number of a row that says nothing.
fn write_clouds(path: &Path, rows: usize) {
    let mut stream = Stream::new(7, Purpose::Pick, 0);
    let mut text = String::from("id,width,height,kind\n");
    for row in 0..rows {
        let class = row % 3;
        let (x, y) = [(0.0, 0.0), (300.0, 0.0), (0.0, 300.0)][class];
        let (x, y) = (x + 40.0 * stream.normal(), y + 40.0 * stream.normal());
        text.push_str(&format!("{row},{x:.3},{y:.3},{}\n", ["oak", "elm", "fir"][class]));
    }
    fs::write(path, text).unwrap();
}

fn experiment(desk: &Desk, name: &str, text: &str) {
    fs::write(desk.path().join(format!("{name}.toml")), text).unwrap();
}

const CLOUDS: &str = "question = 'Does a hidden layer help?'\nseeds = 3\n[data]\ndataset = 'clouds.csv'\nignore = ['id']\n\
                      [train]\nepochs = 20\nbatch_size = 16\nlr = 0.01\n[sweep]\nhidden = [[], [8]]\n";

fn clouds() -> Desk {
    let desk = Desk::new();
    write_clouds(&desk.path().join("data/clouds.csv"), 150);
    experiment(&desk, "clouds", CLOUDS);
    desk
}

#[test]
fn a_csv_file_is_swept_reported_trained_and_predicted_from() {
    let desk = clouds();
    let (out, _) = desk.expect(0, &["sweep", "clouds.toml"]);
    assert!(out.contains("on clouds.csv") && out.contains("hidden=8"), "{out}");
    let records = kindling::record::read_all(&desk.path().join("artifacts/clouds")).unwrap();
    for record in &records {
        assert_eq!((record.train_examples, record.confusion.len()), (Some(90), 3));
        assert!(record.recorded_metrics().count() > 5 && record.decision_grid.is_some());
        // Clouds seven standard deviations apart.
        assert!(
            record.metric(&kindling::experiment::metric::Metric::TestAccuracy).unwrap() > 0.9,
            "{:?}",
            record.metrics
        );
    }
    // Two inputs: the boundary is drawn, with the points and the names of the columns.
    let boundary = fs::read_to_string(desk.path().join("artifacts/clouds/figures/boundary.svg")).unwrap();
    assert!(boundary.contains("width, scaled") && boundary.contains("height, scaled"));
    desk.expect(0, &["verify", "artifacts/clouds", "--all"]);
    desk.expect(0, &["report", "artifacts/clouds"]);
    let (out, _) = desk.expect(0, &["train", "clouds.toml", "--arm", "hidden=8", "--out", "model"]);
    assert!(out.contains("elm") && out.contains("ROWS.csv"), "{out}");
    for left in ["report.html", "curves.csv", "figures/curves.svg", "figures/boundary.svg", "pytorch.safetensors"] {
        assert!(desk.path().join("model").join(left).is_file(), "{left}");
    }
    // Columns in another order, one that the network does not take, and no class.
    fs::write(desk.path().join("new.csv"), "height,width,note\n0.5,295,x\n290,3,\n").unwrap();
    let (out, _) = desk.expect(0, &["predict", "model", "new.csv"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("new.csv#0: elm (") && lines[1].starts_with("new.csv#1: fir ("), "{out}");
    // Three classes, the likeliest first, whose probabilities are all there is.
    let (out, _) = desk.expect(0, &["predict", "model", "new.csv", "--json"]);
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    let top = first["top"].as_array().unwrap();
    let probabilities: Vec<f64> = top.iter().map(|class| class["probability"].as_f64().unwrap()).collect();
    assert!(
        probabilities.is_sorted_by(|a, b| a >= b) && (probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5,
        "{out}"
    );
    assert_eq!((first["class"].as_str(), first["confidence"].as_f64()), (Some("elm"), Some(probabilities[0])));
    // A row that cannot be read is told with its line, and the other files are predicted.
    fs::write(desk.path().join("bad.csv"), "height,width\n1,2\n1,red\n").unwrap();
    let (out, err) = desk.expect(1, &["predict", "model", "bad.csv", "new.csv"]);
    assert!(err.contains("bad.csv:3: `width` is `red`") && out.lines().count() == 2, "{err}");
}

#[test]
fn the_split_the_scale_and_the_columns_are_part_of_a_trials_identity() {
    let desk = clouds();
    let id = |extra: &[&str]| {
        let all = [&["sweep", "clouds.toml", "--seeds", "1", "-q", "--fresh", "--no-share"], extra].concat();
        desk.expect(0, &all);
        let mut ids: Vec<String> = kindling::record::read_all(&desk.path().join("artifacts/clouds"))
            .unwrap()
            .into_iter()
            .map(|record| record.id)
            .collect();
        ids.sort();
        ids
    };
    let plain = id(&[]);
    assert_eq!(plain, id(&[]));
    for set in ["data.split_seed=1", "data.scale=minmax", "data.validation=0.3", "data.ignore=[\"id\", \"height\"]"] {
        assert_ne!(plain, id(&["--set", set]), "{set}");
    }
    // The spelling of the path, and a default that is written down, make no other data.
    for set in ["data.dataset=./data/clouds.csv", "data.label=kind", "data.validation=0.2", "data.scale=standard"] {
        assert_eq!(plain, id(&["--set", set]), "{set}");
    }
    let copies = "data.dataset=[\"clouds.csv\", \"./data/clouds.csv\"]";
    let (_, err) = desk.expect(2, &["sweep", "clouds.toml", "--set", copies, "--out", "copies"]);
    assert!(err.contains("on the same data; leave one out"), "{err}");
    // A changed number is other data, and the sweep says which.
    desk.expect(0, &["sweep", "clouds.toml", "--out", "before"]);
    write_clouds(&desk.path().join("data/clouds.csv"), 153);
    assert_ne!(plain, id(&[]));
    let (_, err) = desk.expect(2, &["sweep", "clouds.toml", "--out", "before"]);
    assert!(err.contains("are the same, and clouds.csv has changed since"), "{err}");
    // `split_seed` is an axis like any other: each of its values is a split of its own.
    let (out, _) = desk.expect(
        0,
        &["sweep", "clouds.toml", "--set", "split_seed=[0, 1, 2]", "--set", "hidden=[8]", "--out", "splits"],
    );
    assert!(out.contains("split_seed=2"), "{out}");
    let (_, err) = desk.expect(2, &["sweep", "clouds.toml", "--set", "vary=[\"split\"]"]);
    assert!(err.contains("data.split_seed"), "{err}");
}

#[test]
fn a_number_is_predicted_from_a_csv_file() {
    let desk = Desk::new();
    let rows: String = (0..120).map(|i| format!("{},{}\n", i, 3 * i + 5)).collect();
    fs::write(desk.path().join("line.csv"), format!("x,y\n{rows}")).unwrap();
    experiment(
        &desk,
        "own_line",
        "question = 'q'\nseeds = 2\n[data]\ndataset = 'line.csv'\ntarget = 'y'\n[model]\nhidden = []\n\
         [train]\nloss = 'mse'\nepochs = 200\nbatch_size = 8\nlr = 1.0\n",
    );
    desk.expect(0, &["sweep", "own_line.toml"]);
    let fit = fs::read_to_string(desk.path().join("artifacts/own_line/figures/fit.svg")).unwrap();
    assert!(fit.contains("default: test loss"), "{fit}");
    desk.expect(0, &["train", "own_line.toml", "--out", "model", "-q"]);
    fs::write(desk.path().join("new.csv"), "x\n60\n").unwrap();
    let (out, _) = desk.expect(0, &["predict", "model", "new.csv"]);
    let predicted: f64 = out.trim().strip_prefix("new.csv: ").unwrap().parse().unwrap();
    assert!((predicted - 185.0).abs() < 5.0, "{out}");
}

fn write_png(path: &Path, width: u32, pixels: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), width, pixels.len() as u32 / width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

#[test]
fn pictures_of_any_size_in_folders_and_idx_files_are_trained_on_and_predicted() {
    let desk = Desk::new();
    let mut stream = Stream::new(3, Purpose::Pick, 0);
    // Stripes across or down, 6 rows of 9 pixels.
    let mut stripes = |down: bool| -> Vec<u8> {
        let noise = |stream: &mut Stream| (40.0 * stream.unit()) as u8;
        (0..54)
            .map(|i| if (if down { i % 9 } else { i / 9 }) % 2 == 0 { 200 } else { 0 } + noise(&mut stream))
            .collect()
    };
    for number in 0..40 {
        for (name, down) in [("across", false), ("down", true)] {
            let pixels = stripes(down);
            write_png(&desk.path().join(format!("data/stripes/{name}/{number}.png")), 9, &pixels);
        }
    }
    experiment(
        &desk,
        "stripes",
        "question = 'q'\nseeds = 2\n[data]\ndataset = 'stripes'\n[model]\nhidden = [4]\n[train]\nepochs = 15\nbatch_size = 8\nlr = 0.01\n",
    );
    let (out, _) = desk.expect(0, &["data", "check", "stripes"]);
    assert!(
        out.contains("48 to train, 16 to validate and 16 to test, images of 6x9, 2 classes (across, down)"),
        "{out}"
    );
    desk.expect(0, &["data", "show", "stripes", "--columns", "3"]);
    desk.expect(0, &["sweep", "stripes.toml"]);
    desk.expect(0, &["train", "stripes.toml", "--out", "model", "-q"]);
    // A folder of results with the same name is not taken for the data.
    write_png(&desk.path().join("stripes/figures/sheet.png"), 3, &[1; 9]);
    desk.expect(0, &["data", "check", "stripes"]);
    let one = "data/stripes/down/0.png";
    let (out, _) = desk.expect(0, &["predict", "model", one]);
    assert!(out.starts_with(&format!("{one}: down (")), "{out}");
    write_png(&desk.path().join("small.png"), 3, &[1; 9]);
    let (_, err) = desk.expect(1, &["predict", "model", "small.png"]);
    assert!(err.contains("small.png is 3 x 3 pixels, and the network takes 9 x 6"), "{err}");
    let (_, err) =
        desk.expect(2, &["sweep", "stripes.toml", "--set", "latent=2", "--set", "loss=mse", "--out", "codes"]);
    assert!(err.contains("images of 28x28, and stripes is 6x9"), "{err}");
    // The same size as IDX files, and as NumPy's arrays.
    let folder = desk.path().join("data/idx");
    fs::create_dir_all(&folder).unwrap();
    let pixels: Vec<u8> = (0..30).flat_map(|i| stripes(i % 2 == 1)).collect();
    let labels: Vec<u8> = (0..30).map(|i| (i % 2) as u8).collect();
    let files = [idx::write(&[30, 6, 9], &pixels), idx::write(&[30], &labels)];
    for (name, file) in FILE_NAMES.iter().zip([0, 1, 0, 1]) {
        fs::write(folder.join(name), &files[file]).unwrap();
    }
    let (out, _) = desk.expect(0, &["sweep", "stripes.toml", "--dataset", "idx", "--out", "of-idx"]);
    assert!(out.contains("on idx"), "{out}");
}

#[test]
fn check_says_what_was_understood_and_lists_every_bad_line() {
    let desk = clouds();
    let (out, _) = desk.expect(0, &["data", "check", "clouds.csv", "--ignore", "id"]);
    for part in ["150 rows", "width", "input", "kind", "class", "3 classes: oak 50, elm 50, fir 50", "90 to train"] {
        assert!(out.contains(part), "{part} not in {out}");
    }
    fs::write(desk.path().join("bad.csv"), "a,b,c\n1,2,x\n,2,y\n1,2\n1,3,x\n1,?,y\n").unwrap();
    let (out, err) = desk.expect(1, &["data", "check", "bad.csv"]);
    for part in ["bad.csv:3: `a` has no value", "bad.csv:4: there are 2 cells", "bad.csv:6: `b` has no value"] {
        assert!(out.contains(part), "{part} not in {out}");
    }
    assert!(err.contains("3 of 5 rows cannot be used"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "clouds.toml", "--dataset", "bad.csv", "--set", "ignore=[]"]);
    assert!(err.contains("bad.csv:3: `a` has no value") && err.contains("kindling data check bad.csv"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "clouds.toml", "--dataset", "absent.csv"]);
    assert!(err.contains("there is no file absent.csv") && err.contains("data/absent.csv"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "clouds.toml", "--dry-run", "--set", "data.train=1000"]);
    assert!(err.contains("`data.train` 1000") && err.contains("150 examples"), "{err}");
}

#[test]
fn a_blank_picture_and_one_that_cannot_be_read_do_not_stop_the_others() {
    let desk = Desk::new();
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "model", "-q"]);
    write_png(&desk.path().join("blank.png"), 28, &[255; 784]);
    write_png(&desk.path().join("large-blank.png"), 40, &[7; 1600]);
    fs::write(desk.path().join("no.png"), b"no picture").unwrap();
    write_png(&desk.path().join("digit.png"), 28, &kindling::data::digits::draw(3, 1).pixels);
    let (out, err) = desk.expect(1, &["predict", "model", "blank.png", "no.png", "large-blank.png", "digit.png"]);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("digit.png: ") && out.matches('%').count() == 3, "{out}");
    for part in ["blank.png is blank", "large-blank.png is blank", "no.png cannot be read as a PNG"] {
        assert!(err.contains(part), "{part} not in {err}");
    }
}
