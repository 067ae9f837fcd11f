//! How often each form of claim is called wrong, by simulation: two arms that do not differ, a number that is the truth, and so on, for
//! samples of several sizes and shapes.
//!
//!     cargo bench --profile dev --bench calibration -- [DATASETS] [FORM]
//!
//! In: the number of data sets of each cell, 4,000 by default, and a part of the names of the forms wanted, all by default. Out: a table in Markdown with the share of false answers on either side in
//! percent. Each should be 2.5.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use anyhow::Result;
use kindling::analysis::claims::Finding;
use kindling::analysis::stats::hypothesis::{Answer, Region, Tested};
use kindling::analysis::stats::inference::Inference;
use kindling::analysis::stats::looks::{level, looks};
use kindling::analysis::stats::{describe, location, share, spread};
use kindling::analysis::summary::Summary;
use kindling::evaluate::predictions::Predictions;
use kindling::experiment::metric::Metric;
use kindling::experiment::plan::{Plan, Trial};
use kindling::experiment::spec::Spec;
use kindling::record::{Bytes, History, MadeWith, Metrics, SCHEMA, Status, TrialRecord};
use kindling::seed::{Purpose, Stream};
use rayon::prelude::*;

/// The distributions that runs are drawn from, with what is true of each.
#[derive(Clone, Copy)]
enum Shape {
    Normal,
    /// An exponential variable's: skewed to the right.
    Skewed,
    /// A few hundred images of 10,000 are wrong: rounded to eight values or so.
    Discrete,
    /// Normal, with three times the standard deviation in the second arm.
    Unequal,
}

/// Those of two arms.
const SHAPES: [(Shape, &str); 4] =
    [(Shape::Normal, "normal"), (Shape::Skewed, "skewed"), (Shape::Discrete, "discrete"), (Shape::Unequal, "unequal")];
/// Those of one arm, or of two with one standard deviation.
const ALIKE: &[(Shape, &str)] = SHAPES.split_at(3).0;
/// Shares draw their own.
const SHARES: &[(Shape, &str)] = &[(Shape::Discrete, "0 or 1")];

impl Shape {
    fn draw(self, n: usize, is_second: bool, stream: &mut Stream) -> Vec<f64> {
        let one = |stream: &mut Stream| match self {
            Self::Normal => stream.normal(),
            Self::Skewed => -(1.0 - stream.unit()).ln(),
            Self::Discrete => (2.0 * stream.normal()).round() / 2.0,
            Self::Unequal => stream.normal() * if is_second { 3.0 } else { 1.0 },
        };
        (0..n).map(|_| one(stream)).collect()
    }

    /// The number that a statistic of many values tends to.
    fn truth(self, of: fn(&[f64]) -> f64) -> f64 {
        let mut stream = Stream::new(99, Purpose::Data, 0);
        let mut values = self.draw(2_000_000, false, &mut stream);
        if !matches!(self, Self::Skewed) {
            // The truth of symmetric values is 0, and discrete values are that very number.
            values.extend(values.clone().iter().map(|value| -value));
        }
        (of(&values) * 1e3).round() / 1e3
    }
}

/// A form of claim, and the test of one that is neither true nor false.
struct Form {
    name: &'static str,
    /// What runs it is tested with.
    shapes: &'static [(Shape, &'static str)],
    test: Box<Simulation>,
}

/// Draws so many runs of this shape, and tests the claim with them.
type Simulation = dyn Fn(Shape, usize, &mut Stream) -> Option<Tested> + Sync;

fn of_two(name: &'static str, difference: fn(&[f64], &[f64]) -> Option<Inference>, null: f64) -> Form {
    let test = move |shape: Shape, n: usize, stream: &mut Stream| {
        let (a, b) = (shape.draw(n, false, stream), shape.draw(n, true, stream));
        Some(Tested::new(difference(&a, &b)?, Region::Above(null)))
    };
    Form { name, shapes: &SHAPES, test: Box::new(test) }
}

fn of_one(name: &'static str, estimate: fn(&[f64]) -> Option<Inference>, truth: fn(&[f64]) -> f64) -> Form {
    let truths: Vec<f64> = SHAPES.iter().map(|(shape, _)| shape.truth(truth)).collect();
    let test = move |shape: Shape, n: usize, stream: &mut Stream| {
        let values = shape.draw(n, false, stream);
        Some(Tested::new(estimate(&values)?, Region::Above(truths[shape as usize])))
    };
    Form { name, shapes: ALIKE, test: Box::new(test) }
}

fn sd(values: &[f64]) -> f64 {
    describe::sd(values).unwrap_or(f64::NAN)
}

fn paired(a: &[f64], b: &[f64]) -> Option<Inference> {
    location::paired_difference_of_interquartile_means(&a.iter().copied().zip(b.iter().copied()).collect::<Vec<_>>())
}

/// The claim that `a` is larger than `b` at the first look that answers it, or at the last.
fn until_known(a: &[f64], b: &[f64]) -> Option<Tested> {
    let looks = looks(a.len() as u64);
    let mut last = None;
    for &seeds in &looks {
        let (a, b) = (&a[..seeds as usize], &b[..seeds as usize]);
        let mut tested = Tested::new(location::difference_of_interquartile_means(a, b)?, Region::Above(0.0));
        tested.decision.level = level(&looks, seeds);
        if tested.answer() != Answer::Unclear {
            return Some(tested);
        }
        last = Some(tested);
    }
    last
}

/// Of 24 arms the one that validates best against another arm, all of them the same: how often `best(adam) > sgd` is confirmed and refuted. A run
/// that does well on validation does well in the test too.
fn best_of_many(n: usize, datasets: u64) -> Result<[u64; 2]> {
    let rates: Vec<String> = (1..=24).map(|step| format!("{:.3}", 0.001 * f64::from(step))).collect();
    let text = format!(
        "question = 'q'\nseeds = {n}\n[sweep]\noptimizer = ['adam', 'sgd']\nlr = [{}]\n[[claims]]\nsays = 's'\ntest = 'best(adam) > sgd lr={} on test_accuracy'",
        rates.join(", "),
        0.001
    );
    let plan = Plan::new(&Spec::parse("best", "best.toml", &text)?)?;
    let called = (0..datasets).into_par_iter().map(|round| {
        let mut stream = Stream::new(n as u64, Purpose::Data, 1 + round);
        let record = |trial: Trial| {
            let (test, other) = (stream.normal(), stream.normal());
            let metrics = [(Metric::TestAccuracy, test), (Metric::ValidationAccuracy, 0.7 * test + 0.7 * other)];
            made_up_record(trial, metrics.into_iter().collect())
        };
        let summary = Summary::new(&plan, plan.trials().map(record).collect())?;
        Ok(match summary.claims[0].finding {
            Finding::Confirmed => [1, 0],
            Finding::Refuted => [0, 1],
            Finding::Same
            | Finding::Inconclusive
            | Finding::Underspecified
            | Finding::NotAsPublished
            | Finding::Untestable => [0, 0],
        })
    });
    called.try_reduce(|| [0, 0], |a, b| Ok([a[0] + b[0], a[1] + b[1]]))
}

fn made_up_record(trial: Trial, metrics: Metrics) -> TrialRecord {
    TrialRecord {
        schema: SCHEMA,
        id: String::new(),
        axes: trial.values.into_iter().collect(),
        arm: trial.label,
        seed: trial.seed,
        status: Status::Done,
        diverged_epoch: None,
        pruned_epoch: None,
        stopped_epoch: None,
        error: None,
        epochs_kept: None,
        history: History::default(),
        metrics,
        confusion: Vec::new(),
        mistakes: Vec::new(),
        predictions: Predictions::default(),
        decision_grid: None,
        path: Vec::new(),
        train_examples: None,
        checks: Default::default(),
        layers: Vec::new(),
        epoch: None,
        made_with: MadeWith {
            kindling: String::new(),
            burn: String::new(),
            backend: String::new(),
            bytes: Bytes::Portable,
            dataset: String::new(),
            data: String::new(),
        }
        .into(),
        seconds: 0.0,
    }
}

/// A share of 0.3, and two of them.
fn heads(n: usize, stream: &mut Stream) -> Vec<f64> {
    (0..n).map(|_| f64::from(u8::from(stream.unit() < 0.3))).collect()
}

fn main() -> Result<()> {
    // Cargo adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let datasets: u64 = arguments.first().and_then(|count| count.parse().ok()).unwrap_or(4_000);
    let wanted = arguments.get(1).map_or("", String::as_str);
    let sizes = [5, 6, 8, 10, 15, 25];
    let forms = [
        of_two("`a > b`", location::difference_of_interquartile_means, 0.0),
        Form {
            name: "`a > b`, stopped when known",
            shapes: &SHAPES,
            test: Box::new(|shape, n, stream| until_known(&shape.draw(n, false, stream), &shape.draw(n, true, stream))),
        },
        of_two("`a > b`, paired", paired, 0.0),
        of_two("`mean(a) > mean(b)`", location::difference_of_means, 0.0),
        of_two("`median(a) > median(b)`", location::difference_of_medians, 0.0),
        Form { shapes: ALIKE, ..of_two("`sd(a) > sd(b)`", spread::difference_of_spreads, 0.0) },
        of_two("P(improvement) > 1/2", share::probability_of_improvement, 0.5),
        of_one("`a > number`", location::interquartile_mean, describe::interquartile_mean),
        of_one("`mean(a) > number`", location::arithmetic_mean, describe::mean),
        of_one("`median(a) > number`", location::median, describe::median),
        of_one("`sd(a) > number`", spread::standard_deviation, sd),
        Form {
            name: "share 0.3 > number",
            shapes: SHARES,
            test: Box::new(|_, n, stream| Some(Tested::new(share::share(&heads(n, stream))?, Region::Above(0.3)))),
        },
        Form {
            name: "difference of two shares of 0.3",
            shapes: SHARES,
            test: Box::new(|_, n, stream| {
                let (a, b) = (heads(n, stream), heads(n, stream));
                Some(Tested::new(share::difference_of_shares(&a, &b)?, Region::Above(0.0)))
            }),
        },
    ];
    let percent = |count: u64| 100.0 * count as f64 / datasets as f64;
    println!("False answers, in %: confirmed / refuted, each of which should be 2.5. {datasets} data sets a cell.\n");
    println!("| form | values | {} |", sizes.map(|n| format!("n = {n}")).join(" | "));
    println!("| --- | --- |{}", " --- |".repeat(sizes.len()));
    for form in forms.iter().filter(|form| form.name.contains(wanted)) {
        for &(shape, values) in form.shapes {
            let cell = |n: usize| {
                let answers = (0..datasets).into_par_iter().map(|round| {
                    let mut stream = Stream::new(n as u64, Purpose::Data, 1 + round);
                    match (form.test)(shape, n, &mut stream).map(|tested| tested.answer()) {
                        Some(Answer::Yes) => [1, 0],
                        Some(Answer::No) => [0, 1],
                        Some(Answer::Unclear) | None => [0, 0],
                    }
                });
                let [yes, no] = answers.reduce(|| [0, 0], |a, b| [a[0] + b[0], a[1] + b[1]]);
                format!("{:.1} / {:.1}", percent(yes), percent(no))
            };
            println!("| {} | {values} | {} |", form.name, sizes.map(cell).join(" | "));
        }
    }
    let name = "`best(x) > y`, 24 arms against 1";
    if name.contains(wanted) {
        // From ten runs on every arm's interval is a bootstrap, and a data set has 48 of them.
        let few = sizes.map(|n| if n < 10 { best_of_many(n, datasets).map(Some) } else { Ok(None) });
        let cells = few.into_iter().map(|counts| {
            Ok(counts?.map_or("-".into(), |[yes, no]| format!("{:.1} / {:.1}", percent(yes), percent(no))))
        });
        println!("| {name} | normal | {} |", cells.collect::<Result<Vec<String>>>()?.join(" | "));
    }
    Ok(())
}
