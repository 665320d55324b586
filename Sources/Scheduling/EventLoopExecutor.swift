package import NIOCore

/// Runs a connection's tasks on the thread that reads and writes its socket, so that no other thread has to wake up.
///
/// CPU-bound and blocking work must not run here; it belongs in a ``WorkerPool``.
package final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
