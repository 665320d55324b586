#!/usr/bin/env python3
"""Writes an object file with Foundation's ICU data in English only, 15 MB instead of 34, and prints the linker's option.

    trim_icu.py OBJECT

The service formats nothing for people in their language. For a language that is missing, ICU uses its root data. The
data's format is described in ICU's udata.h and ucmndata.h: a header; a table of contents, whose offsets count from its
beginning; names; and items, which are aligned.
"""

import json
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

MEMBER = "icu_packaged_data.cpp.o"
ALIGNMENT = 16
# Data of a language or a country, such as icudt76l/curr/de_AT.res.
LOCALIZED = re.compile(r"icudt\d+l/((brkitr|coll|curr|lang|rbnf|region|translit|unit|zone)/)?[a-z]{2,3}(_\w*)?\.res")
KEPT = {"en.res", "en_US.res", "en_US_POSIX.res", "res_index.res"}


def is_kept(name: str) -> bool:
    return not LOCALIZED.fullmatch(name) or name.rpartition("/")[2] in KEPT


def split(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The header, and the items by name."""
    assert data[12:16] == b"CmnD", "these are no common data of ICU"
    (begin,) = struct.unpack_from("<H", data)
    (count,) = struct.unpack_from("<I", data, begin)
    table = [struct.unpack_from("<II", data, begin + 4 + 8 * index) for index in range(count)]
    names = [data[begin + name : data.index(b"\0", begin + name)].decode() for name, _ in table]
    starts = [begin + start for _, start in table] + [len(data)]
    return data[:begin], {name: data[starts[i] : starts[i + 1]] for i, name in enumerate(names)}


def join(header: bytes, items: dict[str, bytes]) -> bytes:
    """The reverse; the order of the names must be kept, because ICU searches by halving."""
    names = [name.encode() + b"\0" for name in items]
    name_start = 4 + 8 * len(items)
    start = name_start + sum(map(len, names))
    padding = bytes(-start % ALIGNMENT)
    start += len(padding)
    table, bodies = [struct.pack("<I", len(items))], []
    for name, item in zip(names, items.values()):
        table.append(struct.pack("<II", name_start, start))
        bodies.append(item + bytes(-len(item) % ALIGNMENT))
        name_start += len(name)
        start += len(bodies[-1])
    return b"".join([header, *table, *names, padding, *bodies])


def main() -> None:
    target = Path(sys.argv[1]).resolve()
    info = json.loads(subprocess.check_output(["swiftc", "-static-stdlib", "-print-target-info"]))
    archive = Path(info["paths"]["runtimeResourcePath"], "linux", "lib_FoundationICU.a")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ar", "x", archive, MEMBER], cwd=folder, check=True)
        (symbol,) = re.findall(r"\bicudt\d+_dat\b", subprocess.check_output(["nm", MEMBER], cwd=folder, text=True))
        copy = ["objcopy", "--output-target=binary", "--only-section=.rodata", MEMBER, "all"]
        subprocess.run(copy, cwd=folder, check=True)
        header, items = split(Path(folder, "all").read_bytes())
        kept = {name: item for name, item in items.items() if is_kept(name)}
        Path(folder, "data").write_bytes(join(header, kept))
        source = f'.section .rodata\n.balign {ALIGNMENT}\n.globl english_{symbol}\nenglish_{symbol}:\n.incbin "data"\n'
        source += '.section .note.GNU-stack,"",%progbits\n'
        assemble = ["clang", "-x", "assembler", "-c", "-o", target, "-"]
        subprocess.run(assemble, cwd=folder, input=source, text=True, check=True)
    print(f"--defsym={symbol}=english_{symbol}")


if __name__ == "__main__":
    main()
