import Dispatch
import Imaging
import Testing
import Video

@Suite struct FrameQueueTests {
    private static func add(_ index: Int, to queue: FrameQueue) -> Bool {
        guard let buffer = queue.buffer(count: 12) else { return false }
        queue.put(buffer) { start, release in
            start.initialize(repeating: UInt8(index), count: 12)
            let image = RGBImage(width: 2, height: 2, adopting: start, deallocate: release)
            return VideoFrame(index: index, time: Double(index), arrival: .now, picture: ReducedImage(image))
        }
        return true
    }

    @Test("the newest picture takes the place of those that nobody took", .timeLimit(.minutes(1)))
    func newest() async throws {
        let queue = FrameQueue(policy: .newest, buffers: 4)
        for index in 0..<5 { #expect(Self.add(index, to: queue)) }
        let first = try await queue.next()
        #expect(first?.index == 4)
        // In use: it keeps its memory.
        for index in 5..<9 { #expect(Self.add(index, to: queue)) }
        #expect(try await queue.next()?.index == 8)
        #expect(first?.picture.pixels.withUnsafePixels { $0[0] } == 4)
        #expect(queue.dropped == 7)
        queue.close()
        #expect(try await queue.next() == nil)
    }

    @Test("a reader waits for memory, and every picture is used", .timeLimit(.minutes(1)))
    func waiting() async throws {
        let queue = FrameQueue(policy: .wait, buffers: 3)
        DispatchQueue(label: "reader").async {
            for index in 0..<100 { _ = Self.add(index, to: queue) }
            queue.close(VideoError(.unreadable, "ended early"))
        }
        for index in 0..<100 { #expect(try await queue.next()?.index == index) }
        await #expect(throws: VideoError.self) { try await queue.next() }
        #expect(queue.dropped == 0)
    }

    @Test("a queue whose pictures nobody took is released", arguments: [FrameQueue.Policy.wait, .newest])
    func release(policy: FrameQueue.Policy) {
        weak var released: FrameQueue?
        do {
            let queue = FrameQueue(policy: policy, buffers: 4)
            released = queue
            _ = Self.add(0, to: queue)
            queue.discard()
        }
        #expect(released == nil)
    }

    @Test("closing ends both sides, whichever waits", .timeLimit(.minutes(1)))
    func closing() async throws {
        let queue = FrameQueue(policy: .wait, buffers: 3)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await queue.next() }
            }
            try? await Task.sleep(for: .milliseconds(50))
            group.cancelAll()
        }
        #expect(!Self.add(0, to: queue))
    }
}
