import contextlib
import hashlib
import http.server
import io
import threading
import unittest
import zipfile
from unittest import mock

from context import FolderTestCase

import downloads

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; the path selects a fault."""

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.server.starts.append(start)
        if self.path.startswith("/no-ranges"):
            start = 0
        content = CONTENT[::-1] if self.path.startswith("/other-bytes") else CONTENT
        self.send_response(404 if self.path.startswith("/missing") else 206 if start else 200)
        short = self.path.startswith("/other-length")
        self.send_header("Content-Length", str(len(content) - start - (7 if short else 0)))
        self.end_headers()
        end = start + 100_000 if self.path.startswith("/breaks-off") else len(content)
        self.wfile.write(content[start:end])

    def log_message(self, *arguments: object) -> None:
        pass


class DownloadTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.server.starts = []
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(downloads.unreachable_hosts.clear)
        environment = mock.patch.dict("os.environ", no_proxy="*")
        environment.start()
        self.addCleanup(environment.stop)
        self.target = self.folder / "file.bin"
        self.part = self.folder / "file.bin.part"

    def download(self, kind: str) -> None:
        url = f"http://127.0.0.1:{self.server.server_port}/{kind}/file.bin"
        with contextlib.redirect_stderr(io.StringIO()):
            downloads.download(downloads.RemoteFile(url, len(CONTENT), DIGEST), self.target)

    def test_a_file_takes_its_name_once_its_hash_is_right(self) -> None:
        self.download("well")
        self.assertEqual(self.target.read_bytes(), CONTENT)
        self.assertFalse(self.part.exists())

    def test_an_interrupted_download_goes_on_where_it_stopped(self) -> None:
        self.part.write_bytes(CONTENT[:5000])
        self.download("well")
        self.assertEqual(self.target.read_bytes(), CONTENT)
        self.assertEqual(self.server.starts, [5000])

    def test_a_broken_connection_is_taken_up_again(self) -> None:
        self.download("breaks-off")
        self.assertEqual(self.target.read_bytes(), CONTENT)
        self.assertEqual(self.server.starts, [0, 100_000, 200_000])

    def test_a_server_without_ranges_sends_all_of_it_again(self) -> None:
        self.part.write_bytes(b"x" * 5000)
        self.download("no-ranges")
        self.assertEqual(self.target.read_bytes(), CONTENT)

    def test_a_partial_file_of_other_bytes_is_thrown_away(self) -> None:
        for size in (5000, len(CONTENT), len(CONTENT) + 1):
            with self.subTest(size=size):
                self.part.write_bytes(b"x" * size)
                self.download("well")
                self.assertEqual(self.target.read_bytes(), CONTENT)

    def test_what_is_not_the_file_never_takes_its_name(self) -> None:
        cases = {"other-bytes": "other bytes", "other-length": "255993 bytes instead of 256000", "missing": "404"}
        for kind, message in cases.items():
            with self.subTest(kind), self.assertRaisesRegex(downloads.Unavailable, message):
                self.download(kind)
            self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_host_that_cannot_be_reached_is_tried_once(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        for _ in range(2):
            with self.assertRaisesRegex(downloads.Unavailable, "cannot be reached"):
                self.download("well")
        self.assertEqual(len(downloads.unreachable_hosts), 1)

    def test_a_host_that_does_not_answer_is_given_up_soon(self) -> None:
        with mock.patch.object(downloads, "ANSWER_SECONDS", 0.05), mock.patch.object(
            downloads.urllib.request, "urlopen", lambda *_, **__: threading.Event().wait(1)
        ), self.assertRaisesRegex(downloads.Unavailable, "no response in 0.05 seconds"):
            self.download("well")


class ExtractTests(FolderTestCase):
    def extract(self, *names: str) -> list[str]:
        archive, folder = self.folder / "set.zip", self.folder / "set"
        with zipfile.ZipFile(archive, "w") as contents:
            for name in names:
                contents.writestr(name, "picture")
        try:
            downloads.extract(archive, folder)
        finally:
            self.assertFalse((self.folder / ".set.part").exists())
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def test_the_folder_around_everything_is_left_out(self) -> None:
        self.assertEqual(self.extract("coco/images/1.jpg", "coco/labels/1.txt"), ["images/1.jpg", "labels/1.txt"])

    def test_several_folders_stay(self) -> None:
        names = ["images/1.jpg", "labels/1.txt"]
        self.assertEqual(self.extract(*names, "__MACOSX/images/._1.jpg"), names)

    def test_an_archive_that_reaches_out_is_refused(self) -> None:
        for name in ("../1.jpg", "images/../../1.jpg", "/1.jpg"):
            with self.subTest(name), self.assertRaisesRegex(downloads.Unavailable, "outside"):
                self.extract("images/1.jpg", name)
            self.assertEqual([path.name for path in self.folder.iterdir()], ["set.zip"])

    def test_an_archive_of_too_much_is_refused(self) -> None:
        for limit in ("MAXIMUM_ARCHIVE_FILES", "MAXIMUM_ARCHIVE_BYTES"):
            with mock.patch.object(downloads, limit, 1), self.assertRaisesRegex(downloads.Unavailable, "too large"):
                self.extract("1.jpg", "2.jpg")

    def test_a_damaged_archive_is_refused(self) -> None:
        archive = self.folder / "set.zip"
        with zipfile.ZipFile(archive, "w") as contents:
            contents.writestr("1.jpg", "picture")
        archive.write_bytes(archive.read_bytes().replace(b"picture", b"pictvre"))
        with self.assertRaisesRegex(downloads.Unavailable, "not a valid zip archive"):
            downloads.extract(archive, self.folder / "set")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["set.zip"])


if __name__ == "__main__":
    unittest.main()
