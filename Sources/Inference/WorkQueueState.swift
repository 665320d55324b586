/// Who may work now and who waits: the rules of a ``WorkQueue``, without its waiting.
///
/// A pure state machine: each call says what the queue has to do about it. `Waiter` is whatever the queue resumes.
struct WorkQueueState<Waiter> {
    enum Entry: Equatable {
        case admitted
        case waiting
        case refused
    }

    private(set) var running = 0
    private var waiters: [(ticket: UInt64, waiter: Waiter)] = []
    private let slots: Int
    private let capacity: Int

    init(slots: Int, capacity: Int) {
        precondition(slots > 0 && capacity >= 0, "a queue has at least one slot and no negative capacity")
        self.slots = slots
        self.capacity = capacity
    }

    var depth: Int { waiters.count }

    /// Takes a slot if there is one.
    mutating func enterIfFree() -> Bool {
        guard running < slots else { return false }
        running += 1
        return true
    }

    /// Asks for a slot; `waiter` is kept only where the answer is `waiting`.
    mutating func enter(ticket: UInt64, waiter: Waiter) -> Entry {
        if enterIfFree() { return .admitted }
        guard waiters.count < capacity else { return .refused }
        waiters.append((ticket, waiter))
        return .waiting
    }

    /// Gives a slot back; it passes to the waiter returned, who is to be resumed.
    mutating func leave() -> Waiter? {
        guard !waiters.isEmpty else {
            running -= 1
            return nil
        }
        return waiters.removeFirst().waiter
    }

    /// Takes a waiter out of the queue; nil where it has left already.
    mutating func withdraw(ticket: UInt64) -> Waiter? {
        guard let position = waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return waiters.remove(at: position).waiter
    }
}
