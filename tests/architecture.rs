//! Imports go one way: between the modules of the crate in the order below, and between the files of a folder without a circle.
//!
//! Read as text: every `crate::` and `super::` path outside of tests counts, in `use` lines and in the code itself.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate from the lowest to the highest; one may import those before it. The table of `src/lib.rs` explains them.
const ORDER: &[&str] = &[
    "files",
    "hash",
    "suggest",
    "seed",
    "data",
    "nn",
    "experiment",
    "evaluate",
    "train",
    "record",
    "studies",
    "trial",
    "run",
    "analysis",
    "report",
    "cli",
    "commands",
];

/// A module's path below the crate, such as `["nn", "models", "mlp"]`.
type Module = Vec<String>;

/// Every module with the text of its file, tests cut off.
fn modules() -> BTreeMap<Module, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = module_of(path.strip_prefix(&root).unwrap());
                if module.last().is_none_or(|name| name != "tests") {
                    found.insert(module, without_tests(&fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    found
}

fn module_of(file: &Path) -> Module {
    let mut parts: PathBuf = file.with_extension("");
    if ["mod", "lib", "main"].iter().any(|name| parts.ends_with(name)) {
        parts.pop();
    }
    parts.iter().map(|part| part.to_str().unwrap().to_string()).collect()
}

/// A file's code without its tests, which stand last, and without comments.
fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules that a file names by `crate::` or `super::`, as far as there is a file for them. A group such as
/// `crate::nn::{device, loss}` names each of its members.
fn imports(module: &Module, text: &str, known: &BTreeSet<Module>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    for (start, root) in text.match_indices("crate::").chain(text.match_indices("super::")) {
        let before = text[..start].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':' || letter == '$') {
            continue;
        }
        let mut base: Module = if root == "crate::" { Vec::new() } else { module.clone() };
        let mut rest = &text[start..];
        while let Some(after) = rest.strip_prefix("super::") {
            base.pop();
            rest = after;
        }
        rest = rest.strip_prefix("crate::").unwrap_or(rest);
        for path in paths(rest) {
            let whole: Module = base.iter().cloned().chain(path).collect();
            // The longest beginning that is a module; what follows is an item of it.
            if let Some(end) = (1..=whole.len()).rev().find(|&end| known.contains(&whole[..end])) {
                found.insert(whole[..end].to_vec());
            }
        }
    }
    found.remove(module);
    found
}

/// The paths that follow a root: `a::b`, or with a group `a::{b, c::d}` the two `a::b` and `a::c::d`.
fn paths(text: &str) -> Vec<Module> {
    let end =
        text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':')).unwrap_or(text.len());
    let head: Module = text[..end].split("::").filter(|part| !part.is_empty()).map(String::from).collect();
    if !(text[end..].starts_with('{') && (end == 0 || text[..end].ends_with("::"))) {
        return vec![head];
    }
    let mut depth = 0;
    let mut members = vec![String::new()];
    for letter in text[end..].chars() {
        match letter {
            '{' if depth == 0 => depth = 1,
            '{' => {
                depth += 1;
                members.last_mut().unwrap().push('{');
            }
            '}' if depth == 1 => break,
            '}' => {
                depth -= 1;
                members.last_mut().unwrap().push('}');
            }
            ',' if depth == 1 => members.push(String::new()),
            letter => members.last_mut().unwrap().push(letter),
        }
    }
    let members = members.iter().map(|member| member.trim()).filter(|member| !member.is_empty());
    members.flat_map(paths).map(|tail| head.iter().cloned().chain(tail).collect()).collect()
}

/// Every import of the crate, from whom to whom.
fn arrows() -> Vec<(Module, Module)> {
    let modules = modules();
    let known: BTreeSet<Module> = modules.keys().cloned().collect();
    let of = |(module, text): (&Module, &String)| {
        let targets = imports(module, text, &known);
        targets.into_iter().map(|target| (module.clone(), target)).collect::<Vec<_>>()
    };
    modules.iter().flat_map(of).collect()
}

/// Arrows that go from a lower module of `order` to a higher one, or to one that is not in it.
fn against_the_order(arrows: &[(Module, Module)], order: &[&str]) -> Vec<String> {
    let rank = |module: &Module| order.iter().position(|name| module.first().is_some_and(|first| first == name));
    let wrong = arrows.iter().filter(|(from, to)| !from.is_empty() && from[0] != to[0] && rank(to) >= rank(from));
    wrong.map(|(from, to)| format!("{} imports {}", from.join("::"), to.join("::"))).collect()
}

/// Circles among the files and folders that stand side by side in one folder.
fn circles(arrows: &[(Module, Module)]) -> Vec<String> {
    let mut siblings: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (from, to) in arrows {
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
            let folder = siblings.entry(from[..shared].to_vec()).or_default();
            folder.entry(a.clone()).or_default().insert(b.clone());
        }
    }
    let mut found = Vec::new();
    for (folder, mut graph) in siblings {
        // Take away whoever imports nobody who is left; what remains lies on a circle or leads to one.
        loop {
            let left: BTreeSet<String> = graph.keys().cloned().collect();
            let before = graph.len();
            graph.retain(|_, targets| targets.iter().any(|target| left.contains(target)));
            if graph.len() == before {
                break;
            }
        }
        if !graph.is_empty() {
            found.push(format!("in {}: {graph:?}", folder.join("::")));
        }
    }
    found
}

fn module(path: &str) -> Module {
    path.split("::").map(String::from).collect()
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let arrows = arrows();
    assert!(arrows.len() > 200, "the imports were not read: {}", arrows.len());
    let known: BTreeSet<String> = modules().into_keys().filter_map(|module| module.into_iter().next()).collect();
    assert_eq!(known, ORDER.iter().map(|name| (*name).to_string()).collect(), "a module is not in the order");
    let wrong = against_the_order(&arrows, ORDER);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_files_of_a_folder_import_each_other_in_no_circle() {
    let found = circles(&arrows());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_arrow_against_the_order_and_a_circle_are_found() {
    let arrows = [("data::idx", "nn::loss"), ("nn::loss", "nn::optim"), ("nn::optim", "nn::loss")];
    let arrows = arrows.map(|(from, to)| (module(from), module(to)));
    assert_eq!(against_the_order(&arrows, ORDER), ["data::idx imports nn::loss"]);
    assert_eq!(circles(&arrows).len(), 1);
    assert_eq!(circles(&arrows[..2]), [""; 0]);
}

#[test]
fn every_form_of_an_import_is_read() {
    let known: BTreeSet<Module> =
        ["nn", "nn::loss", "nn::optim", "nn::optim::clip", "data", "data::idx"].map(module).into();
    let read = |text: &str| imports(&module("nn::optim"), text, &known).into_iter().collect::<Vec<_>>();
    assert_eq!(read("use crate::data::idx::Idx;"), [module("data::idx")]);
    assert_eq!(read("use super::loss::{Loss, self};"), [module("nn::loss")]);
    assert_eq!(read("use crate::{data::{idx, Images}, nn::loss};"), ["data", "data::idx", "nn::loss"].map(module));
    assert_eq!(read("let x = crate::data::scaled(1);"), [module("data")]);
}
