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
    try await withThrowingTaskGroup(of: (Int, Output).self) { group in
        var begun = 0
        var handled = 0
        var waiting: [Int: Output] = [:]
        func begin() {
            // A slow element must not let an unbounded number of results wait for it.
            while begun < elements.count, begun - handled - waiting.count < inFlight, begun - handled < 16 * inFlight {
                let index = begun
                group.addTask(executorPreference: executor) { (index, try await work(elements[index])) }
                begun += 1
            }
        }
        begin()
        while let (index, output) = try await group.next() {
            waiting[index] = output
            while let next = waiting.removeValue(forKey: handled) {
                try handle(next)
                handled += 1
            }
            begin()
        }
    }
}
