#!/usr/bin/env python3
"""Unpacks pinned PyPI wheels under .deps/: prebuilt files to link with or to serve.

    Scripts/wheels.py openvino api-pages

pip downloads them (with its index, proxy and cache settings) and verifies their SHA-256; nothing is installed, and none
of their Python code is run. A folder is renamed into place once complete, so this script can be killed at any time.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DEPS = ROOT / ".deps"
STAMP = ".wheel"


class Wheel(NamedTuple):
    """A wheel and the files to extract from it."""

    requirement: str
    hashes: dict[str, tuple[str, str]]
    """Maps a machine, or "any", to pip's platform tag and the SHA-256 of its wheel."""
    keep: tuple[tuple[str, str], ...]
    """Pairs of a pattern for paths in the wheel and the path in the folder; each pattern must match."""
    link: tuple[str, str] | None = None
    """Path of a symbolic link, and the pattern of its target, a single file in the same folder."""


OPENVINO = "openvino==2026.4.1"
OPENVINO_X86_64 = ("manylinux_2_28_x86_64", "2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf")
OPENVINO_AARCH64 = ("manylinux_2_35_aarch64", "bea1eb3733c34ef331adc945da0ccda5937865031139073663be84c517ffda22")

WHEELS = {
    "openvino": Wheel(
        OPENVINO,
        {"x86_64": OPENVINO_X86_64, "aarch64": OPENVINO_AARCH64},
        (
            (r"openvino/(include/.+)", r"\1"),
            (r"openvino/(libs/libopenvino\.so\.\d+)", r"\1"),
            (r"openvino/(libs/libopenvino_(?:intel|arm)_cpu_plugin\.so)", r"\1"),
            (r"openvino/(libs/libopenvino_(?:auto|hetero)_plugin\.so)", r"\1"),
            (r"openvino/(libs/libopenvino_(?:onnx|ir)_frontend\.so\.\d+)", r"\1"),
            # libtbb loads its allocator and, on NUMA and hybrid processors, tbbbind with hwloc at run time.
            (r"openvino/(libs/lib(?:tbb|tbbmalloc|tbbbind_\w+|hwloc)\.so\.\d+)", r"\1"),
            (r"openvino-[^/]+\.dist-info/(licenses/.+)", r"\1"),
        ),
        link=("libs/libopenvino.so", "libopenvino.so.*"),
    ),
    # What "openvino" leaves out, because few machines have the driver that it needs.
    "openvino-gpu": Wheel(
        OPENVINO,
        {"x86_64": OPENVINO_X86_64},
        ((r"openvino/(libs/libopenvino_intel_gpu_plugin\.so)", r"\1"),),
    ),
    "api-pages": Wheel(
        "drf-spectacular-sidecar==2026.10.1",
        {"any": ("any", "fe1d005d8ac9b5d0472f2fe5deeb2e7d6dcffaa24118044f22578b4b8c4b31f2")},
        (
            (r".+/redoc/(LICENSE)", r"redoc/\1"),
            (r".+/redoc/bundles/(redoc\.standalone\.js(?:\.LICENSE\.txt)?)", r"redoc/\1"),
            (r".+/swagger-ui-dist/(LICENSE|favicon-32x32\.png)", r"swagger-ui/\1"),
            (r".+/swagger-ui-dist/(swagger-ui(?:-bundle\.js|\.css))", r"swagger-ui/\1"),
        ),
    ),
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(WHEELS)
    if unknown or not names:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(WHEELS)}...")
    for name in names:
        wheel, folder = WHEELS[name], DEPS / name
        machine = "any" if "any" in wheel.hashes else platform.machine()
        if sys.platform != "linux" or machine not in wheel.hashes:
            machines = " and ".join(wheel.hashes)
            sys.exit(f"{wheel.requirement} is pinned for Linux on {machines}; this machine is not supported.")
        tag, digest = wheel.hashes[machine]
        # The stamp includes all fields, so a change of the extracted files unpacks the wheel again.
        stamp = f"{wheel.requirement} {digest}\n{wheel.keep}\n{wheel.link}\n"
        if not is_stamped(folder, stamp):
            install(wheel, tag, digest, folder, stamp)


def is_stamped(folder: Path, stamp: str) -> bool:
    try:
        return (folder / STAMP).read_text() == stamp
    except OSError:
        return False


def install(wheel: Wheel, tag: str, digest: str, folder: Path, stamp: str) -> None:
    """Downloads the wheel and extracts its files to `folder`, completely or not at all."""
    DEPS.mkdir(exist_ok=True)
    lock = os.open(DEPS, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        if is_stamped(folder, stamp):
            return
        for leftover in DEPS.glob("unpacking-*"):
            shutil.rmtree(leftover)
        print(f"Unpacking {wheel.requirement} to {folder.relative_to(ROOT)}", flush=True)
        with tempfile.TemporaryDirectory(prefix="unpacking-", dir=DEPS) as temporary:
            fresh = Path(temporary, "fresh")
            unpack(download(wheel.requirement, tag, digest, Path(temporary)), wheel, fresh)
            (fresh / STAMP).write_text(stamp)
            if folder.exists():
                folder.rename(Path(temporary, "stale"))
            fresh.rename(folder)
    finally:
        os.close(lock)


def download(requirement: str, tag: str, digest: str, folder: Path) -> Path:
    """Downloads a wheel with pip, which verifies its SHA-256; returns its path."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{digest}\n")
    # ABI "none" matches wheels that contain only executables or data.
    target = ["--platform", tag, "--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=none"]
    pip = [sys.executable, "-m", "pip"]
    options = ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes", "--retries=2"]
    if not sys.stdout.isatty():
        options.append("--quiet")
    files = ["--dest", str(folder), "--requirement", str(requirements)]
    # On a terminal, pip's output is shown live; otherwise only on failure.
    shown = None if sys.stdout.isatty() else subprocess.PIPE
    run = subprocess.run(
        [*pip, "download", *options, *target, *files],
        stdin=subprocess.DEVNULL,
        stdout=shown,
        stderr=subprocess.STDOUT if shown else None,
        text=True,
    )
    if run.returncode == 0:
        return next(folder.glob("*.whl"))
    if subprocess.run([*pip, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        sys.exit(f"{sys.executable} has no pip. On Debian and Ubuntu, as root: apt-get install python3-pip")
    sys.exit(
        f"{run.stdout or ''}pip could not fetch {requirement} (SHA-256 {digest}).\n"
        "Without access to PyPI, put that wheel in a folder and\n"
        "run again with PIP_FIND_LINKS=FOLDER; pip's index and proxy settings also apply."
    )


def unpack(archive: Path, wheel: Wheel, folder: Path) -> None:
    unmatched = {pattern for pattern, _ in wheel.keep}
    with zipfile.ZipFile(archive) as contents:
        for member in contents.infolist():
            for pattern, path in wheel.keep:
                match = re.fullmatch(pattern, member.filename)
                if not match or member.is_dir():
                    continue
                unmatched.discard(pattern)
                target = folder / match.expand(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                with contents.open(member) as source, open(target, "wb") as sink:
                    shutil.copyfileobj(source, sink)
                if member.external_attr >> 16 & 0o100:
                    target.chmod(0o755)
    if unmatched:
        sys.exit(f"{archive.name} has no file that matches {', '.join(sorted(unmatched))}")
    if wheel.link:
        link = folder / wheel.link[0]
        (library,) = link.parent.glob(wheel.link[1])
        link.symlink_to(library.name)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
