import Foundation
import Inference
import Testing

@Suite struct CPUBudgetTests {
    @Test(
        "the cores to plan for are the smaller of affinity and quota, rounded up",
        arguments: [
            (8, nil, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.25, 1), (2, 16.0, 2), (1, nil, 1),
        ] as [(Int, Double?, Int)]
    ) func cores(affinity: Int, quota: Double?, expected: Int) {
        #expect(CPUBudget(affinity: affinity, quota: quota).cores == expected)
    }

    /// Layouts as the kernel's documentation describes them: Admin Guide, cgroup-v2 "cpu.max", cgroup-v1 "cfs".
    @Test(
        "the tightest quota on the way to the root counts",
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
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, text) in files {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file)
        }
        #expect(CPUBudget.controlGroupQuota(root: root.path) == expected)
    }

    @Test("this process may use at least one core") func current() {
        #expect(CPUBudget.current().cores >= 1)
    }
}
