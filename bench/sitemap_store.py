"""Measures how sitemaps of 5,000, 50,000 and 500,000 URLs are stored by a real server: fetched, parsed and written in
one pass. Used by bench/sitemap.py."""

import contextlib
import os
import pathlib
import re
import secrets
import signal
import socketserver
import sqlite3
import subprocess
import tempfile
import threading
import time

PIECE = 65_536
TICK = os.sysconf("SC_CLK_TCK")
POSTGRES = os.environ.get("FENCEPOST_TEST_POSTGRES", "")


def sitemap(urls):
    """Its bytes, in pieces. Short lines: 500,000 of them fit into the 50 MB that the protocol allows."""
    piece = bytearray(b'<?xml version="1.0" encoding="UTF-8"?><urlset>')
    for n in range(urls):
        piece += b"<url><loc>http://shop.example/products/%d/item-%d</loc></url>\n" % (n % 97, n)
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece) + b"</urlset>"


class Site(socketserver.ThreadingTCPServer):
    """The site, as the server's proxy: whatever is asked for is the sitemap."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, urls):
        super().__init__(("127.0.0.1", 0), Answer)
        self.pieces = list(sitemap(urls))  # made before anything is measured
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n")
        for piece in self.server.pieces:
            self.wfile.write(piece)


class Sqlite:
    name = "SQLite"

    def __init__(self, folder):
        self.path = f"{folder}/bench.db"
        self.url = f"sqlite:{self.path}"

    def run(self, sql):
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as db:
            rows = db.execute(sql).fetchall()
            db.commit()
        return str(rows[0][0]) if rows else ""

    def backends(self):
        return []

    def close(self):
        pass


class Postgres:
    name = "PostgreSQL"

    def __init__(self, _):
        self.database = "sitemaps_" + secrets.token_hex(4)
        self.url = POSTGRES.rpartition("/")[0] + "/" + self.database
        self.psql(POSTGRES, f"CREATE DATABASE {self.database}")

    def psql(self, url, sql):
        return subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def run(self, sql):
        return self.psql(self.url, sql)

    def backends(self):
        """The server's connections, which work for it."""
        found = self.psql(POSTGRES, f"SELECT pid FROM pg_stat_activity WHERE datname = '{self.database}'")
        return [int(pid) for pid in found.split()]

    def close(self):
        self.psql(POSTGRES, f"DROP DATABASE {self.database} WITH (FORCE)")


def cpu(pid):
    """Seconds that a process has worked; 0 where it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def kib(pid, word):
    return int(re.search(rf"^{word}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1))


def store(program, kind, urls):
    """One run, in a fresh database."""
    with tempfile.TemporaryDirectory(prefix="fencepost-bench-") as folder:
        database, site = kind(folder), Site(urls)
        log = open(f"{folder}/log", "wb")
        server = subprocess.Popen(
            [program, "serve", "--database", database.url, "--listen", "127.0.0.1:0", "--token-file", f"{folder}/token",
             "--key-file", f"{folder}/key", "--state-folder", f"{folder}/state", "--curate", "--curate-proxy", site.url,
             "--curate-sitemap-urls", str(urls), "--curate-sitemap-import", "interval=20ms delay=0",
             "--curate-page-curation", "off"],
            stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            for line in server.stdout:
                if "listening on" in line:
                    break
            database.run("INSERT INTO fencepost_domains (host) VALUES ('shop.example')")
            backends = database.backends()
            pathlib.Path(f"/proc/{server.pid}/clear_refs").write_text("5")  # the peak begins anew
            resident, worked = kib(server.pid, "VmRSS"), cpu(server.pid) + sum(map(cpu, backends))
            begun = time.monotonic()
            database.run("INSERT INTO fencepost_sitemaps (domain_id, host, url, curation_status) "
                         "SELECT id, host, 'http://shop.example/sitemap.xml', 'Selected' FROM fencepost_domains")
            state = "Queued"
            while state in ("Queued", "Processing"):
                time.sleep(0.02)
                state = database.run("SELECT processing_status FROM fencepost_sitemaps")
            seconds = time.monotonic() - begun
            worked = cpu(server.pid) + sum(map(cpu, set(backends) | set(database.backends()))) - worked
            stored = int(database.run("SELECT count(*) FROM fencepost_pages"))
            if state != "Completed" or stored != urls:
                raise SystemExit(f"{state}, {stored} of {urls} URLs: {pathlib.Path(folder, 'log').read_text()[-2000:]}")
            return {"urls": urls, "seconds": seconds, "cpu": worked, "risen_kib": kib(server.pid, "VmHWM") - resident}
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
            log.close()
            site.shutdown()
            site.server_close()
            database.close()
