//! The same work on many items, on every core.

use std::panic::resume_unwind;

/// `f` of every item, in the items' order. Which thread does what changes nothing.
pub fn parallel<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len()).max(1);
    let share = |first: usize| -> Vec<R> { items.iter().skip(first).step_by(threads).map(&f).collect() };
    let mut shares: Vec<std::vec::IntoIter<R>> = std::thread::scope(|scope| {
        let share = &share;
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        running.into_iter().map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic)).into_iter()).collect()
    });
    (0..items.len()).filter_map(|index| shares[index % threads].next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_items_order() {
        for count in [0usize, 1, 2, 7, 100] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(parallel(&items, |i| i * i), items.iter().map(|i| i * i).collect::<Vec<_>>());
        }
    }
}
