#!/usr/bin/env python3
"""Turns the files of web/ into C++ constants, so that a server needs no folder beside it and no path of a request
ever reaches a file system.

usage: embed.py DIR OUT

What is not HTML gets its hash into its name ("app.3f9c….css"), and references to /assets/NAME are rewritten, so
that a browser may keep it for ever.
"""
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def literal(data):
    """Adjacent literals: compilers limit one. Octal, because a hex escape has no end."""
    pieces = []
    for at in range(0, len(data), 4000):
        text = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in data[at:at + 4000])
        pieces.append(f'"{text}"')
    return "\n    ".join(pieces) or '""'


def main(folder, out):
    files = sorted(path for path in pathlib.Path(folder).iterdir() if path.suffix in TYPES)
    contents = {path.name: path.read_bytes() for path in files}
    names = {}
    for name, data in contents.items():
        stem, suffix = name.rsplit(".", 1)
        names[name] = name if suffix == "html" else f"{stem}.{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
    rows = []
    for name, data in contents.items():
        if name.endswith(".html"):
            for plain, hashed in names.items():
                data = data.replace(f"/assets/{plain}\"".encode(), f"/assets/{hashed}\"".encode())
        etag = hashlib.sha256(data).hexdigest()[:32]
        kind = TYPES[pathlib.Path(name).suffix]
        rows.append(f'    {{"{names[name]}", "{kind}", "\\"{etag}\\"",\n    std::string_view({literal(data)}, {len(data)})}},')
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out).write_text(
        "#pragma once\n// Made by cmake/embed.py.\n#include <string_view>\n\nnamespace fencepost::web {\n"
        "struct Asset {\n  std::string_view name, type, etag, content;\n};\n"
        "inline constexpr Asset assets[] = {\n" + "\n".join(rows) + "\n};\n}  // namespace fencepost::web\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
