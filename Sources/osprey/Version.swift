internal import ArgumentParser
internal import Inference
internal import Scheduling

/// `osprey version`: prints versions.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the versions of Osprey and OpenVINO, the number of cores, and the devices for --device."
    )

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let budget = CPUBudget.current()
        let devices = try Runtime().devices
        if json {
            return try printJSON(
                Report(
                    osprey: Osprey.version,
                    openvino: Runtime.version,
                    cores: budget.cores,
                    devices: devices.map { Report.Device(name: $0.name, title: $0.title) }
                )
            )
        }
        print("Osprey \(Osprey.version), OpenVINO \(Runtime.version), \(budget.cores) cores")
        for device in devices { print("device \(device.name): \(device.title)") }
    }

    private struct Report: Encodable {
        var osprey: String
        var openvino: String
        var cores: Int
        var devices: [Device]

        struct Device: Encodable {
            var name: String
            var title: String
        }
    }
}
