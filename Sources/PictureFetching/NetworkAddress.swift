internal import Glibc

/// An IPv4 or IPv6 address.
struct NetworkAddress: Hashable {
    /// Four or sixteen bytes.
    let bytes: [UInt8]
    /// The address in its usual form.
    let text: String

    /// Parses an address; nil for a name.
    init?(_ text: String) {
        var ipv4 = in_addr()
        var ipv6 = in6_addr()
        if inet_pton(AF_INET, text, &ipv4) == 1 {
            self.init(bytes: withUnsafeBytes(of: ipv4) { Array($0) })
        } else if inet_pton(AF_INET6, text, &ipv6) == 1 {
            self.init(bytes: withUnsafeBytes(of: ipv6) { Array($0) })
        } else {
            return nil
        }
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        bytes.withUnsafeBytes { bytes in
            _ = inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes.baseAddress, &buffer, socklen_t(buffer.count))
        }
        text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Looks up the addresses of a name, which blocks the thread.
    static func all(of host: String) -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &found) == 0 else { return [] }
        defer { freeaddrinfo(found) }
        var addresses: [NetworkAddress] = []
        var next = found
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr else { continue }
            switch entry.ai_family {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    addresses.append(NetworkAddress(bytes: withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }))
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    addresses.append(
                        NetworkAddress(bytes: withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) })
                    )
                }
            default: break
            }
        }
        return addresses
    }

    /// Whether the address belongs to the public Internet.
    ///
    /// - SeeAlso: IANA's IPv4 and IPv6 special-purpose address registries.
    var isPublic: Bool {
        if bytes.count == 4 { return !Self.specialIPv4.contains { $0.contains(bytes) } }
        // Global unicast addresses, except those that stand for others or for nobody.
        return Range([0x20], 3).contains(bytes) && !Self.specialIPv6.contains { $0.contains(bytes) }
    }

    /// All addresses that start with the same bits.
    private struct Range {
        let start: [UInt8]
        let bitCount: Int

        init(_ start: [UInt8], _ bitCount: Int) {
            self.start = start
            self.bitCount = bitCount
        }

        func contains(_ bytes: [UInt8]) -> Bool {
            (0..<bitCount).allSatisfy { bit in
                let byte = bit / 8 < start.count ? start[bit / 8] : 0
                return (byte ^ bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
            }
        }
    }

    private static let specialIPv4 = [
        // This network, private networks, carriers' networks, loopback, link-local addresses.
        Range([0], 8), Range([10], 8), Range([100, 64], 10), Range([127], 8), Range([169, 254], 16),
        Range([172, 16], 12),
        Range([192, 168], 16),
        // Protocol assignments, documentation, relays, benchmarks.
        Range([192, 0, 0], 24), Range([192, 0, 2], 24), Range([192, 88, 99], 24), Range([198, 18], 15),
        Range([198, 51, 100], 24), Range([203, 0, 113], 24),
        // Multicast, reserved, broadcast.
        Range([224], 4), Range([240], 4),
    ]

    private static let specialIPv6 = [
        // Protocol assignments, among them Teredo; documentation; 6to4, which stands for IPv4 addresses.
        Range([0x20, 0x01, 0x00], 23), Range([0x20, 0x01, 0x0d, 0xb8], 32), Range([0x20, 0x02], 16),
        Range([0x3f, 0xff], 20),
    ]
}
