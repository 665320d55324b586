internal import COpenVINO

/// OpenVINO's core, which reads models and compiles them for a device.
///
/// Safe to share: OpenVINO documents `ov::Core` as thread-safe.
package final class Runtime: @unchecked Sendable {
    /// Build number of the OpenVINO library.
    package static let version = String(cString: cov_version())

    /// A processor that runs networks.
    package struct Device: Hashable, Sendable {
        /// Name that OpenVINO knows it by, such as `CPU` or `GPU.0`.
        package let name: String
        /// Name of the product; empty if the driver does not say.
        package let title: String
    }

    let handle: OpaquePointer

    /// The only core of the process, which is never freed.
    ///
    /// Freeing it would unload code that OpenVINO's threads may still be executing after they have reported their last
    /// result, and nothing waits for those threads.
    private struct Core: @unchecked Sendable {
        static let shared = Result { try Core() }

        let handle: OpaquePointer

        init() throws {
            var created: OpaquePointer?
            try check(cov_core_create(&created))
            handle = try unwrap(created)
        }
    }

    /// Starts the runtime, or reuses the one that is already running.
    ///
    /// - Throws: ``InferenceError`` if OpenVINO cannot be started.
    package init() throws {
        handle = try Core.shared.get().handle
    }

    /// The devices whose plugins and drivers are installed.
    package var devices: [Device] {
        String(cString: cov_core_devices(handle)).split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", maxSplits: 1)
            return Device(name: String(parts[0]), title: parts.count > 1 ? String(parts[1]) : "")
        }
    }
}

/// Throws an error if a call to the bridge failed.
func check(_ status: COVStatus) throws {
    guard status != COV_OK else { return }
    throw InferenceError(InferenceError.Code(status), conciseMessage(String(cString: cov_last_error())))
}

func unwrap(_ handle: OpaquePointer?) throws -> OpaquePointer {
    guard let handle else { throw InferenceError(.failed, "OpenVINO reported success but returned no result") }
    return handle
}

/// Shortens an OpenVINO message to at most 500 characters, without the lines that trace its nested exceptions.
func conciseMessage(_ message: String) -> String {
    let lines = message.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("Exception from") }
    return lines.prefix(4).joined(separator: " ").prefix(500).description
}

extension InferenceError.Code {
    init(_ status: COVStatus) {
        switch status {
        case COV_INVALID_MODEL: self = .invalidModel
        case COV_INVALID_ARGUMENT: self = .invalidArgument
        default: self = .failed
        }
    }
}
