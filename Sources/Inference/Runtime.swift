internal import COpenVINO

/// OpenVINO's core: reads and compiles models for the CPU.
///
/// Safe to share: OpenVINO's `ov::Core` may be used from several threads at once ("Core … is thread-safe", its
/// documentation of `ov::Core`).
public final class Runtime: @unchecked Sendable {
    /// The build of OpenVINO in use.
    public static let version = String(cString: cov_version())

    let handle: OpaquePointer

    /// The one core of the process, which is never freed.
    ///
    /// Freeing it unloads the code that OpenVINO's threads run. A thread that has told of its last result may still be
    /// on its way out of that code, and nothing waits for it.
    private struct Core: @unchecked Sendable {
        static let shared = Result { try Core() }

        let handle: OpaquePointer

        init() throws {
            var created: OpaquePointer?
            try check(cov_core_create(&created))
            handle = try unwrap(created)
        }
    }

    /// Starts the runtime, or joins the one that runs.
    ///
    /// - Throws: ``InferenceError`` when OpenVINO cannot be started.
    public init() throws {
        handle = try Core.shared.get().handle
    }
}

/// Turns a status of the bridge into a throw.
func check(_ status: COVStatus) throws {
    guard status != COV_OK else { return }
    throw InferenceError(InferenceError.Code(status), conciseMessage(String(cString: cov_last_error())))
}

func unwrap(_ handle: OpaquePointer?) throws -> OpaquePointer {
    guard let handle else { throw InferenceError(.failed, "OpenVINO answered success without a result") }
    return handle
}

/// OpenVINO's messages carry the stack of its checks; the last lines say what happened.
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
