//! Baselines of an autoencoder that no seed changes: principal components, and neighbours by raw pixels or components.
//!
//! Each is computed once for a data set and its splits, by the first trial that asks; whoever asks for the same one waits for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::data::Split;
use crate::evaluate::classification::accuracy_of;
use crate::evaluate::knn::{Index, KnnClassifier, Vectors};
use crate::evaluate::pca::Pca;

/// What makes two trials share a reference: data set, training and test images.
pub type SplitKey = (String, usize, usize);

/// The baselines computed so far.
#[derive(Debug, Default)]
pub struct References {
    pca: Memo<SplitKey, Arc<Pca>>,
    accuracies: Memo<(SplitKey, ReferenceSpace), f64>,
}

/// A value per key. The lock is held to find a value's cell and not while it is computed, so that workers compute different ones at
/// the same time.
type Memo<K, V> = Mutex<HashMap<K, Arc<OnceLock<V>>>>;

/// The space in which neighbours are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceSpace {
    /// Raw pixels.
    Pixels {
        /// The k of the k nearest neighbours.
        k: usize,
    },
    /// The first principal components.
    Pca {
        /// Number of components.
        size: usize,
        /// The k of the k nearest neighbours.
        k: usize,
    },
}

impl References {
    /// The principal components of the training images.
    pub fn pca(&self, split: &SplitKey, train: Split) -> Arc<Pca> {
        once(&self.pca, split.clone(), || {
            let numbers = train.rows.numbers();
            Arc::new(Pca::fit(Vectors { values: &numbers, width: train.rows.width() }))
        })
    }

    /// The accuracy of the nearest-neighbour classifier on pixels, or on principal components.
    pub fn accuracy(&self, split: &SplitKey, kind: ReferenceSpace, train: Split, test: Split) -> f64 {
        let pca = matches!(kind, ReferenceSpace::Pca { .. }).then(|| self.pca(split, train));
        once(&self.accuracies, (split.clone(), kind), || {
            let numbers = [train, test].map(|split| split.rows.numbers());
            let width = train.rows.width();
            let [train_points, test_points] = [0, 1].map(|i| Vectors { values: &numbers[i], width });
            match (kind, pca) {
                (ReferenceSpace::Pca { size, k }, Some(pca)) => {
                    let codes = [train_points, test_points].map(|points| pca.codes(points, size));
                    let [train_codes, test_codes] = [0, 1].map(|i| Vectors { values: &codes[i], width: size });
                    knn_accuracy((train_codes, train.labels), (test_codes, test.labels), k)
                }
                (ReferenceSpace::Pixels { k } | ReferenceSpace::Pca { k, .. }, _) => {
                    knn_accuracy((train_points, train.labels), (test_points, test.labels), k)
                }
            }
        })
    }
}

/// The accuracy of the nearest-neighbour classifier.
pub fn knn_accuracy(train: (Vectors, &[u8]), test: (Vectors, &[u8]), k: usize) -> f64 {
    let predicted = KnnClassifier { index: &Index::new(train.0), labels: train.1, k }.predict(test.0);
    accuracy_of(&predicted, test.1)
}

fn once<K: Eq + Hash, V: Clone>(known: &Memo<K, V>, key: K, make: impl FnOnce() -> V) -> V {
    let cell = Arc::clone(known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
    cell.get_or_init(make).clone()
}
