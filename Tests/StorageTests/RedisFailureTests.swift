import Foundation
import Storage
import Testing

@Suite("Redis failures")
struct RedisFailureTests {
    /// Bytes sent in place of a reply, and the expected error code.
    struct Answer: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let code: StorageError.Code

        init(_ name: String, _ text: String, _ code: StorageError.Code) {
            self.init(name, Array(text.utf8), code)
        }

        init(_ name: String, _ bytes: [UInt8], _ code: StorageError.Code) {
            (testDescription, self.bytes, self.code) = (name, bytes, code)
        }
    }

    private static let pong = Array("+PONG\r\n".utf8)

    static let wrongAnswers = [
        Answer("a type unknown to Redis' protocol", "hello\r\n", .unavailable),
        Answer("a negative length", "$-2\r\n", .unavailable),
        Answer("a length that is not a number", "$x\r\n", .unavailable),
        Answer("a length that exceeds a machine word", "$99999999999999999999\r\n", .unavailable),
        Answer("an array of 16 GB of pointers", "*2147483647\r\n", .unavailable),
        Answer("an array of negative length", "*-2\r\n", .unavailable),
        Answer("deeply nested arrays", String(repeating: "*1\r\n", count: 30), .unavailable),
        Answer("two replies", "+OK\r\n+OK\r\n", .unavailable),
        Answer("a closed connection", "", .unavailable),
        Answer("an error without a code", "-\r\n", .failed),
        Answer("an error that is not UTF-8", [UInt8(ascii: "-"), 0xFF, 0xFE, 0x0D, 0x0A], .failed),
        Answer("an error of a server that is starting", "-LOADING wait\r\n", .unavailable),
        Answer("a number", ":9223372036854775807\r\n", .failed),
        Answer("a status", "+OK\r\n", .failed),
        Answer("a string", "$1\r\nx\r\n", .failed),
        Answer("a null string", "$-1\r\n", .failed),
        Answer("an empty array", "*0\r\n", .failed),
        Answer("a null array", "*-1\r\n", .failed),
        Answer("an array that is too short", "*1\r\n$1\r\nx\r\n", .failed),
        Answer("an array of numbers", "*6\r\n" + String(repeating: ":1\r\n", count: 6), .damaged),
        Answer("an array of arrays", "*6\r\n" + String(repeating: "*0\r\n", count: 6), .damaged),
        Answer("an array of pairs", "*1\r\n*2\r\n$3\r\nabc\r\n*0\r\n", .failed),
    ]

    @Test("after a wrong reply, every call fails or succeeds at once", arguments: wrongAnswers)
    func answer(answer: Answer) throws {
        let impostor = try RedisImpostor([Self.pong, answer.bytes])
        let store = try impostor.store(timeout: .seconds(5))
        let upload = StoredImage.sample(seed: 1)
        let calls: [() throws -> Void] = [
            { _ = try store.upload(upload.metadata.id) },
            { _ = try store.uploads(after: nil, limit: .max) },
            { _ = try store.deleteUpload(upload.metadata.id) },
            { _ = try store.processed(upload.metadata.id) },
            { _ = try store.processedMetadata(upload.metadata.id) },
            { try store.store(upload: upload) },
            { try store.store(processed: .sample(.coco(1), seed: 1)) },
            { try store.check() },
        ]
        let time = try ContinuousClock().measure {
            let error = #expect(throws: StorageError.self) { try store.uploadMetadata(.coco(1)) }
            #expect(error?.code == answer.code, "\(error as Any)")
            for call in calls {
                // Some of the replies are valid for some of the calls.
                do { try call() } catch is StorageError {}
            }
        }
        #expect(time < .seconds(5), "no call waited for more bytes")
    }

    static let endlessAnswers = [
        Answer("two gigabytes", Array("$2147483647\r\n".utf8) + Array(repeating: 0, count: 2 << 20), .unavailable),
        Answer("an endless line", Array(repeating: UInt8(ascii: "+"), count: 2 << 20), .unavailable),
        Answer("an array with a large last string", endlessArray, .unavailable),
    ]

    private static let endlessArray =
        Array("*4000\r\n".utf8) + Array(repeating: Array("$4\r\nabcd\r\n".utf8), count: 3999).joined()
        + Array("$2000000\r\n".utf8) + Array(repeating: 0, count: 2_000_000)

    @Test("a reply beyond the size limit is not read", arguments: endlessAnswers)
    func endless(answer: Answer) throws {
        let impostor = try RedisImpostor([Self.pong, answer.bytes])
        let store = try impostor.store(timeout: .seconds(5))
        let error = #expect(throws: StorageError.self) { try store.uploadMetadata(.coco(1)) }
        #expect(error?.code == .unavailable)
        #expect(error?.description.contains("more than 1048576 bytes") == true, "\(error as Any)")
    }

    @Test("a truncated reply times out")
    func cutOff() throws {
        let impostor = try RedisImpostor([Self.pong, Array("$10\r\nabc".utf8)])
        let error = #expect(throws: StorageError.self) { try impostor.store(timeout: .milliseconds(200)).check() }
        #expect(error?.code == .unavailable)
        #expect(error?.description.contains("in time") == true)
    }

    @Test(
        "an invalid reply to the first command is an error",
        arguments: ["$4\r\nPONG\r\n", "*0\r\n", ":1\r\n", "hello\r\n", "HTTP/1.1 400 \r\n"]
    )
    func greeting(text: String) throws {
        let impostor = try RedisImpostor([Array(text.utf8)])
        let store = try impostor.store()
        let error = #expect(throws: StorageError.self) { try store.check() }
        #expect(error?.code == .unavailable)
    }

    @Test("a server that accepts connections but never replies delays only a few calls")
    func silence() throws {
        let listener = try Listener(port: 0)
        defer { listener.close() }
        let address = try RedisAddress("redis://127.0.0.1:\(listener.port)")
        let store = try RedisImageStore(address, connectTimeout: .milliseconds(300), commandTimeout: .milliseconds(300))
        let time = ContinuousClock().measure {
            for _ in 0..<30 {
                let error = #expect(throws: StorageError.self) { try store.check() }
                #expect(error?.code == .unavailable)
                #expect(error?.description.contains("in time") == true)
            }
        }
        #expect(time >= .milliseconds(300))
        #expect(time < .seconds(3), "most calls fail at once: 30 timeouts would take 9 seconds")
    }

    @Test("many calls to a server that has stopped replying all time out soon")
    func silenceLater() throws {
        let impostor = try RedisImpostor([Self.pong, nil])
        let store = try impostor.store(timeout: .milliseconds(300))
        let time = ContinuousClock().measure {
            onThreads(24) { _ in
                let error = #expect(throws: StorageError.self) { try store.check() }
                #expect(error?.code == .unavailable)
            }
        }
        // Eight calls wait for replies; the others wait for a connection, and some of them then for a reply.
        #expect(time >= .milliseconds(300) && time < .seconds(3))
    }

    @Test("a trickle of bytes does not extend the deadline")
    func trickle() throws {
        let answer = Array(repeating: UInt8(ascii: "+"), count: 250)
        let impostor = try RedisImpostor([Self.pong, answer], pace: .init(byteCount: 1, pauseSeconds: 0.02))
        let store = try impostor.store(timeout: .milliseconds(400))
        let time = ContinuousClock().measure {
            let error = #expect(throws: StorageError.self) { try store.check() }
            #expect(error?.code == .unavailable)
        }
        #expect(time >= .milliseconds(400) && time < .seconds(3))
    }

    @Test("a large picture over a slow network may exceed the timeout as long as bytes keep coming")
    func slowNetwork() throws {
        let image = StoredImage.sample(seed: 1, count: 5 << 20)
        let metadata = image.metadata
        let values = ["jpeg", "640", "480", "\(5 << 20)", metadata.sha256, "1700000000"].map { Array($0.utf8) }
        let strings = (values + [image.bytes]).map { Array("$\($0.count)\r\n".utf8) + $0 + Array("\r\n".utf8) }
        let answer = Array("*7\r\n".utf8) + strings.joined()
        let impostor = try RedisImpostor([Self.pong, answer], pace: .init(byteCount: 1 << 19, pauseSeconds: 0.1))
        let store = try impostor.store(timeout: .milliseconds(600))
        let start = ContinuousClock.now
        #expect(try store.upload(metadata.id) == image)
        #expect(ContinuousClock.now - start > .milliseconds(900))
    }

    @Test("a refused connection means unavailable, and only the log contains the address")
    func nobody() throws {
        let store = try RedisImageStore(RedisAddress("redis://127.0.0.1:1"))
        let error = #expect(throws: StorageError.self) { try store.check() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("127.0.0.1") == false, "the message may be shown to clients")
        #expect(error?.description.contains("127.0.0.1:1: Connection refused") == true)
    }

    /// Redis' own error texts, from version 7.0 unless noted.
    private static let errors: [(text: String, code: StorageError.Code)] = [
        ("OOM command not allowed when used memory > 'maxmemory'.", .full),
        ("OOM command not allowed when used memory > 'maxmemory'. script: 2f, on @user_script:3.", .full),
        // Version 6.0.
        (
            "ERR Error running script (call to f_2f): @user_script:3: @user_script: 3: "
                + "-OOM command not allowed when used memory > 'maxmemory'.", .full
        ),
        (
            "ERR Error running script (call to f_2f): @user_script:3: @user_script: 3: "
                + "-READONLY You can't write against a read only replica.", .unavailable
        ),
        ("LOADING Redis is loading the dataset in memory", .unavailable),
        ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", .unavailable),
        ("READONLY You can't write against a read only replica.", .unavailable),
        (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            .unavailable
        ),
        ("ERR max number of clients reached", .unavailable),
        ("NOAUTH Authentication required.", .failed),
        ("WRONGPASS invalid username-password pair or user is disabled.", .failed),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", .failed),
        ("ERR unknown command 'EVALSHA', with args beginning with: ", .failed),
        ("MOVED 3999 127.0.0.1:6381", .failed),
        ("", .failed),
    ]

    @Test("Redis errors are mapped by their codes", arguments: errors)
    fileprivate func code(example: (text: String, code: StorageError.Code)) {
        let error = StorageError(redisError: example.text)
        #expect(error.code == example.code)
        #expect(!error.message.contains("script"), "the message may be shown to clients")
    }
}

@Suite("reconnecting after an outage")
struct RedisReconnectionTests {
    private let start = ContinuousClock.now

    @Test("the delay doubles from 50 ms to a second, and restarts after a success")
    func delays() {
        var reconnection = RedisReconnection()
        var now = start
        var delays: [Int] = []
        for _ in 0..<8 {
            reconnection.didFail(at: now, jitter: 1)
            let begin = now
            repeat { now += .milliseconds(1) } while !reconnection.mayBegin(at: now)
            delays.append(Int((now - begin) / .milliseconds(1)))
        }
        #expect(delays == [50, 100, 200, 400, 800, 1000, 1000, 1000])

        reconnection.didSucceed()
        let answers = (0..<2).map { _ in reconnection.mayBegin(at: now) }
        #expect(answers == [true, true], "any number of callers may connect to an available server")
        reconnection.didFail(at: now, jitter: 0.5)
        let later = [24, 25].map { reconnection.mayBegin(at: now + .milliseconds($0)) }
        #expect(later == [false, true])
    }

    @Test("one caller tries on behalf of all, and simultaneous failures count as one")
    func oneTries() {
        var reconnection = RedisReconnection()
        let first = (0..<8).map { _ in reconnection.mayBegin(at: start) }
        #expect(first == Array(repeating: true, count: 8))
        for _ in 0..<8 { reconnection.didFail(at: start, jitter: 1) }
        let second = (0..<3).map { _ in reconnection.mayBegin(at: start + .milliseconds(50)) }
        #expect(second == [true, false, false])
        reconnection.didFail(at: start + .milliseconds(50), jitter: 1)
        let third = [149, 150].map { reconnection.mayBegin(at: start + .milliseconds($0)) }
        #expect(third == [false, true])
    }
}
