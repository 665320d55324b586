internal import Inference
internal import Logging

/// How many pictures are worked on at a time, with how many threads: what was asked for, or what the CPU allows.
struct InferencePlan: Equatable {
    /// What the CPU allows.
    let budget: CPUBudget
    /// Pictures in the network at the same time.
    let streams: Int
    /// Inference threads over all streams.
    let threads: Int

    /// - Parameters:
    ///   - streams: How many were asked for, if it was said.
    ///   - threads: Likewise.
    ///   - budget: What the CPU allows.
    init(streams: Int?, threads: Int?, budget: CPUBudget) {
        let streams = streams ?? budget.cores
        self.budget = budget
        self.streams = streams
        self.threads = threads ?? max(streams, budget.cores)
    }

    init(_ configuration: ServeConfiguration, budget: CPUBudget) {
        self.init(streams: configuration.streams, threads: configuration.threads, budget: budget)
    }

    /// Twice as many as streams: while a stream works on one picture, the next is decoded.
    var slots: Int { 2 * streams }

    /// The plan as metadata of a log line.
    var metadata: Logger.Metadata {
        [
            "cores": "\(budget.cores)", "physical_cores": "\(budget.physicalCores)", "affinity": "\(budget.affinity)",
            "quota": "\(budget.quota.map { "\($0)" } ?? "none")", "streams": "\(streams)", "threads": "\(threads)",
        ]
    }
}
