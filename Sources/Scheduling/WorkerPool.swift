internal import NIOPosix

/// Threads for blocking and CPU-bound work, which must not occupy Swift's cooperative threads.
///
/// As a task executor it runs whole tasks on its threads; ``run(_:)`` runs a single closure.
package final class WorkerPool: TaskExecutor {
    private let threads: NIOThreadPool

    /// Starts the threads, which run until the process ends.
    ///
    /// - Parameter threadCount: At least 1.
    package init(threadCount: Int) {
        threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A pool that was shut down runs the job immediately, so that its task can end.
        threads.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs asynchronous code on the worker threads, which it may block.
    ///
    /// - Throws: `CancellationError` if the task was cancelled before `body` started; errors of `body`.
    package func perform<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        return try await withTaskExecutorPreference(self) { try await body() }
    }

    /// Runs `body` on a worker thread.
    ///
    /// - Throws: `CancellationError` if the task was cancelled before `body` started; errors of `body`.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try Task.checkCancellation()
        return try await threads.runIfActive(body)
    }
}
