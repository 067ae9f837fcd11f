//! Some classes of a data set, as a data set of their own.
//!
//! In: a data set and the classes. Out: the examples of these classes, renumbered from 0 in the order given. Records write such a data
//! set as `mnist[3,5]`.

use anyhow::{Result, ensure};

use super::Dataset;

/// The name of a data set of these classes alone; of all of them, where none is given.
pub fn name_with(dataset: &str, classes: &[u8]) -> String {
    let list: Vec<String> = classes.iter().map(u8::to_string).collect();
    if list.is_empty() { dataset.into() } else { format!("{dataset}[{}]", list.join(",")) }
}

/// The name of the whole data set, and the classes chosen of it: the inverse of [`name_with`].
pub fn parse(name: &str) -> (&str, Vec<u8>) {
    let chosen = || {
        let (dataset, list) = name.strip_suffix(']')?.split_once('[')?;
        let classes: Option<Vec<u8>> = list.split(',').map(|class| class.parse().ok()).collect();
        Some((dataset, classes?))
    };
    chosen().unwrap_or((name, Vec::new()))
}

/// The names of classes with their numbers, as messages list them: `0 (setosa)`; a name that is the number stands alone.
pub fn numbered(names: &[String]) -> Vec<String> {
    let one = |(class, name): (usize, &String)| match class.to_string() {
        number if number == *name => number,
        number => format!("{number} ({name})"),
    };
    names.iter().enumerate().map(one).collect()
}

impl Dataset {
    /// The examples of these classes alone, in the order of their files.
    ///
    /// # Errors
    /// A class has no examples in the training file, or none in the test file.
    pub fn of_classes(&self, classes: &[u8]) -> Result<Self> {
        for &class in classes {
            let known = usize::from(class) < self.classes.len();
            let found = [&self.train, &self.test].map(|file| file.labels().contains(&class));
            ensure!(
                known && found == [true; 2],
                "`data.classes` has {class}, of which {} has no examples to train on or to test on; its classes are 0 to {}",
                self.name,
                self.classes.len().saturating_sub(1)
            );
        }
        let names = classes.iter().map(|&class| self.classes[usize::from(class)].clone()).collect();
        let [train, test] = [&self.train, &self.test].map(|file| file.of_classes(classes));
        Ok(Self::of(&name_with(&self.name, classes), train, test, names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Images, PIXELS};

    #[test]
    fn the_classes_are_renumbered_in_the_order_given_and_keep_their_names() {
        let images = |labels: &[u8]| {
            let pixels = (0..labels.len()).flat_map(|image| [image as u8; PIXELS]).collect();
            Images::new(pixels, labels.to_vec())
        };
        let whole = Dataset::new("fashion-mnist", images(&[0, 2, 1, 2, 3]), images(&[3, 2, 1, 0]));
        let chosen = whole.of_classes(&[3, 2]).unwrap();
        assert_eq!(
            (chosen.name.as_str(), chosen.classes),
            ("fashion-mnist[3,2]", vec!["dress".into(), "pullover".into()])
        );
        assert_eq!((chosen.train.labels(), chosen.test.labels()), (&[1u8, 1, 0][..], &[0u8, 1][..]));
        let pixels: Vec<u8> = chosen.train.images().unwrap().pixels.iter().step_by(PIXELS).copied().collect();
        assert_eq!(pixels, [1, 3, 4]);
        assert_ne!(chosen.hash, whole.hash);
        assert!(whole.of_classes(&[4]).unwrap_err().to_string().contains("its classes are 0 to 3"));
    }

    #[test]
    fn a_name_with_classes_reads_back_and_other_brackets_are_part_of_the_name() {
        assert_eq!(parse(&name_with("mnist", &[3, 5])), ("mnist", vec![3, 5]));
        assert_eq!(parse(&name_with("mnist", &[])), ("mnist", vec![]));
        for name in ["mine[a]", "mine[300]", "mine[]", "mine]"] {
            assert_eq!(parse(name), (name, vec![]));
        }
    }
}
