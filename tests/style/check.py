#!/usr/bin/env python3
"""The house rules that a machine can check. usage: check.py [ROOT]

Prints `path:line: rule: message` for each violation, then "N passed, N failed", counted in rules.
check_test.py plants a violation of each rule and sees it caught. CONTRIBUTING.md lists the rules.
"""
import pathlib
import sys

sys.dont_write_bytecode = True  # nothing appears in the tree that it looks at

import cpp_rules
import sql_rules
from source import read_tree

RULES = {
    "include-direction": cpp_rules.include_direction,
    "public-header": cpp_rules.public_headers_stand_alone,
    "time-and-chance": cpp_rules.time_and_chance_come_from_base,
    "sleep": cpp_rules.nobody_sleeps,
    "coroutine": cpp_rules.no_coroutines,
    "detached-thread": cpp_rules.threads_are_joined,
    "dialect": cpp_rules.dialects_stay_in_store,
    "sql-in-code": cpp_rules.sql_stays_in_sql_files,
    "header": cpp_rules.headers_are_quick,
    "length": cpp_rules.files_and_lines_are_short,
    "unbuilt": cpp_rules.every_source_is_built,
    "left-over": cpp_rules.nothing_left_over,
    "workplace-path": cpp_rules.no_workplace_paths,
    "fenced-write": sql_rules.fenced_writes,
    "protocol-column": sql_rules.applications_leave_the_protocol_alone,
    "dialect-names": sql_rules.same_names_in_both_dialects,
    "migration-number": sql_rules.migrations_are_numbered_once,
    "database-time": sql_rules.database_time_moves,
}


def check(root):
    """{rule: [(path, line, message), …]} of the tree below root."""
    files = read_tree(root)
    return {name: list(rule(files)) for name, rule in RULES.items()}


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    found = check(root)
    for rule, violations in found.items():
        for path, line, message in violations:
            print(f"{path}:{line}: {rule}: {message}")
    failed = sum(1 for violations in found.values() if violations)
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
