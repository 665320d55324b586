import Storage
import Testing

@Suite("Redis addresses")
struct RedisAddressTests {
    private static let valid: [(text: String, host: String, port: UInt16, database: Int, description: String)] = [
        ("redis://redis", "redis", 6379, 0, "redis://redis:6379/0"),
        ("redis://redis/", "redis", 6379, 0, "redis://redis:6379/0"),
        ("redis://10.0.0.7:6380/3", "10.0.0.7", 6380, 3, "redis://10.0.0.7:6380/3"),
        ("redis://[::1]:1/15", "::1", 1, 15, "redis://[::1]:1/15"),
        ("redis://[fe80::1%eth0]", "fe80::1%eth0", 6379, 0, "redis://[fe80::1%eth0]:6379/0"),
        ("rediss://cache.example.org:65535", "cache.example.org", 65535, 0, "rediss://cache.example.org:65535/0"),
        ("redis://:s3cret@redis", "redis", 6379, 0, "redis://:***@redis:6379/0"),
        ("redis://osprey:s3cret@redis/1", "redis", 6379, 1, "redis://osprey:***@redis:6379/1"),
        ("redis://osprey:s3cret%40%2f%3A%C3%A4@redis", "redis", 6379, 0, "redis://osprey:***@redis:6379/0"),
        ("redis://osprey:s3cret@b@redis", "redis", 6379, 0, "redis://osprey:***@redis:6379/0"),
        ("rediss://redis?ca=/etc/ca%20file.pem", "redis", 6379, 0, "rediss://redis:6379/0"),
    ]

    @Test("host, port and database are parsed, and the password is masked", arguments: valid)
    fileprivate func reads(
        example: (text: String, host: String, port: UInt16, database: Int, description: String)
    ) throws {
        let address = try RedisAddress(example.text)
        #expect(address.host == example.host)
        #expect(address.port == example.port)
        #expect(address.database == example.database)
        #expect(address.isEncrypted == example.text.hasPrefix("rediss"))
        #expect(address.description == example.description)
        var dumped = ""
        dump(address, to: &dumped)
        for shown in [dumped, String(reflecting: address), "\([address])"] { #expect(!shown.contains("s3cret")) }
    }

    private static let wrong = [
        ("", "redis://"), ("localhost:6379", "redis://"), ("http://redis", "redis://"), ("REDIS://redis", "redis://"),
        ("redis://", "host"), ("redis://:6379", "host"), ("redis://a b", "host"), ("redis://redis\u{0}", "host"),
        ("redis://redis\n:1", "host"), ("redis://größe", "host"), ("redis://[::1", "host"),
        ("redis://[]", "host"), ("redis://[::1]6379", "]"),
        ("redis://redis:", "port"), ("redis://redis:0", "port"), ("redis://redis:65536", "port"),
        ("redis://redis:-1", "port"), ("redis://redis:+80", "port"), ("redis://redis:1.5", "port"),
        ("redis://::1", "host"),
        ("redis://:s3cret/@redis", "percent-encoded"), ("redis://:s3cret?@redis", "percent-encoded"),
        ("redis://@redis", "password"), ("redis://s3cret@redis", "password"), ("redis://osprey:@redis", "password"),
        ("redis://:%@redis", "hexadecimal"), ("redis://:%4@redis", "hexadecimal"),
        ("redis://:%+4@redis", "hexadecimal"),
        ("redis://:%zz@redis", "hexadecimal"), ("redis://:%ff@redis", "UTF-8"),
        ("redis://redis/x", "database"), ("redis://redis/-1", "database"), ("redis://redis/+1", "database"),
        ("redis://redis/1/2", "database"), ("redis://redis/99999999999", "database"),
        ("redis://redis?ca=/ca.pem", "rediss://"), ("rediss://redis?ca=", "ca=FILE"),
        ("rediss://redis?", "ca=FILE"), ("rediss://redis?insecure=1", "ca=FILE"),
        ("rediss://redis?ca=a&b=c", "ca=FILE"),
    ]

    @Test("an invalid address is rejected with a reason that does not repeat it", arguments: wrong)
    fileprivate func refuses(text: String, reason: String) {
        let error = #expect(throws: StorageError.self) { try RedisAddress(text) }
        #expect(error?.code == .failed)
        #expect(error?.message.split(separator: ";").dropLast().joined().contains(reason) == true, "\(error as Any)")
        #expect(error?.description.contains("s3cret") == false)
    }
}
