internal import Dispatch
package import Imaging
internal import Synchronization

/// A picture of a video.
package struct VideoFrame: Sendable {
    /// Number of the picture in its source, from 0; the skipped ones count if every Nth is read.
    package let index: Int
    /// Time in seconds since the source's start.
    package let time: Double
    /// When it was read.
    package let arrival: ContinuousClock.Instant
    /// The pixels, at reduced resolution if that is enough.
    package let picture: ReducedImage

    package init(index: Int, time: Double, arrival: ContinuousClock.Instant, picture: ReducedImage) {
        self.index = index
        self.time = time
        self.arrival = arrival
        self.picture = picture
    }
}

/// The pictures of one source, from the thread that reads them to the task that uses them.
///
/// Their memory is reused: a picture that is released makes room for a later one.
package final class FrameQueue: Sendable {
    /// What happens when pictures come faster than they are used.
    package enum Policy: Sendable {
        /// The reader waits.
        case wait
        /// The newest picture takes the place of the one before.
        case newest
    }

    private struct Memory: @unchecked Sendable {
        let start: UnsafeMutablePointer<UInt8>
        let count: Int
    }

    private struct State {
        var free: [Memory] = []
        /// Buffers that exist, in use or free.
        var count = 0
        var ready: [VideoFrame] = []
        var waiting: CheckedContinuation<Void, Never>?
        var isClosed = false
        var failure: VideoError?
        var dropped = 0
        var problem: String?
        var isDiscarded = false

        mutating func takeWaiting() -> CheckedContinuation<Void, Never>? {
            defer { waiting = nil }
            return waiting
        }
    }

    /// Memory for pictures that no one wants yet.
    package struct Buffer: ~Copyable {
        package let start: UnsafeMutablePointer<UInt8>
        package let count: Int
    }

    private let policy: Policy
    private let maximumBuffers: Int
    private let state = Mutex(State())
    private let isFreed = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - policy: What happens when pictures come faster than they are used.
    ///   - buffers: Pictures in memory, at least 3: one being read, one ready, and those in use.
    package init(policy: Policy, buffers: Int) {
        precondition(buffers >= 3, "one is read while one is ready and one in use")
        self.policy = policy
        maximumBuffers = buffers
    }

    deinit {
        state.withLock { state in
            for memory in state.free { memory.start.deallocate() }
        }
    }

    /// Pictures that were read but not used, because newer ones came.
    package var dropped: Int { state.withLock(\.dropped) }

    /// What the decoder complained about, although it went on to the end; nil for nothing.
    package var problem: String? { state.withLock(\.problem) }

    func note(problem: String?) { state.withLock { $0.problem = problem } }

    /// Waits for the next picture.
    ///
    /// - Returns: The picture; nil after the last one.
    /// - Throws: ``VideoError`` after the last picture if the source failed; `CancellationError`.
    package func next() async throws -> VideoFrame? {
        while true {
            try Task.checkCancellation()
            let taken = state.withLock { state in state.ready.isEmpty ? nil : state.ready.removeFirst() }
            if let taken { return taken }
            let (isClosed, failure) = state.withLock { ($0.isClosed, $0.failure) }
            if isClosed {
                if let failure { throw failure }
                return nil
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        guard state.ready.isEmpty, !state.isClosed else { return true }
                        state.waiting = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                close()
            }
        }
    }

    /// Ends the queue: the reader stops, and pictures that are ready can still be taken.
    ///
    /// - Parameter failure: Why the source ended; nil for its regular end.
    package func close(_ failure: VideoError? = nil) {
        let waiting = state.withLock { state in
            if !state.isClosed { (state.isClosed, state.failure) = (true, failure) }
            return state.takeWaiting()
        }
        isFreed.signal()
        waiting?.resume()
    }

    /// Closes the queue, and gives up what nobody took: a picture that waits here keeps the queue alive.
    package func discard() {
        close()
        let rest = state.withLock { state in
            state.isDiscarded = true
            defer { state.ready = [] }
            return state.ready
        }
        // Released outside of the lock, which giving back their memory takes.
        withExtendedLifetime(rest) {}
    }

    /// Returns memory for a picture, and waits for it if all is in use; nil if the queue was closed.
    ///
    /// Blocks the thread.
    package func buffer(count: Int) -> Buffer? {
        while true {
            let (memory, isClosed, released) = state.withLock { state -> (Memory?, Bool, [VideoFrame]) in
                guard !state.isClosed else { return (nil, true, []) }
                // After a change of size, the old memory does not fit.
                while let memory = state.free.popLast() {
                    if memory.count == count { return (memory, false, []) }
                    memory.start.deallocate()
                    state.count -= 1
                }
                guard state.count == maximumBuffers else {
                    state.count += 1
                    return (Memory(start: .allocate(capacity: count), count: count), false, [])
                }
                guard policy == .newest else { return (nil, false, []) }
                state.dropped += state.ready.count
                defer { state.ready = [] }
                return (nil, false, state.ready)
            }
            if let memory { return Buffer(start: memory.start, count: memory.count) }
            guard !isClosed else { return nil }
            // Released outside of the lock, which giving back their memory takes.
            if released.isEmpty { isFreed.wait() }
            withExtendedLifetime(released) {}
        }
    }

    /// Hands over a picture that was read.
    package func put(
        _ buffer: consuming Buffer,
        _ frame: (_ memory: UnsafeMutablePointer<UInt8>, _ release: @escaping FrameRelease) -> VideoFrame
    ) {
        let count = buffer.count
        let frame = frame(buffer.start) { [self] start in giveBack(Memory(start: start, count: count)) }
        let (waiting, replaced) = state.withLock { state in
            var replaced: [VideoFrame] = []
            guard !state.isDiscarded else { return (nil as CheckedContinuation<Void, Never>?, replaced) }
            if policy == .newest {
                state.dropped += state.ready.count
                swap(&replaced, &state.ready)
            }
            state.ready.append(frame)
            return (state.takeWaiting(), replaced)
        }
        withExtendedLifetime(replaced) {}
        waiting?.resume()
    }

    package typealias FrameRelease = @Sendable (UnsafeMutablePointer<UInt8>) -> Void

    /// Takes back memory that was not filled.
    func giveBack(_ buffer: consuming Buffer) {
        giveBack(Memory(start: buffer.start, count: buffer.count))
    }

    private func giveBack(_ memory: Memory) {
        state.withLock { $0.free.append(memory) }
        isFreed.signal()
    }
}
