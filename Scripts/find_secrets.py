#!/usr/bin/env python3
"""Looks for credentials in files, by the forms that their issuers give them.

    git ls-files -z | Scripts/find_secrets.py

Takes paths, each ended by NUL; prints path, line and kind of what it finds, never the secret; exits 1 if it found any.
Only forms that say for themselves what they are: measures of randomness would find every digest of this project.
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
        # But not what documentation and tests put in the password's place: a word for it, a variable.
        "password in a URL": (
            rb"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:(?!(?i:pass|s[e3]cret))[A-Za-z0-9!#%&()*+,.=_~-]{8,}@\w"
        ),
    }.items()
}


def secrets(content: bytes) -> Iterator[tuple[int, str]]:
    """The line, from 1, and the kind of each secret, kind by kind."""
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
        print("One that was ever pushed is known: revoke it where it was issued, and take it out.", file=sys.stderr)
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
