import Streams
import Testing

@Suite struct BroadcastTests {
    @Test("moments that wait take no place of events, and one that was received is announced again")
    func moments() async throws {
        let broadcast = Broadcast(maximumSubscribers: 1)
        var messages = try #require(broadcast.subscribe(moments: true, events: true)).makeAsyncIterator()
        #expect(broadcast.subscribe(moments: true, events: true) == nil)
        for number in 0..<60 {
            for stream in ["a", "b"] { broadcast.send(.moment(stream: stream)) }
            broadcast.send(.event(stream: "a", id: "\(number)", line: []))
        }
        #expect(await texts(&messages, count: 4) == ["moment a", "moment b", "event 0", "event 1"])
        broadcast.send(.moment(stream: "b"))
        broadcast.end()
        #expect(await texts(&messages, count: 100) == (2..<60).map { "event \($0)" } + ["moment b"])
    }

    @Test("one for whom too many events wait is cut off, and gets those that came before")
    func slow() async throws {
        let broadcast = Broadcast(maximumSubscribers: 2)
        var slow = try #require(broadcast.subscribe(moments: false, events: true)).makeAsyncIterator()
        var viewer = try #require(broadcast.subscribe(moments: true, events: false)).makeAsyncIterator()
        for number in 0..<100 { broadcast.send(.event(stream: "a", id: "\(number)", line: [])) }
        for _ in 0..<100 { broadcast.send(.tick) }
        broadcast.send(.moment(stream: "a"))
        #expect(await texts(&slow, count: 100) == (0..<64).map { "event \($0)" })
        _ = await texts(&viewer, count: 64)
        // Its place was taken by ticks, so it is announced the next time.
        broadcast.send(.moment(stream: "a"))
        broadcast.end()
        #expect(await texts(&viewer, count: 100) == ["moment a"])
    }

    /// The next messages, at most so many.
    private func texts(_ messages: inout Broadcast.Messages.AsyncIterator, count: Int) async -> [String] {
        var texts: [String] = []
        while texts.count < count, let message = await messages.next() {
            switch message {
            case .moment(let stream): texts.append("moment \(stream)")
            case .event(_, let id, _): texts.append("event \(id)")
            case .tick: texts.append("tick")
            }
        }
        return texts
    }
}
