internal import Synchronization

/// Runs a task for each element, a bounded number at a time, and handles the results in order.
///
/// - Parameters:
///   - elements: The elements.
///   - inFlight: Maximum number of running tasks, at least 1.
///   - executor: Runs the tasks.
///   - work: The task for an element.
///   - handle: Receives the results in the order of the elements.
/// - Throws: The first error of `work` or `handle`; the other tasks are then cancelled.
package func forEachInOrder<Element: Sendable, Output: Sendable>(
    _ elements: [Element],
    inFlight: Int,
    on executor: any TaskExecutor,
    _ work: @escaping @Sendable (Element) async throws -> Output,
    handle: (Output) throws -> Void
) async throws {
    let rest = Mutex(elements.makeIterator())
    try await forEachInOrder({ rest.withLock { $0.next() } }, inFlight: inFlight, on: executor, work, handle: handle)
}

/// Runs a task for each element that comes, a bounded number at a time, and handles the results in order.
///
/// - Parameters:
///   - next: Waits for the next element; nil after the last one.
///   - inFlight: Maximum number of running tasks, at least 1.
///   - executor: Runs the tasks.
///   - work: The task for an element.
///   - handle: Receives the results in the order of the elements.
/// - Throws: The first error of `work` or `handle`; the other tasks are then cancelled. Errors of `next`, after the
///   results of the elements before.
package func forEachInOrder<Element: Sendable, Output: Sendable>(
    _ next: @escaping @Sendable () async throws -> Element?,
    inFlight: Int,
    on executor: any TaskExecutor,
    _ work: @escaping @Sendable (Element) async throws -> Output,
    handle: (Output) throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: TaskEvent<Element, Output>.self) { group in
        var begun = 0
        var handled = 0
        var waiting: [Int: Output] = [:]
        var isExpecting = false
        var end: (isReached: Bool, failure: (any Error)?) = (false, nil)
        func expect() {
            // A slow element must not let an unbounded number of results wait for it.
            guard !isExpecting, !end.isReached, begun - handled - waiting.count < inFlight,
                begun - handled < 16 * inFlight
            else { return }
            isExpecting = true
            group.addTask(executorPreference: executor) {
                do {
                    return try await next().map { .element($0) } ?? .end(nil)
                } catch {
                    return .end(error)
                }
            }
        }
        expect()
        while let event = try await group.next() {
            switch event {
            case .element(let element):
                let index = begun
                group.addTask(executorPreference: executor) { .output(index, try await work(element)) }
                begun += 1
                isExpecting = false
            case .end(let failure): end = (true, failure)
            case .output(let index, let output):
                waiting[index] = output
                while let next = waiting.removeValue(forKey: handled) {
                    try handle(next)
                    handled += 1
                }
            }
            expect()
        }
        if let failure = end.failure { throw failure }
    }
}

private enum TaskEvent<Element: Sendable, Output: Sendable>: Sendable {
    case element(Element)
    case end((any Error)?)
    case output(Int, Output)
}
