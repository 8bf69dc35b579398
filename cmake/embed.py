#!/usr/bin/env python3
"""Turns the built pages of web/ into C++ constants, so that a server needs no folder beside it and no path of a request
ever reaches a file system.

usage: embed.py DIR OUT.cpp

DIR is what Vite has written: index.html, and assets/ whose names have their hashes. Each is kept plain and packed.
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}


def literal(data):
    """Adjacent literals: compilers limit one. Octal, because a hex escape has no end."""
    if not data:
        return '""'
    codes = {b: chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in range(256)}
    return "\n    ".join('"' + "".join(codes[b] for b in data[at:at + 4000]) + '"' for at in range(0, len(data), 4000))


def main(folder, out):
    folder, rows = pathlib.Path(folder), []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix not in TYPES:
            raise SystemExit(f"{path}: no type is known of such files: see cmake/embed.py")
        data = path.read_bytes()
        packed = gzip.compress(data, 9, mtime=0)
        strings = [path.name, TYPES[path.suffix], hashlib.sha256(data).hexdigest()[:32]]
        fields = [f'"{one}"' for one in strings] + [f"std::string_view({literal(one)}, {len(one)})" for one in (data, packed)]
        rows.append("    {" + ",\n     ".join(fields) + "},")
    out = pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        "// Made by cmake/embed.py.\n#include \"http/api/assets.hpp\"\n\nnamespace fencepost::http {\n\n"
        "namespace {\nconstexpr Asset kAssets[] = {\n" + "\n".join(rows) + "\n};\n}  // namespace\n\n"
        "std::span<const Asset> assets() { return kAssets; }\n\n}  // namespace fencepost::http\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
