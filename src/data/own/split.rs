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
            // A class of which nothing trained could never be told; one example of each is kept back for the training.
            let kept = usize::from(self.is_stratified && part != 0);
            let left: Vec<usize> = classes.iter().map(Vec::len).collect();
            for (members, count) in classes.iter_mut().zip(shares(sizes[part], &left, kept)) {
                parts[part].extend(members.drain(members.len() - count..));
            }
            parts[part].sort_unstable();
        }
        parts
    }
}

/// `size` divided in the proportions of `counts`, whose sum is no less: by largest remainders, of equal ones the first. `kept` of each are left, as
/// long as the others are enough.
fn shares(size: usize, counts: &[usize], kept: usize) -> Vec<usize> {
    let all: usize = counts.iter().sum::<usize>().max(1);
    let spared: Vec<usize> = counts.iter().map(|count| count.saturating_sub(kept)).collect();
    let most = if spared.iter().sum::<usize>() >= size { &spared } else { counts };
    let mut shares: Vec<usize> = counts.iter().zip(most).map(|(count, most)| (size * count / all).min(*most)).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(size * counts[class] % all));
    let mut missing = size - shares.iter().sum::<usize>();
    while missing > 0 {
        let before = missing;
        for &class in &order {
            let is_free = missing > 0 && shares[class] < most[class];
            shares[class] += usize::from(is_free);
            missing -= usize::from(is_free);
        }
        if missing == before {
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_the_largest_remainders() {
        // 10 of 50, 30 and 20: exactly 5, 3 and 2. 7 of them: 3.5, 2.1 and 1.4.
        assert_eq!(shares(10, &[50, 30, 20], 0), [5, 3, 2]);
        assert_eq!(shares(7, &[50, 30, 20], 0), [4, 2, 1]);
        assert_eq!(shares(0, &[5, 0], 0), [0, 0]);
        assert_eq!(shares(5, &[5, 0], 0), [5, 0]);
    }

    #[test]
    fn of_every_class_an_example_trains_however_rare_it_is() {
        assert_eq!(shares(4, &[1, 1, 8], 1), [0, 0, 4]);
        for (labels, sizes) in
            [(vec![0, 1, 2, 3, 4, 5, 0, 1, 2, 3], [6, 2, 2]), (vec![0, 0, 0, 0, 0, 0, 0, 0, 1, 1], [6, 2, 2])]
        {
            for seed in 0..20 {
                let [train, validation, test] = Draws { labels: &labels, is_stratified: true, seed }.parts(sizes);
                assert_eq!([train.len(), validation.len(), test.len()], sizes);
                let mut classes: Vec<u8> = train.iter().map(|&index| labels[index]).collect();
                classes.sort_unstable();
                classes.dedup();
                assert_eq!(classes.len(), usize::from(*labels.iter().max().unwrap()) + 1, "{labels:?} {seed}");
            }
        }
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
