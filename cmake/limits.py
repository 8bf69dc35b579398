#!/usr/bin/env python3
"""Turns the platforms' limits into C++ constants, so that a server needs no file beside it; refuses a value without
its date and source.

usage: limits.py OUT FOLDER/limits.toml...
"""
import pathlib
import re
import sys

from embed import literal

KEY = re.compile(r"^\[([a-z0-9-]+)\]$")
FIELD = re.compile(r'^(value|date|source) = (?:\d+|\d{4}-\d\d-\d\d|"[^"\\]+")$')


def check(path, text):
    """What the parser at start relies on; only the plain form is allowed, so that a diff shows each change."""
    entries = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        key, field = KEY.match(line), FIELD.match(line)
        if key and key[1] not in entries:
            entries[key[1]] = fields = []
        elif field and entries:
            fields.append(field[1])
        else:
            sys.exit(f"{path}:{number}: expected a new [name], or value, date or source")
    for name, fields in entries.items():
        if fields != ["value", "date", "source"]:
            sys.exit(f"{path}: [{name}] must have value, date and source, in this order")


def main(out, *files):
    rows = []
    for path in sorted(map(pathlib.Path, files)):
        text = path.read_text(encoding="utf-8")
        check(path, text)
        rows.append(f'    {{"{path.parent.name}",\n    {literal(text.encode())}}},')
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out).write_text(
        "#pragma once\n// Made by cmake/limits.py.\n#include <string_view>\n\nnamespace fencepost::connect {\n"
        "struct LimitsFile {\n  std::string_view platform, content;\n};\n"
        "inline constexpr LimitsFile limits_files[] = {\n" + "\n".join(rows) +
        "\n};\n}  // namespace fencepost::connect\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
