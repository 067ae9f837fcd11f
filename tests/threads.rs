//! One test in a process of its own, because it counts the process's threads.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kindling::evaluate::knn::{Index, Vectors};
use kindling::evaluate::trustworthiness::trustworthiness;
use kindling::run::in_worker_pool;
use kindling::seed::{Purpose, Stream};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Once they started a thread a core inside every worker: four threads on two cores.
#[test]
fn measures_in_a_worker_use_its_threads_and_start_none_of_their_own() {
    let mut stream = Stream::new(3, Purpose::Data, 0);
    let values: Vec<f32> = (0..6_000 * 16).map(|_| stream.normal() as f32).collect();
    let points = Vectors { values: &values, width: 16 };
    // As many workers as cores: one thread each.
    let workers = rayon::current_num_threads();
    let (done, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let started = in_worker_pool(workers, || {
        // The matrix products' own pool, if it ever starts, has started.
        Index::new(points).nearest(points, 5);
        threads()
    });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(threads(), Ordering::Relaxed);
            }
        });
        in_worker_pool(workers, || {
            Index::new(points).nearest(points, 5);
            trustworthiness(points, points, 5);
        });
        done.store(true, Ordering::Relaxed);
    });
    // The thread that counts, and a second pool of one thread while the first goes away.
    let most = most.into_inner();
    assert!(most > 0 && most <= started + 2, "{most} threads, {started} before");
}
