internal import Synchronization

/// Counts bytes that are held in memory against a limit shared by all requests.
final class ByteBudget: Sendable {
    private let remaining: Mutex<Int>

    init(limit: Int) {
        remaining = Mutex(limit)
    }

    /// - Returns: Whether there was room.
    func take(_ count: Int) -> Bool {
        remaining.withLock { remaining in
            guard remaining >= count else { return false }
            remaining -= count
            return true
        }
    }

    /// Bytes that were taken, given back with the last reference.
    final class Share: Sendable {
        private let budget: ByteBudget
        private let count: Int

        init(of budget: ByteBudget, count: Int) {
            self.budget = budget
            self.count = count
        }

        deinit { budget.giveBack(count) }
    }

    func giveBack(_ count: Int) {
        remaining.withLock { $0 += count }
    }
}
