import Testing
import osprey

@Suite struct TextTests {
    @Test("columns are aligned, and lines have no trailing spaces")
    func table() {
        var table = TextTable([("name", .left), ("count", .right), ("note", .left)])
        table.add(["a", "7", ""])
        table.add(["longer", "1,000", "x"])
        #expect(table.text == "name    count  note\na           7\nlonger  1,000  x")
    }

    @Test(
        "numbers are grouped by thousands",
        arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (7_225_885, "7,225,885"), (-1234, "-1,234")]
    )
    func grouping(number: Int, expected: String) {
        #expect(number.grouped == expected)
    }

    @Test(
        "a service's URL has a host, a port and optionally a path",
        arguments: [
            ("http://localhost:1337", "localhost", 1337, "", "localhost:1337"),
            ("http://example.com/osprey/", "example.com", 80, "/osprey", "example.com:80"),
            ("HTTP://[::1]:8080", "::1", 8080, "", "[::1]:8080"),
        ]
    )
    func addresses(text: String, host: String, port: Int, prefix: String, authority: String) throws {
        let address = try #require(ServiceAddress(text))
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.prefix == prefix)
        #expect(address.authority == authority)
    }

    @Test(
        "other URLs are rejected",
        arguments: ["", "localhost:1337", "https://localhost", "ftp://localhost", "http://", "http://localhost:0"]
    )
    func invalidAddresses(text: String) {
        #expect(ServiceAddress(text) == nil)
    }
}
