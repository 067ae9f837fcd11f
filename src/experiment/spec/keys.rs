//! The keys an experiment file may use: their names, what they take and what they do. `docs/keys.md` is generated from here.

/// A key of an experiment file.
#[derive(Debug)]
pub struct Key {
    /// Its full path: the section, and the name in it.
    pub path: &'static str,
    /// The other names it may be written by; the first is the short form that labels use.
    pub names: &'static [&'static str],
    /// The values it takes, in Markdown.
    pub takes: &'static str,
    /// What it sets, in Markdown.
    pub does: &'static str,
}

/// Every setting.
pub const KEYS: &[Key] = &[
    Key {
        path: "data.dataset",
        names: &["dataset"],
        takes: "`\"mnist\"`, `\"fashion-mnist\"`, `\"digits\"`, a toy's name, or the name of a folder of IDX files",
        does: "The data set.",
    },
    Key {
        path: "data.train",
        names: &[],
        takes: "a number of examples",
        does: "Training examples: the first of the training file. A toy has a default of its own.",
    },
    Key {
        path: "data.validation",
        names: &[],
        takes: "a number of examples",
        does: "Validation examples: the last of the training file. A toy has a default of its own.",
    },
    Key {
        path: "data.test",
        names: &[],
        takes: "a number of examples",
        does: "Test examples: the first of the test file. A toy has a default of its own.",
    },
    Key {
        path: "data.pixels",
        names: &["pixels"],
        takes: "`\"unit\"` (0 to 1, the default), `\"raw\"` (0 to 255)",
        does: "Range of an image's numbers.",
    },
    Key {
        path: "model.latent",
        names: &["latent"],
        takes: "1 to 784",
        does: "Width of an autoencoder's code. The key makes the network an autoencoder, whose decoder mirrors `hidden`.",
    },
    Key {
        path: "model.hidden",
        names: &["hidden"],
        takes: "a list of widths; `[]` is a linear model",
        does: "Widths of the hidden layers; of an autoencoder, of its encoder's.",
    },
    Key {
        path: "model.hidden.depth",
        names: &["depth", "model.depth"],
        takes: "1 to 5",
        does: "Layers of weights whose widths shrink by one factor from the inputs to the outputs, or to the code; stands in place of `hidden`.",
    },
    Key {
        path: "model.activation",
        names: &["activation"],
        takes: "an [activation](#activations)",
        does: "Activation of every hidden layer.",
    },
    Key {
        path: "model.init",
        names: &["init"],
        takes: "an [initialiser](#initialisers)",
        does: "Distribution of the initial weights and biases.",
    },
    Key { path: "model.bias", names: &["bias"], takes: "`true`, `false`", does: "Whether layers have biases." },
    Key {
        path: "model.dropout",
        names: &["dropout"],
        takes: "0 to below 1",
        does: "Probability that an output of a hidden layer is set to zero while training.",
    },
    Key {
        path: "model.output",
        names: &["output"],
        takes: "an [activation](#activations)",
        does: "Activation of the last layer, with `loss` `\"mse\"` or `\"quadratic\"`.",
    },
    Key {
        path: "model.outputs",
        names: &["outputs"],
        takes: "`1`, or the number of classes",
        does: "Width of the last layer. `1` tells two classes apart by one number.",
    },
    Key {
        path: "model.frozen",
        names: &["frozen"],
        takes: "a number of layers",
        does: "First layers whose weights are not trained.",
    },
    Key {
        path: "model.start",
        names: &["start"],
        takes: "`\"weights.safetensors\"`, `\"weights.npz\"`, `{ after = \"arm\" }`",
        does: "Initial weights from a file, or each seed's weights at the end of another arm's training.",
    },
    Key {
        path: "model.start.after",
        names: &["after"],
        takes: "an arm's name",
        does: "The arm of `start = { after = ... }`.",
    },
    Key {
        path: "train.epochs",
        names: &["epochs"],
        takes: "1 or more",
        does: "Passes over the training examples. Arms that differ in nothing else share one training, unless `patience` or a cosine is set.",
    },
    Key {
        path: "train.batch_size",
        names: &["batch_size"],
        takes: "1 or more",
        does: "Examples a step; the last, smaller batch of an epoch is kept.",
    },
    Key { path: "train.loss", names: &["loss"], takes: "a [loss](#losses)", does: "What is minimised." },
    Key {
        path: "train.noise",
        names: &["noise"],
        takes: "0 to 10 for `\"gaussian\"`, 0 to 1 otherwise",
        does: "Level of the noise added to the training inputs, drawn anew each epoch.",
    },
    Key {
        path: "train.noise_kind",
        names: &["noise_kind"],
        takes: "a [kind of noise](#noise); `\"gaussian\"` is the default",
        does: "What the noise does.",
    },
    Key {
        path: "train.augment",
        names: &["augment"],
        takes: "`{ shift = 2, rotate = 10, elastic = 20 }`",
        does: "Random changes of the training images, drawn anew each epoch.",
    },
    Key {
        path: "train.augment.shift",
        names: &["shift"],
        takes: "0 to 14",
        does: "Largest shift along each axis, in whole pixels.",
    },
    Key {
        path: "train.augment.rotate",
        names: &["rotate"],
        takes: "0 to 180",
        does: "Largest rotation either way, in degrees.",
    },
    Key {
        path: "train.augment.elastic",
        names: &["elastic"],
        takes: "0 to 200",
        does: "Strength of the elastic distortion, in pixels.",
    },
    Key {
        path: "train.l1",
        names: &["l1"],
        takes: "0 or more",
        does: "The lambda of a penalty `lambda / n * sum abs(w)` on the loss: n training examples, weights without biases.",
    },
    Key {
        path: "train.l2",
        names: &["l2"],
        takes: "0 or more",
        does: "The lambda of a penalty `lambda / (2 n) * sum w^2` on the loss: n training examples, weights without biases.",
    },
    Key {
        path: "train.optimizer",
        names: &["optimizer"],
        takes: "the name of an [optimizer](#optimizers), or a table `{ name = \"sgd\", lr = 0.1 }`",
        does: "The optimizer with its settings.",
    },
    Key {
        path: "train.optimizer.lr",
        names: &["lr", "train.lr", "learning_rate", "optimizer.lr"],
        takes: "above 0",
        does: "Learning rate before any schedule.",
    },
    Key {
        path: "train.optimizer.momentum",
        names: &["momentum", "train.momentum", "optimizer.momentum"],
        takes: "0 to below 1",
        does: "Share of the velocity that is kept, of `momentum` and `rmsprop`.",
    },
    Key {
        path: "train.optimizer.nesterov",
        names: &["nesterov", "train.nesterov", "optimizer.nesterov"],
        takes: "`true`, `false`",
        does: "Nesterov's variant of `momentum`.",
    },
    Key {
        path: "train.optimizer.alpha",
        names: &["alpha", "train.alpha", "optimizer.alpha"],
        takes: "0 to below 1",
        does: "Smoothing of the squared gradient, of `rmsprop`.",
    },
    Key {
        path: "train.optimizer.betas",
        names: &["betas", "train.betas", "optimizer.betas"],
        takes: "two numbers, 0 to below 1",
        does: "Smoothing of the gradient and of the squared gradient, of `adam` and `adamw`.",
    },
    Key {
        path: "train.optimizer.eps",
        names: &["eps", "train.eps", "optimizer.eps"],
        takes: "above 0",
        does: "Added to the denominator, of `rmsprop`, `adagrad`, `adam` and `adamw`.",
    },
    Key {
        path: "train.optimizer.weight_decay",
        names: &["weight_decay", "train.weight_decay", "optimizer.weight_decay"],
        takes: "0 or more",
        does: "Weight decay: added to the gradient; of `adamw`, decoupled from it.",
    },
    Key {
        path: "train.schedule",
        names: &["schedule"],
        takes: "a [schedule](#schedules)",
        does: "Learning rate over the epochs.",
    },
    Key {
        path: "train.patience",
        names: &["patience"],
        takes: "1 or more",
        does: "Early stopping: ends a training after so many epochs without a lower validation loss, and keeps the weights of the best epoch.",
    },
    Key {
        path: "train.clip_norm",
        names: &["clip_norm"],
        takes: "above 0",
        does: "Largest Euclidean norm of the gradient over all parameters; a larger gradient is scaled down.",
    },
    Key {
        path: "train.clip_value",
        names: &["clip_value"],
        takes: "above 0",
        does: "Largest absolute value of each element of the gradient.",
    },
    Key {
        path: "evaluate.knn",
        names: &["knn"],
        takes: "1 to 1000",
        does: "Nearest-neighbour classification of the test codes by so many training codes.",
    },
    Key {
        path: "evaluate.baselines",
        names: &["baselines"],
        takes: "`true`, `false`",
        does: "The same on raw pixels, on as many principal components, and on the untrained encoder's codes.",
    },
    Key {
        path: "evaluate.probe",
        names: &["probe"],
        takes: "`true`, `false`",
        does: "Accuracy of a linear classifier trained on the codes.",
    },
    Key {
        path: "evaluate.trustworthiness",
        names: &["trustworthiness"],
        takes: "1 to 1000, below half the test images",
        does: "Trustworthiness of the codes by so many neighbours.",
    },
    Key {
        path: "evaluate.noise",
        names: &[],
        takes: "a list of levels",
        does: "Levels of noise at which test images are denoised and measured.",
    },
    Key {
        path: "descend.function",
        names: &["function"],
        takes: "a [test function](#test-functions)",
        does: "What is minimised, in place of a network's loss.",
    },
    Key {
        path: "descend.start",
        names: &[],
        takes: "one number, or two; `[]` is the function's usual start",
        does: "Where the descent starts.",
    },
    Key {
        path: "descend.jitter",
        names: &["jitter"],
        takes: "0 or more",
        does: "Standard deviation of the normal draw that moves each coordinate of the start, a draw a seed.",
    },
    Key { path: "descend.steps", names: &["steps"], takes: "1 to 10000", does: "Steps." },
];

/// The path of the axis of named arms.
pub const ARM: &str = "arm";

/// The sections of a file that hold settings.
pub const SECTIONS: &[&str] = &["data", "model", "train", "evaluate", "descend"];

/// The keys at the top level of a file, besides the [`SECTIONS`].
pub const TOP: &[Key] = &[
    Key {
        path: "question",
        names: &[],
        takes: "text",
        does: "The question that the experiment asks; the only key that must be there.",
    },
    Key { path: "source", names: &[], takes: "text", does: "Where the question was published." },
    Key {
        path: "metric",
        names: &[],
        takes: "a [metric](claims.md#metrics), or a difference `a - b` of two",
        does: "The metric that ranks the arms. Default: test accuracy; the reconstruction's mean squared error of an autoencoder, the test loss of a regression, the last value of a descent.",
    },
    Key { path: "seeds", names: &[], takes: "1 or more", does: "Seeds an arm, 0 to `seeds - 1`; 15 by default." },
    Key {
        path: "sweep",
        names: &[],
        takes: "a table of lists",
        does: "The axes: each key takes a list of values, and every combination is an arm.",
    },
    Key {
        path: "arms",
        names: &[],
        takes: "`[[arms]]` tables with a `name`",
        does: "Arms with settings of their own.",
    },
    Key {
        path: "claims",
        names: &[],
        takes: "`[[claims]]` tables",
        does: "What the records confirm or refute: see [claims](claims.md).",
    },
];

/// Settings whose value is itself a list: a flat list is one value of them, and not an axis.
pub const LIST_VALUED: &[&str] = &["model.hidden", "train.optimizer.betas", "evaluate.noise", "descend.start"];

/// The full path of a key, by its path or another of its names.
pub fn canonical(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|key| key.path == name || key.names.contains(&name)).map(|key| key.path)
}

/// Every name a setting can be written by; the short form first.
pub fn names() -> Vec<&'static str> {
    KEYS.iter().flat_map(|key| key.names.first().into_iter().copied().chain([key.path])).collect()
}

/// The keys at the top of a file and the sections, in the order that messages list them.
pub fn top_names() -> Vec<&'static str> {
    TOP.iter().map(|key| key.path).chain(SECTIONS.iter().copied()).collect()
}

/// The keys that a section such as `train` may have.
pub fn of_section(section: &str) -> Vec<&'static str> {
    let prefix = format!("{section}.");
    let all = KEYS.iter().flat_map(|key| key.names.iter().copied().chain([key.path]));
    all.filter_map(|name| name.strip_prefix(prefix.as_str())).filter(|rest| !rest.contains('.')).collect()
}

/// The short form of a path, for labels.
pub fn short(path: &str) -> &str {
    let key = KEYS.iter().find(|key| key.path == path);
    key.and_then(|key| key.names.first().copied()).unwrap_or(path)
}
