//! The formats that Kindling reads: a valid file of each, how it is changed, and the command that reads it.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use kindling::data::{digits, idx, known::FILE_NAMES};
use kindling::seed::Stream;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{binary, mutation};

/// A format, by the file that is changed.
pub struct Format {
    pub name: &'static str,
    /// Relative to the desk.
    pub file: &'static str,
    change: fn(&[u8], &mut Stream) -> Vec<u8>,
    /// The command that reads it.
    pub args: &'static [&'static str],
}

impl Format {
    /// The file, changed.
    pub fn changed(&self, valid: &[u8], stream: &mut Stream) -> Vec<u8> {
        (self.change)(valid, stream)
    }

    /// Removes what a command may have left beside the file.
    pub fn tidy(&self, desk: &Path) {
        let folder = desk.join(self.file);
        for left in ["records.cut", "records.jsonl"] {
            let left = folder.with_file_name(left);
            if left != folder && (left.ends_with("records.cut") || self.file.ends_with(".gz")) {
                let _ = fs::remove_file(left);
            }
        }
    }
}

pub const ALL: &[Format] = &[
    Format {
        name: "IDX images",
        file: "data/mine/train-images-idx3-ubyte",
        change: mutation::bytes,
        args: &["data", "verify", "mine"],
    },
    Format {
        name: "IDX labels",
        file: "data/mine/t10k-labels-idx1-ubyte",
        change: mutation::bytes,
        args: &["data", "verify", "mine"],
    },
    Format {
        name: "IDX, gzip",
        file: "data/packed/train-images-idx3-ubyte.gz",
        change: packed,
        args: &["data", "verify", "packed"],
    },
    Format {
        name: "experiment",
        file: "points.toml",
        change: mutation::text,
        args: &["sweep", "points.toml", "--dry-run"],
    },
    Format {
        name: "experiment with claims",
        file: "claims.toml",
        change: mutation::text,
        args: &["sweep", "claims.toml", "--dry-run"],
    },
    Format { name: "spec of a run", file: "points/spec.toml", change: mutation::text, args: &["report", "points"] },
    Format {
        name: "records of points",
        file: "points/records.jsonl",
        change: mutation::json_lines,
        args: &["report", "points"],
    },
    Format {
        name: "records of images",
        file: "images/records.jsonl",
        change: mutation::json_lines,
        args: &["report", "images"],
    },
    Format {
        name: "records of codes",
        file: "codes/records.jsonl",
        change: mutation::json_lines,
        args: &["report", "codes"],
    },
    Format {
        name: "records of a descent",
        file: "descent/records.jsonl",
        change: mutation::json_lines,
        args: &["report", "descent"],
    },
    Format { name: "records, gzip", file: "packed/records.jsonl.gz", change: packed, args: &["report", "packed"] },
    Format {
        name: "records, gone on with",
        file: "points/records.jsonl",
        change: mutation::json_lines,
        args: &["sweep", "points.toml", "--out", "points"],
    },
    Format {
        name: "records of a shard",
        file: "shards/records/shard-1-of-2.jsonl",
        change: mutation::json_lines,
        args: &["report", "shards"],
    },
    Format {
        name: "records of shards, merged",
        file: "shards/records/shard-2-of-2.jsonl",
        change: mutation::json_lines,
        args: &["merge", "shards", "--out", "merged"],
    },
    Format { name: "list of jobs", file: "shards/jobs.toml", change: mutation::text, args: &["status", "shards"] },
    Format {
        name: "model card",
        file: "model/model.toml",
        change: mutation::text,
        args: &["predict", "model", "three.png"],
    },
    Format {
        name: "safetensors",
        file: "model/model.safetensors",
        change: mutation::bytes,
        args: &["predict", "model", "three.png"],
    },
    Format {
        name: "npz",
        file: "start.npz",
        change: archived,
        args: &["gradcheck", "points.toml", "--arm", "sgd", "--set", "model.start=start.npz"],
    },
    Format { name: "PNG", file: "three.png", change: pictured, args: &["predict", "model", "three.png"] },
    Format { name: "CSV", file: "own.csv", change: mutation::text, args: &["data", "check", "own.csv"] },
    Format {
        name: "CSV, new rows",
        file: "new.csv",
        change: mutation::text,
        args: &["predict", "table-model", "new.csv"],
    },
    Format { name: "npy inputs", file: "x.npy", change: mutation::bytes, args: &["data", "check", "x.npy"] },
    Format { name: "npy classes", file: "y.npy", change: mutation::bytes, args: &["data", "check", "x.npy"] },
    Format {
        name: "PNG of a class",
        file: "data/pictures/b/1.png",
        change: pictured,
        args: &["data", "check", "pictures"],
    },
];

/// Changed before compression, or after it.
fn packed(valid: &[u8], stream: &mut Stream) -> Vec<u8> {
    if stream.below(2) == 0 {
        return mutation::bytes(valid, stream);
    }
    let mut plain = Vec::new();
    GzDecoder::new(valid).read_to_end(&mut plain).unwrap();
    let is_json = plain.starts_with(b"{");
    gzip(&if is_json { mutation::json_lines(&plain, stream) } else { mutation::bytes(&plain, stream) })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The archive changed, or an array in it.
fn archived(valid: &[u8], stream: &mut Stream) -> Vec<u8> {
    if stream.below(2) == 0 {
        return mutation::bytes(valid, stream);
    }
    let mut archive = ZipArchive::new(Cursor::new(valid)).unwrap();
    let target = stream.below(archive.len() as u32) as usize;
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if index == target {
            bytes = mutation::bytes(&bytes, stream);
        }
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// The picture changed, and in half of all cases with checksums that are right again, behind which a reader looks further.
fn pictured(valid: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = mutation::bytes(valid, stream);
    if stream.below(2) == 0 {
        return bytes;
    }
    let mut place = 8;
    while place + 12 <= bytes.len() {
        let length = u32::from_be_bytes([bytes[place], bytes[place + 1], bytes[place + 2], bytes[place + 3]]) as usize;
        let end = place.saturating_add(8).saturating_add(length);
        if end.saturating_add(4) > bytes.len() {
            break;
        }
        let mut crc = Crc::new();
        crc.update(&bytes[place + 4..end]);
        bytes[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        place = end + 4;
    }
    bytes
}

/// A desk with a valid file of every format.
pub struct Valid(tempfile::TempDir);

/// Two arms of two seeds, which train in milliseconds.
fn experiment(dataset: &str, sizes: &str, model: &str, rest: &str) -> String {
    format!(
        "question = 'q'\nseeds = 2\n[data]\ndataset = '{dataset}'\n{sizes}\n[model]\n{model}\n[train]\nepochs = 2\nbatch_size = 10\n\
         [sweep]\noptimizer = ['sgd', {{ name = 'adam', lr = 0.01 }}]\n{rest}"
    )
}

impl Valid {
    pub fn new() -> Self {
        let valid = Self(tempfile::tempdir().unwrap());
        let desk = valid.0.path();
        let write = |name: &str, bytes: &[u8]| {
            let path = desk.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let (train, test) = (digits::draw(0, 40), digits::draw(600, 20));
        let files = [
            idx::write(&[40, 28, 28], &train.pixels),
            idx::write(&[40], &train.labels),
            idx::write(&[20, 28, 28], &test.pixels),
            idx::write(&[20], &test.labels),
        ];
        for (name, bytes) in FILE_NAMES.iter().zip(files) {
            write(&format!("data/mine/{name}"), &bytes);
            write(&format!("data/packed/{name}.gz"), &gzip(&bytes));
        }
        let (few, images) = ("train = 20\nvalidation = 10\ntest = 10", "train = 30\nvalidation = 10\ntest = 20");
        let points = experiment("blobs", few, "hidden = [3]\nactivation = 'prelu'", "");
        let claims = "[[claims]]\nsays = 'one leads'\ntest = 'adam > sgd on test_accuracy'\n[[claims]]\nsays = 'far'\n\
                      test = 'adam > sgd + 0.01 on test_accuracy'\n";
        write("points.toml", points.as_bytes());
        write("claims.toml", experiment("mine", images, "hidden = [4]", claims).as_bytes());
        write("images.toml", experiment("mine", images, "hidden = [4]", "").as_bytes());
        let codes = "hidden = [6]\nlatent = 3";
        let measured = experiment("mine", images, codes, "[evaluate]\nknn = 3\nnoise = [0.0, 0.2]\n");
        write("codes.toml", measured.replace("epochs = 2", "epochs = 2\nloss = 'mse'").as_bytes());
        for name in ["points", "images", "codes"] {
            valid.make(&["sweep", &format!("{name}.toml"), "--out", name, "--stack", "1"]);
        }
        valid.make(&["sweep", "points.toml", "--out", "packed"]);
        for shard in ["1/2", "2/2"] {
            valid.make(&["sweep", "points.toml", "--out", "shards", "--shard", shard]);
        }
        write("shards/jobs.toml", b"[[jobs]]\nid = \"12\"\nshards = 2\noffset = 0\ntasks = \"0-1\"\n");
        valid.make(&["report", "packed", "--compress"]);
        valid.make(&["descend", "ravine", "--out", "descent"]);
        valid.make(&["train", "images.toml", "--arm", "sgd", "--out", "model"]);
        valid.make(&["data", "show", "mine", "--columns", "1", "--out", "three.png"]);
        valid.make(&["train", "points.toml", "--arm", "sgd", "--out", "start"]);
        write("start.npz", &npz(&fs::read(desk.join("start/model.safetensors")).unwrap()));
        let rows: String = (0..40).map(|row| format!("{row},{}.5,{}\n", row * row, ["a", "b"][row % 2])).collect();
        write("own.csv", format!("x,y,class\n{rows}").as_bytes());
        write("new.csv", b"x,y\n1,2\n3,4\n");
        let sizes = "train = 20\nvalidation = 10\ntest = 10";
        write("table.toml", experiment("own.csv", sizes, "hidden = [3]", "").as_bytes());
        valid.make(&["train", "table.toml", "--arm", "sgd", "--out", "table-model"]);
        let array = |descr: &str, shape: &str, data: &[u8]| {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
            [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
        };
        write("x.npy", &array("<f4", "(20, 2)", &(0..40).flat_map(|i| (i as f32).to_le_bytes()).collect::<Vec<u8>>()));
        write("y.npy", &array("|u1", "(20,)", &(0..20).map(|i| i % 2).collect::<Vec<u8>>()));
        let picture = fs::read(desk.join("three.png")).unwrap();
        for place in ["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"] {
            write(&format!("data/pictures/{place}.png"), &picture);
        }
        for format in ALL {
            let ending = binary::run(desk, format.args);
            assert_eq!(ending.code, Some(0), "the valid {}: {}", format.name, ending.messages);
        }
        valid
    }

    fn make(&self, args: &[&str]) {
        let ending = binary::run(self.0.path(), args);
        assert_eq!(ending.code, Some(0), "{args:?}: {}", ending.messages);
    }

    /// A desk of its own for each worker.
    pub fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_all(self.0.path(), copy.path());
        copy
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The arrays of a safetensors file as `np.savez` writes them.
fn npz(safetensors: &[u8]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, view) in safetensors::SafeTensors::deserialize(safetensors).unwrap().iter() {
        let shape = view.shape().iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
        out.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        out.write_all(b"\x93NUMPY\x01\x00").unwrap();
        out.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        out.write_all(header.as_bytes()).unwrap();
        out.write_all(view.data()).unwrap();
    }
    out.finish().unwrap().into_inner()
}
