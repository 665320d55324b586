import Notifications
import Testing

@Suite struct DestinationTests {
    @Test(
        "addresses say how events are sent, and show neither passwords nor a webhook's path",
        arguments: [
            ("http://home.local", Destination.Kind.webhook, "home.local", 80, "/", "http://home.local:80"),
            ("https://joe:pw@[::1]/a%20b?c=d", .webhook, "::1", 443, "/a%20b?c=d", "https://[::1]:443/…"),
            ("HTTPS://host:8443/hook", .webhook, "host", 8443, "/hook", "https://host:8443/…"),
            ("mqtt://broker", .mqtt, "broker", 1883, "osprey", "mqtt://broker:1883/osprey"),
            ("mqtts://joe:pw@broker/a//b/", .mqtt, "broker", 8883, "a/b", "mqtts://broker:8883/a/b"),
        ]
    )
    func parts(
        address: String,
        kind: Destination.Kind,
        host: String,
        port: Int,
        path: String,
        description: String
    ) throws {
        let destination = try Destination(address)
        #expect(destination.kind == kind)
        #expect(destination.host == host)
        #expect(destination.port == port)
        #expect(destination.path == path)
        #expect(destination.description == description)
        #expect(destination.isEncrypted == address.lowercased().hasPrefix("\(kind == .mqtt ? "mqtt" : "http")s"))
    }

    @Test(
        "addresses that cannot be meant are rejected, without being repeated",
        arguments: [
            "", "broker", "tcp://broker", "mqtt://", "mqtt://:1883", "http://host/#secret", "http://host:0/secret",
            "http://host:65536/secret", "mqtt://host/secret/#", "mqtt://host/secret/+", "mqtt://host/$SYS/secret",
            "mqtt://host/secret?a=b", "http://ho st/secret", "http://host/secret\r\n", "http://höst/secret",
            "mqtt://host/secret\u{0}", "http://host%2Fsecret/",
        ]
    )
    func refusals(address: String) {
        #expect {
            try Destination(address)
        } throws: { error in
            let error = error as? NotificationError
            return error.map { !$0.message.isEmpty && !$0.message.contains("secret") } ?? false
        }
    }
}
