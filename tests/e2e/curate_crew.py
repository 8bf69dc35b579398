"""What curate's end-to-end tests share: servers over one database and one world, and what other programs see of it."""

import contextlib
import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request

from curate_world import Size, World
from harness import ROOT, Failed, Server, check, first_line, folder, postgres_database, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
PATIENCE = 500  # seconds for one stage, which only a broken build needs
QUEUES = ("places", "businesses", "domains", "discoveries", "sitemaps", "pages")
PIPELINES = ("deep-scan", "domain-extraction", "domain-monitor", "sitemap-discovery", "sitemap-import", "page-curation")
QUICK = "interval=200ms backoff=100ms backoff-cap=500ms delay=0 concurrency=4 batch=20 retries=2"

# All that a run leaves, with names instead of ids, and without times, fences and the traces of attempts that were cut off.
RECORD = "curation_status, {0}.processing_status, {0}.last_error, {0}.note, {0}.evidence"
TABLES = {
    "places": f"SELECT place_id, name, answer_of, answer_open, {RECORD.format('t')} FROM fencepost_places t",
    "businesses": f"SELECT t.place_id, name, website, phone, address, d.host, t.{RECORD.format('t')} "
                  "FROM fencepost_businesses t LEFT JOIN fencepost_domains d ON d.id = t.domain_id",
    "domains": f"SELECT t.host, title, description, language, {RECORD.format('t')}, e.processing_status AS looked, "
               "e.last_error AS why, e.evidence AS found "
               "FROM fencepost_domains t JOIN fencepost_discoveries e ON e.domain_id = t.id",
    "sitemaps": f"SELECT t.url, t.host, p.url AS parent, t.depth, t.urls, t.{RECORD.format('t')} "
                "FROM fencepost_sitemaps t LEFT JOIN fencepost_sitemaps p ON p.id = t.parent_id",
    "pages": f"SELECT url, host, kind, score, contact, {RECORD.format('t')} FROM fencepost_pages t",
    "contacts": "SELECT host, email, phone, socials, page_url, best FROM fencepost_contacts",
}


class Database:
    """Asked and written to from outside, as any other program would."""

    def __init__(self, url):
        self.url = url

    def rows(self, sql):
        """Each as a dictionary."""
        if self.url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.url[7:], timeout=60)) as db:
                db.row_factory = sqlite3.Row
                return [dict(row) for row in db.execute(sql)]
        out = self.psql(f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) t")
        return json.loads(out)

    def write(self, sql):
        if self.url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.url[7:], timeout=60)) as db:
                db.execute("PRAGMA foreign_keys = ON")
                db.executescript(f"BEGIN IMMEDIATE; {sql}; COMMIT;")
        else:
            self.psql(sql)

    def psql(self, sql):
        return subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", self.url], input=sql, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def open_items(self):
        counts = " UNION ALL ".join(f"SELECT count(*) AS n FROM fencepost_{queue} WHERE processing_status IN "
                                    "('Queued', 'Processing')" for queue in QUEUES)
        return sum(row["n"] for row in self.rows(counts))

    def tables(self):
        found = {name: self.rows(sql) for name, sql in TABLES.items()}
        # What tells of attempts that were cut off: where none was, it is the same for all.
        for name, trace in (("places", "from_kept_answer"), ("sitemaps", "new")):
            for row in found[name]:
                evidence = json.loads(row["evidence"])
                evidence.pop(trace, None)
                row["evidence"] = json.dumps(evidence)
        return found


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

    def __init__(self, stack, path, url, processes, *more, size=Size(), words=QUICK, fetch_time="1s"):
        self.path, self.database = path, Database(url)
        self.world = World(path, size)
        stack.callback(self.world.close)
        self.provider = Provider(self.world.places())
        stack.callback(self.provider.close)
        (path / "places-key").write_text("k\n")
        self.options = ["--curate", "--curate-proxy", self.world.proxy, "--curate-contact", "test@fencepost.example",
                        "--curate-places-url", self.provider.url, "--curate-places-key-file", str(path / "places-key"),
                        "--curate-places-budget", "1000", "--curate-fetch-time", fetch_time, "--allow-private-addresses=false", *more]
        self.options += [option for pipeline in PIPELINES for option in (f"--curate-{pipeline}", words)]
        self.servers = []
        self.started = 0
        stack.callback(lambda: [server.close() for server in self.servers])
        for _ in range(processes):
            self.add()

    def add(self):
        self.started += 1
        self.servers.append(Server(BINARY, self.database.url, self.path, f"server-{self.started}", *self.options))

    def last_log(self):
        """Of the server that was started last."""
        log = self.path / f"server-{self.started}.log"
        return log.read_text() if log.exists() else ""

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

    def select(self, kind, **which):
        """Everything that is new of a kind, as a person does it."""
        key = {"Idempotency-Key": f"select-{kind}-{os.urandom(8).hex()}"}
        answer = self.servers[0].expect(200, "POST", f"/api/v1/curate/{kind}/select",
                                        which or {"curation_status": "New"}, key)
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
        self.database.write("UPDATE fencepost_pages SET curation_status = 'Selected' "
                            "WHERE curation_status = 'New' AND processing_status = '' AND host <> 'huge.example'")
        self.settled(disturb)

    def verify(self):
        done = subprocess.run([BINARY, "verify", "--database", self.database.url], capture_output=True, text=True,
                              timeout=300)
        check(done.returncode == 0, f"verify: {done.stdout} {done.stderr}")


@contextlib.contextmanager
def logged():
    with folder() as path, contextlib.ExitStack() as stack:
        try:
            yield path, stack
        except BaseException:
            stack.close()
            show_logs(path)
            raise


@contextlib.contextmanager
def on(kind):
    """(the URL of an empty database, a folder, an ExitStack that ends before them)"""
    with contextlib.ExitStack() as databases:
        url = databases.enter_context(postgres_database()) if kind == "postgres" else ""
        with logged() as (path, stack):
            yield url or f"sqlite:{path}/curate.db", path, stack
