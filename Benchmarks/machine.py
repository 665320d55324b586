"""Describes the machine and the software versions of a measurement."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path

from server import BINARY

PACKAGES = ("openvino", "onnxruntime", "fastapi", "uvicorn", "opencv-python-headless", "numpy")


def describe() -> dict:
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    flags = set(re.findall(r"^(?:flags|Features)\s*: (.*)$", info, re.MULTILINE)[0].split())
    osprey = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "cpu": model[1] if model else platform.machine(),
        "extensions": sorted(flags & {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16"}),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "date": date.today().isoformat(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "osprey": osprey,
        "packages": {name: version(name) for name in PACKAGES},
    }
