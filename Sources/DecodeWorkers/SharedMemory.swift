internal import CSandbox
internal import Glibc
internal import Synchronization

/// Memory that this process shares with a decoder; pages are allocated when they are first used.
final class SharedMemory: Sendable {
    let file: CInt
    /// Size in bytes.
    let capacity: Int
    private let address: UInt

    /// - Parameters:
    ///   - capacity: Size in bytes, which nobody can change.
    ///   - isWritable: Whether this process writes to it.
    init?(capacity: Int, isWritable: Bool) {
        file = csandbox_memory(capacity)
        let protection = PROT_READ | (isWritable ? PROT_WRITE : 0)
        let start = file < 0 ? MAP_FAILED : mmap(nil, capacity, protection, MAP_SHARED, file, 0)
        address = start == MAP_FAILED ? 0 : UInt(bitPattern: start)
        self.capacity = capacity
        if address == 0 { return nil }
    }

    deinit {
        if let start { munmap(start, capacity) }
        if file >= 0 { close(file) }
    }

    /// The first byte; valid as long as this object.
    var start: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: address) }
}

/// Memory of one size that is used again: faults on new pages would take longer than many pictures.
final class SharedMemoryPool: Sendable {
    /// Size in bytes up to which used memory is kept.
    private static let keptBytes = 8 << 20

    private let capacity: Int
    private let isWritable: Bool
    private let keptCount: Int
    private let kept = Mutex<[SharedMemory]>([])

    /// - Parameters:
    ///   - capacity: Size of each piece in bytes, at least 1.
    ///   - isWritable: Whether this process writes to it.
    ///   - keptCount: Maximum number of unused pieces to keep.
    init(capacity: Int, isWritable: Bool, keptCount: Int) {
        self.capacity = capacity
        self.isWritable = isWritable
        self.keptCount = keptCount
    }

    /// Returns memory with any content, or nil if the system has none.
    func take() -> SharedMemory? {
        kept.withLock { $0.popLast() } ?? SharedMemory(capacity: capacity, isWritable: isWritable)
    }

    /// Returns memory of which `count` bytes were used, and which no decoder writes to any more.
    func giveBack(_ memory: SharedMemory, used count: Int) {
        guard count <= Self.keptBytes else { return }
        kept.withLock { kept in
            if kept.count < keptCount { kept.append(memory) }
        }
    }
}
