/// Numbers of parallel pictures and inference threads: as configured, or according to the CPU budget.
package struct InferencePlan: Equatable, Sendable {
    /// The CPU budget that the plan is for.
    package let budget: CPUBudget
    /// Pictures in the network at the same time.
    package let streams: Int
    /// Inference threads over all streams.
    package let threads: Int

    /// - Parameters:
    ///   - streams: Configured number of streams; nil for one per core.
    ///   - threads: Configured number of threads; nil for one per core, and at least one per stream.
    ///   - budget: The CPU budget.
    package init(streams: Int?, threads: Int?, budget: CPUBudget) {
        let streams = streams ?? budget.cores
        self.budget = budget
        self.streams = streams
        self.threads = threads ?? max(streams, budget.cores)
    }

    /// Pictures processed at the same time: while a stream runs one picture, the next is decoded.
    package var slots: Int { 2 * streams }
}
