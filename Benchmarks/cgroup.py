"""A CPU quota as in containers: a cgroup (version 1 or 2) that this process creates and removes."""

from __future__ import annotations

import os
from pathlib import Path

PERIOD_MICROSECONDS = 100_000
# Joins the cgroup, then executes the command, which therefore has its quota from the start.
JOIN = 'echo $$ > "$0" && exec "$@"'


def controller() -> tuple[Path, int]:
    """Returns the folder in which a cgroup with a CPU quota can be created, and the cgroup version."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        mount, (kind, _, options) = Path(before.split()[4]), after.split()[:3]
        if kind == "cgroup" and "cpu" in options.split(","):
            return mount, 1
        enabled = mount / "cgroup.subtree_control"
        if kind == "cgroup2" and enabled.is_file() and "cpu" in enabled.read_text().split():
            return mount, 2
    raise SystemExit("this machine has no cgroup hierarchy with CPU quotas")


class CPUQuota:
    """A cgroup that limits its processes to the CPU time of `cpus` cores; `prefix` starts a command in it."""

    def __init__(self, cpus: float) -> None:
        parent, self.version = controller()
        self.folder = parent / f"osprey-bench-{os.getpid()}"
        quota = int(cpus * PERIOD_MICROSECONDS)
        try:
            self.folder.mkdir()
            if self.version == 1:
                (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
                (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
            else:
                (self.folder / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
        except PermissionError as error:
            raise SystemExit(f"the cgroup cannot be created, run this as root: {error}") from None
        self.prefix = ("/bin/sh", "-c", JOIN, self.folder / "cgroup.procs")

    def __enter__(self) -> CPUQuota:
        return self

    def __exit__(self, *_) -> None:
        self.folder.rmdir()

    @property
    def throttled(self) -> tuple[int, int]:
        """The number of periods in which the quota was exhausted early, and of all periods with activity."""
        lines = (self.folder / "cpu.stat").read_text().splitlines()
        figures = {name: int(value) for name, value in map(str.split, lines)}
        return figures["nr_throttled"], figures["nr_periods"]
