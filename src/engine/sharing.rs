//! What the workers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::analyzer::Reserves;

/// How far each worker is, and what is left for all of them.
pub(super) struct Sharing<'a> {
    reserves: Mutex<&'a mut Reserves>,
    /// All tasks of a worker before this order are done.
    done: Vec<Order>,
}

/// An order that has its cache line to itself, as its worker writes it with
/// every task. Processors fetch lines in pairs.
#[repr(align(128))]
struct Order(AtomicU64);

impl<'a> Sharing<'a> {
    pub(super) fn new(reserves: &'a mut Reserves, workers: usize, order: u64) -> Self {
        let done = (0..workers).map(|_| Order(AtomicU64::new(order))).collect();
        Self { reserves: Mutex::new(reserves), done }
    }

    /// Takes note that a worker has done everything before `order`.
    #[inline]
    pub(super) fn has_done(&self, worker: usize, order: u64) {
        if let Some(Order(done)) = self.done.get(worker) {
            done.store(order, Ordering::Release);
        }
    }

    /// Nobody has to wait for a worker that has gone.
    pub(super) fn has_gone(&self, worker: usize) {
        self.has_done(worker, u64::MAX);
    }

    /// The reserves, when the other workers have done everything before
    /// `order`. They never wait for this one in the meantime, but for somebody
    /// to take what they have rendered.
    pub(super) fn at(&self, worker: usize, order: u64) -> MutexGuard<'_, &'a mut Reserves> {
        for (index, Order(done)) in self.done.iter().enumerate() {
            while index != worker && done.load(Ordering::Acquire) < order {
                thread::yield_now();
            }
        }
        self.now()
    }

    /// The reserves as they are, for what needs no order.
    pub(super) fn now(&self) -> MutexGuard<'_, &'a mut Reserves> {
        self.reserves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
