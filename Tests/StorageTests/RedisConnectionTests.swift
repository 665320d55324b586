import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("Redis connections", .needsRedis)
struct RedisConnectionTests {
    @Test("threads share a bounded number of connections")
    func bounded() throws {
        let server = try RedisServer()
        let store = try RedisImageStore(server.address(), connectionCount: 3)
        let failures = Mutex<[String]>([])
        onThreads(16) { thread in
            do {
                for seed in 0..<20 { try store.store(upload: .sample(seed: thread * 20 + seed, count: 10_000)) }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try server.command(["CLIENT", "LIST"]).count == 3 + 1, "redis-cli's own connection is listed too")
        #expect(try store.uploads(after: nil, limit: .max).count == 320)
    }

    @Test("closed connections are reopened and lost scripts are sent again without an error")
    func closedByServer() throws {
        let server = try RedisServer()
        let store = try RedisImageStore(server.address())
        for seed in 0..<3 {
            #expect(try store.store(upload: .sample(seed: seed)))
            try server.command(["CLIENT", "KILL", "TYPE", "normal"])
            try server.command(["SCRIPT", "FLUSH"])
        }
        #expect(try store.uploads(after: nil, limit: 10).count == 3)
    }

    @Test("user, password and database are taken from the address")
    func login() throws {
        let server = try RedisServer(
            ["--requirepass", "s3cret", "--user", "osprey", "on", ">p@ss:/", "~*", "&*", "+@all"]
                + ["--user", "reader", "on", ">p@ss", "~*", "&*", "+ping", "+hmget"]
        )
        for credentials in [":s3cret@", "default:s3cret@", "osprey:p%40ss%3A%2F@"] {
            for database in ["", "/1"] {
                let store = try RedisImageStore(server.address(credentials: credentials, suffix: database))
                #expect(try store.store(upload: .sample(seed: 1)))
                #expect(try store.deleteUpload(StoredImage.sample(seed: 1).metadata.id))
            }
        }
        let refused = ["", ":wrong@", "osprey:s3cret@", "nobody:s3cret@"].map { ($0, "") } + [(":s3cret@", "/16")]
        for (credentials, database) in refused {
            let store = try RedisImageStore(server.address(credentials: credentials, suffix: database))
            for _ in 0..<2 {
                let error = #expect(throws: StorageError.self) { try store.check() }
                #expect(error?.code == .failed)
                #expect(error?.description.contains("s3cret") == false)
            }
        }
        let reader = try RedisImageStore(server.address(credentials: "reader:p%40ss@"))
        #expect(try reader.upload(.coco(1)) == nil)
        let error = #expect(throws: StorageError.self) { try reader.store(upload: .sample(seed: 1)) }
        #expect(error?.code == .failed)
    }

    @Test("databases are separate from each other")
    func databases() throws {
        let server = try RedisServer()
        let stores = try ["", "/1"].map { try RedisImageStore(server.address(suffix: $0)) }
        #expect(try stores[0].store(upload: .sample(seed: 1)))
        #expect(try stores[1].uploads(after: nil, limit: 1).isEmpty)
    }
}

@Suite("encrypted Redis connections", .needsRedis, .needs("openssl"))
struct RedisTLSTests {
    private let directory: TemporaryDirectory
    private let server: RedisServer
    private let port: Int

    init() throws {
        directory = try TemporaryDirectory(inMemory: true)
        for (name, subject) in [("server", "IP:127.0.0.1,DNS:localhost"), ("other", "IP:127.0.0.1")] {
            let process = Process()
            process.executableURL = try URL(filePath: #require(RedisServer.path(of: "openssl")))
            process.arguments =
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=osprey"
                .split(separator: " ").map(String.init)
                + ["-addext", "subjectAltName=\(subject)", "-keyout", "\(directory.path)/\(name).key"]
                + ["-out", "\(directory.path)/\(name).pem"]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
        }
        port = try RedisServer.freePort()
        server = try RedisServer([
            "--bind", "127.0.0.1", "127.0.0.2", "--tls-port", "\(port)", "--tls-auth-clients", "no",
            "--tls-cert-file", "\(directory.path)/server.pem", "--tls-key-file", "\(directory.path)/server.key",
        ])
    }

    @Test("a server with a certificate for its name or address is trusted", arguments: ["127.0.0.1", "localhost"])
    func trusted(host: String) throws {
        let store = try RedisImageStore(RedisAddress("rediss://\(host):\(port)/1?ca=\(directory.path)/server.pem"))
        let image = StoredImage.sample(seed: 1, count: 3_000_000)
        #expect(try store.store(upload: image))
        for _ in 0..<3 { #expect(try store.upload(image.metadata.id) == image) }
        try server.command(["CLIENT", "KILL", "TYPE", "normal"])
        #expect(try store.deleteUpload(image.metadata.id))
    }

    @Test("an untrusted server is rejected, as is TLS on one side of the connection only")
    func untrusted() throws {
        let addresses = [
            ("the system's certificates", "rediss://127.0.0.1:\(port)"),
            ("another certificate", "rediss://127.0.0.1:\(port)?ca=\(directory.path)/other.pem"),
            ("another address", "rediss://127.0.0.2:\(port)?ca=\(directory.path)/server.pem"),
            ("a server without TLS", "rediss://127.0.0.1:\(server.port)?ca=\(directory.path)/server.pem"),
            ("a client without TLS", "redis://127.0.0.1:\(port)"),
        ]
        for (name, address) in addresses {
            let store = try RedisImageStore(RedisAddress(address))
            let error = #expect(throws: StorageError.self, "\(name)") { try store.check() }
            #expect(error?.code == .unavailable, "\(name)")
        }
    }

    @Test(
        "unreadable certificates are reported when the store is opened",
        arguments: ["missing.pem", "server.key"]
    )
    func noCertificates(file: String) throws {
        let address = try RedisAddress("rediss://127.0.0.1:\(port)?ca=\(directory.path)/\(file)")
        let error = #expect(throws: StorageError.self) { try RedisImageStore(address) }
        #expect(error?.code == .failed)
        #expect(error?.message.contains("ca=") == true)
    }
}
