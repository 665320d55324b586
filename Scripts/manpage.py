#!/usr/bin/env python3
"""Generates osprey's manual page from the binary's help.

Usage: Scripts/manpage.py BINARY > osprey.1      View: man ./osprey.1
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Iterator

EXIT_STATUS = (
    ("0", "Success; for health, the service is ready."),
    ("1", "Failure, or at least one of several pictures could not be read."),
    ("74, 75", "The results of detect cannot be written (74), or another run is writing to them (75)."),
    ("64", "Invalid or unknown option or setting."),
)
ENVIRONMENT = (
    ("OSPREY_...", "Settings of serve, such as OSPREY_PORT for --port. Model settings also apply to detect."),
    ("NO_COLOR", "If not empty, disables colours on terminals."),
)


def escaped(text: str) -> str:
    """Returns text escaped for roff."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def paragraphs(text: str) -> Iterator[str]:
    """Yields the roff lines of a discussion: indented lines are kept verbatim, others are filled."""
    for paragraph in text.split("\n\n"):
        yield ".PP"
        plain = [line for line in paragraph.splitlines() if not line.startswith("  ")]
        if plain:
            yield escaped("\n".join(plain))
        verbatim = [line for line in paragraph.splitlines() if line.startswith("  ")]
        if verbatim:
            yield ".RS 2\n.nf"
            yield escaped("\n".join(line.strip() for line in verbatim))
            yield ".fi\n.RE"


def spelled(argument: dict[str, Any]) -> str:
    """Returns an argument as written on the command line."""
    value = f"\\fI{escaped(argument.get('valueName', ''))}\\fR"
    if argument["kind"] == "positional":
        value += " ..." if argument.get("isRepeating") else ""
        return f"[{value}]" if argument.get("isOptional") else value
    names = [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument["names"]]
    text = ", ".join(f"\\fB{escaped(name)}\\fR" for name in sorted(names, key=len))
    return text if argument["kind"] == "flag" else f"{text} {value}"


def described(argument: dict[str, Any]) -> str:
    text = argument.get("abstract", "")
    if argument.get("allValues"):
        text += f" One of {', '.join(argument['allValues'])}."
    if "defaultValue" in argument and argument["kind"] != "flag":
        text += f" (default: {argument['defaultValue']})"
    return escaped(text.strip())


def arguments(command: dict[str, Any]) -> list[dict[str, Any]]:
    shown = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    return [argument for argument in shown if argument.get("valueName") not in ("help", "version")]


def section(command: dict[str, Any], path: str) -> Iterator[str]:
    """Yields the roff lines of a command and its subcommands."""
    children = [child for child in command.get("subcommands", []) if child["commandName"] != "help"]
    if not children:
        words = [spelled(argument) for argument in arguments(command) if argument["kind"] == "positional"]
        yield f'.SS "{path}"'
        synopsis = " ".join(["[\\fIoptions\\fR]", *words])
        yield f".B {path}\n{synopsis}\n.PP"
        yield escaped(command.get("abstract", ""))
        yield from paragraphs(command.get("discussion", "")) if command.get("discussion") else ()
        for argument in arguments(command):
            yield f".TP\n{spelled(argument)}\n{described(argument)}"
    for child in children:
        yield from section(child, f"{path} {child['commandName']}")


def page(binary: str) -> str:
    def output(flag: str) -> str:
        return subprocess.run([binary, flag], capture_output=True, text=True, check=True).stdout

    root = json.loads(output("--experimental-dump-help"))["command"]
    name = root["commandName"]
    lines = [
        f'.TH {name.upper()} 1 "" "{name} {output("--version").strip()}" "User Commands"',
        f".SH NAME\n{name} \\- {escaped(root['abstract'].rstrip('.'))}",
        f".SH SYNOPSIS\n.B {name}\n\\fIcommand\\fR [\\fIoptions\\fR]",
        ".SH COMMANDS",
        *section(root, name),
    ]
    for title, items in (("EXIT STATUS", EXIT_STATUS), ("ENVIRONMENT", ENVIRONMENT)):
        lines.append(f".SH {title}")
        lines += [f".TP\n.B {escaped(term)}\n{escaped(meaning)}" for term, meaning in items]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(page(sys.argv[1]))
