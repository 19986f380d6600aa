//! Runs spread over threads, each on threads of its own.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Compute, FitError};

/// How many runs are made at once, and with how many threads each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crew {
    /// Runs at once.
    pub runs: usize,
    /// Threads of each.
    pub threads: usize,
}

impl Crew {
    /// As many runs as there are cores for `trials` small ones: a thread for each is faster than all threads for one
    /// after the other, whose batches are too small to share. A GPU is given one run at a time.
    pub fn of(trials: usize, compute: &Compute) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        if compute.is_gpu() {
            return Self {
                runs: 1,
                threads: cores,
            };
        }
        let runs = trials.clamp(1, cores);
        Self {
            runs,
            threads: cores / runs,
        }
    }
}

/// Makes all `jobs`, and gives each to `done` with its index as soon as it is over, on the thread of the caller.
///
/// # Errors
/// The first error of a job or of `done`, as soon as the jobs under way are over.
pub(super) fn spread<J: Sync, O: Send, E: From<FitError>>(
    jobs: &[J],
    crew: Crew,
    make: impl Fn(&J) -> Result<O, FitError> + Sync,
    mut done: impl FnMut(usize, O) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..crew.runs)
            .map(|_| {
                let (next, send, make) = (&next, send.clone(), &make);
                scope.spawn(move || work(jobs, make, crew.threads, next, &send))
            })
            .collect();
        drop(send);
        let outcome = receive
            .iter()
            .try_for_each(|(index, made): Made<O>| done(index, made?));
        // Nobody begins another one.
        next.store(jobs.len(), Ordering::Relaxed);
        for worker in workers {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
        outcome
    })
}

type Made<O> = (usize, Result<O, FitError>);

/// Makes one job after the other, until there is none left.
fn work<J, O>(
    jobs: &[J],
    make: impl Fn(&J) -> Result<O, FitError> + Sync,
    threads: usize,
    next: &AtomicUsize,
    send: &mpsc::Sender<Made<O>>,
) where
    J: Sync,
    O: Send,
{
    let pool = pool(threads);
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(index) else {
            return;
        };
        // Inside the pool, whatever a backend computes in parallel stays on the pool's threads.
        let made = match &pool {
            Some(pool) => pool.install(|| make(job)),
            None => make(job),
        };
        if send.send((index, made)).is_err() {
            return;
        }
    }
}

/// Threads for one run; without them, which no system refuses for long, it takes those of all.
fn pool(threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).build().ok()
}
