#!/usr/bin/env python3
"""Plants violations of every rule in a tree of its own and sees each caught, and sees what is right pass."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from check import RULES, check

HPP = "#pragma once\n"
SQL = "src/store/postgres/items.sql"
ANNOUNCE = "src/apps/announce/announcements.sql"


def claim(where, before=""):
    return (
        f"-- name: settle\n{before}UPDATE {{table}} t SET {{status}} = $1, fence = t.fence + 1\nWHERE"
        f" {where}\nRETURNING t.id;\n"
    )


# rule -> trees that must be caught; each tree is {path: text}, and the first path is the one to be named.
CAUGHT = {
    "include-direction": [
        {"src/core/a.cpp": '#include "store/store.hpp"\n'},
        {"src/core/a_test.cpp": '#include "engine/engine.hpp"\n'},
        {"src/store/a.hpp": HPP + '#include "engine/engine.hpp"\n'},
        {"src/connect/x/a.cpp": '#include "store/store.hpp"\n'},
        {"src/engine/a.cpp": '#include "connect/http_client.hpp"\n'},
        {"src/apps/upload/a.cpp": '#include "apps/announce/repository.hpp"\n'},
        {"src/apps/upload/a.cpp": '#include "announce/sql.hpp"\n', "src/apps/announce/b.cpp": ""},
        {"src/accounts/a.cpp": '#include "http/message.hpp"\n'},
        {"src/base/a.cpp": '#include "helper.hpp"\n'},
        {"include/fencepost/a.hpp": HPP + '#include "http/message.hpp"\n'},
        {"include/fencepost/a.hpp": HPP + '#include "core/state.hpp"\n'},
        {"src/library/a.cpp": '#include "accounts/tokens.hpp"\n'},
        {"src/engine/a.cpp": '#include "library/store.hpp"\n'},
        {"src/apps/announce/a.cpp": '#include "library/store.hpp"\n'},
    ],
    "public-header": [
        {"include/fencepost/a.hpp": HPP + "#include <sqlite3.h>\n"},
        {"include/fencepost/a.hpp": HPP + "#include <nlohmann/json_fwd.hpp>\n"},
    ],
    "time-and-chance": [
        {"src/engine/a.cpp": "auto t = std::chrono::steady_clock::now();\n"},
        {"src/engine/a.cpp": "using clock = std::chrono::system_clock;\n"},
        {"src/engine/a.cpp": "auto t = base::BootClock::now();\n"},
        {"src/engine/a.cpp": "using C = BootClock; auto t = C::now();\n"},
        {"src/core/a.cpp": "std::mt19937_64 generator;\n"},
        {"src/core/a.cpp": "int x = rand();\n"},
        {"src/http/a.cpp": "auto t = time(nullptr);\n"},
    ],
    "sleep": [
        {"src/engine/a.cpp": "std::this_thread::sleep_for(1s);\n"},
        {"src/http/a.cpp": "base::sleep_for(base::Duration(5));\n"},
        {"src/store/a_test.cpp": "base::sleep_for(base::Duration(5));\n"},
        {"src/store/a.cpp": "std::this_thread::sleep_for(1s);\n"},
        {"tests/e2e.cpp": "  usleep(100);\n"},
        {"src/cli/a.cpp": "  ::sleep(1);\n"},
    ],
    "coroutine": [
        {"src/http/a.cpp": "co_await read();\n"},
        {"src/http/a.cpp": "#include <coroutine>\n"},
    ],
    "detached-thread": [{"src/engine/a.cpp": "std::thread(f).detach();\n"}],
    "dialect": [
        {"src/engine/a.cpp": "if (kind == store::Dialect::kPostgres) f();\n"},
        {"src/apps/announce/a.cpp": "if (postgres) f();\n"},
    ],
    "sql-in-code": [
        {"src/http/a.cpp": 'run("DELETE FROM fencepost_announcements WHERE id = $1");\n'},
        {"src/accounts/a.cpp": 'run("  UPDATE people SET name = $1");\n'},
    ],
    "header": [
        {"src/core/a.hpp": "int f();\n"},
        {"src/core/a.hpp": HPP + "using namespace std;\n"},
        {"src/core/a.hpp": HPP + "#include <nlohmann/json.hpp>\n"},
        {"src/http/a.hpp": HPP + "#include <boost/beast/http.hpp>\n"},
    ],
    "length": [
        {"src/core/a.cpp": "\n" * 451},
        {"src/core/a.cpp": "//" + "x" * 109 + "\n"},
        {"tests/a.cpp": "//" + "x" * 109 + "\n"},
        {SQL: "-- " + "x" * 108 + "\n"},
    ],
    "migration-number": [
        {
            "src/store/sqlite/migrations/0002_b.sql": "",
            "src/accounts/sqlite/migrations/0002_a.sql": "",
        },
        {
            "src/library/core.cpp": "constexpr int kNewestMigration = 1;\n",
            "src/store/sqlite/migrations/0002_b.sql": "",
            "src/store/postgres/migrations/0002_b.sql": "",
        },
    ],
    "unbuilt": [
        {
            "src/core/b_test.cpp": "",
            "src/core/CMakeLists.txt": "fencepost_test(ab_test SOURCES ab_test.cpp)\n",
        },
        {"src/core/b.cpp": ""},
    ],
    "left-over": [
        {"src/core/a.cpp": "// TO" + "DO: more\n"},
        {"scripts/run": "# FIX" + "ME\n"},
        {"cmake/a.cmake": "# " + "X" * 3 + "\n"},
    ],
    "workplace-path": [
        {"docs/a.md": "see `/wo" + "rk/main/src`\n"},
        {"src/core/a.cpp": '// "/fa' + 'rm/x"\n'},
    ],
    "fenced-write": [
        {SQL: claim("t.id = $2")},
        {SQL: claim("t.id IN (SELECT id FROM {table} WHERE status = 'queued' FOR UPDATE)")},
        {SQL: claim("t.id = $2 -- AND t.fence = $3")},
        {SQL: claim("t.id = $2 AND t.last_error <> 'status'")},
        {
            SQL: (
                "-- name: a\nWITH x AS (UPDATE {table} SET run_at = 1 WHERE id = $1 RETURNING id)\n"
                "SELECT id FROM x WHERE status = 'done';\n"
            )
        },
        {SQL: "-- name: a\nDELETE FROM {table} WHERE id = $1;\n"},
        {SQL: "-- name: a\nDELETE FROM {table};\n"},
        {SQL: claim("t.id = $2", before="-- unfenced:\n")},
        {
            SQL: (
                "-- name: a\n-- unfenced: only the first of them\n"
                + "DELETE FROM {table};\n"
                + "-- name: b\nDELETE FROM {table};\n"
            )
        },
        {ANNOUNCE: "-- name: a\nUPDATE fencepost_announcements SET enabled = false WHERE id = $1;\n"},
        {ANNOUNCE: '-- name: a\nUPDATE "fencepost_announcements" SET enabled = false WHERE id = $1;\n'},
        {
            ANNOUNCE: (
                "-- name: a\nINSERT INTO fencepost_schedules (id) VALUES ($1)\n"
                "ON CONFLICT (id) DO UPDATE SET id = 1;\n"
            )
        },
        {
            "src/store/sqlite/items.sql": (
                "-- name: a\nUPDATE OR IGNORE {table} SET run_at = 1 WHERE id = ?1;\n"
            )
        },
    ],
    "protocol-column": [
        {
            ANNOUNCE: (
                "-- name: a\nUPDATE fencepost_announcements SET title = $2, fence = 0 WHERE id = $1 AND"
                " status = 'x';\n"
            )
        },
        {ANNOUNCE: "-- name: a\nUPDATE t SET (title, effect) = ($1, $2) WHERE id = $1;\n"},
        {ANNOUNCE: "-- name: a\nINSERT INTO fencepost_announcements (id, claim_id) VALUES ($1, $2);\n"},
        {
            ANNOUNCE: (
                "-- name: a\nINSERT INTO t (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET attempt = 0;\n"
            )
        },
        {"src/accounts/people.sql": "-- name: a\nUPDATE t SET lease_until = 0;\n"},
        {
            "src/apps/announce/sqlite/a.sql": (
                "-- name: a\nINSERT OR IGNORE INTO t (id, stop_wanted) VALUES (?1, 1);\n"
            )
        },
        {"src/apps/announce/migrations/0001_a.sql": "-- protocol:\nUPDATE t SET fence = fence + 1;\n"},
        {ANNOUNCE: "-- name: a\n-- protocol: only migrations may\nUPDATE t SET stop_wanted = TRUE;\n"},
    ],
    "dialect-names": [
        {SQL: "-- name: claim\n", "src/store/sqlite/items.sql": "-- name: clam\n"},
        {
            "src/apps/announce/sqlite/migrations/0001_start.sql": "",
            "src/apps/announce/postgres/migrations/0002_start.sql": "",
        },
        {SQL: "-- name: claim\n"},
    ],
    "database-time": [
        {SQL: "-- name: a\nSELECT now();\n"},
        {"src/store/sqlite/migrations/0001_a.sql": "CREATE TABLE t (at TEXT DEFAULT CURRENT_TIMESTAMP);\n"},
    ],
}

LISTS = {"src/CMakeLists.txt": "file(GLOB sources *.cpp)\n"}
# One tree that breaks nothing, with what looks like a violation and is none.
CLEAN = {
    "src/base/clock.cpp": (
        "#include <ctime>\nvoid f() { std::this_thread::sleep_for(1s); clock_gettime(0, nullptr); }\n"
    ),
    "src/core/a.cpp": (
        '#include "base/clock.hpp"\n#include "core/state.hpp"\n// never sleep_for, never co_await\nconst'
        ' char* text = "std::chrono::steady_clock::now()";\nint f() { return clock.now() +'
        " base::system_clock().wall(); }\n"
    ),
    "src/core/quotes.cpp": "int million = 1'000'000; char quote = '\"'; auto raw = R\"(co_await \" )\";\n",
    "src/core/a_test.cpp": "std::mt19937 generator(7); auto t = std::chrono::steady_clock::now();\n",
    "src/store/database.cpp": "base::sleep_for(pause);\nif (dialect == Dialect::kSqlite) f();\n",
    "src/store/postgres/connection.cpp": "const auto deadline = base::BootClock::now() + timeout;\n",
    "src/connect/x/x.cpp": '#include "connect/http_client.hpp"\n#include "core/budget.hpp"\n',
    "src/apps/announce/a.cpp": (
        '#include "announce/sql.hpp"\n#include "apps/announce/a.hpp"\n#include "connect/http_client.hpp"\n'
    ),
    "src/apps/announce/a.hpp": HPP + "#include <nlohmann/json_fwd.hpp>\n",
    "src/apps/upload/a.cpp": '#include "engine/engine.hpp"\n#include "accounts/people.hpp"\n',
    "src/http/server/session.hpp": HPP + "#include <boost/asio/ip/tcp.hpp>\n",
    "include/fencepost/queue.hpp": HPP + '#include <optional>\n#include "fencepost/time.hpp"\n',
    "src/core/state.hpp": HPP + '#include "fencepost/queue.hpp"\n',
    SQL: (
        claim("t.id = $2 AND t.fence = $3")
        + "-- name: batch\nUPDATE {table} t SET run_at = 1 WHERE (t.id, t.fence) IN (SELECT * FROM unnest($1,"
        " $2));\n"
        + "-- name: lock\nSELECT id FROM {table} WHERE id = $1 FOR NO KEY UPDATE;\n"
        + "-- name: other\nUPDATE fencepost_workers SET seen = clock_timestamp() WHERE id = $1;\n"
        + "-- name: adopt\n-- unfenced: no worker knows the table yet\nUPDATE {table} SET {status} = $1 WHERE"
        " {status} IS NULL;\n"
        + "-- name: drop\n-- unfenced: before the first claim\nDELETE FROM {table} WHERE id = $1;\n"
        + "-- name: trigger\nCREATE TRIGGER t BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE"
        " FUNCTION f();\n"
    ),
    "src/store/sqlite/items.sql": "".join(
        f"-- name: {name}\n" for name in ("settle", "batch", "lock", "other", "adopt", "drop", "trigger")
    ),
    ANNOUNCE: (
        "-- name: edit\nUPDATE fencepost_announcements SET title = $2, seen = fence, status = CASE WHEN"
        " effect IS NULL THEN 'a'\n  ELSE status END WHERE id = $1 AND effect IS NULL RETURNING fence,"
        " attempt;\n-- name: key\nALTER TABLE t ADD FOREIGN KEY (a) REFERENCES b ON DELETE SET NULL ON UPDATE"
        " CASCADE;\n"
    ),
    "src/apps/announce/migrations/0001_a.sql": "-- protocol: a wish\nUPDATE t SET stop_wanted = TRUE;\n",
    "tests/style/README.md": "https://example.com/wo" + "rk/x and ../wo" + "rk/y and TO" + "DO in prose\n",
    "scripts/a": "mktemp -d /tmp/x.XXXXXX\n",
    **LISTS,
}


def planted(tree):
    """The violations in a tree that holds these files and nothing else."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            target = pathlib.Path(root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return check(root)


class Style(unittest.TestCase):
    def test_every_rule_catches_what_it_forbids(self):
        for rule, trees in CAUGHT.items():
            for tree in trees:
                with self.subTest(rule=rule, tree=tree):
                    guilty = next(iter(tree))
                    self.assertIn(guilty, [path for path, _, _ in planted(tree)[rule]])

    def test_every_rule_is_tested(self):
        self.assertEqual(set(CAUGHT), set(RULES))

    def test_what_is_right_passes(self):
        for rule, violations in planted(CLEAN).items():
            with self.subTest(rule=rule):
                self.assertEqual(violations, [])

    def test_the_line_is_told(self):
        found = planted({"src/core/a.cpp": "/* two\nlines */\nint a;\nco_await b;\n"})["coroutine"]
        self.assertEqual([line for _, line, _ in found], [4])

    def test_the_exemption_covers_one_statement(self):
        tree = {
            SQL: (
                "-- name: a\n-- unfenced: only the first\nDELETE FROM {table};\n-- name: b\nDELETE FROM"
                " {table};\n"
            )
        }
        self.assertEqual([line for _, line, _ in planted(tree)["fenced-write"]], [5])


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    wrong = len({str(test).split(" (")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - wrong} passed, {wrong} failed")
    sys.exit(0 if result.wasSuccessful() else 1)
