import Foundation
import Storage
import TestSupport
import Testing

/// A real Redis on its own port, with its files in a temporary directory; it is killed when its owner is released.
final class RedisServer: Sendable {
    /// Returns whether tests that need a program should run.
    ///
    /// With `OSPREY_TEST_ASSETS=required` they run even if the program is missing, and fail instead of being skipped.
    static func mayUse(_ program: String) -> Bool {
        ProcessInfo.processInfo.environment["OSPREY_TEST_ASSETS"] == "required" || path(of: program) != nil
    }

    let port: Int
    private let options: [String]
    private let directory: TemporaryDirectory
    private nonisolated(unsafe) var process: Process?

    /// Starts a server with additional options, such as `--requirepass`.
    init(_ options: [String] = []) throws {
        port = try Self.freePort()
        self.options = options
        directory = try TemporaryDirectory(inMemory: true)
        try start()
    }

    deinit {
        kill()
    }

    /// Starts the server again, on the same port.
    func start() throws {
        let executable = try #require(Self.path(of: "redis-server"), "run Scripts/setup test")
        process = try run(
            executable,
            ["--bind", "127.0.0.1", "--port", "\(port)", "--dir", directory.path, "--save", ""] + options
        )
        let end = Date.now + 10
        while try !command(["PING"]).contains(where: { $0.contains(/PONG|NOAUTH/) }) {
            try #require(Date.now < end, "redis-server does not start")
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    /// Kills the server, as in a power failure.
    func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Sends a command with redis-cli and returns the lines of the reply.
    @discardableResult
    func command(_ arguments: [String]) throws -> [String] {
        let executable = try #require(Self.path(of: "redis-cli"), "run Scripts/setup test")
        let output = Pipe()
        let process = try run(executable, ["-p", "\(port)"] + arguments, output: output)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map(String.init)
    }

    private func run(_ executable: String, _ arguments: [String], output: Pipe? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Returns a free port below the system's range of ephemeral ports.
    ///
    /// A client that keeps trying to reach a stopped server could otherwise be given the server's port as its own, and
    /// connect to itself.
    static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            if let listener = try? Listener(port: port) {
                listener.close()
                return port
            }
        }
        throw StorageError(.failed, "there is no free port")
    }

    /// Returns the path of a program on `PATH`, where `Scripts/test` adds what `Scripts/setup` installs.
    static func path(of executable: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(executable)" }
            .first(where: FileManager.default.isExecutableFile(atPath:))
    }
}

extension RedisServer {
    /// The server shared by all tests that do not change it.
    static var shared: RedisServer { get throws { try sharedResult.get() } }

    private static let sharedResult = Result {
        // Static values are never deinitialised.
        atexit {
            guard let server = try? RedisServer.shared else { return }
            server.kill()
            try? FileManager.default.removeItem(atPath: server.directory.path)
        }
        return try RedisServer()
    }

    /// Returns the server's address with credentials before the host and a suffix after the port.
    func address(credentials: String = "", suffix: String = "") throws -> RedisAddress {
        try RedisAddress("redis://\(credentials)127.0.0.1:\(port)\(suffix)")
    }
}

/// A key prefix on a server that no other test uses.
struct RedisKeyspace {
    let server: RedisServer
    let prefix = "{test-\(UUID().uuidString)}:"

    /// Opens a store with this prefix, as a replica does.
    func store(quota: Int = 1 << 20, timeToLive: Int = 0) throws -> RedisImageStore {
        try RedisImageStore(server.address(), prefix: prefix, quotaBytes: quota, timeToLiveSeconds: timeToLive)
    }

    /// Sends a command for a key with redis-cli and returns the lines of the reply.
    @discardableResult
    func command(_ name: String, _ key: String, _ arguments: String...) throws -> [String] {
        try server.command([name, prefix + key] + arguments)
    }

    /// Returns the space that each picture takes, by key, and the totals.
    func costs() throws -> [String: Int] {
        let lines = try command("HGETALL", "costs")
        let pairs = stride(from: 0, to: lines.count - 1, by: 2).map { (lines[$0], Int(lines[$0 + 1])) }
        return Dictionary(uniqueKeysWithValues: pairs).compactMapValues(\.self)
    }

    /// Expects that the store's bookkeeping matches its contents.
    func expectConsistent(quota: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var costs = try costs()
        let used = costs.removeValue(forKey: "used") ?? 0
        let usedByUploads = costs.removeValue(forKey: "uploads") ?? 0
        costs["sequence"] = nil
        #expect(used <= quota, sourceLocation: sourceLocation)
        #expect(used == costs.values.reduce(0, +), sourceLocation: sourceLocation)
        let uploads = costs.filter { $0.key.hasPrefix("upload:") }
        #expect(usedByUploads == uploads.values.reduce(0, +), sourceLocation: sourceLocation)

        let pictures = try server.command(["--scan", "--pattern", "\(prefix)*:*"])
        #expect(
            Set(pictures.map { String($0.dropFirst(prefix.count)) }) == Set(costs.keys),
            sourceLocation: sourceLocation
        )
        for (key, kind) in [("uploads", "upload"), ("recency", "processed")] {
            let listed = Set(try command("ZRANGE", key, "0", "-1").map { "\(kind):\($0)" })
            #expect(listed == Set(costs.keys.filter { $0.hasPrefix(kind) }), sourceLocation: sourceLocation)
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test or suite if Redis is not installed.
    static var needsRedis: Self { needs("redis-server") }

    /// Skips a test or suite if a program is missing.
    static func needs(_ program: String) -> Self {
        .enabled(if: RedisServer.mayUse(program), "needs \(program): run Scripts/setup test")
    }
}
