//! The published data sets that can be downloaded: file names, checksums, mirrors.

/// One of the four files of a published data set.
#[derive(Debug, Clone, Copy)]
pub struct KnownFile {
    /// The publisher's file name without `.gz`.
    pub name: &'static str,
    /// SHA-256 of the uncompressed file, in hex.
    pub sha256: &'static str,
    /// Bytes of the uncompressed file. Compressed it has fewer.
    pub bytes: u64,
}

/// A published data set.
#[derive(Debug)]
pub struct KnownDataset {
    /// The name typed after `--dataset`.
    pub name: &'static str,
    /// Training images, training labels, test images, test labels.
    pub files: [KnownFile; 4],
    /// Addresses of folders that hold the four files, gzipped; tried in this order.
    pub mirrors: [&'static str; 2],
}

const fn file(index: usize, sha256: &'static str) -> KnownFile {
    /// 60,000 and 10,000 images of 784 pixels behind a header of 16 bytes, and their labels behind one of 8.
    const BYTES: [u64; 4] = [47_040_016, 60_008, 7_840_016, 10_008];
    KnownFile { name: FILE_NAMES[index], sha256, bytes: BYTES[index] }
}

/// The names of the four files, in the order of [`KnownDataset::files`].
pub const FILE_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The data sets that can be downloaded.
pub const KNOWN: [KnownDataset; 2] = [
    KnownDataset {
        name: "mnist",
        files: [
            file(0, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            file(1, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            file(2, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            file(3, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ],
        mirrors: [
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ],
    },
    KnownDataset {
        name: "fashion-mnist",
        files: [
            file(0, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            file(1, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            file(2, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            file(3, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ],
        mirrors: [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        ],
    },
];
