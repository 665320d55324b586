internal import ArgumentParser
internal import Inference
internal import Scheduling

/// `osprey version`: prints versions.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the versions of Osprey and OpenVINO, and the number of cores."
    )

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let budget = CPUBudget.current()
        if json {
            return try printJSON(Report(osprey: Osprey.version, openvino: Runtime.version, cores: budget.cores))
        }
        print("Osprey \(Osprey.version), OpenVINO \(Runtime.version), \(budget.cores) cores")
    }

    private struct Report: Encodable {
        var osprey: String
        var openvino: String
        var cores: Int
    }
}
