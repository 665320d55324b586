package import Imaging

/// Decodes pictures: ordinary JPEGs in this process, and all others in processes where nothing can be lost.
package struct PictureDecoder: Sendable {
    /// Limits, and what to do about colour profiles and files that are cut off.
    package let options: DecodingOptions
    /// Processes for what is not an ordinary JPEG; nil decodes everything in this one.
    package let workers: DecodeWorkerPool?

    package init(_ options: DecodingOptions, workers: DecodeWorkerPool? = nil) {
        self.options = options
        self.workers = workers
    }

    /// Decodes a picture at full size.
    ///
    /// - Throws: As ``decode(_:_:forSide:)``.
    package func decode(_ bytes: [UInt8]) async throws -> RGBImage {
        try await decode(bytes, options, forSide: .max).pixels
    }

    /// Decodes a picture no larger than needed; blocks the thread, which should be a worker thread.
    ///
    /// If the task is cancelled, decoding ends within milliseconds.
    /// - Parameters:
    ///   - bytes: A complete picture.
    ///   - options: Options instead of the decoder's own.
    ///   - side: Length in pixels to which the longer side will be scaled, at least 1.
    /// - Returns: The picture, with its full size.
    /// - Throws: `ImageError`; `CancellationError`.
    package func decode(_ bytes: [UInt8], _ options: DecodingOptions, forSide side: Int) async throws -> ReducedImage {
        do {
            guard let workers else {
                return try ReducedImage.decode(bytes.span.bytes, options, forSide: side)
            }
            if let ordinary = try ReducedImage.decodeOrdinary(bytes.span.bytes, options, forSide: side) {
                return ordinary
            }
            return try await workers.decode(bytes, options, forSide: side)
        } catch {
            // A stopped decoder fails in its own ways.
            try Task.checkCancellation()
            throw error
        }
    }

    /// Reads a picture's format and size from its header; blocks the thread.
    ///
    /// - Throws: `ImageError`; `CancellationError`.
    package func info(_ bytes: [UInt8], limits: ImageLimits? = nil) async throws -> ImageInfo {
        let limits = limits ?? options.limits
        // The header of a JPEG is read by libjpeg alone, which allocates nothing in proportion to it.
        guard let workers, ImageFormat.sniff(bytes.span.bytes) != .jpeg else {
            return try ImageInfo(reading: bytes.span.bytes, limits: limits)
        }
        do {
            return try await workers.info(bytes, limits: limits)
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }
}
