internal import NIOPosix

/// Runs tasks on a pool of threads that may be kept busy, in place of Swift's one thread a core.
final class WorkerExecutor: TaskExecutor {
    private let pool: NIOThreadPool

    init(pool: NIOThreadPool) {
        self.pool = pool
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A pool that has been shut down runs it at once: a task must be able to end.
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
