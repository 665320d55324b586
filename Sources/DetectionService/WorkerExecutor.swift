package import NIOPosix

/// Runs tasks on a pool of threads that may be kept busy, in place of Swift's one thread a core.
package final class WorkerExecutor: TaskExecutor {
    private let pool: NIOThreadPool

    package init(pool: NIOThreadPool) {
        self.pool = pool
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A pool that has been shut down runs it at once: a task must be able to end.
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
