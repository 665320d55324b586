"""A real Redis server for the tests with several replicas."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from conftest import missing
from probes import free_port, wait_until


class Redis:
    """A Redis server with persistence that can be stopped and restarted."""

    def __init__(self, folder: Path, password: str = "") -> None:
        program = shutil.which("redis-server")
        if not program:
            missing("redis-server is not installed: run Scripts/setup test")
        self.port = free_port()
        self.command = [program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)]
        # By default, Redis may delay a write while the disk is busy: a killed server would lose what it acknowledged.
        self.command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self.command += ["--maxmemory-policy", "noeviction"]
        self.command += ["--requirepass", password] if password else []
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        assert wait_until(self.answers, 10)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) in (b"+PONG\r\n", b"-NOAUTH")
        except OSError:
            return False

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
