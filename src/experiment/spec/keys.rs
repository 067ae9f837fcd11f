//! The keys of an experiment file, and their short forms.

/// Every setting: its path and its short forms, the one for labels first.
const KEYS: &[(&str, &[&str])] = &[
    ("data.dataset", &["dataset"]),
    ("data.train", &[]),
    ("data.validation", &[]),
    ("data.test", &[]),
    ("data.pixels", &["pixels"]),
    ("model.latent", &["latent"]),
    ("model.hidden", &["hidden"]),
    ("model.hidden.depth", &["depth", "model.depth"]),
    ("model.activation", &["activation"]),
    ("model.init", &["init"]),
    ("model.bias", &["bias"]),
    ("model.dropout", &["dropout"]),
    ("model.output", &["output"]),
    ("model.outputs", &["outputs"]),
    ("model.frozen", &["frozen"]),
    ("model.start", &["start"]),
    ("model.start.after", &["after"]),
    ("train.epochs", &["epochs"]),
    ("train.batch_size", &["batch_size"]),
    ("train.loss", &["loss"]),
    ("train.noise", &["noise"]),
    ("train.noise_kind", &["noise_kind"]),
    ("train.augment", &["augment"]),
    ("train.augment.shift", &["shift"]),
    ("train.augment.rotate", &["rotate"]),
    ("train.augment.elastic", &["elastic"]),
    ("train.l1", &["l1"]),
    ("train.l2", &["l2"]),
    ("train.optimizer", &["optimizer"]),
    ("train.optimizer.lr", &["lr", "train.lr", "learning_rate", "optimizer.lr"]),
    ("train.optimizer.momentum", &["momentum", "train.momentum", "optimizer.momentum"]),
    ("train.optimizer.nesterov", &["nesterov", "train.nesterov", "optimizer.nesterov"]),
    ("train.optimizer.alpha", &["alpha", "train.alpha", "optimizer.alpha"]),
    ("train.optimizer.betas", &["betas", "train.betas", "optimizer.betas"]),
    ("train.optimizer.eps", &["eps", "train.eps", "optimizer.eps"]),
    ("train.optimizer.weight_decay", &["weight_decay", "train.weight_decay", "optimizer.weight_decay"]),
    ("train.schedule", &["schedule"]),
    ("train.patience", &["patience"]),
    ("train.clip_norm", &["clip_norm"]),
    ("train.clip_value", &["clip_value"]),
    ("evaluate.knn", &["knn"]),
    ("evaluate.baselines", &["baselines"]),
    ("evaluate.probe", &["probe"]),
    ("evaluate.trustworthiness", &["trustworthiness"]),
    ("evaluate.noise", &[]),
    ("descend.function", &["function"]),
    ("descend.start", &[]),
    ("descend.jitter", &["jitter"]),
    ("descend.steps", &["steps"]),
];

/// The path of the axis of named arms.
pub const ARM: &str = "arm";

/// The sections of a file that hold settings.
pub const SECTIONS: &[&str] = &["data", "model", "train", "evaluate", "descend"];

/// The keys at the top level of a file, besides the [`SECTIONS`].
pub const TOP: &[&str] = &["question", "source", "metric", "seeds", "sweep", "arms", "claims"];

/// Settings whose value is itself a list: a flat list is one value of them, and not an axis.
pub const LIST_VALUED: &[&str] = &["model.hidden", "train.optimizer.betas", "evaluate.noise", "descend.start"];

/// The path of a key given by its path or by a short form.
pub fn canonical(key: &str) -> Option<&'static str> {
    let known = |(path, short): &&(&'static str, &[&str])| *path == key || short.contains(&key);
    KEYS.iter().find(known).map(|(path, _)| *path)
}

/// Every path and short form, of each setting the short form first.
pub fn names() -> Vec<&'static str> {
    KEYS.iter().flat_map(|(path, short)| short.first().into_iter().copied().chain([*path])).collect()
}

/// The keys that a section such as `train` may have.
pub fn of_section(section: &str) -> Vec<&'static str> {
    let prefix = format!("{section}.");
    let all = KEYS.iter().flat_map(|(path, short)| short.iter().copied().chain([*path]));
    all.filter_map(|name| name.strip_prefix(prefix.as_str())).filter(|rest| !rest.contains('.')).collect()
}

/// The short form of a path.
pub fn short(path: &str) -> &str {
    let entry = KEYS.iter().find(|(known, _)| *known == path);
    entry.and_then(|(_, short)| short.first().copied()).unwrap_or(path)
}
