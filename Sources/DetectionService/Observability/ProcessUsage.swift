internal import FoundationEssentials
internal import Glibc

/// Resources that the process uses.
struct ProcessUsage {
    /// Resident memory in bytes.
    var residentBytes: Double
    /// User and system time so far, in seconds.
    var cpuSeconds: Double
    /// Open file descriptors.
    var openFiles: Double

    static func current() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        // The second number of statm is the resident set, in pages.
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Double($0) }
        let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        return ProcessUsage(
            residentBytes: (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))),
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            openFiles: Double(files ?? 0)
        )
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}
