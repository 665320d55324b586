import Scheduling
import TestSupport
import Testing

@Suite struct CPUBudgetTests {
    @Test(
        "the number of cores is the minimum of physical cores and quota, rounded up",
        arguments: [
            (8, 8, nil, 8), (8, 8, 2.0, 2), (8, 8, 1.5, 2), (8, 8, 0.25, 1), (2, 2, 16.0, 2), (1, 1, nil, 1),
            (8, 4, nil, 4), (8, 4, 6.0, 4), (8, 4, 3.0, 3),
        ] as [(Int, Int, Double?, Int)]
    ) func cores(affinity: Int, physicalCores: Int, quota: Double?, expected: Int) {
        #expect(CPUBudget(affinity: affinity, physicalCores: physicalCores, quota: quota).cores == expected)
    }

    /// File formats: proc(5), and the kernel's Admin Guide, "CPU topology info via sysfs".
    @Test(
        "hyper-threads of one core count once, and only those that this process may use",
        arguments: [
            ("0-3", ["0,2", "1,3", "0,2", "1,3"], 4, 2),
            ("0-1", ["0,2", "1,3", "0,2", "1,3"], 2, 2),
            ("0,2", ["0,2", "1,3", "0,2", "1,3"], 2, 1),
            ("1-2,5", ["0", "1", "2", "3", "4", "5"], 3, 3),
            ("0-1", [], 2, 2),
        ]
    ) func topology(allowed: String, siblings: [String], affinity: Int, physicalCores: Int) throws {
        var files = ["proc/self/status": "Name:\tosprey\nCpus_allowed:\tff\nCpus_allowed_list:\t\(allowed)\n"]
        for (processor, siblings) in siblings.enumerated() {
            files["sys/devices/system/cpu/cpu\(processor)/topology/core_cpus_list"] = "\(siblings)\n"
        }
        try withFileSystem(files) { root in
            let expected = CPUBudget(affinity: affinity, physicalCores: physicalCores, quota: nil)
            #expect(CPUBudget.read(root: root) == expected)
        }
    }

    /// Layouts: the kernel's Admin Guide, cgroup-v2 "cpu.max" and cgroup-v1 "cfs".
    @Test(
        "the tightest quota between the control group and the root applies",
        arguments: [
            (["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"], 1.5),
            (["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"], nil),
            (
                [
                    "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "50000 100000",
                    "sys/fs/cgroup/a/b/cpu.max": "200000 100000",
                ], 0.5
            ),
            (
                [
                    "proc/self/cgroup": "4:memory:/x\n3:cpu,cpuacct:/x\n",
                    "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "300000\n",
                    "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
                ], 3
            ),
            (
                [
                    "proc/self/cgroup": "3:cpu:/docker/1\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000",
                    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
                ], 2.5
            ),
            (
                [
                    "proc/self/cgroup": "3:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
                ], nil
            ),
            (["proc/self/cgroup": "nonsense\n"], nil),
            ([:], nil),
        ] as [([String: String], Double?)]
    ) func quota(files: [String: String], expected: Double?) throws {
        try withFileSystem(files) { root in #expect(CPUBudget.controlGroupQuota(root: root) == expected) }
    }

    @Test("this process may use at least one core") func current() {
        #expect(CPUBudget.current().cores >= 1)
    }
}

/// Calls `body` with a folder that contains the given files by path.
private func withFileSystem(_ files: [String: String], _ body: (String) -> Void) throws {
    let root = try TemporaryDirectory()
    for (path, text) in files { try root.write(path, text: text) }
    body(root.path)
}
