import Foundation
import Storage
import Synchronization
import Testing

@Suite("a Redis outage", .needsRedis)
struct RedisOutageTests {
    @Test("after a restart under load, Redis is used again within five seconds and nothing stored is lost")
    func restart() throws {
        let server = try RedisServer(["--appendonly", "yes"])
        let keys = RedisKeyspace(server: server)
        let stores = [try keys.store(quota: 1 << 30), try keys.store(quota: 1 << 30)]
        let isOver = Atomic(false)
        let acknowledged = Mutex<[ImageID]>([])
        let lastSuccess = Mutex<[ContinuousClock.Instant]>(Array(repeating: .now, count: 6))
        let failures = Mutex<[String: Int]>([:])
        let load = Thread {
            onThreads(6) { thread in
                let store = stores[thread % 2]
                for number in 0... {
                    guard !isOver.load(ordering: .relaxed) else { break }
                    let image = StoredImage.sample(seed: number * 6 + thread, count: 2000)
                    do {
                        try store.store(upload: image)
                        acknowledged.withLock { $0.append(image.metadata.id) }
                        try store.store(processed: .sample(image.metadata.id, seed: number, count: 1000))
                        if try store.processed(image.metadata.id) == nil { throw StorageError(.notFound, "processed") }
                        lastSuccess.withLock { $0[thread] = .now }
                    } catch {
                        let code = (error as? StorageError).map { "\($0.code)" } ?? "\(error)"
                        failures.withLock { $0[code, default: 0] += 1 }
                        // Short, like a client that retries at once.
                        Thread.sleep(forTimeInterval: 0.001)
                    }
                }
            }
        }
        load.start()
        Thread.sleep(forTimeInterval: 0.5)
        server.kill()
        Thread.sleep(forTimeInterval: 0.7)
        let before = acknowledged.withLock(\.count)
        try server.start()
        let start = ContinuousClock.now
        while lastSuccess.withLock({ $0.min() ?? start }) < start, ContinuousClock.now - start < .seconds(5) {
            Thread.sleep(forTimeInterval: 0.01)
        }
        #expect(lastSuccess.withLock { $0.min() ?? start } > start, "every thread succeeds again")
        isOver.store(true, ordering: .relaxed)
        while !load.isFinished { Thread.sleep(forTimeInterval: 0.01) }

        let codes = failures.withLock { $0 }
        #expect(Set(codes.keys) == ["unavailable"], "\(codes)")
        #expect(before > 0)
        let ids = Set(try stores[0].uploads(after: nil, limit: .max).map(\.id))
        #expect(acknowledged.withLock { $0.filter { !ids.contains($0) } } == [])
        try keys.expectConsistent(quota: 1 << 30)
    }
}
