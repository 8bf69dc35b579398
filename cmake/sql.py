#!/usr/bin/env python3
"""Turns the .sql files of a folder into C++ constants.

usage: sql.py NAME DIR OUT

DIR/*.sql           statements that are the same in both dialects, with $1, $2 … as placeholders
DIR/sqlite/*.sql    and
DIR/postgres/*.sql  statements that differ; both folders must have the same names
DIR/{sqlite,postgres}/migrations/NNNN_name.sql, or DIR/migrations/NNNN_name.sql where they are the same

A statement begins with `-- name: NAME`. Lines that are only comments are dropped. `--! GUARD` behind a line
marks it as a guard (several with commas: each removes it), `--! GUARD => TEXT` says what a mutant has in its
place (src/store/guards.hpp).
"""
import pathlib
import re
import sys

GUARD = re.compile(r"\s*--! ([\w,]+)(?: => (.*))?$")


def fail(message):
    sys.exit(f"sql.py: {message}")


def statements(path):
    """Yields (name, lines) for each `-- name:` of a file."""
    name, lines = None, []
    for line in path.read_text().splitlines():
        mark = re.match(r"-- name: (\w+)\s*$", line)
        if mark:
            if name:
                yield name, lines
            name, lines = mark.group(1), []
        elif name and (not line.strip().startswith("--") or line.strip().startswith("--!")) and line.strip():
            lines.append(line.rstrip())
        elif not name and line.strip() and not line.startswith("--"):
            fail(f"{path}: text before the first `-- name:`")
    if name:
        yield name, lines


def read(folder):
    found = {}
    for path in sorted(folder.glob("*.sql")):
        for name, lines in statements(path):
            if name in found:
                fail(f"{path}: a second statement of the name {name}")
            if not lines:
                fail(f"{path}: statement {name} is empty")
            found[name] = lines
    return found


def with_sqlite_placeholders(lines):
    return [re.sub(r"\$(\d+)", r"?\1", line) for line in lines]


def clean(lines):
    return "\n".join(GUARD.sub("", line) for line in lines)


def marked(lines):
    """\\1 guard \\2 text \\3 replacement \\4: render() picks one of the two."""
    out = []
    for line in lines:
        mark = GUARD.search(line)
        if mark:
            out.append(f"\\001{mark.group(1)}\\002{escape(line[:mark.start()])}\\003{escape(mark.group(2) or '')}\\004")
        else:
            out.append(escape(line))
    return "\\n".join(out)


def escape(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def raw(text):
    # Compilers limit one literal; adjacent ones are joined.
    parts = [text[i:i + 8000] for i in range(0, len(text), 8000)]
    return " ".join(f'R"sql({part})sql"' for part in parts)


def migrations(folder):
    both = {p.name: p for p in sorted((folder / "migrations").glob("*.sql"))}
    sqlite = {p.name: p for p in sorted((folder / "sqlite/migrations").glob("*.sql"))} | both
    postgres = {p.name: p for p in sorted((folder / "postgres/migrations").glob("*.sql"))} | both
    if set(sqlite) != set(postgres):
        fail(f"{folder}: migrations in one dialect only: {sorted(set(sqlite) ^ set(postgres))}")
    for name in sorted(sqlite):
        if not re.match(r"\d{4}_\w+\.sql$", name):
            fail(f"{folder}: a migration is named NNNN_name.sql, not {name}")
        yield int(name[:4]), name[5:-4], sqlite[name].read_text(), postgres[name].read_text()


def migration(number, name, *dialects):
    """One entry; where lines are marked as guards, one for mutants too."""
    lines = [text.splitlines() for text in dialects]
    entry = lambda texts: f'    {{{number}, "{name}", {", ".join(texts)}}},'
    plain = entry(raw(clean(text) + "\n") for text in lines)
    if not any(GUARD.search(line) for text in lines for line in text):
        return [plain]
    return ["#ifdef FENCEPOST_MUTANTS", entry(f'"{marked(text)}"' for text in lines), "#else", plain, "#endif"]


def main():
    if len(sys.argv) != 4:
        fail(__doc__)
    module, folder, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    common, sqlite, postgres = read(folder), read(folder / "sqlite"), read(folder / "postgres")
    if set(sqlite) != set(postgres):
        fail(f"{folder}: statements in one dialect only: {sorted(set(sqlite) ^ set(postgres))}")
    if set(common) & set(sqlite):
        fail(f"{folder}: statements both common and of a dialect: {sorted(set(common) & set(sqlite))}")
    for name, lines in common.items():
        sqlite[name], postgres[name] = with_sqlite_placeholders(lines), lines

    text = ["#pragma once", f"// Written by cmake/sql.py from the .sql files of {module}; do not edit.", "",
            '#include "store/value.hpp"', "", f"namespace fencepost::{module}::sql {{", ""]
    for name in sorted(sqlite):
        text += ["#ifdef FENCEPOST_MUTANTS",
                 f'inline constexpr store::Statement {name}{{"{module}.{name}", "{marked(sqlite[name])}", "{marked(postgres[name])}"}};',
                 "#else",
                 f'inline constexpr store::Statement {name}{{"{module}.{name}", {raw(clean(sqlite[name]))},',
                 f"    {raw(clean(postgres[name]))}}};",
                 "#endif"]
    text += ["", f"inline constexpr store::Statement all[] = {{{', '.join(sorted(sqlite))}}};" if sqlite else ""]
    listed = [line for one in migrations(folder) for line in migration(*one)]
    if listed:
        text += ["inline constexpr store::Migration migrations[] = {", *listed, "};"]
    text += ["", f"}}  // namespace fencepost::{module}::sql", ""]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(text))


main()
