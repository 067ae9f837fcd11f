//! What codes are measured against and no seed changes: principal components and neighbours of raw pixels.
//!
//! Each is worked out once for a data set and its split, by the first trial that asks; the others wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;

use crate::eval::classification::share_right;
use crate::eval::knn::{Index, Points, vote};
use crate::eval::pca::Pca;

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

/// Training and test images as numbers, with their classes.
pub struct Images<'a> {
    /// Of the training images.
    pub train: (Points<'a>, &'a [u8]),
    /// Of the test images.
    pub test: (Points<'a>, &'a [u8]),
}

impl References {
    /// The principal components of the training images.
    pub fn pca(&self, split: &Split, train: Points, device: &Device) -> Arc<Pca> {
        once(&self.pca, split.clone(), || Arc::new(Pca::fit(train, device)))
    }

    /// The accuracy of the nearest-neighbour classifier on pixels, or on principal components.
    pub fn accuracy(&self, split: &Split, kind: Kind, images: &Images, device: &Device) -> f64 {
        let pca = matches!(kind, Kind::Pca { .. }).then(|| self.pca(split, images.train.0, device));
        once(&self.accuracies, (split.clone(), kind), || match (kind, pca) {
            (Kind::Pca { size, k }, Some(pca)) => {
                let codes = |points| pca.codes(points, size, device);
                let (train, test) = (codes(images.train.0), codes(images.test.0));
                let points = |values| Points { values, width: size };
                neighbours_right((points(&train), images.train.1), (points(&test), images.test.1), k, device)
            }
            (Kind::Pixels { k } | Kind::Pca { k, .. }, _) => neighbours_right(images.train, images.test, k, device),
        })
    }
}

/// The accuracy of the nearest-neighbour classifier.
pub fn neighbours_right(train: (Points, &[u8]), test: (Points, &[u8]), k: usize, device: &Device) -> f64 {
    let said = vote(&Index::new(train.0, device).nearest(test.0, k, false), k, train.1);
    share_right(&said, test.1)
}

fn once<K: Eq + Hash, V: Clone>(known: &Mutex<HashMap<K, V>>, key: K, make: impl FnOnce() -> V) -> V {
    // A thread that panicked while making a value left none behind: the next one makes it.
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(key).or_insert_with(make).clone()
}
