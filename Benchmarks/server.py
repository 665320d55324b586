"""A server for benchmarks: the built binary with one model, on a free port."""

import pathlib
import re
import subprocess

BINARY = pathlib.Path(__file__).parent.parent / ".build/release/osprey"


class Server:
    """The service with a store and a cache of its own, while a `with` block runs."""

    def __init__(self, model, folder, *flags):
        models = folder / "models"
        models.mkdir()
        for file in {model, model.with_suffix(".bin") if model.suffix == ".xml" else model}:
            (models / file.name).symlink_to(file.resolve())
        self.command = [BINARY, "serve", "--port", "0", "--models", models, "--model", model.stem, *flags]
        self.command += ["--store", folder / "store", "--log-level", "error"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if match := re.search(r"service\s+(\S+)", line):
                return match[1]
        raise SystemExit("the service did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
