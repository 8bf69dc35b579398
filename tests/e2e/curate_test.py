#!/usr/bin/env python3
"""Curate, whole: places → businesses → domains → sitemaps → pages → contacts, over a world of real pages
(curate_world.py), compared row by row with what an independent script works out from the same files
(curate_expected.py).

usage: curate_test.py PATH/TO/fencepost [PART OF A NAME]
"""

import collections
import contextlib
import csv
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request

from curate_expected import expected
from curate_world import World
from harness import ROOT, Failed, Server, check, first_line, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
PATIENCE = 500  # seconds for one stage, which only a broken build needs
QUEUES = ("places", "businesses", "domains", "discoveries", "sitemaps", "pages")
QUICK = "interval=200ms backoff=100ms backoff-cap=1s delay=0 concurrency=4 batch=20"

TABLES = {
    "businesses": "SELECT b.place_id, d.host FROM fencepost_businesses b "
                  "LEFT JOIN fencepost_domains d ON d.id = b.domain_id",
    "domains": "SELECT host, title, description, language FROM fencepost_domains",
    "sitemaps": "SELECT url, processing_status, evidence FROM fencepost_sitemaps",
    "pages": "SELECT url, curation_status, processing_status, score, contact FROM fencepost_pages",
    "contacts": "SELECT host, email, page_url FROM fencepost_contacts",
}


class Database:
    """Asked and written to from outside, as any other program would."""

    def __init__(self, url):
        self.url = url

    def rows(self, sql):
        if self.url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.url[7:], timeout=60)) as db:
                rows = [list(row) for row in db.execute(sql)]
                db.commit()
                return rows
        write = sql.startswith("UPDATE")
        # A row as a list, whatever its columns are called.
        listed = f"SELECT (SELECT json_agg(e.value) FROM json_each(row_to_json(t)) e) r FROM ({sql}) t"
        asked = sql if write else f"SELECT coalesce(json_agg(r), '[]') FROM ({listed}) x"
        out = subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", asked], check=True,
                             capture_output=True, text=True).stdout
        return [] if write else json.loads(out)

    def open_items(self):
        counts = " UNION ALL ".join(f"SELECT count(*) AS n FROM fencepost_{queue} WHERE processing_status IN "
                                    "('Queued', 'Processing')" for queue in QUEUES)
        return sum(row[0] for row in self.rows(counts))

    def tables(self):
        """As expected() has them."""
        found = {name: self.rows(sql) for name, sql in TABLES.items()}
        kind = lambda evidence: json.loads(evidence).get("kind")
        return {
            "businesses": dict(found["businesses"]),
            "domains": {row[0]: tuple(row[1:]) for row in found["domains"]},
            "sitemaps": {url: (status, kind(evidence) if status == "Completed" else None)
                         for url, status, evidence in found["sitemaps"]},
            "pages": {row[0]: tuple(row[1:]) for row in found["pages"]},
            "contacts": {(host, email): page for host, email, page in found["contacts"]},
        }


class Provider:
    """The emulated provider of place details, which knows the world's places."""

    def __init__(self, places):
        self.process = subprocess.Popen(["python3", str(ROOT / "emulators/places/places.py"), "--port", "0"],
                                        stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process, r"listening on (http://\S+)")
        body = json.dumps({"places": places}).encode()
        urllib.request.urlopen(urllib.request.Request(self.url + "/_set", body, method="POST"), timeout=60).close()

    def calls(self):
        with urllib.request.urlopen(self.url + "/_accepted", timeout=60) as answer:
            return len(json.load(answer))

    def close(self):
        self.process.kill()
        self.process.wait()


class Crew:
    """So many servers over one database and one world."""

    def __init__(self, stack, path, url, size, *more):
        self.path, self.database = path, Database(url)
        self.world = World(path)
        stack.callback(self.world.close)
        self.provider = Provider(self.world.places())
        stack.callback(self.provider.close)
        (path / "places-key").write_text("k\n")
        pipelines = ("domain-extraction", "domain-monitor", "sitemap-discovery", "sitemap-import", "page-curation")
        self.options = ["--curate", "--curate-proxy", self.world.proxy, "--curate-contact", "test@fencepost.example",
                        "--curate-places-url", self.provider.url, "--curate-places-key-file", str(path / "places-key"),
                        "--curate-places-budget", "1000", "--curate-deep-scan", QUICK, *more]
        for pipeline in pipelines:
            self.options += [f"--curate-{pipeline}", QUICK]
        self.servers = []
        self.started = 0
        stack.callback(lambda: [server.close() for server in self.servers])
        for _ in range(size):
            self.add()

    def add(self):
        self.started += 1
        self.servers.append(Server(BINARY, self.database.url, self.path, f"server-{self.started}", *self.options))

    def settled(self, disturb=lambda: None):
        """Waits until nothing is open in any queue."""
        end = time.monotonic() + PATIENCE
        while self.database.open_items():
            disturb()
            if time.monotonic() > end:
                counts = {queue: self.database.rows("SELECT processing_status, count(*) AS n "
                                                    f"FROM fencepost_{queue} GROUP BY 1") for queue in QUEUES}
                raise Failed(f"still open: {counts}")
            time.sleep(0.2)

    def select(self, kind):
        """Everything that is new of a kind, as a person does it."""
        answer = self.servers[0].expect(200, "POST", f"/api/v1/curate/{kind}/select",
                                        {"curation_status": "New"}, {"Idempotency-Key": f"select-{kind}-{self.started}"})
        check(answer["items"] > 0 and not answer["more"], f"{kind} were selected: {answer}")

    def import_places(self):
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow(["place_id", "name"])
        for place, facts in self.world.places().items():
            lines.writerow([place, facts["name"]])
        server = self.servers[0]
        request = urllib.request.Request(server.url + "/api/v1/curate/places/import/csv?select=true",
                                         text.getvalue().encode(), method="POST",
                                         headers={"Authorization": f"Bearer {server.token}", "Content-Type": "text/csv",
                                                  "Idempotency-Key": "import-1"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            report = json.load(answer)
        check(report["added"] == len(self.world.places()), f"all places were added: {report}")

    def run(self, disturb=lambda: None):
        self.import_places()
        self.settled(disturb)
        for kind in ("businesses", "domains", "sitemaps"):
            self.select(kind)
            self.settled(disturb)
        # By plain SQL, as another program would: all documentation; of the 50,000 only what selected itself.
        self.database.rows("UPDATE fencepost_pages SET curation_status = 'Selected' "
                           "WHERE curation_status = 'New' AND processing_status = '' AND host <> 'huge.example'")
        self.settled(disturb)

    def compare(self):
        wanted = expected(self.world, lambda host, url, score: host.name != "huge.example")
        found = self.database.tables()
        for name, rows in wanted.items():
            missing = {key: row for key, row in rows.items() if found[name].get(key, "-") != row}
            extra = {key: row for key, row in found[name].items() if key not in rows}
            if missing or extra:
                shown = [(key, row, found[name].get(key, "-")) for key, row in sorted(missing.items(), key=str)[:5]]
                raise Failed(f"{name}: {len(missing)} differ (wanted, found): {shown}; "
                             f"{len(extra)} too many: {sorted(extra.items(), key=str)[:5]}")
        return wanted


def whole_run(url, path, stack, size):
    crew = Crew(stack, path, url, size)
    crew.run()
    wanted = crew.compare()
    # Nothing was processed twice: each page was asked for once, each call paid for once.
    asked = collections.Counter(address for address, _ in crew.world.requests())
    fetched = [address for address, row in wanted["pages"].items() if row[1] == "Completed"]
    twice = {address: asked[address] for address in fetched if asked[address] != 1}
    check(len(fetched) > 100 and not twice, f"{len(fetched)} pages; not asked for once: {dict(list(twice.items())[:5])}")
    check(crew.provider.calls() == len(crew.world.places()), f"{crew.provider.calls()} calls were paid for")
    verify = subprocess.run([BINARY, "verify", "--database", url], capture_output=True, text=True, timeout=300)
    check(verify.returncode == 0, f"verify: {verify.stdout} {verify.stderr}")


@contextlib.contextmanager
def logged():
    with folder() as path, contextlib.ExitStack() as stack:
        try:
            yield path, stack
        except BaseException:
            stack.close()
            show_logs(path)
            raise


def one_process_on_sqlite():
    with logged() as (path, stack):
        whole_run(f"sqlite:{path}/curate.db", path, stack, 1)


def four_processes_on_postgresql():
    with postgres_database() as url, logged() as (path, stack):
        whole_run(url, path, stack, 4)


class Trouble:
    """Kills, stops and wakes servers at random, always leaving the first: somebody has to be asked."""

    def __init__(self, crew, seed):
        self.crew, self.random, self.stopped, self.acts = crew, random.Random(seed), [], collections.Counter()
        print(f"     seed {seed}: FENCEPOST_SEED={seed} tests/e2e/curate_test.py BINARY killed", flush=True)

    def __call__(self):
        act = self.random.choice(["kill", "stop", "wake", "nothing"])
        able = [server for server in self.crew.servers[1:] if server not in self.stopped]
        if act == "kill" and able:
            server = self.random.choice(able)
            self.crew.servers.remove(server)
            server.close()
            self.crew.add()
        elif act == "stop" and able:
            server = self.random.choice(able)
            server.process.send_signal(signal.SIGSTOP)
            self.stopped.append(server)
        elif act == "wake" and self.stopped:
            self.wake(self.stopped[0])
        else:
            return
        self.acts[act] += 1

    def wake(self, server):
        self.stopped.remove(server)
        server.process.send_signal(signal.SIGCONT)


def killed_and_stopped_workers_give_the_same_tables():
    seed = int(os.environ.get("FENCEPOST_SEED", random.randrange(1 << 30)))
    with postgres_database() as url, logged() as (path, stack):
        crew = Crew(stack, path, url, 4, "--lease", "3s")
        trouble = Trouble(crew, seed)
        stack.callback(lambda: [trouble.wake(server) for server in list(trouble.stopped)])
        crew.run(trouble)
        print(f"     {dict(trouble.acts)}", flush=True)
        for server in list(trouble.stopped):  # those who slept through the end write nothing late
            trouble.wake(server)
        for server in crew.servers[1:]:
            server.stop()
        check(trouble.acts["kill"] + trouble.acts["stop"] > 0, "there was trouble")
        crew.compare()


TESTS = [
    ("one process on SQLite", one_process_on_sqlite),
    ("four processes on PostgreSQL", four_processes_on_postgresql),
    ("killed and stopped workers give the same tables", killed_and_stopped_workers_give_the_same_tables),
]

if __name__ == "__main__":
    wanted_part = sys.argv[2] if len(sys.argv) > 2 else ""
    sys.exit(run_all([(name, test) for name, test in TESTS if wanted_part in name]))
