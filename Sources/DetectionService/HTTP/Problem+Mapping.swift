internal import HTTPTypes
internal import Hummingbird
internal import Imaging
internal import JSONSchema
internal import ModelServing
internal import NIOHTTP1
internal import PictureFetching
internal import Scheduling
internal import Storage

// All errors are mapped to HTTP statuses in this file.

extension Problem.Kind {
    var status: HTTPResponse.Status {
        switch self {
        case .malformed: .badRequest
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .misdirected: .misdirectedRequest
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .notAcceptable: .notAcceptable
        case .slowRequest: .requestTimeout
        case .notProcessed: .conflict
        case .tooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .invalid: .unprocessableContent
        case .internalError: .internalServerError
        case .busy, .notReady, .storeUnavailable: .serviceUnavailable
        case .deadlineExceeded: .gatewayTimeout
        case .storeFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        }
    }
}

extension Problem {
    package init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as ValidationErrors: self.init(error)
        case let error as ImageError: self.init(error)
        case let error as SchedulingError: self.init(error)
        case let error as ModelServingError: self.init(error)
        case let error as StorageError: self.init(error)
        case let error as MultipartError: self.init(error)
        case let error as FetchError: self.init(error)
        case is ByteBudget.Exceeded:
            let message = "The service holds as many pictures as its memory limit allows; try again in a moment."
            self.init(.busy, message, headers: [.retryAfter: "1"])
        case is JSONWriter.LimitExceeded:
            self.init(.tooLarge, "The response is too large: use masks=rle, or lower max_detections.")
        case let error as HTTPError where error.status == .notFound:
            self.init(.notFound, "There is nothing at this address; /docs lists all calls.")
        case let error as HTTPError where error.status.kind == .clientError:
            self.init(.malformed, error.body ?? "The request is malformed.")
        case is HTTPParserError:
            self.init(.malformed, "The request is not valid HTTP.", headers: [.connection: "close"])
        case is CancellationError: self.init(.busy, "The service is shutting down.", headers: [.retryAfter: "5"])
        // Inference fails for reasons that the client cannot change.
        default: self.init(.internalError, "The service failed; its log has the details.")
        }
    }

    /// Maps an error of a dialect's call.
    init(_ error: any Error, in dialect: any Dialect.Type) {
        self.init(error)
        self.dialect = dialect
        cause = error
    }

    private init(_ errors: ValidationErrors) {
        let summary = errors.list.prefix(5).map { "\($0.location.joined(separator: ".")) \($0.message)" }
        self.init(.invalid, summary.joined(separator: "; ") + ".", errors: errors.list)
    }

    private init(_ error: ImageError) {
        switch error.code {
        case .notAnImage, .unsupportedFormat: self.init(.unsupportedMediaType, error.message)
        case .corrupt, .unsupportedSize, .decoderFailed: self.init(.invalid, error.message)
        case .invalidTransform:
            // The other steps are valid for every picture.
            self.init(ValidationErrors(at: ["body", "crop"], error.message, type: "out_of_range"))
        case .tooLarge: self.init(.tooLarge, error.message)
        default: self.init(.internalError, "The picture could not be encoded; the service's log has the details.")
        }
    }

    private init(_ error: SchedulingError) {
        switch error.code {
        case .queueFull:
            let seconds = max(1, (error.retryAfter / .seconds(1)).rounded(.up))
            self.init(.busy, error.message, headers: [.retryAfter: String(Int(seconds))])
        }
    }

    private init(_ error: ModelServingError) {
        switch error.code {
        case .unknownModel: self.init(.notFound, error.message)
        case .unusableModel: self.init(.invalid, error.message)
        case .isDefault: self.init(.forbidden, error.message)
        case .busy: self.init(.busy, error.message, headers: [.retryAfter: "5"])
        case .unreadableDirectory:
            self.init(
                .notReady,
                "The model directory cannot be read; the served models are unchanged.",
                headers: [.retryAfter: "30"]
            )
        }
    }

    private init(_ error: FetchError) {
        switch error.code {
        case .forbidden: self.init(.forbidden, error.message)
        case .invalid, .unreachable: self.init(.invalid, error.message)
        case .tooLarge: self.init(.tooLarge, error.message)
        }
    }

    private init(_ error: StorageError) {
        switch error.code {
        case .full: self.init(.storeFull, error.message)
        case .notFound: self.init(.notFound, error.message)
        case .notProcessed: self.init(.notProcessed, error.message)
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
