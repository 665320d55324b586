import Foundation
import Storage
import Testing

/// A real Redis on a port of its own, with its files in a temporary directory; it goes with its owner.
final class RedisServer: Sendable {
    /// Whether tests with a program can run: also where it is missing and the environment says that no test may be skipped
    /// (`OSPREY_TEST_ASSETS=required`), so that they fail instead.
    static func mayUse(_ program: String) -> Bool {
        ProcessInfo.processInfo.environment["OSPREY_TEST_ASSETS"] == "required" || path(of: program) != nil
    }

    let port: Int
    private let options: [String]
    private let directory: TemporaryDirectory
    private nonisolated(unsafe) var process: Process?

    /// Starts a server with further settings, such as `--requirepass`.
    init(_ options: [String] = []) throws {
        port = try Self.freePort()
        self.options = options
        directory = try TemporaryDirectory()
        try start()
    }

    deinit {
        kill()
    }

    /// Starts the server again, on the same port.
    func start() throws {
        let executable = try #require(Self.path(of: "redis-server"), "install redis-server")
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

    /// Ends the server at once, as a loss of power does.
    func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Sends a command through Redis' own client and gives the lines of its answer.
    @discardableResult
    func command(_ arguments: [String]) throws -> [String] {
        let executable = try #require(Self.path(of: "redis-cli"), "install redis-tools")
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

    /// A port that nobody listens on, below those that the system gives to clients: a client that tries to reach a
    /// server that is away would in the end be given the server's own port, and talk to itself.
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

    static func path(of executable: String) -> String? {
        ["/usr/local/bin", "/usr/bin"].map { "\($0)/\(executable)" }
            .first(where: FileManager.default.isExecutableFile(atPath:))
    }
}

extension RedisServer {
    /// A server for all tests that leave it as it is.
    static var shared: RedisServer { get throws { try sharedResult.get() } }

    private static let sharedResult = Result {
        // What is static has no deinitialiser.
        atexit {
            guard let server = try? RedisServer.shared else { return }
            server.kill()
            try? FileManager.default.removeItem(atPath: server.directory.path)
        }
        return try RedisServer()
    }

    /// The server's address, with what goes before the host and behind the port.
    func address(credentials: String = "", suffix: String = "") throws -> RedisAddress {
        try RedisAddress("redis://\(credentials)127.0.0.1:\(port)\(suffix)")
    }
}

/// Keys of a server that no other test uses.
struct RedisKeyspace {
    let server: RedisServer
    let prefix = "{test-\(UUID().uuidString)}:"

    /// A store with these keys, as a replica opens it.
    func store(quota: Int = 1 << 20, timeToLive: Int = 0) throws -> RedisImageStore {
        try RedisImageStore(server.address(), prefix: prefix, quotaBytes: quota, timeToLiveSeconds: timeToLive)
    }

    /// Sends a command about a key through Redis' own client and gives the lines of its answer.
    @discardableResult
    func command(_ name: String, _ key: String, _ arguments: String...) throws -> [String] {
        try server.command([name, prefix + key] + arguments)
    }

    /// What pictures take, by their keys, and the sums.
    func costs() throws -> [String: Int] {
        let lines = try command("HGETALL", "costs")
        let pairs = stride(from: 0, to: lines.count - 1, by: 2).map { (lines[$0], Int(lines[$0 + 1])) }
        return Dictionary(uniqueKeysWithValues: pairs).compactMapValues(\.self)
    }

    /// Checks that what the store counts is what is there.
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
    /// Skips a test, or a suite, where there is no Redis.
    static var needsRedis: Self { needs("redis-server") }

    /// Skips a test, or a suite, where a program of Debian's package of that name is missing.
    static func needs(_ program: String) -> Self {
        .enabled(if: RedisServer.mayUse(program), "needs \(program): apt-get install \(program)")
    }
}
