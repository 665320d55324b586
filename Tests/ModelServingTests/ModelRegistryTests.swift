import Foundation
import ModelServing
import ObjectDetection
import Synchronization
import TestSupport
import Testing
import YOLO

/// A directory of fake model files, and a registry that loads a detector named after their contents.
final class ModelRegistryFixture {
    let directory: TemporaryDirectory
    let registry: ModelRegistry
    /// The loaded files in order, by name and content.
    let loaded: Loaded

    final class Loaded: Sendable {
        let names = Mutex<[String]>([])
        /// Called during a load.
        let interruption = Mutex<(@Sendable () throws -> Void)?>(nil)
    }

    init() throws {
        directory = try TemporaryDirectory()
        let loaded = Loaded()
        self.loaded = loaded
        registry = ModelRegistry(directory: directory.path, defaultName: "first") { file in
            let content = try String(contentsOfFile: file.path, encoding: .utf8)
            loaded.names.withLock { $0.append("\(file.name) \(content)") }
            try loaded.interruption.withLock { $0 }?()
            guard content != "broken" else { throw YOLOError(.invalidModel, "it is broken") }
            return RuleDetector(model: ModelDescription(name: file.name, labels: LabelMap([content])))
        }
    }

    func write(_ content: String, to name: String) throws {
        try directory.write("\(name).onnx", text: content)
    }

    func remove(_ name: String) throws {
        try directory.remove("\(name).onnx")
    }

    /// The served models, by name and content.
    var served: [String] { registry.models.map { "\($0.name) \($0.labels[0])" } }

    func loadedSince() -> [String] {
        loaded.names.withLock { names in
            defer { names = [] }
            return names
        }
    }
}

@Suite struct ModelRegistryTests {
    @Test("the default model is loaded first, and an unchanged file only once") func order() async throws {
        let fixture = try ModelRegistryFixture()
        for name in ["a", "first", "z"] { try fixture.write("1", to: name) }
        #expect(try await fixture.registry.reload().added == ["first", "a", "z"])
        #expect(fixture.loadedSince().first == "first 1")
        #expect(try await fixture.registry.reload().isEmpty)
        #expect(fixture.loadedSince().isEmpty)
    }

    @Test("a broken file is tried once, reported until it changes, and leaves the previous model in place")
    func broken()
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

    @Test("the watcher waits until a file is unchanged, or missing, in two polls") func settling() async throws {
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

    @Test("the default model is served even if its file is removed") func defaultModel() async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        _ = try await fixture.registry.reload()
        try fixture.remove("first")
        #expect(try await fixture.registry.reload().isEmpty)
        #expect(fixture.served == ["first 1"])
    }

    @Test("a file that is replaced while it is loaded is loaded again at the next poll") func replacedMeanwhile()
        async throws
    {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        let file = fixture.directory.url.appending(path: "first.onnx")
        fixture.loaded.interruption.withLock { interruption in
            interruption = { try Data("two".utf8).write(to: file, options: .atomic) }
        }
        _ = try await fixture.registry.reload()
        fixture.loaded.interruption.withLock { $0 = nil }
        #expect(try await fixture.registry.reload().replaced == ["first"])
        #expect(fixture.served == ["first two"])
    }

    @Test("failures that are not caused by the file are retried", arguments: [true, false])
    func passing(isCancellation: Bool) async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        fixture.loaded.interruption.withLock { interruption in
            interruption = { throw isCancellation ? CancellationError() : YOLOError(.failed, "no memory") }
        }
        _ = try? await fixture.registry.reload()
        #expect(fixture.served.isEmpty)
        fixture.loaded.interruption.withLock { $0 = nil }
        #expect(try await fixture.registry.reload().added == ["first"])
    }

    @Test("a missing directory leaves all models in place") func folder() async throws {
        let fixture = try ModelRegistryFixture()
        try fixture.write("1", to: "first")
        _ = try await fixture.registry.reload()
        try FileManager.default.removeItem(at: fixture.directory.url)
        let error = await #expect(throws: ModelServingError.self) { try await fixture.registry.reload() }
        #expect(error?.code == .unreadableDirectory)
        #expect(fixture.served == ["first 1"])
    }
}
