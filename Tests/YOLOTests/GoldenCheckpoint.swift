import Foundation

/// What Scripts/checkpoint-golden.py wrote of a checkpoint in Tests/Fixtures/checkpoints.
struct GoldenCheckpoint: Decodable {
    /// A picture that the network was applied to, and what PyTorch computed.
    struct Picture: Decodable {
        var height: Int
        var width: Int
        var outputs: [Output]

        /// `[height, width, 3]`, as the script makes it.
        var pixels: [UInt8] {
            (0..<UInt32(height * width * 3)).map { UInt8(($0 &* 2_654_435_761) >> 24) }
        }
    }

    /// The values of an output.
    struct Output: Decodable {
        var shape: [Int]
        var float32: Data

        var values: [Float] {
            float32.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: 4).map { offset in
                    Float(bitPattern: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                }
            }
        }
    }

    var names: [String]
    var strides: [Int]
    /// Width and height in pixels, by head and anchor.
    var anchors: [[[Float]]]
    var inputSide: Int
    var maskCoefficients: Int
    var parameters: Int
    var pictures: [Picture]

    /// All of them by name.
    static let all: [String: GoldenCheckpoint] = {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try? Data(contentsOf: URL(filePath: Fixtures.path("checkpoints/expected.json")))
        return data.flatMap { try? decoder.decode([String: GoldenCheckpoint].self, from: $0) } ?? [:]
    }()
}
