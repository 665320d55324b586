import Testing
import osprey

@Suite struct SettingsTests {
    private static func settings(_ given: [(String, String)]) throws -> Settings {
        try Settings(given: given.map { (name: $0.0, value: $0.1) }, file: nil, known: [])
    }

    @Test("values are parsed and checked against their ranges")
    func values() throws {
        let settings = try Self.settings([
            ("test-port", "80"), ("test-wait", "1.5"), ("test-form", "b"), ("test-list", "a, b"),
        ])
        #expect(try settings.integer("test-port", in: 1...100) == 80)
        #expect(try settings.seconds("test-wait", default: 0) == .seconds(1.5))
        #expect(try settings.choice("test-form", of: [("a", 1), ("b", 2)], default: 1) == 2)
        #expect(try settings.list("test-list", of: "letters") { $0.count == 1 } == ["a", "b"])
        #expect(settings.text("test-missing") == nil)
        #expect(settings.text("test-missing", default: "x") == "x")
        #expect(try settings.integer("test-missing", in: 1...100, default: 7) == 7)
    }

    @Test("an invalid value is an error that names the setting")
    func invalid() throws {
        let settings = try Self.settings([
            ("test-port", "x"), ("test-wait", "-1"), ("test-form", "c"), ("test-list", "aa"),
        ])
        let calls: [(String, () throws -> Void)] = [
            ("test-port", { _ = try settings.integer("test-port", in: 1...100) }),
            ("test-wait", { _ = try settings.seconds("test-wait", default: 0) }),
            ("test-form", { _ = try settings.choice("test-form", of: [("a", 1)], default: 1) }),
            ("test-list", { _ = try settings.list("test-list", of: "letters") { $0.count == 1 } }),
        ]
        for (name, call) in calls {
            let error = #expect(throws: CommandError.self) { try call() }
            #expect(error?.message.contains("The setting \(name) must be") == true)
        }
    }
}
