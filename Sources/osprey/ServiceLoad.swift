internal import ArgumentParser
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Measures a service under the load of clients that send one picture after another.
struct ServiceLoad {
    /// Options of the load.
    struct Options: ParsableArguments {
        @Option(help: ArgumentHelp("Numbers of clients, separated by commas.", valueName: "counts"))
        var clients = "1,2,4,8"

        @Option(help: ArgumentHelp("Pictures to send: a file, or a folder's first 256.", valueName: "path"))
        var images = "data/coco128"

        @Option(help: ArgumentHelp("Path to request.", valueName: "path"))
        var path = "/detect"

        func validate() throws {
            guard clientCounts != nil else {
                throw ValidationError("--clients must be a list of numbers from 1 to 1000, such as 1,2,4.")
            }
            guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw ValidationError("--path must begin with / and have no spaces.")
            }
        }

        fileprivate var clientCounts: [Int]? {
            let counts = clients.split(separator: ",").map { Int($0) ?? 0 }
            return counts.isEmpty || !counts.allSatisfy { (1...1000).contains($0) } ? nil : counts
        }
    }

    let address: ServiceAddress
    let seconds: Double
    let options: Options

    func run(json: Bool) async throws {
        let list = try PictureList([options.images], without: [])
        let bodies = list.pictures.prefix(256).compactMap { picture in
            (try? PictureFile.read(picture.path, maximumBytes: 1 << 30)).map { ByteBuffer(bytes: $0) }
        }
        guard !bodies.isEmpty else {
            throw CommandError("There are no pictures in \(options.images): choose others with --images.")
        }
        var rows: [Row] = []
        let counts = options.clientCounts ?? [1]
        var progress = ProgressBar("Measuring", total: counts.count)
        progress.update(0)
        for (index, clients) in counts.enumerated() {
            rows.append(try await measure(clients: clients, bodies))
            progress.update(index + 1)
        }
        if json { return try printJSON(rows) }
        var table = TextTable([
            ("clients", .right), ("pictures/s", .right), ("p50 ms", .right), ("p95 ms", .right), ("p99 ms", .right),
            ("other statuses", .left),
        ])
        for row in rows {
            table.add(
                ["\(row.clients)"]
                    + [row.picturesPerSecond, row.p50Milliseconds, row.p95Milliseconds, row.p99Milliseconds]
                    .map { "\(($0 * 10).rounded() / 10)" }
                    + [
                        row.otherAnswers.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }.joined(
                            separator: ", "
                        )
                    ]
            )
        }
        print(table.text)
    }

    /// Maximum time for the last responses.
    private static let patience: Duration = .seconds(60)

    private func measure(clients: Int, _ bodies: [ByteBuffer]) async throws -> Row {
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        do {
            let answers = try await withThrowingTaskGroup(of: [Answer].self) { group in
                for client in 0..<clients {
                    group.addTask { try await ask(bodies, from: client, until: end) }
                }
                group.addTask {
                    try await Task.sleep(until: end + Self.patience, clock: .continuous)
                    throw CommandError("http://\(address.authority) did not respond for \(Self.patience).")
                }
                var answers: [Answer] = []
                for _ in 0..<clients { answers += try await group.next() ?? [] }
                group.cancelAll()
                return answers
            }
            return Row(clients: clients, answers, seconds: (ContinuousClock.now - start) / .seconds(1))
        } catch is NIOConnectionError {
            throw CommandError("Nothing listens at http://\(address.authority). Start the service with `osprey serve`.")
        } catch let error as ChannelError where error == .eof {
            throw CommandError("http://\(address.authority) closed the connection without a response.")
        }
    }

    /// Runs one client: sends pictures in turn until `end`, reusing its connection while the service keeps it open.
    private func ask(
        _ bodies: [ByteBuffer],
        from first: Int,
        until end: ContinuousClock.Instant
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        repeat {
            let offset = first + answers.count
            answers += try await ServiceConnection.open(to: address, timeout: .seconds(10)) { connection in
                var answers: [Answer] = []
                while true {
                    let start = ContinuousClock.now
                    let body = bodies[(offset + answers.count) % bodies.count]
                    let head = try await connection.send(.POST, options.path, body: body)
                    let seconds = (ContinuousClock.now - start) / .seconds(1)
                    answers.append(Answer(status: head.status.code, seconds: seconds))
                    if ContinuousClock.now >= end || !head.isKeepAlive { return answers }
                }
            }
        } while ContinuousClock.now < end
        return answers
    }

    private struct Answer {
        var status: UInt
        var seconds: Double
    }

    private struct Row: Encodable {
        enum CodingKeys: String, CodingKey {
            case clients
            case picturesPerSecond = "pictures_per_second"
            case p50Milliseconds = "p50_milliseconds"
            case p95Milliseconds = "p95_milliseconds"
            case p99Milliseconds = "p99_milliseconds"
            case otherAnswers = "other_answers"
        }

        var clients: Int
        var picturesPerSecond: Double
        var p50Milliseconds: Double
        var p95Milliseconds: Double
        var p99Milliseconds: Double
        /// Number of responses by status, except 200.
        var otherAnswers: [String: Int]

        init(clients: Int, _ answers: [Answer], seconds: Double) {
            let latencies = answers.filter { $0.status == 200 }.map(\.seconds).sorted()
            func milliseconds(_ part: Double) -> Double {
                latencies.isEmpty ? 0 : 1000 * latencies[min(latencies.count - 1, Int(part * Double(latencies.count)))]
            }
            self.clients = clients
            picturesPerSecond = Double(latencies.count) / seconds
            p50Milliseconds = milliseconds(0.5)
            p95Milliseconds = milliseconds(0.95)
            p99Milliseconds = milliseconds(0.99)
            otherAnswers = Dictionary(
                answers.filter { $0.status != 200 }.map { ("\($0.status)", 1) },
                uniquingKeysWith: +
            )
        }
    }
}
