#!/usr/bin/env python3
"""An existing schema with a writer that reads whole rows, holds them and saves every column back, adopted and
worked at the same time, as `repeatable` and as `once`: nothing is lost, nothing happens twice, nothing begins
after a stop, and doctor says what it saw.

The writer is as ORMs are: it knows the protocol's columns as columns, and writes what it read. What it holds
when is decided by the arrivals at the receiver, not by a clock: before the first arrival it has read every row;
with each arrival it reads the row of that item as it is now (being sent), saves it as it was before anything
happened, and saves the one that it held from the arrival before (which has become something else since).

usage: orm_test.py PATH/TO/fencepost
"""

import collections
import contextlib
import functools
import sys
import threading

from adopting import ONCE, Counter, place
from harness import check, run_all

ITEMS = 24


def literal(field, name):
    if field == "" and name not in ("url",):
        return "NULL"
    return "'" + field.replace("'", "''") + "'"


class Orm:
    """Reads whole rows, holds them, saves all columns. Thread-safe."""

    def __init__(self, database, table):
        self.database, self.table = database, table
        self.columns = self._columns()
        self.lock = threading.Lock()
        self.saved = collections.Counter()
        self.before = {row[0]: row for row in self._rows("")}  # every item, before anything happened
        self.held = None

    def _columns(self):
        if self.database.url.startswith("sqlite:"):
            return [row[1] for row in self.database.sql(f"PRAGMA table_info({self.table})")]
        return [row[0] for row in self.database.sql(
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{self.table}'::regclass AND attnum > 0 ORDER BY attnum")]

    def _rows(self, where):
        return self.database.sql(f"SELECT {', '.join(self.columns)} FROM {self.table} {where}", "orm")

    def save(self, row):
        values = ", ".join(f"{name} = {literal(field, name)}" for name, field in zip(self.columns, row))
        self.database.sql(f"UPDATE {self.table} SET {values} WHERE id = {row[0]}", "orm")

    def arrival(self, item, most):
        """What it does while that item is being sent; `most`: how often the oldest version of a row is saved."""
        with self.lock:
            now = self._rows(f"WHERE id = {item}")[0]
            if self.saved[item] < most:
                self.saved[item] += 1
                self.save(self.before[item])
            if self.held and self.saved["held " + self.held[0]] < most:
                self.saved["held " + self.held[0]] += 1
                self.save(self.held)
            self.held = now


@contextlib.contextmanager
def scene(kind, *flags):
    """An adopted table, the writer, and a receiver at whose every arrival the writer writes."""
    with place(kind) as p:
        p.table("links", ITEMS, extra=", version INTEGER NOT NULL DEFAULT 1")
        p.adopt("--enabled", "enabled", *flags)
        orm = Orm(p, "links")

        def answer(arrival):
            orm.arrival(arrival["headers"]["Fencepost-item"], most=2)
            return 200, {}, {}

        counter = Counter(answer)
        with contextlib.closing(counter):
            yield p, orm, counter


def work(p, counter):
    """Two loops at once, until nothing is left for either. An old row that says `sending` has a lease of the deadline
    and a quarter of a minute: so long it is nobody's."""
    loops = [p.loop("--until-empty", "--lease", "3s", "--deadline", "20s", "--concurrency", "2", "--post", counter.url) for _ in range(2)]
    for loop in loops:
        check(loop.wait(300) == 0, f"the loop ends well: {(p.path / 'loop.log').read_text()[-3000:]}")


def repeatable(kind):
    """What the writer puts back into the queue is done again, and that is what it asked for; nothing is lost."""
    with scene(kind, "--payload", "url") as (p, orm, counter):
        work(p, counter)
        check(p.states() == {"Completed": ITEMS}, f"F5: every item ends: {p.states()}")
        check(len(set(counter.items())) == ITEMS, "every item was worked")
        claims = collections.Counter(arrival["headers"]["Fencepost-claim"] for arrival in counter.arrivals)
        check(max(claims.values()) == 1, "F1: no claim was worked twice")
        check(p.value("SELECT count(*) FROM links WHERE lease_until IS NOT NULL") == "0", "nothing holds a lease")
        check(p.value("SELECT count(*) FROM links WHERE fence = 0") == "0", "F6: no fence was rewound to its beginning")
        p.run("verify")
        writers = " ".join(p.findings()["foreign_writer"])
        check("'Queued'" in writers and (kind == "sqlite" or "'orm' changed" in writers), f"doctor says who wrote what: {writers}")


def once(kind):
    """The same writer cannot make anything happen twice, nor after somebody said no."""
    with scene(kind, *ONCE) as (p, orm, counter):
        # A person stops three of them by plain SQL, after the writer has read them; then it saves its old rows.
        stopped = {"3", "7", "11"}
        p.sql(f"UPDATE links SET state = 'Stopped' WHERE id IN ({', '.join(stopped)}) AND state = 'Queued'")
        for item in stopped:
            orm.save(orm.before[item])
        check(p.states() == {"Queued": ITEMS - 3, "Stopped": 3}, f"F2: what was stopped stays so: {p.states()}")
        work(p, counter)
        arrivals = collections.Counter(counter.items())
        check(not stopped & set(arrivals), "F2: nothing of them began")
        check(len(arrivals) == ITEMS - 3 and set(arrivals.values()) == {1}, f"F3: each arrived once: {arrivals}")
        # Saved once more, in whatever state each was held, and worked again: still nothing twice.
        for row in [*orm.before.values(), orm.held]:
            orm.save(row)
        work(p, counter)
        check(p.states() == {"Completed": ITEMS - 3, "Stopped": 3}, f"F5: every item ends where it was: {p.states()}")
        check(collections.Counter(counter.items()) == arrivals, "F3: and nothing arrived again")
        keys = [arrival["headers"]["Idempotency-Key"] for arrival in counter.arrivals]
        check(len(set(keys)) == len(keys), "a key of its own for each")
        p.run("verify")
        found = p.findings()
        check("Queued" in " ".join(found["foreign_writer"]), f"doctor says who wrote what: {found}")
        check("foreign_worker" in found, f"and that it wrote words which only a worker writes: {found}")


def main():
    tests = [(f"{test.__name__} on {kind}", functools.partial(test, kind))
             for test in (repeatable, once) for kind in ("postgres", "sqlite")
             if len(sys.argv) < 3 or f"{test.__name__}-{kind}".startswith(sys.argv[2])]
    sys.exit(run_all(tests))


if __name__ == "__main__":
    main()
