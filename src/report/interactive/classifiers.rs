//! Networks that classify what is drawn on a page: of each arm the median run's, or of all runs where they are small.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::sprite::Sprite;
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::record::TrialRecord;
use crate::trial::snapshot::{ClassifierCopy, Snapshot};

/// The most bytes of all networks of a page, as text.
const MAX_BYTES: usize = 1_400_000;
/// Test images that can be picked.
const IMAGES: usize = 60;

/// Networks of arms, and test images to show them.
#[derive(Debug, Serialize)]
pub struct Classifiers {
    networks: Vec<PageNetwork>,
    /// Arms whose networks are left out, since the page would be too large or they were not kept.
    left_out: usize,
    /// Bytes of the networks' text.
    bytes: usize,
    /// Whether pictures are brought into the form of MNIST's digits, as `kindling predict` does.
    as_digits: bool,
    shape: [usize; 2],
    classes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<Samples>,
}

/// Test images, and what the runs of each arm said of them.
#[derive(Debug, Serialize)]
struct Samples {
    images: Sprite,
    /// Places in the test file.
    places: Vec<usize>,
    truth: Vec<u8>,
    /// For each arm and image, each predicted class with the number of runs.
    votes: Vec<Vec<Vec<(u8, usize)>>>,
}

#[derive(Debug, Serialize)]
struct PageNetwork {
    /// The arm's place.
    arm: usize,
    seed: u64,
    #[serde(flatten)]
    copy: ClassifierCopy,
}

/// `None` without networks or the data set. `snapshots` are those of the median runs; `ranked` holds places of arms, the best first.
///
/// # Errors
/// A picture cannot be encoded.
pub fn of(
    summary: &Summary,
    dataset: Option<&Dataset>,
    snapshots: &[Option<(&TrialRecord, Snapshot)>],
    ranked: &[usize],
    run: Option<&Path>,
) -> Result<Option<Classifiers>> {
    let Some(dataset) = dataset else { return Ok(None) };
    let Some(images) = dataset.test.images() else { return Ok(None) };
    let mut networks = Vec::new();
    let mut bytes = 0;
    let mut add = |arm: usize, record: &TrialRecord, copy: &ClassifierCopy| {
        let (first, last) = (copy.network.layers.first(), copy.network.layers.last());
        let outputs = if copy.threshold.is_some() { 1 } else { dataset.classes.len() };
        let takes_the_images = first.is_some_and(|first| first.inputs == dataset.test.width())
            && last.is_some_and(|last| last.outputs == outputs);
        let size = copy.network.numbers.len();
        let fits = takes_the_images && record.made_with.data == dataset.hash && bytes + size <= MAX_BYTES;
        if fits {
            bytes += size;
            networks.push(PageNetwork { arm, seed: record.seed, copy: copy.clone() });
        }
    };
    let of_medians = ranked.iter().filter_map(|&arm| Some((arm, snapshots.get(arm)?.as_ref()?)));
    let of_medians: Vec<(usize, &TrialRecord, &ClassifierCopy)> = of_medians
        .filter_map(|(arm, (record, snapshot))| Some((arm, *record, snapshot.classifier.as_ref()?)))
        .collect();
    of_medians.iter().for_each(|(arm, record, copy)| add(*arm, record, copy));
    // Where there is room for all runs, all vote.
    let all: usize = of_medians.iter().map(|(_, _, copy)| copy.network.numbers.len()).sum::<usize>();
    let most_runs = summary.arms.iter().map(|arm| arm.trials).max().unwrap_or(0);
    if let Some(run) = run.filter(|_| all * most_runs <= MAX_BYTES) {
        for (arm, median, _) in &of_medians {
            for record in summary.records_of(&median.arm).filter(|record| record.seed != median.seed) {
                if let Some(copy) = Snapshot::read(run, &record.id).ok().flatten().and_then(|found| found.classifier) {
                    add(*arm, record, &copy);
                }
            }
        }
    }
    if networks.is_empty() {
        return Ok(None);
    }
    let shown: Vec<usize> = networks.iter().map(|network| network.arm).collect();
    let left_out = (0..summary.arms.len()).filter(|arm| !shown.contains(arm)).count();
    Ok(Some(Classifiers {
        networks,
        left_out,
        bytes,
        as_digits: !dataset.as_is,
        shape: images.shape,
        classes: dataset.classes.clone(),
        samples: Some(samples(summary, dataset)?).filter(|samples| !samples.places.is_empty()),
    }))
}

/// The first test images of each class, in turn.
fn samples(summary: &Summary, dataset: &Dataset) -> Result<Samples> {
    let labels = dataset.test.labels();
    let each = IMAGES / dataset.classes.len().max(1);
    let of_class = |class: usize| (0..labels.len()).filter(move |&i| usize::from(labels[i]) == class).take(each.max(1));
    let places: Vec<usize> = (0..dataset.classes.len()).flat_map(of_class).collect();
    let Some(images) = dataset.test.images() else {
        anyhow::bail!("the data set {} has no images", dataset.name);
    };
    let votes_of = |label: &str, place: usize, truth: u8| {
        let mut votes: Vec<(u8, usize)> = Vec::new();
        let own = summary.records_of(label).filter(|record| record.made_with.data == dataset.hash);
        // A run may have been tested on the first of them alone.
        for record in own.filter(|record| record.predictions.examples() > place) {
            let wrong = record.predictions.wrong();
            let class = wrong.binary_search_by_key(&place, |(index, _)| *index).map_or(truth, |at| wrong[at].1);
            match votes.iter_mut().find(|(known, _)| *known == class) {
                Some((_, count)) => *count += 1,
                None => votes.push((class, 1)),
            }
        }
        votes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        votes
    };
    let of_arm = |label: &str| places.iter().map(|&place| votes_of(label, place, labels[place])).collect();
    Ok(Samples {
        images: Sprite::of(images, &places)?,
        truth: places.iter().map(|&place| labels[place]).collect(),
        votes: summary.arms.iter().map(|arm| of_arm(&arm.label)).collect(),
        places,
    })
}
