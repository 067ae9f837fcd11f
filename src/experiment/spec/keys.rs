//! The keys an experiment file may use: their names, values and descriptions. `docs/keys.md` is generated from here.

/// A key of an experiment file.
#[derive(Debug)]
pub struct Key {
    /// Its full path: the section, and the name in it.
    pub path: &'static str,
    /// The other names it may be written by; the first is the short form that labels use.
    pub names: &'static [&'static str],
    /// The values it takes, in Markdown.
    pub values: &'static str,
    /// What it sets, in Markdown.
    pub description: &'static str,
}

/// Every setting.
pub const KEYS: &[Key] = &[
    Key {
        path: "data.dataset",
        names: &["dataset"],
        values: "`\"mnist\"`, `\"fashion-mnist\"`, `\"digits\"`, a toy's name, or [your own data](data.md#your-own-data): a `.csv` or `.npy` file, or a folder of pictures",
        description: "The data set.",
    },
    Key {
        path: "data.train",
        names: &[],
        values: "a number of examples, a share such as `0.6`, `\"auto\"`",
        description: "Training examples: of a published set the first of the training file; of your own data what the other splits leave.",
    },
    Key {
        path: "data.validation",
        names: &[],
        values: "a number of examples, a share such as `0.2`, `\"auto\"`",
        description: "Validation examples: of a published set the last of the training file; of your own data drawn, a fifth by default.",
    },
    Key {
        path: "data.test",
        names: &[],
        values: "a number of examples, a share such as `0.2`, `\"auto\"`",
        description: "Test examples: of a published set the first of the test file; of your own data the whole test file, or drawn, a fifth by default.",
    },
    Key {
        path: "data.label",
        names: &["label"],
        values: "a column, or a `.npy` file",
        description: "The class of each row of your own table; the last column by default, or `y.npy` beside `x.npy`.",
    },
    Key {
        path: "data.target",
        names: &["target"],
        values: "a column, or a `.npy` file",
        description: "The number to predict of each row of your own table, which makes the task a regression.",
    },
    Key {
        path: "data.ignore",
        names: &["ignore"],
        values: "a list of columns",
        description: "Columns of a CSV file that are not read.",
    },
    Key {
        path: "data.scale",
        names: &["scale"],
        values: "`\"standard\"` (mean 0, standard deviation 1; the default), `\"minmax\"` (0 to 1), `\"unit\"` (divided by the largest absolute value), `\"none\"`",
        description: "Scaling of a table's columns, fitted on the training rows alone.",
    },
    Key {
        path: "data.split_seed",
        names: &["split_seed"],
        values: "a whole number; 0 is the default",
        description: "The seed by which your own data are split, each class with its share of each split.",
    },
    Key {
        path: "data.pixels",
        names: &["pixels"],
        values: "`\"unit\"` (0 to 1, the default), `\"raw\"` (0 to 255)",
        description: "Range of an image's numbers.",
    },
    Key {
        path: "data.classes",
        names: &["classes"],
        values: "a list of classes, such as `[3, 5]`",
        description: "Keeps the images of these classes, which become classes 0, 1, ... in this order. Sizes count what is kept; a size at its default becomes a share of it: of a published set a twelfth of the training file validates, the rest trains, the whole test file tests.",
    },
    Key {
        path: "data.margin",
        names: &["margin"],
        values: "0 to 3; 0.5 is the default",
        description: "Least distance of the points of `separable` from the straight line between its classes.",
    },
    Key {
        path: "model.latent",
        names: &["latent"],
        values: "1 to 784",
        description: "Width of an autoencoder's code. The key makes the network an autoencoder, whose decoder mirrors `hidden`.",
    },
    Key {
        path: "model.hidden",
        names: &["hidden"],
        values: "a list of widths; `[]` is a linear model",
        description: "Widths of the hidden layers; of an autoencoder, of its encoder's.",
    },
    Key {
        path: "model.hidden.depth",
        names: &["depth", "model.depth"],
        values: "1 to 5",
        description: "Layers of weights whose widths shrink by one factor from the inputs to the outputs, or to the code; stands in place of `hidden`.",
    },
    Key {
        path: "model.activation",
        names: &["activation"],
        values: "an [activation](#activations)",
        description: "Activation of every hidden layer.",
    },
    Key {
        path: "model.init",
        names: &["init"],
        values: "an [initialiser](#initialisers), or `{ normal = 0.5, bias = \"zeros\" }`",
        description: "Distribution of the initial weights and biases.",
    },
    Key { path: "model.bias", names: &["bias"], values: "`true`, `false`", description: "Whether layers have biases." },
    Key {
        path: "model.dropout",
        names: &["dropout"],
        values: "0 to below 1",
        description: "Probability that an output of a hidden layer is set to zero while training.",
    },
    Key {
        path: "model.output",
        names: &["output"],
        values: "an [activation](#activations)",
        description: "Activation of the last layer, with `loss` `\"mse\"` or `\"quadratic\"`.",
    },
    Key {
        path: "model.outputs",
        names: &["outputs"],
        values: "`1`, or the number of classes",
        description: "Width of the last layer. `1` separates two classes by one number.",
    },
    Key {
        path: "model.frozen",
        names: &["frozen"],
        values: "a number of layers",
        description: "First layers whose weights are not trained.",
    },
    Key {
        path: "model.start",
        names: &["start"],
        values: "`\"weights.safetensors\"`, `\"weights.npz\"`, `{ after = \"arm\" }`",
        description: "Initial weights from a file, or each seed's weights at the end of another arm's training.",
    },
    Key {
        path: "model.start.after",
        names: &["after"],
        values: "an arm's name",
        description: "The arm of `start = { after = ... }`.",
    },
    Key {
        path: "train.epochs",
        names: &["epochs"],
        values: "1 or more",
        description: "Passes over the training examples. Arms that differ in nothing else share one training, unless `patience` or a cosine is set.",
    },
    Key {
        path: "train.batch_size",
        names: &["batch_size"],
        values: "1 or more",
        description: "Examples per step; the last, smaller batch of an epoch is kept.",
    },
    Key { path: "train.loss", names: &["loss"], values: "a [loss](#losses)", description: "What is minimised." },
    Key {
        path: "train.noise",
        names: &["noise"],
        values: "0 to 10 for `\"gaussian\"`, 0 to 1 otherwise",
        description: "Level of the noise added to the training inputs, drawn anew each epoch.",
    },
    Key {
        path: "train.noise_kind",
        names: &["noise_kind"],
        values: "a [kind of noise](#noise); `\"gaussian\"` is the default",
        description: "What the noise does.",
    },
    Key {
        path: "train.augment",
        names: &["augment"],
        values: "`{ shift = 2, rotate = 10, elastic = 20 }`",
        description: "Random changes of the training images, drawn anew each epoch.",
    },
    Key {
        path: "train.augment.shift",
        names: &["shift"],
        values: "0 to 14",
        description: "Largest shift along each axis, in whole pixels.",
    },
    Key {
        path: "train.augment.rotate",
        names: &["rotate"],
        values: "0 to 180",
        description: "Largest rotation either way, in degrees.",
    },
    Key {
        path: "train.augment.elastic",
        names: &["elastic"],
        values: "0 to 200",
        description: "Strength of the elastic distortion, in pixels.",
    },
    Key {
        path: "train.l1",
        names: &["l1"],
        values: "0 or more",
        description: "The lambda of a penalty `lambda / n * sum abs(w)` on the loss: n training examples, weights without biases.",
    },
    Key {
        path: "train.l1_half",
        names: &["l1_half"],
        values: "0 or more",
        description: "The lambda of the same penalty written as `lambda / (2 n) * sum abs(w)`: `l1_half = 2` is `l1 = 1`.",
    },
    Key {
        path: "train.l2",
        names: &["l2"],
        values: "0 or more",
        description: "The lambda of a penalty `lambda / (2 n) * sum w^2` on the loss: n training examples, weights without biases.",
    },
    Key {
        path: "train.optimizer",
        names: &["optimizer"],
        values: "the name of an [optimizer](#optimizers), or a table `{ name = \"sgd\", lr = 0.1 }`",
        description: "The optimizer with its settings.",
    },
    Key {
        path: "train.optimizer.lr",
        names: &["lr", "train.lr", "learning_rate", "optimizer.lr"],
        values: "above 0",
        description: "Learning rate before any schedule.",
    },
    Key {
        path: "train.optimizer.momentum",
        names: &["momentum", "train.momentum", "optimizer.momentum"],
        values: "0 to below 1",
        description: "Share of the velocity that is kept, of `momentum` and `rmsprop`.",
    },
    Key {
        path: "train.optimizer.nesterov",
        names: &["nesterov", "train.nesterov", "optimizer.nesterov"],
        values: "`true`, `false`",
        description: "Nesterov's variant of `momentum`.",
    },
    Key {
        path: "train.optimizer.alpha",
        names: &["alpha", "train.alpha", "optimizer.alpha"],
        values: "0 to below 1",
        description: "Smoothing of the squared gradient, of `rmsprop`.",
    },
    Key {
        path: "train.optimizer.betas",
        names: &["betas", "train.betas", "optimizer.betas"],
        values: "two numbers, 0 to below 1",
        description: "Smoothing of the gradient and of the squared gradient, of `adam` and `adamw`.",
    },
    Key {
        path: "train.optimizer.eps",
        names: &["eps", "train.eps", "optimizer.eps"],
        values: "above 0",
        description: "Added to the denominator, of `rmsprop`, `adagrad`, `adam` and `adamw`.",
    },
    Key {
        path: "train.optimizer.weight_decay",
        names: &["weight_decay", "train.weight_decay", "optimizer.weight_decay"],
        values: "0 or more",
        description: "Weight decay: added to the gradient; of `adamw`, decoupled from it.",
    },
    Key {
        path: "train.schedule",
        names: &["schedule"],
        values: "a [schedule](#schedules)",
        description: "Learning rate over the epochs.",
    },
    Key {
        path: "train.patience",
        names: &["patience"],
        values: "1 or more",
        description: "Early stopping: ends a training after `patience` epochs without a lower validation loss, and keeps the weights of the best epoch.",
    },
    Key {
        path: "train.vary",
        names: &["vary"],
        values: "a list of `init`, `order`, `split`",
        description: "Which random draws follow the seed; the others are those of seed 0 in every run, and the split is the file's. `init`: the initial weights. `order`: what is drawn in training, such as the order of the examples. `split`: which examples of the training file train, and which validate. By default `[\"init\", \"order\"]`.",
    },
    Key {
        path: "train.clip_norm",
        names: &["clip_norm"],
        values: "above 0",
        description: "Largest Euclidean norm of the gradient over all parameters; a larger gradient is scaled down.",
    },
    Key {
        path: "train.clip_value",
        names: &["clip_value"],
        values: "above 0",
        description: "Largest absolute value of each element of the gradient.",
    },
    Key {
        path: "train.unit_norm",
        names: &["unit_norm"],
        values: "`true`, `false`",
        description: "Whether weights are divided by their Euclidean norm after every step, and the bias by the same number; of a network with one layer and one output.",
    },
    Key {
        path: "train.validate_every",
        names: &["validate_every"],
        values: "a number of training images",
        description: "Measures loss and accuracy on the validation images also within an epoch, after every so many training images, rounded up to whole steps; for `steps_to@LEVEL` and `images_to@LEVEL`. The training is the same.",
    },
    Key {
        path: "train.watch",
        names: &["watch"],
        values: "`true`, `false`",
        description: "Records of each layer, before the first epoch and after each, on the first 256 training examples: the norm of the loss's gradient by its weights, the share of saturated units (of a sigmoid or tanh within 5 % of the range from a limit, of a ReLU 0), and the mean slope of the activation. A figure shows them, and `gradient_norm@LAYER` and its like are metrics.",
    },
    Key {
        path: "evaluate.knn",
        names: &["knn"],
        values: "1 to 1000",
        description: "The k of a k-nearest-neighbour classification of the test codes by the training codes.",
    },
    Key {
        path: "evaluate.baselines",
        names: &["baselines"],
        values: "`true`, `false`",
        description: "The same on raw pixels, on as many principal components, and on the untrained encoder's codes.",
    },
    Key {
        path: "evaluate.probe",
        names: &["probe"],
        values: "`true`, `false`",
        description: "Accuracy of a linear classifier trained on the codes.",
    },
    Key {
        path: "evaluate.trustworthiness",
        names: &["trustworthiness"],
        values: "1 to 1000, below half the test images",
        description: "The number of neighbours of the trustworthiness of the codes.",
    },
    Key {
        path: "evaluate.noise",
        names: &[],
        values: "a list of levels",
        description: "Levels of noise at which test images are denoised and measured.",
    },
    Key {
        path: "evaluate.errors",
        names: &["errors"],
        values: "`true`, `false`",
        description: "Mean squared and mean absolute error on the test set, `test_mse` and `test_mae`: of predicted numbers, of reconstructions, of a classifier's probabilities against 1 for the true class and 0 for the others.",
    },
    Key {
        path: "descend.function",
        names: &["function"],
        values: "a [test function](#test-functions)",
        description: "What is minimised, in place of a network's loss.",
    },
    Key {
        path: "descend.start",
        names: &[],
        values: "one number, or two; `[]` is the function's usual start",
        description: "Where the descent starts.",
    },
    Key {
        path: "descend.jitter",
        names: &["jitter"],
        values: "0 or more",
        description: "Standard deviation of the normal draw that moves each coordinate of the start, one draw per seed.",
    },
    Key { path: "descend.steps", names: &["steps"], values: "1 to 10000", description: "Steps." },
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
        values: "text",
        description: "The question that the experiment asks; the only key that must be there.",
    },
    Key { path: "source", names: &[], values: "text", description: "Where the question was published." },
    Key {
        path: "assumes",
        names: &[],
        values: "a table of sentences",
        description: "What the source leaves open and had to be assumed, by the setting's key, or by words in quotation marks for what is no setting.",
    },
    Key {
        path: "metric",
        names: &[],
        values: "a [metric](claims.md#metrics), or a difference `a - b` of two",
        description: "The metric that ranks the arms. Default: test accuracy; the reconstruction's mean squared error of an autoencoder, the test loss of a regression, the last value of a descent.",
    },
    Key {
        path: "shows",
        names: &[],
        values: "an arm's label",
        description: "The arm whose median run is shown where a figure is of a single run, such as a confusion matrix. Default: the best arm.",
    },
    Key {
        path: "seeds",
        names: &[],
        values: "1 or more",
        description: "Seeds per arm, 0 to `seeds - 1`; 15 by default.",
    },
    Key {
        path: "paired",
        names: &[],
        values: "`true`, `false`",
        description: "Whether the runs of one seed belong together, so that arms are compared seed by seed; `false` by default. To be declared before the runs are seen.",
    },
    Key {
        path: "sweep",
        names: &[],
        values: "a table of lists",
        description: "The axes: each key takes a list of values, and every combination is an arm.",
    },
    Key {
        path: "arms",
        names: &[],
        values: "`[[arms]]` tables with a `name`",
        description: "Arms with settings of their own.",
    },
    Key {
        path: "claims",
        names: &[],
        values: "`[[claims]]` tables",
        description: "What the records confirm or refute: see [claims](claims.md).",
    },
    Key {
        path: "looks",
        names: &[],
        values: "rising numbers of seeds",
        description: "In the `spec.toml` of a run, written by `--until` and `--precision`: the numbers of seeds at which the runs are looked at. The 5 % of wrong calls are divided among them.",
    },
    Key {
        path: "claims_before",
        names: &[],
        values: "text",
        description: "In the `spec.toml` of a run, written by Kindling: the hash of the claims that there were before the first record.",
    },
    Key {
        path: "differs",
        names: &[],
        values: "a list of sentences",
        description: "In the `spec.toml` of a run, written by Kindling: in what the run differs from its experiment's file. Claims of a source are then not judged.",
    },
    Key {
        path: "given",
        names: &[],
        values: "a list of keys",
        description: "In the `spec.toml` of a run, written by Kindling: the settings that the experiment's file gives; the others are Kindling's defaults.",
    },
];

/// Settings whose value is itself a list: a flat list is one value of them, and not an axis.
pub const LIST_VALUED: &[&str] = &[
    "data.classes",
    "data.ignore",
    "model.hidden",
    "train.optimizer.betas",
    "train.vary",
    "evaluate.noise",
    "descend.start",
];

/// The full path of a key, by its path or another of its names.
pub fn canonical(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|key| key.path == name || key.names.contains(&name)).map(|key| key.path)
}

/// Every name a setting can be written by; the short form first.
pub fn names() -> Vec<&'static str> {
    KEYS.iter().flat_map(|key| key.names.first().into_iter().copied().chain([key.path])).collect()
}

/// Every name that a setting has.
pub fn all_names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().flat_map(|key| key.names.iter().copied().chain([key.path]))
}

/// The section that a setting belongs to, and its key there, by any of its names: `train` and `lr`.
pub fn place_of(name: &str) -> Option<(&'static str, &'static str)> {
    let path = canonical(name)?;
    let section = SECTIONS
        .iter()
        .copied()
        .find(|section| path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))?;
    // The shortest of the names in that section.
    let in_section = of_section(section);
    let key = in_section.into_iter().filter(|key| canonical(&format!("{section}.{key}")) == Some(path));
    Some((section, key.min_by_key(|key| key.len())?))
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
