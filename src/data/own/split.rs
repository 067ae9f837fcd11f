//! The random split of data that have none of their own.
//!
//! In: the classes, the sizes and a seed. Out: the indices of each part, rising. Every class has its share of each part, as exactly as whole
//! examples allow: by largest remainders, the parts one after the other.

use crate::seed::{Purpose, Stream};

/// What a split is drawn from.
pub struct Draws<'a> {
    /// `[n]`
    pub labels: &'a [u8],
    /// Whether each class has its share of each part.
    pub is_stratified: bool,
    /// The seed.
    pub seed: u64,
}

impl Draws<'_> {
    /// Disjoint parts of these sizes. The last is drawn first, so that the test examples do not depend on the size of the other parts.
    ///
    /// # Panics
    /// The parts are more than the examples there are.
    pub fn parts(&self, sizes: [usize; 3]) -> [Vec<usize>; 3] {
        let mut classes: Vec<Vec<usize>> = Vec::new();
        for (index, &label) in self.labels.iter().enumerate() {
            let class = if self.is_stratified { usize::from(label) } else { 0 };
            if classes.len() <= class {
                classes.resize(class + 1, Vec::new());
            }
            classes[class].push(index);
        }
        for (class, members) in classes.iter_mut().enumerate() {
            Stream::new(self.seed, Purpose::Split, class as u64).shuffle(members);
        }
        let mut parts = [const { Vec::new() }; 3];
        for part in [2, 1, 0] {
            let left: Vec<usize> = classes.iter().map(Vec::len).collect();
            for (members, count) in classes.iter_mut().zip(shares(sizes[part], &left)) {
                parts[part].extend(members.drain(members.len() - count..));
            }
            parts[part].sort_unstable();
        }
        parts
    }
}

/// `size` divided in the proportions of `counts`, whose sum is no less: by largest remainders, of equal ones the first.
fn shares(size: usize, counts: &[usize]) -> Vec<usize> {
    let all: usize = counts.iter().sum::<usize>().max(1);
    let mut shares: Vec<usize> = counts.iter().map(|count| size * count / all).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(size * counts[class] % all));
    let missing = size - shares.iter().sum::<usize>();
    order.into_iter().take(missing).for_each(|class| shares[class] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_the_largest_remainders() {
        // 10 of 50, 30 and 20: exactly 5, 3 and 2. 7 of them: 3.5, 2.1 and 1.4.
        assert_eq!(shares(10, &[50, 30, 20]), [5, 3, 2]);
        assert_eq!(shares(7, &[50, 30, 20]), [4, 2, 1]);
        assert_eq!(shares(0, &[5, 0]), [0, 0]);
        assert_eq!(shares(5, &[5, 0]), [5, 0]);
    }

    #[test]
    fn parts_are_disjoint_stratified_and_follow_the_seed() {
        let labels: Vec<u8> = (0..100).map(|i| if i < 80 { 0 } else { 1 }).collect();
        let parts = |seed| Draws { labels: &labels, is_stratified: true, seed }.parts([50, 20, 30]);
        let [train, validation, test] = parts(0);
        let mut all = [train.clone(), validation.clone(), test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let ones = |part: &[usize]| part.iter().filter(|&&index| labels[index] == 1).count();
        assert_eq!([ones(&train), ones(&validation), ones(&test)], [10, 4, 6]);
        assert_eq!(parts(0), parts(0));
        assert_ne!(parts(0), parts(1));
        // The test examples stay what they are when fewer train.
        let fewer = Draws { labels: &labels, is_stratified: true, seed: 0 }.parts([10, 20, 30]);
        assert_eq!(fewer[2], test);
    }
}
