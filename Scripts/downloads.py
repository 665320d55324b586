"""Resumable downloads, copies and unpacking. Files get their final names only after their SHA-256 was verified."""

from __future__ import annotations

import hashlib
import http
import http.client
import queue
import shutil
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

ANSWER_SECONDS = 6
STALL_SECONDS = 20
ATTEMPTS = 3
MAXIMUM_ARCHIVE_FILES = 100_000
MAXIMUM_ARCHIVE_BYTES = 4 << 30

unreachable_hosts: dict[str, str] = {}


class Unavailable(Exception):
    """A file is unavailable; the message gives the reason."""


class RemoteFile(NamedTuple):
    """A file at a public URL whose contents never change."""

    url: str
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc


class Progress:
    """Progress of a long transfer on standard error: a bar on a terminal, otherwise a line every ten seconds."""

    def __init__(self, what: str, total: int, done: int = 0) -> None:
        self.what, self.total, self.done = what, total, done
        self.is_bar = sys.stderr.isatty()
        self.is_shown = False
        self.next_time = time.monotonic() + (0.5 if self.is_bar else 2)

    def advance(self, count: int) -> None:
        self.done += count
        if time.monotonic() >= self.next_time:
            self.show()
            self.next_time = time.monotonic() + (0.1 if self.is_bar else 10)

    def show(self) -> None:
        self.is_shown = True
        share = self.done / max(self.total, 1)
        amount = f"{share:4.0%} of {self.total / 1e6:.1f} MB"
        if self.is_bar:
            print(f"\r{self.what} [{'#' * int(30 * share):30}] {amount}", end="", file=sys.stderr, flush=True)
        else:
            print(f"{self.what}: {amount}", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.is_shown:
            self.show()
        if self.is_shown and self.is_bar:
            print(file=sys.stderr)


def download(file: RemoteFile, target: Path) -> None:
    """Downloads a file through TARGET.part, which is kept for resuming after a lost connection or a killed process."""
    part = part_of(target)
    for _ in range(ATTEMPTS):
        have = part.stat().st_size if part.exists() else 0
        if have < file.bytes:
            have = receive(file, part, have)
        if have < file.bytes:
            continue
        if have == file.bytes and sha256(part) == file.sha256:
            part.replace(target)
            return
        part.unlink()
    raise Unavailable(f"{file.url} was interrupted or delivered other bytes, {ATTEMPTS} times")


def receive(file: RemoteFile, part: Path, have: int) -> int:
    """Downloads from byte offset `have` and appends to `part`; returns the size reached."""
    request = urllib.request.Request(file.url, headers={"User-Agent": "osprey-setup"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with open_url(request, file.host) as response:
        # A server may ignore the range and send the complete file.
        have = have if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0
        announced = response.headers.get("Content-Length")
        if announced and int(announced) != file.bytes - have:
            raise Unavailable(f"{file.url} is {have + int(announced)} bytes instead of {file.bytes}")
        with open(part, "ab" if have else "wb") as sink:
            try:
                transfer(response, sink, Progress(file.name, file.bytes, have))
            except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
                warn(f"{file.name}: {error}")
            return sink.tell()


def open_url(request: urllib.request.Request, host: str) -> http.client.HTTPResponse:
    """Opens a URL with a single deadline for name resolution, connection and response.

    Name resolution has no timeout of its own and can take half a minute without a network.
    """
    if host in unreachable_hosts:
        raise Unavailable(unreachable_hosts[host])
    outcome: queue.SimpleQueue = queue.SimpleQueue()

    def attempt() -> None:
        try:
            outcome.put(urllib.request.urlopen(request, timeout=STALL_SECONDS))
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=attempt, daemon=True).start()
    try:
        answer = outcome.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        answer = urllib.error.URLError(f"no response in {ANSWER_SECONDS} seconds")
    if isinstance(answer, urllib.error.HTTPError):
        raise Unavailable(f"{request.full_url} returned {answer.code} {answer.reason}") from answer
    if isinstance(answer, Exception):
        unreachable_hosts[host] = f"{host} cannot be reached ({getattr(answer, 'reason', answer)})"
        raise Unavailable(unreachable_hosts[host]) from answer
    return answer


def copy(source: Path, digest: str, target: Path) -> bool:
    """Copies a file through TARGET.part; warns and returns False if it cannot be read or its SHA-256 differs."""
    part = part_of(target)
    try:
        with open(source, "rb") as reader, open(part, "wb") as sink:
            transfer(reader, sink, Progress(target.name, source.stat().st_size))
    except OSError as error:
        warn(f"{source} cannot be copied: {error}")
        return False
    if sha256(part) != digest:
        part.unlink()
        warn(f"{source} is damaged: its SHA-256 is not {digest}")
        return False
    part.replace(target)
    return True


def transfer(source: BinaryIO, sink: BinaryIO, progress: Progress) -> None:
    """Copies the rest of `progress.total` bytes, and no more even if the source has more."""
    try:
        while progress.done < progress.total:
            chunk = source.read(min(1 << 16, progress.total - progress.done))
            if not chunk:
                break
            sink.write(chunk)
            progress.advance(len(chunk))
    finally:
        progress.end()


def extract(archive: Path, folder: Path) -> None:
    """Unpacks to `folder`, completely or not at all, without the archive's top-level folder if it has just one."""
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as contents:
            members = [member for member in contents.infolist() if not member.filename.startswith("__MACOSX/")]
            if len(members) > MAXIMUM_ARCHIVE_FILES or sum(m.file_size for m in members) > MAXIMUM_ARCHIVE_BYTES:
                raise Unavailable(f"{archive.name} is too large for a data set")
            for member in members:
                path = PurePosixPath(member.filename)
                if path.is_absolute() or ".." in path.parts:
                    raise Unavailable(f"{archive.name} would write outside its folder: {member.filename}")
                contents.extract(member, fresh)
        tops = list(fresh.iterdir()) if fresh.exists() else []
        if not tops:
            raise Unavailable(f"{archive.name} is empty")
        (tops[0] if len(tops) == 1 and tops[0].is_dir() else fresh).rename(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise Unavailable(f"{archive.name} is not a valid zip archive: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def warn(message: str) -> None:
    print(f"assets: {message}", file=sys.stderr, flush=True)
