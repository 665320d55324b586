"""Scripts/find_secrets.py: what it reports and what not. Examples are concatenated, so that it does not report them."""

import subprocess
import sys
import unittest

from context import SCRIPTS, FolderTestCase

import find_secrets

LETTERS = "AbCdEfGhIjKlMnOpQrStUvWxYz"
DIGITS = "0123456789"


class FindSecretsTests(FolderTestCase):
    def test_each_kind_is_found_where_it_is(self) -> None:
        # Formats as documented by their issuers, with made-up values.
        secrets = {
            "private key": ["-----BEGIN " + f"{kind}PRIVATE KEY-----" for kind in ("", "RSA ", "OPENSSH ")],
            "AWS access key": ["AKIA" + "IOSFODNN7EXAMPL3", "ASIA" + "IOSFODNN7EXAMPL3"],
            "AWS secret key": ["aws_secret_access_key" + " = " + (LETTERS + DIGITS + "/+ab")],
            "GitHub token": [
                *("gh" + letter + "_" + LETTERS + DIGITS for letter in "pousr"),
                "github_pat_" + LETTERS[:22] + "_" + (LETTERS * 3)[:59],
            ],
            "GitLab token": ["glpat-" + LETTERS[:20]],
            "Google API key": ["AIza" + (LETTERS + DIGITS)[:35]],
            "Slack token": ["xoxb-" + DIGITS + "-" + LETTERS],
            "Docker Hub token": ["dckr_pat_" + LETTERS + "_"],
            "Hugging Face token": ["hf_" + (LETTERS * 2)[:34]],
            "npm token": ["npm_" + LETTERS + DIGITS],
            "PyPI token": ["pypi-" + "AgE" + LETTERS * 2],
            "JSON web token": [".".join(["eyJ" + LETTERS, "eyJ" + LETTERS, LETTERS])],
            "password in a URL": ["redis://:" + "hunter2hunter2@cache:6379", "https://me:" + "correct-horse@example.org/"],
        }
        self.assertEqual(set(secrets), set(find_secrets.KINDS))
        for kind, examples in secrets.items():
            for example in examples:
                with self.subTest(example):
                    content = f'first line\nkey = "{example}"\n'.encode() + b"\xff\x00"
                    self.assertEqual(list(find_secrets.secrets(content)), [(2, kind)])

    def test_what_only_resembles_one_is_not_found(self) -> None:
        harmless = [
            "2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "gh" + "p_short",
            "AKIA" + "TOOSHORT",
            "aws_secret_access_key = $AWS_SECRET_ACCESS_KEY",
            "redis://user:" + "password@cache:6379/1",
            "redis://user:" + "s3cret%40%2f%3A%C3%A4@cache",
            "redis://user:" + "$PASSWORD@cache",
            "redis://:" + "<password>@cache",
            "http://127.0.0.1:1337/images@2x",
            "docker.io/library/redis:8@sha256:30abb90e62f14b737010746def3ba99cc79fe19dcdb3d37b41f21fc62e7da19d",
            "https://example.org:8080/a?b=c@d",
        ]
        for line in harmless:
            with self.subTest(line):
                self.assertEqual(list(find_secrets.secrets(line.encode())), [])

    def test_the_script_tells_where_but_not_what(self) -> None:
        secret = "gh" + "p_" + LETTERS + DIGITS
        (self.folder / "clean file").write_text("nothing\n")
        (self.folder / "dirty file").write_text(f"\n{secret}\n")
        self.assertEqual(self.run_on("clean file"), (0, ""))
        status, said = self.run_on("clean file", "dirty file")
        self.assertEqual(status, 1)
        self.assertIn("dirty file:2: looks like a secret: GitHub token", said)
        self.assertNotIn(secret, said)

    def run_on(self, *names: str) -> tuple[int, str]:
        paths = "".join(f"{self.folder / name}\0" for name in names)
        run = subprocess.run(
            [sys.executable, SCRIPTS / "find_secrets.py"], input=paths, capture_output=True, text=True, check=False
        )
        return run.returncode, run.stdout + run.stderr


if __name__ == "__main__":
    unittest.main()
