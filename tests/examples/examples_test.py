#!/usr/bin/env python3
"""The examples at work, on both databases. usage: examples_test.py FOLDER_OF_PROGRAMS [TEST…]"""
import functools
import html.parser
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from databases import IDENTITY, database
from harness import Receiver, eventually

PROGRAMS = pathlib.Path(sys.argv.pop(1))
DOCUMENTATION = pathlib.Path("/usr/share/doc")
PAGES, LINKS = 40, 400


def run(program, *args, check=True):
    done = subprocess.run([str(PROGRAMS / program), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=300)
    if check and done.returncode != 0:
        raise AssertionError(f"{program} {args}: {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}")
    return done


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.found.add(value)


class Site(http.server.SimpleHTTPRequestHandler):
    """The documentation, and a page that is busy the first time it is asked for."""
    busy_for = 1
    lock = threading.Lock()

    def do_HEAD(self):
        if self.path == "/busy":
            with Site.lock:
                busy, Site.busy_for = Site.busy_for > 0, Site.busy_for - 1
            self.send_response(503 if busy else 200)
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        super().do_HEAD()

    def log_message(self, *_):
        pass


def local_links(site):
    """URLs that pages of the documentation name, on that site, and what the files themselves say of each."""
    urls = {}
    pages = sorted(path for path in DOCUMENTATION.rglob("*.html") if path.is_file())[:PAGES]
    for page in pages:
        parser = Links()
        parser.feed(page.read_text(encoding="utf-8", errors="replace"))
        base = site + urllib.parse.quote(f"/{page.relative_to(DOCUMENTATION)}")
        for link in sorted(parser.found):
            url = urllib.parse.urldefrag(urllib.parse.urljoin(base, link.strip())).url
            if not url.startswith(site + "/") or not url.isascii() or "?" in url or " " in url or "'" in url:
                continue
            path = DOCUMENTATION / urllib.parse.unquote(url[len(site) + 1:])
            if path.is_file() and not url.endswith("/") and not os.access(path, os.R_OK):
                continue
            urls[url] = path.is_dir() or path.is_file() and not url.endswith("/")
            if len(urls) >= LINKS:
                return urls
    return urls


class Examples(unittest.TestCase):
    def test_the_ten_lines_of_the_guide(self):
        for kind in IDENTITY:
            with self.subTest(kind), database(kind) as db:
                db.sql(f"CREATE TABLE orders (id {IDENTITY[kind]}, email TEXT, state TEXT NOT NULL DEFAULT 'New')")
                db.sql("INSERT INTO orders (email, state) VALUES ('a@x', 'New'), ('b@x', 'New'), ('c@x', 'Old')")
                self.assertEqual(sorted(run("own_table", db.url).stdout.split()),
                                 ["a@x", "b@x", "mail", "mail", "to", "to"])
                self.assertEqual(db.sql("SELECT id, state FROM orders ORDER BY id"),
                                 [("1", "Confirmed"), ("2", "Confirmed"), ("3", "Old")])
                self.assertEqual(run("own_table", db.url).stdout, "")
                wrong = run("own_table", "sqlite:", check=False)
                self.assertEqual(wrong.returncode, 1)
                self.assertIn("name the database's file", wrong.stderr)

    def test_link_checker(self):
        handler = functools.partial(Site, directory=str(DOCUMENTATION))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            for kind in IDENTITY:
                with self.subTest(kind), database(kind) as db:
                    self.check_links(db, site)
        finally:
            server.shutdown()
            server.server_close()

    def check_links(self, db, site):
        expected = local_links(site)
        self.assertGreater(len(expected), 20, "the documentation names links")
        for n in range(10):
            expected[f"{site}/no/such/page-{n}.html"] = False
        expected[f"{site}/busy"] = True
        expected["ftp://127.0.0.1/file"] = False
        Site.busy_for = 1
        db.sql(f"CREATE TABLE links (id {IDENTITY[db.name]}, url TEXT NOT NULL,"
               " status TEXT NOT NULL DEFAULT 'new', code INTEGER)")
        db.sql("INSERT INTO links (url) VALUES " + ", ".join(f"('{url}')" for url in expected))
        # Two of them at once: each link is one's.
        both = [subprocess.Popen([str(PROGRAMS / "link_checker"), db.url], stderr=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, text=True) for _ in range(2)]
        for one in both:
            _, errors = one.communicate(timeout=300)
            self.assertEqual(one.returncode, 0, errors[-3000:])
        found = {url: (status, code, attempt)
                 for url, status, code, attempt in db.sql("SELECT url, status, code, attempt FROM links")}
        for url, good in expected.items():
            attempts = "2" if url.endswith("/busy") else "1"
            self.assertEqual(found[url], ("ok", "200", attempts) if good else ("broken", "", "1"), url)

    def test_once_with_a_gate(self):
        for kind in IDENTITY:
            with self.subTest(kind), database(kind) as db, tempfile.TemporaryDirectory() as folder:
                secret = "whsec_" + "QUJD" * 8
                path = pathlib.Path(folder) / "secret"
                path.write_text(secret + "\n")
                receiver = Receiver(secret)
                try:
                    self.post_once(db, receiver, str(path))
                finally:
                    receiver.close()
                    receiver.process.stdout.close()

    def post_once(self, db, receiver, secret):
        def act(*words):
            return run("once_with_a_gate", db.url, *words).stdout.strip()

        def send():
            act("send", receiver.url + "/hook", secret)

        db.sql(f"CREATE TABLE posts (id {IDENTITY[db.name]}, text TEXT, status TEXT NOT NULL DEFAULT 'queued')")
        db.sql("INSERT INTO posts (text) VALUES ('lost'), ('never mind'), ('well'), ('')")
        self.assertEqual(act("stop", "2"), "prevented")
        self.assertEqual(act("stop", "2"), "already_stopped")
        db.sql("UPDATE posts SET status = 'paused' WHERE id IN (3, 4)")
        receiver.fault("accept_then_cut")
        send()
        # It arrived, and nobody here can know that.
        self.assertEqual(act("show", "1"), "unknown")
        self.assertEqual(act("stop", "1"), "outcome_unknown")
        db.sql("UPDATE posts SET status = 'queued' WHERE status = 'paused'")
        send()
        send()
        self.assertEqual([act("show", item) for item in "1234"], ["unknown", "stopped", "done", "failed"])
        self.assertEqual(receiver.arrivals()["total"], 2)
        # Not before the request's hard deadline: until then it could still be on its way.
        eventually(lambda: act("resolve", "1", "happened") == "resolved", "the unknown post is resolved")
        self.assertEqual(act("show", "1"), "done")
        self.assertEqual(act("stop", "1"), "already_done")
        self.assertEqual(act("rearm", "2"), "rearmed")
        receiver.fault("429", seconds=1)
        send()
        eventually(lambda: (send(), act("show", "2"))[1] == "done", "a refused post is tried again")
        arrivals = receiver.arrivals()
        self.assertEqual(arrivals["total"], 3)
        self.assertEqual(sorted(arrivals["by_key"].values()), [1, 1, 1])


unittest.main()
