import Foundation
import TestSupport

/// Expected values for a checkpoint in Tests/Fixtures/checkpoints, written by Tools/Goldens/checkpoint_golden.py.
struct GoldenCheckpoint: Decodable {
    /// An input picture, and the outputs that PyTorch computed for it.
    struct Picture: Decodable {
        var height: Int
        var width: Int
        var outputs: [Output]

        /// Pixels `[height, width, 3]`, generated like the script's.
        var pixels: [UInt8] {
            (0..<UInt32(height * width * 3)).map { UInt8(($0 &* 2_654_435_761) >> 24) }
        }
    }

    /// An output of the network.
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
    /// Anchor widths and heights in pixels, by head and anchor.
    var anchors: [[[Float]]]
    var inputSide: Int
    var maskCoefficients: Int
    var parameters: Int
    var pictures: [Picture]

    /// All checkpoints by name.
    static let all: [String: GoldenCheckpoint] = goldens("checkpoints/expected.json")
}

/// Returns the expected values in a file of Tests/Fixtures, by name; none if it cannot be read.
func goldens<Golden: Decodable>(_ path: String) -> [String: Golden] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = try? Data(contentsOf: URL(filePath: Fixtures.path(path)))
    return data.flatMap { try? decoder.decode([String: Golden].self, from: $0) } ?? [:]
}
