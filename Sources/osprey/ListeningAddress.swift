internal import Glibc

/// The address that the service listens on.
struct ListeningAddress {
    let host: String
    let port: Int

    /// Checks that the address can be listened on, before the models are loaded.
    ///
    /// - Throws: ``CommandError`` that says what to do.
    func check() throws {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &found)
        guard result == 0, let address = found?.pointee else {
            throw CommandError(
                "Cannot listen on \(host): \(String(cString: gai_strerror(result))). Choose an address of this machine "
                    + "with --host, or 0.0.0.0 for all."
            )
        }
        defer { freeaddrinfo(found) }
        let listener = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw failure(errno) }
        defer { close(listener) }
        var isReusable: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isReusable, socklen_t(MemoryLayout<Int32>.size))
        guard bind(listener, address.ai_addr, address.ai_addrlen) == 0, listen(listener, 1) == 0 else {
            throw failure(errno)
        }
    }

    /// The error for a failed system call.
    func failure(_ number: Int32) -> CommandError {
        let advice =
            switch number {
            case EADDRINUSE: "Stop the process that listens there, or choose another --port."
            case EADDRNOTAVAIL: "Choose an address of this machine with --host, or 0.0.0.0 for all."
            case EACCES: "Ports below 1024 need privileges: choose another --port."
            case EMFILE, ENFILE: "Raise the limit on open files (ulimit -n)."
            default: "Choose another --host or --port."
            }
        return CommandError("Cannot listen on \(host):\(port): \(String(cString: strerror(number))). \(advice)")
    }
}
