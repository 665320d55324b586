internal import COpenVINO

/// OpenVINO's core, which reads models and compiles them for the CPU.
///
/// Safe to share: OpenVINO documents `ov::Core` as thread-safe.
package final class Runtime: @unchecked Sendable {
    /// Build number of the OpenVINO library.
    package static let version = String(cString: cov_version())

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
