#!/usr/bin/env python3
"""Turns data files into C++ constants, so that a server needs no file beside it: NAME.txt becomes NAME_txt.

usage: words.py NAMESPACE OUT FILE...
"""
import pathlib
import sys

from embed import literal


def main(namespace, out, *files):
    rows = []
    for file in map(pathlib.Path, files):
        data = file.read_bytes()
        rows.append(f"inline constexpr std::string_view {file.name.replace('.', '_')}({literal(data)}, {len(data)});")
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out).write_text("#pragma once\n// Made by cmake/words.py.\n#include <string_view>\n\n"
                                 f"namespace {namespace} {{\n" + "\n".join(rows) + f"\n}}  // namespace {namespace}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
