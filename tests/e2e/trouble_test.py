#!/usr/bin/env python3
"""Bad input and bad luck: what a person is told, that nothing is lost, and that it recovers by itself.

usage: trouble_test.py PATH/TO/fencepost [PART OF A NAME]
Run through scripts/lib/with-postgres: it stops and starts that server.
"""

import contextlib
import os
import pathlib
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from harness import Failed, Receiver, Server, check, eventually, folder, folder_on_disk, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
SECRET = "whsec_" + "A" * 43 + "="


def refused(arguments, *words, user=()):
    """The program ends with 1 and says, in one message, every one of these words."""
    ended = subprocess.run([*user, BINARY, *arguments], capture_output=True, text=True, timeout=60)
    said = ended.stdout + ended.stderr
    check(ended.returncode == 1, f"exit 1: {ended.returncode} {said}")
    for word in words:
        check(word in said, f"'{word}' in: {said}")
    check("terminate called" not in said and "what():" not in said, f"a message, not a crash: {said}")


def serve(database, path):
    return ["serve", "--database", database, "--listen", "127.0.0.1:0", "--state-folder", str(path / "state"),
            "--key-file", str(path / "key")]


def unknown_database():
    with folder() as path:
        refused(serve("mysql://localhost/x", path), "sqlite:PATH", "postgresql://")
        refused(serve("postgresql://nobody@127.0.0.1:1/none", path), "check that the server runs")
        refused(serve(f"sqlite:{path}/missing/folder/x.db", path), "folder exists")
        (path / "text.db").write_text("this is no database, but a text of some length. " * 100)
        refused(serve(f"sqlite:{path}/text.db", path), "SQLite")


def newer_schema():
    with folder() as path:
        database = f"sqlite:{path}/x.db"
        subprocess.run([BINARY, "migrate", "--database", database], check=True, capture_output=True)
        with contextlib.closing(sqlite3.connect(path / "x.db")) as db:
            db.execute("INSERT INTO fencepost_migrations (number, name, applied_at) VALUES (9999, 'from the future', 0)")
            db.commit()
        refused(serve(database, path), "newer version", "9999")


def start_while_another_writes():
    """A process that was stopped in its write holds the file's lock for as long as it likes: a start waits for it."""
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/x.db"
        subprocess.run([BINARY, "migrate", "--database", database], check=True, capture_output=True)
        with contextlib.closing(sqlite3.connect(path / "x.db", isolation_level=None, check_same_thread=False)) as db:
            db.execute("BEGIN IMMEDIATE")
            log = path / "server.log"
            log.touch()

            def release():
                eventually(lambda: "waiting for the database" in log.read_text(), "it says what it waits for")
                db.execute("ROLLBACK")

            released = threading.Thread(target=release)
            released.start()
            stack.callback(released.join)
            server = Server(BINARY, database, path, "server")
            stack.callback(server.close)
            server.expect(200, "GET", "/api/v1/announcements")


def read_only_file():
    with folder() as path:
        subprocess.run([BINARY, "migrate", "--database", f"sqlite:{path}/x.db"], check=True, capture_output=True)
        for file in path.glob("x.db*"):
            file.chmod(0o444)
        path.chmod(0o555)
        # Root may write everywhere, so it becomes somebody who may not.
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        try:
            refused(serve(f"sqlite:{path}/x.db", pathlib.Path("/tmp")), "writ", user=user)
        finally:
            path.chmod(0o755)


def malformed_requests():
    with folder() as path:
        server = Server(BINARY, f"sqlite:{path}/x.db", path, "server")
        try:
            def raw(body, content="application/json"):
                request = urllib.request.Request(server.url + "/api/v1/announcements", body, method="POST")
                request.add_header("Authorization", f"Bearer {server.token}")
                request.add_header("Content-Type", content)
                try:
                    return urllib.request.urlopen(request, timeout=30).status, ""
                except urllib.error.HTTPError as error:
                    return error.code, error.read().decode()

            for body in (b"{", b"[]", b'{"text": "\xff"}', b"", b"null", b'{"text":1}', b'{"text":"x","text":"y"}', b"[" * 5000):
                status, said = raw(body)
                check(400 <= status < 500, f"{body[:20]!r}: {status}")
                check('"code"' in said and "nlohmann" not in said and "sqlite" not in said.lower(), f"a problem, nothing internal: {said}")
            status, said = raw(b'{"connection_id": 1, "text": "x", "run_at": "tomorrow"}')
            check(status in (400, 422) and "2026-" in said, f"says how a time is written: {status} {said}")
            check(server.expect(200, "GET", "/api/v1/announcements")["items"] == [], "nothing was made of it")
        finally:
            server.close()


def full_disk():
    """A server on a small file system that fills up: an error, nothing accepted is lost, and it goes on."""
    with folder() as path, folder_on_disk() as programs:
        disk = path / "disk"
        disk.mkdir()
        inside = f"mount -t tmpfs -o size=8m none {disk} && exec \"$@\""
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        wrapped = programs / "fencepost-on-a-small-disk"
        wrapped.write_text(f"#!/bin/sh\nexec {shlex.join(unshare)} sh -c {shlex.quote(inside)} sh {shlex.quote(BINARY)} \"$@\"\n")
        wrapped.chmod(0o755)
        server = Server(str(wrapped), f"sqlite:{disk}/x.db", path, "server")
        receiver = Receiver(SECRET)
        try:
            hook = server.expect(201, "POST", "/api/v1/connections",
                                 {"name": "r", "platform": "webhook", "url": receiver.url + "/hook", "secret": SECRET})
            filler = pathlib.Path(f"/proc/{server.process.pid}/root{disk}/filler")
            with open(filler, "wb", buffering=0) as out, contextlib.suppress(OSError):
                while True:
                    out.write(b"x" * 4096)
            accepted = []

            def create():
                status, answer, _ = server.call("POST", "/api/v1/announcements", {
                    "connection_id": hook["id"], "text": "x" * 3000, "run_at": "2037-01-01T00:00:00Z"})
                if status == 201:
                    accepted.append(answer["id"])
                return status, answer

            status, answer = 201, None
            for _ in range(3000):
                status, answer = create()
                if status != 201:
                    break
            check(status == 503, f"503 where the disk is full: {status} {answer}")
            check("sqlite" not in str(answer).lower() and "/" + disk.name not in str(answer), f"nothing internal: {answer}")
            check(server.process.poll() is None, "the server lives")
            filler.unlink()
            eventually(lambda: create()[0] == 201, "it accepts again once there is room")
            listed = set()
            cursor = ""
            while True:
                page = server.expect(200, "GET", f"/api/v1/announcements?limit=200{cursor}")
                listed |= {item["id"] for item in page["items"]}
                if not page.get("next"):
                    break
                cursor = f"&cursor={page['next']}"
            check(set(accepted) <= listed, f"everything accepted is there: {len(accepted)} of {len(listed)}")
            answer = server.expect(200, "POST", f"/api/v1/announcements/{accepted[0]}/post-now?wait=20", {})
            check(answer["answer"] == "started" and receiver.arrivals()["total"] == 1, f"and can be posted: {answer}")
        except BaseException:
            show_logs(path)
            raise
        finally:
            receiver.close()
            server.close()


def postgres_gone_and_back():
    control = shlex.split(os.environ["FENCEPOST_TEST_PGCTL"])
    with folder() as path, postgres_database() as database:
        server = Server(BINARY, database, path, "server")
        receiver = Receiver(SECRET)
        try:
            hook = server.expect(201, "POST", "/api/v1/connections",
                                 {"name": "r", "platform": "webhook", "url": receiver.url + "/hook", "secret": SECRET})
            make = {"connection_id": hook["id"], "text": "while it was away"}
            before = server.expect(201, "POST", "/api/v1/announcements", {**make, "run_at": "2037-01-01T00:00:00Z"})
            server.expect(200, "GET", "/readyz")
            subprocess.run([*control, "stop", "-m", "immediate"], check=True, stdout=subprocess.DEVNULL)
            try:
                server.expect(503, "GET", "/readyz")
                status, answer, headers = server.call("POST", "/api/v1/announcements", make)
                check(status == 503 and "Retry-After" in headers, f"503 with Retry-After: {status} {answer}")
                check("libpq" not in str(answer) and "5432" not in str(answer), f"nothing internal: {answer}")
                server.expect(200, "GET", "/healthz")
            finally:
                subprocess.run([*control, "start", "-w"], check=True, stdout=subprocess.DEVNULL)
            eventually(lambda: server.call("GET", "/readyz")[0] == 200, "ready again without a restart")
            server.expect(200, "GET", f"/api/v1/announcements/{before['id']}")
            after = server.expect(201, "POST", "/api/v1/announcements", make)
            eventually(lambda: server.expect(200, "GET", f"/api/v1/announcements/{after['id']}")["status"] == "posted", "posts again")
            check(receiver.arrivals()["total"] == 1, "once")
        except BaseException:
            show_logs(path)
            raise
        finally:
            receiver.close()
            server.close()


def main():
    tests = [(test.__name__, test) for test in (unknown_database, newer_schema, start_while_another_writes, read_only_file,
                                                malformed_requests, full_disk, postgres_gone_and_back)]
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
