internal import FoundationEssentials
internal import Glibc

/// What CodeProject.AI's answers say about the server.
enum DeepStackServer {
    /// The time now, as in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110).
    static func timestamp(_ now: Date = Date()) -> String {
        var seconds = time_t(now.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime_l(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts, locale)
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// English names of days and months, whatever the environment says.
    private nonisolated(unsafe) static let locale = newlocale(LC_TIME_MASK, "C", nil)
}
