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

    init(_ configuration: ServeConfiguration, budget: CPUBudget) {
        self.budget = budget
        streams = configuration.streams ?? budget.cores
        threads = configuration.threads ?? max(streams, budget.cores)
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
