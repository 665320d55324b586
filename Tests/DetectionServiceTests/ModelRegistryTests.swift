import DetectionService
import Foundation
import Inference
import ObjectDetection
import Synchronization
import Testing
import YOLO

/// A folder of files that are no models, and a registry that loads a detector named after what is in them.
final class ModelRegistryFixture {
    let directory: URL
    let registry: ModelRegistry
    /// What was loaded, in order, by name and content.
    let loaded: Loaded

    final class Loaded: Sendable {
        let names = Mutex<[String]>([])
        /// Called in the middle of a load.
        let interruption = Mutex<(@Sendable () throws -> Void)?>(nil)
    }

    init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "osprey-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        self.directory = directory
        let loaded = Loaded()
        self.loaded = loaded
        registry = ModelRegistry(directory: directory.path, defaultName: "first") { file in
            let content = try String(contentsOfFile: file.path, encoding: .utf8)
            loaded.names.withLock { $0.append("\(file.name) \(content)") }
            try loaded.interruption.withLock { $0 }?()
            guard content != "broken" else { throw InferenceError(.invalidModel, "it is broken") }
            return RuleDetector(model: ModelDescription(name: file.name, labels: LabelMap([content])))
        }
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func write(_ content: String, to name: String) throws {
        try Data(content.utf8).write(to: directory.appending(path: "\(name).onnx"), options: .atomic)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: directory.appending(path: "\(name).onnx"))
    }

    /// What is served, by name and content.
    var served: [String] { registry.models.map { "\($0.name) \($0.labels[0])" } }

    func loadedSince() -> [String] {
        loaded.names.withLock { names in
            defer { names = [] }
            return names
        }
    }
}

@Suite struct ModelRegistryTests {
    @Test("the default model is loaded first, and a file that has not changed only once") func order() async throws {
        let fixture = try ModelRegistryFixture()
        for name in ["a", "first", "z"] { try fixture.write("1", to: name) }
        #expect(try await fixture.registry.reload().added == ["first", "a", "z"])
        #expect(fixture.loadedSince().first == "first 1")
        #expect(try await fixture.registry.reload().isEmpty)
        #expect(fixture.loadedSince().isEmpty)
    }

    @Test("a broken file leaves what was served, is told of as long as it lasts, and is tried once") func broken()
        async throws
    {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        _ = try await fixture.registry.reload()
        try fixture.write("broken", to: "first")
        for _ in 0..<2 {
            #expect(try await fixture.registry.reload().failed == ["first": "it is broken"])
            #expect(fixture.served == ["first 1"])
        }
        #expect(fixture.loadedSince() == ["first 1", "first broken"])
        try fixture.write("2", to: "first")
        #expect(try await fixture.registry.reload().replaced == ["first"])
        #expect(fixture.served == ["first 2"])
    }

    @Test("the watcher waits until a file was the same, or gone, at two looks") func settling() async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        try fixture.write("1", to: "a")
        _ = try await fixture.registry.reload()
        func look() async throws -> [String] {
            _ = try await fixture.registry.reload(onlySettled: true)
            return fixture.served
        }
        try fixture.write("2", to: "a")
        #expect(try await look() == ["a 1", "first 1"])
        try fixture.write("three", to: "a")
        #expect(try await look() == ["a 1", "first 1"])
        #expect(try await look() == ["a three", "first 1"])
        try fixture.remove("a")
        #expect(try await look() == ["a three", "first 1"])
        try fixture.write("four", to: "a")
        #expect(try await look() == ["a three", "first 1"])
        #expect(try await look() == ["a four", "first 1"])
        try fixture.remove("a")
        _ = try await look()
        #expect(try await look() == ["first 1"])
    }

    @Test("the default model is served on without its file") func defaultModel() async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        _ = try await fixture.registry.reload()
        try fixture.remove("first")
        #expect(try await fixture.registry.reload().isEmpty)
        #expect(fixture.served == ["first 1"])
    }

    @Test("a file that is replaced while it is loaded is loaded again at the next look") func replacedMeanwhile()
        async throws
    {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        let file = fixture.directory.appending(path: "first.onnx")
        fixture.loaded.interruption.withLock { interruption in
            interruption = { try Data("two".utf8).write(to: file, options: .atomic) }
        }
        _ = try await fixture.registry.reload()
        fixture.loaded.interruption.withLock { $0 = nil }
        #expect(try await fixture.registry.reload().replaced == ["first"])
        #expect(fixture.served == ["first two"])
    }

    @Test("what has nothing to do with a file is tried again", arguments: [true, false])
    func passing(isCancellation: Bool) async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        fixture.loaded.interruption.withLock { interruption in
            interruption = { throw isCancellation ? CancellationError() : InferenceError(.failed, "no memory") }
        }
        _ = try? await fixture.registry.reload()
        #expect(fixture.served.isEmpty)
        fixture.loaded.interruption.withLock { $0 = nil }
        #expect(try await fixture.registry.reload().added == ["first"])
    }

    @Test("a folder that is gone leaves all models") func folder() async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        _ = try await fixture.registry.reload()
        try FileManager.default.removeItem(at: fixture.directory)
        await #expect(throws: ModelFolderError.self) { try await fixture.registry.reload() }
        #expect(fixture.served == ["first 1"])
    }
}
