internal import Basics
internal import Inference

/// An error in loading or compiling a model.
package struct YOLOError: ExplainedError, Sendable {
    /// Kind of failure.
    package enum Code: String, Sendable {
        /// The file cannot be read or does not hold a supported model.
        case invalidModel = "invalid_model"
        /// The inference runtime failed.
        case failed
    }

    package var code: Code
    /// What is wrong and how to fix it, phrased to follow the model's name or path ("it has …").
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Calls `body` and converts any error that it throws to ``YOLOError``.
    static func wrapping<Result>(_ body: () throws -> Result) throws(YOLOError) -> Result {
        do {
            return try body()
        } catch let error as YOLOError {
            throw error
        } catch let error as InferenceError {
            throw YOLOError(error.code == .invalidModel ? .invalidModel : .failed, error.message, cause: error)
        } catch {
            throw YOLOError(.failed, error.explanation, cause: error)
        }
    }
}

extension YOLOError: CustomStringConvertible {
    /// The code and the message.
    package var description: String { "\(code.rawValue): \(message)" }
}
