"""A quota of CPU time, as containers have it: a cgroup of version 1 or 2 that this process makes and removes."""

from __future__ import annotations

import os
from pathlib import Path

PERIOD_MICROSECONDS = 100_000
# Joins the cgroup before it becomes the command, which finds its quota from the start.
JOIN = 'echo $$ > "$0" && exec "$@"'


def controller() -> tuple[Path, int]:
    """Where a cgroup with a quota can be made, and of which version."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        mount, (kind, _, options) = Path(before.split()[4]), after.split()[:3]
        if kind == "cgroup" and "cpu" in options.split(","):
            return mount, 1
        enabled = mount / "cgroup.subtree_control"
        if kind == "cgroup2" and enabled.is_file() and "cpu" in enabled.read_text().split():
            return mount, 2
    raise SystemExit("this machine has no cgroup with CPU quotas")


class CPUQuota:
    """A cgroup whose processes get `cpus` cores' time together; `prefix` are the words that start a command in it."""

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
            raise SystemExit(f"a cgroup can only be made by root: {error}") from None
        self.prefix = ("/bin/sh", "-c", JOIN, self.folder / "cgroup.procs")

    def __enter__(self) -> CPUQuota:
        return self

    def __exit__(self, *_) -> None:
        self.folder.rmdir()

    @property
    def throttled(self) -> tuple[int, int]:
        """Periods in which the quota was used up before their end, and all periods with work."""
        lines = (self.folder / "cpu.stat").read_text().splitlines()
        figures = {name: int(value) for name, value in map(str.split, lines)}
        return figures["nr_throttled"], figures["nr_periods"]
