import DecodeWorkers
import Foundation
import Imaging
import Testing

@Suite("Decode workers", .serialized) struct DecodeWorkerTests {
    /// A pool of decoders that misbehave on demand; each has a second of CPU time.
    private static func pool(seconds: Int = 1) -> DecodeWorkerPool {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let built = [folder, URL(filePath: FileManager.default.currentDirectoryPath).appending(path: ".build/release")]
            .map { $0.appending(path: "FaultyDecoder").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        return DecodeWorkerPool(
            limits: .init(idleCount: 1, cpuSeconds: seconds, maximumPixels: 1_000_000),
            program: built ?? ""
        )
    }

    private static func decoder(_ pool: DecodeWorkerPool) -> PictureDecoder {
        PictureDecoder(DecodingOptions(limits: ImageLimits(maximumPixels: 1_000_000)), workers: pool)
    }

    /// A PPM of two pixels.
    private static let picture = Array("P6 2 1 255\n".utf8) + [1, 2, 3, 4, 5, 6]

    @Test("a picture is decoded in another process, behind all fences that the system has")
    func decodes() async throws {
        let pool = Self.pool()
        let fences = try pool.start()
        #expect(Set(["seccomp", "no new privileges", "limits", "not dumpable"]).isSubset(of: fences))
        let image = try await Self.decoder(pool).decode(Self.picture)
        #expect(image.withUnsafePixels { Array($0) } == [1, 2, 3, 4, 5, 6])
        let info = try await Self.decoder(pool).info(Self.picture)
        #expect((info.width, info.height, info.format) == (2, 1, .ppm))
        #expect(pool.failures.isEmpty)
    }

    @Test("errors arrive as they are thrown in this process")
    func errors() async throws {
        let decoder = Self.decoder(Self.pool())
        for (bytes, code) in [
            (Array("P6 0 1 255\n".utf8), .corrupt), (Array("P6 5000 5000 255\n".utf8), .tooLarge),
            (Array("nothing".utf8), .notAnImage), (Array("8BPS".utf8), .unsupportedFormat), ([], .notAnImage),
        ] as [([UInt8], ImageError.Code)] {
            let expected = #expect(throws: ImageError.self) { try RGBImage.decode(bytes.span.bytes, decoder.options) }
            let error = await #expect(throws: ImageError.self) { try await decoder.decode(bytes) }
            #expect(error?.code == code)
            #expect(error?.message == expected?.message)
        }
    }

    @Test(
        "a picture that makes its decoder fail is rejected, and the next one is decoded",
        arguments: [
            ("crash", [.ended]), ("overflow", [.ended]), ("exit", [.ended]), ("garbage", [.garbled]),
            ("hang", [.stalled]),
            // On a busy machine, the time passes before the CPU time does.
            ("allocate", [.ended, .stalled]), ("spin", [.ended, .stalled]),
        ] as [(String, [DecodeWorkerPool.Failure])]
    )
    func failures(fault: String, expected: [DecodeWorkerPool.Failure]) async throws {
        let pool = Self.pool()
        let decoder = Self.decoder(pool)
        let start = ContinuousClock.now
        let error = await #expect(throws: ImageError.self) { try await decoder.decode(Array("P6 \(fault)\n".utf8)) }
        #expect(error?.code == .decoderFailed)
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(expected.contains { pool.failures == [$0: 1] })
        #expect(try await decoder.decode(Self.picture).width == 2)
    }

    @Test(
        "a decoder that a picture has taken over reaches nothing",
        arguments: ["file", "write", "socket", "process", "code", "signal"]
    )
    func fences(attempt: String) async throws {
        let pool = Self.pool()
        let decoder = Self.decoder(pool)
        await #expect(throws: ImageError.self) { try await decoder.decode(Array("P6 \(attempt)\n".utf8)) }
        // It ends if it was refused, and hangs if it succeeded.
        #expect(pool.failures == [.ended: 1])
        #expect(!FileManager.default.fileExists(atPath: "/tmp/osprey-fault"))
    }

    @Test("a cancelled task ends its decoder at once")
    func cancellation() async throws {
        let pool = Self.pool(seconds: 30)
        let decoder = Self.decoder(pool)
        try pool.start()
        let task = Task { try await decoder.decode(Array("P6 hang\n".utf8)) }
        try await Task.sleep(for: .milliseconds(200))
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .milliseconds(100))
        #expect(try await decoder.decode(Self.picture).width == 2)
    }

    @Test("many tasks decode at once, whatever others do")
    func concurrency() async throws {
        let pool = Self.pool()
        let decoder = Self.decoder(pool)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    guard number.isMultiple(of: 5) else { return try await decoder.decode(Self.picture).width == 2 }
                    await #expect(throws: ImageError.self) { try await decoder.decode(Array("P6 exit\n".utf8)) }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(pool.failures == [.ended: 12])
    }
}
