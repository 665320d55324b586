internal import Hummingbird
internal import Imaging
internal import Inference
internal import NIOHTTP1
internal import Storage

extension Problem {
    /// The one place where errors become HTTP statuses.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as ImageError: self.init(error)
        case let error as InferenceError: self.init(error)
        case let error as StorageError: self.init(error)
        case let error as MultipartError: self.init(error)
        case let error as HTTPError where error.status == .notFound:
            self.init(.notFound, "There is nothing at this address; /docs lists what there is.")
        case let error as HTTPError where error.status.kind == .clientError:
            self.init(.malformed, error.body ?? "The request cannot be understood.")
        case is HTTPParserError:
            self.init(.malformed, "The request is not valid HTTP.", headers: [.connection: "close"])
        case is CancellationError: self.init(.busy, "The service is shutting down.", headers: [.retryAfter: "5"])
        default: self.init(.internalError, "Something failed inside the service; its log has the details.")
        }
    }

    private init(_ error: ImageError) {
        switch error.code {
        case .notAnImage, .unsupportedFormat: self.init(.unsupportedMediaType, error.message)
        case .corrupt, .unsupportedSize: self.init(.invalid, error.message)
        case .invalidTransform:
            // The other steps fit every picture.
            let error = ValidationError(location: ["body", "crop"], message: error.message, type: "out_of_range")
            self.init(errors: [error])
        case .tooLarge: self.init(.tooLarge, error.message)
        default: self.init(.internalError, "The picture could not be written; the service's log has the details.")
        }
    }

    private init(_ error: InferenceError) {
        // A full queue does not come here: it is answered where the time to wait is known.
        self.init(.internalError, "The network could not be run; the service's log has the details.")
    }

    private init(_ error: StorageError) {
        switch error.code {
        case .full: self.init(.storeFull, error.message)
        case .notFound: self.init(.notFound, error.message)
        case .damaged: self.init(.internalError, error.message)
        case .unavailable: self.init(.storeUnavailable, error.message, headers: [.retryAfter: "1"])
        default: self.init(.internalError, "The store could not be used; the service's log has the details.")
        }
    }

    private init(_ error: MultipartError) {
        switch error.code {
        case .tooManyParts, .headersTooLarge, .partTooLarge: self.init(.tooLarge, error.message)
        case .unsupported: self.init(.unsupportedMediaType, error.message)
        default: self.init(.malformed, error.message)
        }
    }
}
