internal import FoundationEssentials

/// The CPU that this process may use: the smaller of its affinity mask and its control group's quota.
///
/// OpenVINO and Swift count the host's cores instead, and would start too many threads inside a container.
package struct CPUBudget: Hashable, Sendable {
    /// Processors in the affinity mask, hyper-threads included.
    package let affinity: Int
    /// Physical cores of these processors.
    package let physicalCores: Int
    /// CPU time that the control group grants, in cores; nil without a quota.
    package let quota: Double?

    /// Cores to plan for, at least 1: a quota of 1.5 counts as 2.
    ///
    /// Hyper-threads of one core share the vector units that a network keeps busy; the second one serves other work.
    package var cores: Int {
        let granted = quota.map { Int($0.rounded(.up)) } ?? physicalCores
        return max(1, min(physicalCores, granted))
    }

    package init(affinity: Int, physicalCores: Int, quota: Double?) {
        self.affinity = affinity
        self.physicalCores = physicalCores
        self.quota = quota
    }

    /// Reads the current budget of this process.
    package static func current() -> CPUBudget { read(root: "/") }

    /// Reads the budget of this process.
    ///
    /// - Parameter root: Replaces `/` in tests.
    /// - Returns: The current budget.
    package static func read(root: String) -> CPUBudget {
        let processors = processors(root: root)
        // Processors without known siblings count as separate cores.
        let cores = Set(processors.map { processor in siblings(of: processor, root: root) ?? "\(processor)" })
        return CPUBudget(
            affinity: processors.count,
            physicalCores: cores.count,
            quota: controlGroupQuota(root: root)
        )
    }

    /// Indices of the processors that this process may run on; at least one.
    private static func processors(root: String) -> [Int] {
        let status = text("\(root)/proc/self/status")?.split(separator: "\n") ?? []
        let list = status.first { $0.hasPrefix("Cpus_allowed_list:") }?.dropFirst("Cpus_allowed_list:".count) ?? ""
        // For example "0-3,8".
        let processors = list.split(separator: ",").flatMap { range -> [Int] in
            let bounds = range.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
            guard let first = bounds.first, let last = bounds.last, first <= last, last < 1 << 16 else { return [] }
            return Array(first...last)
        }
        return processors.isEmpty ? Array(0..<ProcessInfo.processInfo.activeProcessorCount) : processors
    }

    /// The kernel's list of processors that share a core with `processor`.
    private static func siblings(of processor: Int, root: String) -> String? {
        let topology = "\(root)/sys/devices/system/cpu/cpu\(processor)/topology"
        return text("\(topology)/core_cpus_list") ?? text("\(topology)/thread_siblings_list")
    }

    /// Reads the tightest quota between this process's control group and the root, for cgroup v2 and v1.
    ///
    /// - Parameter root: Replaces `/` in tests.
    /// - Returns: The quota in cores, or nil without one.
    package static func controlGroupQuota(root: String) -> Double? {
        let membership = text("\(root)/proc/self/cgroup") ?? ""
        var quotas: [Double] = []
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                quotas += folders(of: fields[2], below: "\(root)/sys/fs/cgroup").compactMap(unifiedQuota)
            } else if fields[1].split(separator: ",").contains("cpu") {
                quotas += ["cpu", "cpu,cpuacct"].flatMap { controller in
                    folders(of: fields[2], below: "\(root)/sys/fs/cgroup/\(controller)").compactMap(legacyQuota)
                }
            }
        }
        return quotas.min()
    }

    /// The folders of a group and its parents; inside a container only the mount's root may exist.
    private static func folders(of group: Substring, below mount: String) -> [String] {
        var folder = mount
        return [folder]
            + group.split(separator: "/").map { name in
                folder += "/\(name)"
                return folder
            }
    }

    private static func unifiedQuota(_ folder: String) -> Double? {
        let fields = text("\(folder)/cpu.max")?.split(whereSeparator: \.isWhitespace) ?? []
        guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]) else { return nil }
        return period > 0 && quota > 0 ? quota / period : nil
    }

    private static func legacyQuota(_ folder: String) -> Double? {
        let number = { (name: String) in
            text("\(folder)/\(name)").flatMap { Double($0.prefix { !$0.isWhitespace }) }
        }
        guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us") else { return nil }
        return period > 0 && quota > 0 ? quota / period : nil
    }

    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
