#!/usr/bin/env python3
"""Curate, whole: places → businesses → domains → sitemaps → pages → contacts, over a world of real pages and hostile
ones (curate_world.py), compared row by row with what an independent script works out from the same files
(curate_expected.py), and with the other runs.

usage: curate_test.py PATH/TO/fencepost [--long] [PART OF A NAME]
"""

import collections
import concurrent.futures
import functools
import json
import os
import random
import signal
import sys

from curate_crew import QUICK, Crew, on
from curate_expected import expected
from curate_world import SMALL, Size
from harness import Failed, check, run_all


def as_expected(tables):
    """A run's tables as expected() has them."""
    kind = lambda row: json.loads(row["evidence"]).get("kind") if row["processing_status"] == "Completed" else None
    return {
        "businesses": {row["place_id"]: row["host"] for row in tables["businesses"]},
        "domains": {row["host"]: (row["title"], row["description"], row["language"]) for row in tables["domains"]},
        "sitemaps": {row["url"]: (row["processing_status"], kind(row)) for row in tables["sitemaps"]},
        "pages": {row["url"]: tuple(row[name] for name in ("curation_status", "processing_status", "score", "contact"))
                  for row in tables["pages"]},
        "contacts": {(row["host"], row["email"]): row["page_url"] for row in tables["contacts"]},
    }


def the_same(wanted, found, names):
    """Both: {table: {key: row}}."""
    for table in names:
        missing = {key: row for key, row in wanted[table].items() if found[table].get(key, "-") != row}
        extra = {key: row for key, row in found[table].items() if key not in wanted[table]}
        if missing or extra:
            shown = [(key, row, found[table].get(key, "-")) for key, row in sorted(missing.items(), key=str)[:5]]
            raise Failed(f"{table}: {len(missing)} differ (wanted, found): {shown}; "
                         f"{len(extra)} too many: {sorted(extra.items(), key=str)[:5]}")


def rows_of(tables):
    """Every column of every row, as a set of them."""
    return {name: {str(sorted(row.items())).replace("True", "1").replace("False", "0"): 1 for row in rows}
            for name, rows in tables.items()}


def compare(crew, tables):
    wanted = expected(crew.world, lambda host, url, score: host.name != "huge.example")
    the_same(wanted, as_expected(tables), wanted)
    for name in ("sitemaps", "pages"):
        for row in tables[name]:
            error = row["last_error"]
            check(bool(error) == (row["processing_status"] == "Error"), f"an error has its reason, and only it: {row}")
    inside = [address for address in crew.world.requests() if address.startswith("http://127.")]
    check(not inside, f"no page leads to our own network: {inside}")
    return wanted


def processed_once(crew, wanted):
    """Nothing was processed twice: each page and each sitemap was asked for once, each call paid for once."""
    asked = collections.Counter(crew.world.requests())
    fetched = [address for table in ("pages", "sitemaps") for address, row in wanted[table].items() if "Completed" in row]
    # A home page is asked twice, by its two pipelines; the usual places are tried before they are imported.
    usual = {host.url(path) for host in crew.world.hosts for path in ("/sitemap.xml", "/sitemap_index.xml", "/sitemap.txt")}
    homes = {host.url("/"): 2 for host in crew.world.hosts} | {host.url("/robots.txt"): 1 for host in crew.world.hosts}
    most = {address: 1 for address in fetched if address not in usual} | homes
    twice = {address: asked[address] for address, n in most.items() if asked[address] != n}
    check(len(fetched) > 30 and not twice, f"{len(fetched)} fetched; not as often as wanted: {dict(list(twice.items())[:5])}")
    check(crew.provider.calls() == len(crew.world.places()), f"{crew.provider.calls()} calls were paid for")


@functools.cache
def undisturbed(kind, processes, size):
    """A run's rows."""
    with on(kind) as (url, path, stack):
        # Only what never comes takes that long: a slow machine asks for no page twice.
        crew = Crew(stack, path, url, processes, size=size, fetch_time="10s")
        crew.run()
        tables = crew.database.tables()
        processed_once(crew, compare(crew, tables))
        crew.verify()
        shown = {name: len(rows) for name, rows in tables.items()}
        print(f"     {processes} on {kind}: {shown}", flush=True)
        return rows_of(tables)


def one_process_on_sqlite(size):
    undisturbed("sqlite", 1, size)


def four_processes_on_postgresql_make_the_same_rows(size):
    rows = undisturbed("postgres", 4, size)
    the_same(undisturbed("sqlite", 1, size), rows, rows)


class Trouble:
    """Kills, ends, stops and wakes servers at random, always leaving the first: somebody has to be asked. It comes to
    an end, so that the last attempt at what never answers is not cut off."""

    def __init__(self, crew, seed, most):
        self.crew, self.random, self.stopped, self.acts = crew, random.Random(seed), [], collections.Counter()
        self.most = most

    def __call__(self):
        if self.acts.total() >= self.most:
            while self.stopped:
                self.wake(self.stopped[0])
            return
        act = self.random.choice(["kill", "end", "stop", "wake", "nothing"])
        able = [server for server in self.crew.servers[1:] if server not in self.stopped]
        if act in ("kill", "end") and able:
            server = self.random.choice(able)
            self.crew.servers.remove(server)
            if act == "end":
                server.stop()
            server.close()
            self.start()
        elif act == "stop" and able:
            server = self.random.choice(able)
            server.process.send_signal(signal.SIGSTOP)
            self.stopped.append(server)
        elif act == "wake" and self.stopped:
            self.wake(self.stopped[0])
        else:
            return
        self.acts[act] += 1

    def start(self):
        """One that was stopped in its write holds the whole of SQLite: who starts waits until it goes on."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            starting = pool.submit(self.crew.add)
            while not concurrent.futures.wait([starting], 0.2).done:
                if self.stopped and "waiting for the database" in self.crew.last_log():
                    self.wake(self.stopped[0])
            starting.result()

    def wake(self, server):
        self.stopped.remove(server)
        server.process.send_signal(signal.SIGCONT)

    def over(self):
        """Those who slept through the end write nothing late."""
        for server in list(self.stopped):
            self.wake(server)
        for server in self.crew.servers[1:]:
            server.stop()


def killed_and_stopped_workers_leave_the_same_tables(kind, processes, size, acts):
    seed = int(os.environ.get("FENCEPOST_SEED", random.randrange(1 << 30)))
    print(f"     seed {seed}: FENCEPOST_SEED={seed} tests/e2e/curate_test.py BINARY killed", flush=True)
    with on(kind) as (url, path, stack):
        # An attempt that was cut off is one: more of them are allowed than a page can meet.
        words = QUICK.replace("retries=2", f"retries={acts // 4}")
        crew = Crew(stack, path, url, processes, "--lease", "3s", size=size, words=words)
        trouble = Trouble(crew, seed, acts)
        stack.callback(lambda: [trouble.wake(server) for server in list(trouble.stopped)])
        crew.run(trouble)
        trouble.over()
        print(f"     {dict(trouble.acts)}", flush=True)
        check(trouble.acts["kill"] + trouble.acts["end"] + trouble.acts["stop"] > 0, "there was trouble")
        tables = crew.database.tables()
        compare(crew, tables)
        rows = rows_of(tables)
        the_same(undisturbed("sqlite", 1, size), rows, rows)
        crew.verify()
        # A call that was lost is spent, and counted before it leaves; an answer that came is never bought again.
        counted = crew.database.rows("SELECT sum(calls) AS n FROM fencepost_places")[0]["n"]
        check(len(crew.world.places()) <= crew.provider.calls() <= counted, f"{crew.provider.calls()} of {counted} calls")


def main():
    arguments = [one for one in sys.argv[2:] if one != "--long"]
    size, acts = (Size(), 100) if "--long" in sys.argv else (SMALL, 32)
    tests = [("one process on SQLite", one_process_on_sqlite, (size,)),
             ("four processes on PostgreSQL make the same rows", four_processes_on_postgresql_make_the_same_rows, (size,)),
             ("killed and stopped workers leave the same tables, on PostgreSQL",
              killed_and_stopped_workers_leave_the_same_tables, ("postgres", 4, size, acts))]
    if "--long" in sys.argv:
        tests.append(("killed and stopped workers leave the same tables, on SQLite",
                      killed_and_stopped_workers_leave_the_same_tables, ("sqlite", 3, size, acts)))
    chosen = arguments[0] if arguments else ""
    return run_all([(name, functools.partial(test, *given)) for name, test, given in tests if chosen in name])


if __name__ == "__main__":
    sys.exit(main())
