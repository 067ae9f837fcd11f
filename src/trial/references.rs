//! What codes are measured against and no seed changes: principal components and neighbours of raw pixels.
//!
//! Each is worked out once for a data set and its split, by the first trial that asks; the others wait for it.
//!
//! In: training and test images. Out: components and accuracies.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::Part;
use crate::evaluate::classification::share_right;
use crate::evaluate::knn::vote;
use crate::evaluate::knn::{Index, Points};
use crate::evaluate::pca::Pca;

/// What makes two trials share a reference: data set, training and test images.
pub type Split = (String, usize, usize);

/// References worked out so far.
#[derive(Debug, Default)]
pub struct References {
    pca: Mutex<HashMap<Split, Arc<Pca>>>,
    accuracies: Mutex<HashMap<(Split, Kind), f64>>,
}

/// Neighbours of what, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Raw pixels.
    Pixels {
        /// Neighbours that vote.
        k: usize,
    },
    /// So many principal components.
    Pca {
        /// Components.
        size: usize,
        /// Neighbours that vote.
        k: usize,
    },
}

impl References {
    /// The principal components of the training images.
    pub fn pca(&self, split: &Split, train: Part) -> Arc<Pca> {
        once(&self.pca, split.clone(), || {
            let numbers = train.rows.numbers();
            Arc::new(Pca::fit(Points { values: &numbers, width: train.rows.width() }))
        })
    }

    /// The accuracy of the nearest-neighbour classifier on pixels, or on principal components.
    pub fn accuracy(&self, split: &Split, kind: Kind, train: Part, test: Part) -> f64 {
        let pca = matches!(kind, Kind::Pca { .. }).then(|| self.pca(split, train));
        once(&self.accuracies, (split.clone(), kind), || {
            let numbers = [train, test].map(|part| part.rows.numbers());
            let width = train.rows.width();
            let [train_points, test_points] = [0, 1].map(|i| Points { values: &numbers[i], width });
            match (kind, pca) {
                (Kind::Pca { size, k }, Some(pca)) => {
                    let codes = [train_points, test_points].map(|points| pca.codes(points, size));
                    let [train_codes, test_codes] = [0, 1].map(|i| Points { values: &codes[i], width: size });
                    neighbours_right((train_codes, train.labels), (test_codes, test.labels), k)
                }
                (Kind::Pixels { k } | Kind::Pca { k, .. }, _) => {
                    neighbours_right((train_points, train.labels), (test_points, test.labels), k)
                }
            }
        })
    }
}

/// The accuracy of the nearest-neighbour classifier.
pub fn neighbours_right(train: (Points, &[u8]), test: (Points, &[u8]), k: usize) -> f64 {
    let said = vote(&Index::new(train.0).nearest(test.0, k, false), k, train.1);
    share_right(&said, test.1)
}

fn once<K: Eq + Hash, V: Clone>(known: &Mutex<HashMap<K, V>>, key: K, make: impl FnOnce() -> V) -> V {
    // A thread that panicked while making a value left none behind: the next one makes it.
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(key).or_insert_with(make).clone()
}
