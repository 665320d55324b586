import Testing
import osprey

@Suite struct ShardTests {
    @Test(
        "I/N selects every Nth picture, and I counts modulo N",
        arguments: [("1/4", 1), ("4/4", 0), ("0/4", 0), ("3/4", 3), ("1/1", 0)]
    )
    func selection(text: String, first: Int) throws {
        let shard = try #require(Shard(argument: text))
        let selected = (0..<12).filter { shard.contains($0) }
        #expect(selected == Array(stride(from: first, to: 12, by: shard.count)))
    }

    @Test("invalid shards are rejected", arguments: ["", "1", "5/4", "-1/4", "1/0", "a/b", "1/2/3", "1/100001"])
    func invalid(text: String) {
        #expect(Shard(argument: text) == nil)
    }

    @Test("every picture belongs to exactly one shard")
    func partition() {
        let shards = (1...5).compactMap { Shard(argument: "\($0)/5") }
        for position in 0..<100 {
            #expect(shards.filter { $0.contains(position) }.count == 1)
        }
    }
}
