//! Imports go one way: between the modules of the crate in the order below, and between the files of a folder without a circle.
//!
//! Every path outside of tests counts, in `use` items, in code and in the arguments of macros. A path through a re-export counts as
//! one to the file that declares the item. The one circle that is allowed: the files of a folder may import what its `mod.rs`
//! declares, and its `mod.rs` calls them.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// The modules of the crate from the lowest to the highest; one may import those before it. The table of `src/lib.rs` explains them.
const ORDER: &[&str] = &[
    "terminal",
    "files",
    "lock",
    "hash",
    "npy",
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
    "cluster",
    "analysis",
    "report",
    "cli",
    "commands",
];

/// The segments of a path. A module's path starts below the crate, such as `["nn", "models", "mlp"]`.
type Segments = Vec<String>;

/// What one file names.
#[derive(Default)]
struct Names {
    /// Every path, as written.
    paths: BTreeSet<Segments>,
    /// The paths behind the names that its `use` items bring in, by name.
    imported: BTreeMap<String, Segments>,
    /// Modules of which everything is imported.
    globs: Vec<Segments>,
}

impl Names {
    fn of(text: &str) -> Names {
        let mut names = Names::default();
        names.visit_file(&syn::parse_file(text).unwrap());
        names
    }

    fn add_use(&mut self, tree: &syn::UseTree, before: &[String]) {
        let joined = |name: String| {
            let own = (name != "self" || before.is_empty()).then_some(name);
            before.iter().cloned().chain(own).collect::<Segments>()
        };
        match tree {
            syn::UseTree::Path(path) => self.add_use(&path.tree, &joined(path.ident.to_string())),
            syn::UseTree::Name(name) => {
                let path = joined(name.ident.to_string());
                self.imported.insert(path.last().unwrap().clone(), path.clone());
                self.paths.insert(path);
            }
            syn::UseTree::Rename(rename) => {
                let path = joined(rename.ident.to_string());
                self.imported.insert(rename.rename.to_string(), path.clone());
                self.paths.insert(path);
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.add_use(item, before)),
            syn::UseTree::Glob(_) => {
                self.paths.insert(before.to_vec());
                self.globs.push(before.to_vec());
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    };
    attributes.iter().any(is_test)
}

impl<'a> Visit<'a> for Names {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.add_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(crate)` and its like name no import.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    /// The arguments of a macro are read as text, in which every token stands by itself.
    fn visit_macro(&mut self, macro_call: &'a syn::Macro) {
        let text = macro_call.tokens.to_string().replace(" :: ", "::").replace(":: ", "::");
        let is_of_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
        for path in text.split(|letter| !is_of_path(letter)).filter(|path| path.contains("::")) {
            self.paths.insert(path.split("::").filter(|part| !part.is_empty()).map(String::from).collect());
        }
    }
}

/// Every file of the crate that is no test, by its module's path; `lib.rs` has the empty one. `main.rs` is another crate.
fn files() -> BTreeMap<Segments, Names> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("main.rs") {
                let module = module_of(path.strip_prefix(&root).unwrap());
                if module.last().is_none_or(|name| name != "tests") {
                    found.insert(module, Names::of(&fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    found
}

fn module_of(file: &Path) -> Segments {
    let mut parts: PathBuf = file.with_extension("");
    if ["mod", "lib"].iter().any(|name| parts.ends_with(name)) {
        parts.pop();
    }
    parts.iter().map(|part| part.to_str().unwrap().to_string()).collect()
}

/// The file that declares what `path` names where it stands in `module`; `None` for what is not of this crate.
fn declaring(files: &BTreeMap<Segments, Names>, module: &Segments, path: &[String]) -> Option<Segments> {
    let (first, mut rest) = path.split_first()?;
    let mut whole = match first.as_str() {
        "crate" => Vec::new(),
        "self" => module.clone(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        name => {
            let child: Segments = module.iter().cloned().chain([name.to_string()]).collect();
            if files.contains_key(&child) {
                child
            } else {
                // The path of a `use` item starts with its own name where it is of another crate, such as `use anyhow;`.
                let imported = files.get(module)?.imported.get(name).filter(|imported| imported[0] != *name)?;
                let longer: Segments = imported.iter().chain(rest).cloned().collect();
                return declaring(files, module, &longer);
            }
        }
    };
    while rest.first().is_some_and(|segment| segment == "super") {
        whole.pop();
        rest = &rest[1..];
    }
    for (read, segment) in rest.iter().enumerate() {
        let deeper: Segments = whole.iter().cloned().chain([segment.clone()]).collect();
        if files.contains_key(&deeper) {
            whole = deeper;
        } else if let Some(exported) = files.get(&whole)?.imported.get(segment) {
            let longer: Segments = exported.iter().chain(&rest[read + 1..]).cloned().collect();
            return declaring(files, &whole, &longer).or(Some(whole));
        } else {
            break;
        }
    }
    Some(whole)
}

/// Every import of the crate, from whom to whom.
fn arrows(files: &BTreeMap<Segments, Names>) -> BTreeSet<(Segments, Segments)> {
    let mut found = BTreeSet::new();
    for (module, names) in files {
        let targets = names.paths.iter().filter_map(|path| declaring(files, module, path));
        found.extend(targets.filter(|target| target != module).map(|target| (module.clone(), target)));
    }
    found
}

/// Arrows that go from a lower module of `order` to a higher one, or to one that is not in it, such as the crate's root.
fn against_the_order(arrows: &BTreeSet<(Segments, Segments)>, order: &[&str]) -> Vec<String> {
    let rank = |module: &Segments| order.iter().position(|name| module.first().is_some_and(|first| first == name));
    let is_wrong = |from: &Segments, to: &Segments| {
        !from.is_empty() && from.first() != to.first() && (rank(to).is_none() || rank(to) >= rank(from))
    };
    let wrong = arrows.iter().filter(|(from, to)| is_wrong(from, to));
    wrong.map(|(from, to)| format!("{} imports crate::{}", from.join("::"), to.join("::"))).collect()
}

/// Circles among the files and folders that stand side by side in one folder.
fn circles(arrows: &BTreeSet<(Segments, Segments)>) -> Vec<String> {
    let mut siblings: BTreeMap<Segments, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
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

fn segments(path: &str) -> Segments {
    path.split("::").filter(|part| !part.is_empty()).map(String::from).collect()
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let files = files();
    let arrows = arrows(&files);
    assert!(arrows.len() > 200, "the imports were not read: {}", arrows.len());
    let known: BTreeSet<String> = files.into_keys().filter_map(|module| module.into_iter().next()).collect();
    assert_eq!(known, ORDER.iter().map(|name| (*name).to_string()).collect(), "a module is not in the order");
    let wrong = against_the_order(&arrows, ORDER);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_files_of_a_folder_import_each_other_in_no_circle() {
    let found = circles(&arrows(&files()));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is imported by `*` has no name to follow, so that an arrow could hide behind it.
#[test]
fn nothing_of_the_crate_is_imported_by_a_star() {
    for (module, names) in files() {
        let own = names.globs.iter().filter(|path| ["crate", "self", "super"].contains(&path[0].as_str()));
        assert_eq!(own.count(), 0, "{} imports all of a module", module.join("::"));
    }
}

#[test]
fn an_arrow_against_the_order_and_a_circle_are_found() {
    let arrows = [("data::idx", "nn::loss"), ("nn::loss", "nn::optim"), ("nn::optim", "nn::loss"), ("nn::loss", "")];
    let arrows: Vec<_> = arrows.map(|(from, to)| (segments(from), segments(to))).into();
    let all: BTreeSet<_> = arrows.iter().cloned().collect();
    assert_eq!(against_the_order(&all, ORDER), ["data::idx imports crate::nn::loss", "nn::loss imports crate::"]);
    assert_eq!(circles(&all).len(), 1);
    assert_eq!(circles(&arrows[..2].iter().cloned().collect()), [""; 0]);
}

#[test]
fn every_form_of_an_import_is_read() {
    let read = |text: &str| {
        let mut files: BTreeMap<Segments, Names> =
            ["", "nn", "nn::loss", "nn::optim", "nn::optim::clip", "data", "data::idx"]
                .map(|path| (segments(path), Names::default()))
                .into();
        files.insert(segments("nn"), Names::of("pub use loss::Loss; pub use optim::clip::{self as cut};"));
        files.insert(segments("nn::optim"), Names::of(text));
        let own = arrows(&files).into_iter().filter(|(from, _)| *from == segments("nn::optim"));
        own.map(|(_, to)| to.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(read("use crate::data::idx::Idx;"), ["data::idx"]);
    assert_eq!(read("use super::loss::{Loss, self};"), ["nn::loss"]);
    assert_eq!(read("use crate::{data::{idx, Images}, nn::loss};"), ["data", "data::idx", "nn::loss"]);
    assert_eq!(read("fn f() -> u8 { crate::data::scaled(1) }"), ["data"]);
    assert_eq!(read("fn f(x: &super::super::data::Images) {}"), ["data"]);
    assert_eq!(read("fn f() { println!(\"{}\", crate::data::idx::count(1)); }"), ["data::idx"]);
    assert_eq!(read("use crate::data as d; fn f() { d::idx::count(1) }"), ["data", "data::idx"]);
    assert_eq!(read("use crate as k; fn f() { k::data::scaled(1) }"), ["", "data"]);
    assert_eq!(read("use super::{self as p}; fn f() { p::loss::f() }"), ["nn", "nn::loss"]);
    assert_eq!(read("use self::clip::Clip;"), ["nn::optim::clip"]);
    assert_eq!(read("mod clip; fn f() { clip::f() }"), ["nn::optim::clip"]);
    assert_eq!(read("const S: &str = \"http://\"; use crate::data::Images;"), ["data"]);
    assert_eq!(read("#[cfg(test)] mod tests; use crate::data::Images;"), ["data"]);
    assert_eq!(read("macro_rules! m { () => { $crate::data::scaled(1) } }"), ["data"]);
    assert_eq!(read("use crate::VERSION;"), [""]);
    // Through a re-export of the folder, to the file that declares the item.
    assert_eq!(read("use super::Loss;"), ["nn::loss"]);
    assert_eq!(read("use super::cut;"), ["nn::optim::clip"]);
    // Tests, and names of other crates.
    assert_eq!(read("#[cfg(test)] mod tests { use crate::data::Images; }"), [""; 0]);
    assert_eq!(read("#[cfg(test)] fn f() { crate::data::scaled(1) }"), [""; 0]);
    assert_eq!(read("use serde::Serialize; fn f(x: Vec<data::Images>) {}"), [""; 0]);
}
