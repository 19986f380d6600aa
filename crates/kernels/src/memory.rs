//! Memory that the next update uses again.

/// Has the system's allocator keep what is freed, instead of giving it back. Call it first in `main`.
///
/// Every update of a training allocates and frees the same tensors. glibc gives free memory at the end of its heap back
/// to the system at every chance, and takes it again page by page, which the system fills with zeros each time: in an
/// MLP of 784-256-128-10 that was 370 page faults and two fifths of an update's time. The process then stays as large as
/// it ever was, which in training it is at every update.
///
/// Does something with glibc on Linux and only before the process has a second thread; returns whether it did.
///
/// ```standalone_crate
/// let kept = kernels::keep_freed_memory();
/// # let faults = || -> usize {
/// #     let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
/// #     stat.split(' ').nth(9).map_or(0, |number| number.parse().unwrap())
/// # };
/// let update = || {
///     let tensor = |_| std::hint::black_box(vec![1_u8; 8 << 20]); // 2,048 pages
///     drop((0..5).map(tensor).collect::<Vec<_>>());
/// };
/// update();
/// let before = faults();
/// (0..10).for_each(|_| update());
/// assert!(!kept || faults() - before < 1000);
/// # assert_eq!(kept, cfg!(all(target_os = "linux", target_env = "gnu")));
/// ```
pub fn keep_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return glibc::keep();
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    return false;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// Smaller allocations come from the heap; larger ones, as those of a data set, are mapped and given back.
    const HEAP: i32 = 1 << 30;

    pub(super) fn keep() -> bool {
        let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        if threads != 1 {
            return false;
        }
        let set = |parameter, value| {
            // SAFETY: the call takes two numbers and keeps no pointer. It writes what other threads read while they
            // allocate, without a lock; there is no other thread, as was just seen, and only this one could start it.
            #[allow(unsafe_code, reason = "glibc's own switch has no safe form")]
            let accepted = unsafe { libc::mallopt(parameter, value) };
            accepted == 1
        };
        set(libc::M_MMAP_THRESHOLD, HEAP) && set(libc::M_TRIM_THRESHOLD, i32::MAX)
    }
}
