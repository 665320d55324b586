#!/usr/bin/env python3
"""Finds credentials in files by their issuers' formats.

    git ls-files -z | Scripts/find_secrets.py

Reads NUL-terminated paths from standard input. Prints path, line and kind of each finding, never the secret itself;
exits with 1 if there are any. Only unambiguous formats are matched: an entropy check would flag every digest in the
project.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

KINDS = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "private key": rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
        "AWS access key": rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        "AWS secret key": rb"(?i:aws_?secret_?(?:access_?)?key)\W{1,6}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
        "GitHub token": rb"\b(?:gh[opsur]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
        "GitLab token": rb"\bglpat-[A-Za-z0-9_-]{20,}",
        "Google API key": rb"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
        "Slack token": rb"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        "Docker Hub token": rb"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
        "Hugging Face token": rb"\bhf_[A-Za-z]{34}\b",
        "npm token": rb"\bnpm_[A-Za-z0-9]{36}\b",
        "PyPI token": rb"\bpypi-AgE[A-Za-z0-9_-]{50,}",
        "JSON web token": rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
        # Excludes the placeholders of documentation and tests: words such as "password", and variables.
        "password in a URL": (
            rb"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:(?!(?i:pass|s[e3]cret))[A-Za-z0-9!#%&()*+,.=_~-]{8,}@\w"
        ),
    }.items()
}


def secrets(content: bytes) -> Iterator[tuple[int, str]]:
    """Yields line number (from 1) and kind of each secret, grouped by kind."""
    for kind, pattern in KINDS.items():
        for match in pattern.finditer(content):
            yield content.count(b"\n", 0, match.start()) + 1, kind


def main() -> int:
    found = False
    for path in filter(None, sys.stdin.read().split("\0")):
        for line, kind in secrets(Path(path).read_bytes()):
            found = True
            print(f"{path}:{line}: looks like a secret: {kind}", file=sys.stderr)
    if found:
        print("A secret that was ever pushed is compromised: revoke it at its issuer, then remove it.", file=sys.stderr)
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
