//! The report of an experiment: its blocks in order, and its verdicts and findings as sentences.
//!
//! [`super::markdown`] and [`super::html`] write a page down.

use super::claims;
use super::codes;
use super::figures::Figure;
use super::interactive::Interactive;
use super::table::{self, Cell, Table};
use super::test_set;
use crate::analysis::claims::{Finding, JudgedClaim, comparison_text, margin_text};
use crate::analysis::search::{Importance, SearchSummary};
use crate::analysis::settings::{Origin, Setting};
use crate::analysis::stats::MIN_SEEDS_FOR_TRUST;
use crate::analysis::stats::compare::Verdict;
use crate::analysis::summary::{ArmComparison, Summary};
use crate::data::Dataset;
use crate::experiment::metric::Metric;
use crate::experiment::plan::cost::human;
use crate::experiment::quantity::Quantity;

/// One part of a page. In running text, what stands between backticks is code.
pub enum Block<'a> {
    /// A section's heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A paragraph that nobody may miss.
    Notice(String),
    /// One line for each item.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// A picture with its caption.
    Figure(&'a Figure),
    /// A place where a page in HTML has something to touch, with its heading and what it is.
    Widget(Widget),
}

/// What there is to touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widget {
    /// A canvas for a picture that the networks classify.
    Drawing,
    /// Trainings on points, epoch by epoch.
    Learning,
    /// Codes that are decoded.
    Codes,
}

impl Widget {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Drawing => "Ask the networks",
            Self::Learning => "Watch it learn",
            Self::Codes => "Walk through the codes",
        }
    }

    /// Its name in the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drawing => "drawing",
            Self::Learning => "learning",
            Self::Codes => "walking",
        }
    }
}

/// A title and the blocks below it.
pub struct Page<'a> {
    /// For a report, the experiment's question.
    pub title: String,
    /// From top to bottom.
    pub blocks: Vec<Block<'a>>,
    /// Whether HTML offers to show only the claims of one section or with one finding.
    pub can_filter: bool,
    /// What the scripts of HTML need.
    pub interactive: Option<Interactive>,
}

/// The report of a summary. `dataset` names the classes, if it is the one that the median run was trained on.
pub fn page<'a>(
    summary: &Summary,
    dataset: Option<&Dataset>,
    figures: &'a [Figure],
    interactive: Interactive,
) -> Page<'a> {
    let mut blocks = Vec::new();
    if let Some(source) = &summary.source {
        blocks.push(Block::Text(format!(
            "Source: {source}. Experiment `{}`, data set {}.",
            summary.name, summary.dataset
        )));
    } else {
        blocks.push(Block::Text(format!("Experiment `{}`, data set {}.", summary.name, summary.dataset)));
    }
    blocks.extend(not_as_published(summary).map(Block::Notice));
    blocks.push(Block::Table(table::arms(summary)));
    blocks.push(Block::Text(table::caption(summary)));
    blocks.extend(unfinished(summary).map(Block::Text));
    blocks.extend(search(summary));
    if let Some(codes) = codes::table(summary) {
        blocks.push(Block::Heading("Autoencoder metrics".into()));
        blocks.push(Block::Table(codes));
        blocks.push(Block::Text(codes::CAPTION.into()));
    }
    if let Some((table, note)) = codes::one_vs_rest_table(summary, dataset) {
        blocks.push(Block::Heading("KNN on the codes, one class against the rest".into()));
        blocks.push(Block::Table(table));
        blocks.push(Block::Text(note));
    }
    for (kind, heading) in claims::KINDS {
        let mut own = summary.claims.iter().filter(|claim| claim.kind == *kind).peekable();
        if own.peek().is_some() {
            blocks.push(Block::Heading((*heading).into()));
            blocks.push(Block::Table(claims::table(own)));
        }
    }
    if let Some(table) = claims::measured(&summary.claims) {
        blocks.push(Block::Heading("Published and measured, number by number".into()));
        blocks.push(Block::Table(table));
    }
    if !summary.ranking.is_empty() {
        blocks.push(Block::Heading("Ranking".into()));
        blocks.extend(winner_line(summary).map(|line| Block::Text(format!("{line}."))));
        let lines = summary.ranking.iter().map(|versus| verdict_line(versus, &summary.metric));
        blocks.push(Block::List(lines.collect()));
        blocks.push(Block::Text(
            "Each of the best arms against the next, ranked by IQM; a run that diverged counts as the worst. ΔIQM: difference of interquartile \
             means, with the interval that the verdict follows from (Yuen and Welch, or Yuen for pairs; its confidence is that at which Holm's method decided the \
             line). P(improvement), the probability of improvement: the chance that one run of the first is better than one run of the \
             second, an effect size. p: corrected by Holm's method over this list."
                .into(),
        ));
    }
    if let Some(table) = test_set::table(summary) {
        blocks.push(Block::Heading("The test set's own noise".into()));
        blocks.push(Block::Table(table));
        blocks.push(Block::Text(test_set::CAPTION.into()));
        let differences = test_set::differences(summary);
        if !differences.is_empty() {
            blocks.push(Block::List(differences));
        }
    }
    blocks.extend(shown(figures, &interactive));
    blocks.push(Block::Heading("Settings".into()));
    blocks.push(Block::Table(settings(summary)));
    blocks.push(Block::List(other_assumptions(summary)));
    blocks.push(Block::Heading("Provenance".into()));
    blocks.push(Block::List(provenance(summary)));
    Page { title: summary.question.clone(), blocks, can_filter: false, interactive: Some(interactive) }
}

/// The figures under their headings, and beside those to which they belong the places of what there is to touch.
pub(super) fn shown<'a>(figures: &'a [Figure], interactive: &Interactive) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    if interactive.has_classifiers() {
        blocks.push(Block::Widget(Widget::Drawing));
    }
    for figure in figures {
        blocks.push(Block::Heading(figure.title.clone()));
        blocks.push(Block::Figure(figure));
        match figure.file.as_str() {
            "boundary.svg" | "fit.svg" if interactive.has_trainings() => blocks.push(Block::Widget(Widget::Learning)),
            "codes.svg" if interactive.has_codes() => blocks.push(Block::Widget(Widget::Codes)),
            _ => {}
        }
    }
    blocks
}

/// What a search found: its best arm, how that does on the test examples, and what each setting has to do with it.
fn search(summary: &Summary) -> Vec<Block<'static>> {
    let Some(search) = &summary.search else { return Vec::new() };
    let mut blocks = vec![
        Block::Heading("What the search found".into()),
        Block::Text(best_of_search(summary, search)),
        Block::Text("Its settings are in `best.toml` beside this page; `kindling train best.toml` trains it.".into()),
    ];
    if search.importances.is_empty() {
        return blocks;
    }
    let row = |importance: &Importance| {
        let percent = |share: f64| format!("{:.0}", 100.0 * share.max(0.0));
        let ends =
            importance.interval.map(|interval| format!("{} to {}", percent(interval.low), percent(interval.high)));
        vec![Cell::from(&importance.axis), Cell::number(percent(importance.share)), Cell::Number(ends)]
    };
    blocks.push(Block::Table(Table::new(["setting", "importance, %", "interval"], search.importances.iter().map(row))));
    blocks.push(Block::Text(format!(
        "Importance: the share of the variance of the ranks of {} arms that a setting alone explains (epsilon squared, over its values or four \
         groups of them), with an interval of two standard errors by leaving out one arm at a time. Where a Bayesian search chose the arms, \
         settings that do badly are rare, and the shares are of the arms that it chose.",
        search.arms
    )));
    blocks
}

/// Which arm of a search is the best one, by what, and how it does on the test examples.
pub(crate) fn best_of_search(summary: &Summary, search: &SearchSummary) -> String {
    let arm = summary.arms.iter().find(|arm| arm.label == search.best);
    let measured = |quantity: &Quantity| {
        let found = arm?.metric(quantity)?;
        let iqm = found.description.iqm?;
        let unit = if quantity.is_percent() { " %" } else { "" };
        let ends = found.iqm_interval.map_or(String::new(), |interval| {
            format!(" [{}, {}]", quantity.format(interval.low), quantity.format(interval.high))
        });
        let seeds = found.description.n;
        let over = if seeds == 1 { "1 seed".into() } else { format!("{seeds} seeds") };
        Some(format!("{} {}{ends}{unit} over {over}", quantity.title(), quantity.format(iqm)))
    };
    let chosen = measured(&summary.metric).map_or(String::new(), |text| format!(", {text}"));
    let tests = [Metric::TestAccuracy, Metric::TestLoss, Metric::TestMse].map(Quantity::from);
    let test = tests.iter().filter(|test| **test != summary.metric).find_map(measured);
    let test = test.map_or(String::new(), |text| format!(" On the test examples, which chose nothing: {text}."));
    format!("`{}` is the best of {} arms{chosen}.{test}", search.best, summary.arms.len())
}

/// That the run is not what its source describes, and in what it differs; `None` where it is.
pub(crate) fn not_as_published(summary: &Summary) -> Option<String> {
    let consequence = if summary.source.is_some() { " Claims of the source are not judged by it." } else { "" };
    (!summary.differs.is_empty()).then(|| {
        format!(
            "Not as published: this run differs from its experiment's file. {}.{consequence}",
            summary.differs.join("; ")
        )
    })
}

/// The settings with where each comes from, a row per setting.
pub(crate) fn settings(summary: &Summary) -> Table {
    let given = if summary.source.is_some() { "the source" } else { "the experiment's file" };
    let row = |setting: &Setting| {
        let from = match &setting.origin {
            Origin::Given => given.into(),
            Origin::Assumed(why) => format!("assumed: {why}"),
            Origin::Default => "Kindling's default".into(),
        };
        vec![Cell::Text(format!("`{}`", setting.key)), Cell::from(&setting.value), Cell::Text(from)]
    };
    Table::new(["setting", "value", "from"], summary.settings.iter().map(row))
}

/// What else had to be assumed that is no setting, an item each.
fn other_assumptions(summary: &Summary) -> Vec<String> {
    let is_setting = |what: &str| !what.contains(' ');
    let others = summary.assumes.iter().filter(|(what, _)| !is_setting(what));
    others.map(|(what, why)| format!("Assumed, {what}: {why}.")).collect()
}

/// How many trials have no metrics and what that means for the numbers; `None` if all finished.
fn unfinished(summary: &Summary) -> Option<String> {
    let diverged: usize = summary.arms.iter().map(|arm| arm.diverged).sum();
    let failed: usize = summary.arms.iter().map(|arm| arm.failed).sum();
    let trials: usize = summary.arms.iter().map(|arm| arm.trials).sum();
    let pruned = summary.arms.iter().filter(|arm| arm.pruned_epoch.is_some()).count();
    if pruned > 0 {
        return Some(format!(
            "Of {trials} trials {diverged} diverged, {failed} failed and {pruned} were pruned: their arms fell behind, and have the scores of \
             their epochs and no metrics."
        ));
    }
    (diverged + failed > 0).then(|| {
        format!(
            "Of {trials} trials {diverged} diverged and {failed} failed. They have no metrics, and n counts the others. For IQM and in \
             comparisons a run that diverged counts as the worst; where more diverged than IQM leaves out, there is none."
        )
    })
}

/// Files, commands and versions behind the report.
fn provenance(summary: &Summary) -> Vec<String> {
    let mut lines = vec![
        format!("{} trials, {} of training and evaluation added up.", summary.records.len(), human(summary.trial_seconds)),
        "Every trial with every epoch: `records.jsonl`, or compressed `records.jsonl.gz`; the resolved settings: `spec.toml`.".into(),
        "`kindling report` makes this page, its figures and the tables `trials.csv`, `curves.csv`, `summary.csv`, `summary.json` and `scores.npz` from the records; \
         `kindling verify` retrains some trials and compares."
            .into(),
    ];
    if let Some(made) = summary.records.first().map(|record| &record.made_with) {
        lines.push(format!(
            "kindling {}, burn {}, backend {} {}, data {} with hash {}.",
            made.kindling, made.burn, made.backend, made.bytes, made.dataset, made.data
        ));
    }
    lines.push(made_from(&summary.records_hash));
    lines.extend(age_of_claims(summary));
    if summary.claims.iter().any(|claim| claim.finding == Finding::Inconclusive) {
        lines.push("Inconclusive is an answer: these seeds do not settle the question either way.".into());
    }
    lines
}

/// From which records a report is made; by this line it is known whether there are others since.
pub(crate) fn made_from(records_hash: &str) -> String {
    format!("This page is made from the records with hash {records_hash}.")
}

/// Whether the claims were there before the records; `None` without claims.
fn age_of_claims(summary: &Summary) -> Option<String> {
    let now = &summary.claims_hash;
    let age = match &summary.claims_before {
        Some(before) if before == now => "are as they were before the first record".into(),
        Some(before) => format!("were changed after the first record, before which they had hash {before}"),
        None => "may be younger than the records: nothing says which claims there were before the first".into(),
    };
    (!now.is_empty()).then(|| format!("The claims, hash {now}, {age}."))
}

/// Which of two arms wins, by how much, how sure, from how many seeds; or that it is inconclusive, and how many seeds would
/// settle it.
pub fn verdict_line(versus: &ArmComparison, metric: &Quantity) -> String {
    let ArmComparison { a, b, comparison, note } = versus;
    let numbers = comparison_text(comparison, metric);
    let line = match comparison.verdict() {
        // The values of the better arm are the larger ones, or of a loss the smaller ones.
        verdict @ (Verdict::Larger | Verdict::Smaller) => {
            let first_wins = (verdict == Verdict::Larger) == metric.higher_is_better();
            let (winner, loser) = if first_wins { (a, b) } else { (b, a) };
            let better = if metric.higher_is_better() { "" } else { " (lower is better)" };
            format!("{winner} beats {loser}: {numbers}{better}")
        }
        Verdict::Inconclusive => {
            let same = comparison
                .same_within()
                .map_or(String::new(), |margin| format!("; the same within {}", margin_text(margin, metric)));
            let more = match comparison.seeds_needed() {
                Some(n) if n <= 1000 => format!("; about {n} seeds would settle a difference this size"),
                Some(_) => "; more than 1000 seeds would be needed for a difference this size".into(),
                None => String::new(),
            };
            format!("{a} ? {b}: inconclusive, {numbers}{same}{more}")
        }
    };
    let line = if note.is_empty() { line } else { format!("{line}; {note}") };
    if comparison.has_few_seeds() {
        format!(
            "{line} (warning: below {MIN_SEEDS_FOR_TRUST} runs an arm, intervals hold for normally distributed values)"
        )
    } else {
        line
    }
}

/// Which arm ranks first, and whether the runs tell it from the next; `None` where no two arms are compared.
pub fn winner_line(summary: &Summary) -> Option<String> {
    let ArmComparison { a, b, comparison, .. } = summary.ranking.first()?;
    Some(match comparison.verdict() {
        Verdict::Inconclusive => format!("{a} ranks first, and these runs do not tell it from {b}"),
        Verdict::Larger | Verdict::Smaller => format!("{a} ranks first, and beats the next, {b}"),
    })
}

/// A claim's finding in capitals, the claim and its evidence.
pub fn claim_line(judged: &JudgedClaim) -> String {
    format!("{}: {} ({})", judged.finding.name().to_uppercase(), judged.says, judged.evidence)
}
