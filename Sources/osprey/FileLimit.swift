internal import FoundationEssentials
internal import Glibc

/// The limit on open files, connections included.
enum FileLimit {
    /// Files that are needed besides connections: the store, models, Redis, and pictures on their way to their decoders.
    private static let reserve = 96

    /// Raises the limit as far as this process may.
    static func raise() {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return }
        limits.rlim_cur = limits.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    }

    /// Number of connections for which files are left, in addition to what is open and reserved; at least 1.
    static var remainingConnections: Int {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return .max }
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return max(1, Int(clamping: limits.rlim_cur) - open - reserve)
    }
}
