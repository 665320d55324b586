import Inference
import YOLO

extension Network {
    /// Compiles the network in single precision, with pixels as input.
    func compiled() throws -> CompiledModel {
        try model.takePixels(dynamicSize: isDynamic)
        return try model.compile(CompileOptions(precision: .f32, streams: 1, threads: 1))
    }
}

extension CompiledModel {
    /// Runs the network on a picture.
    ///
    /// - Parameters:
    ///   - height: Height in pixels.
    ///   - width: Width in pixels.
    ///   - pixels: `[height, width, 3]`, RGB.
    /// - Returns: The outputs, in row-major order.
    /// - Throws: ``InferenceError`` if the run fails.
    func outputs(height: Int, width: Int, pixels: [UInt8]) async throws -> [(shape: [Int], values: [Float])] {
        try await withRequest { request in
            try request.withInputPixels(height: height, width: width) { _ = $0.update(from: pixels) }
            try await request.infer()
            return try request.withOutputs { $0.map { ($0.dimensions, Array($0.values)) } }
        }
    }
}
