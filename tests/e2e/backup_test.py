#!/usr/bin/env python3
"""Backup and restore: of a database at work, of one that is damaged, without the key, on a full disk.

usage: backup_test.py PATH/TO/fencepost [PART OF A NAME]
"""

import concurrent.futures
import contextlib
import datetime
import functools
import hashlib
import io
import json
import os
import random
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time

from harness import Receiver, Server, check, eventually, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
SECRET = "whsec_" + "A" * 43 + "="
FAR = "2037-01-01T00:00:00Z"


def run(code, *arguments, env=None):
    """The program's standard output; it must end with this code. Standard error is after it where it failed."""
    ended = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                           env={**os.environ, **(env or {})})
    said = ended.stdout + (ended.stderr if code else "")
    check(ended.returncode == code, f"{arguments[0]}: exit {ended.returncode}, wanted {code}: {ended.stdout}{ended.stderr}")
    check("terminate called" not in ended.stderr, f"a message, not a crash: {ended.stderr}")
    check(code or not ended.stderr, f"nothing on standard error, which is no terminal: {ended.stderr}")
    return said


def soon(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat().replace("+00:00", "Z")


@contextlib.contextmanager
def databases(kind):
    """(folder, URL of a database, URL of an empty one)"""
    with folder() as path, contextlib.ExitStack() as stack:
        try:
            if kind == "sqlite":
                yield path, f"sqlite:{path}/one.db", f"sqlite:{path}/two.db"
            else:
                yield path, stack.enter_context(postgres_database()), stack.enter_context(postgres_database())
        except BaseException:
            show_logs(path)
            raise


def query(url, sql):
    """Rows of plain SQL, as texts."""
    if url.startswith("sqlite:"):
        with contextlib.closing(sqlite3.connect(url[len("sqlite:"):])) as db:
            rows = db.execute(sql).fetchall()
            db.commit()
            return [tuple(str(field) for field in row) for row in rows]
    ended = subprocess.run(["psql", "-qXAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url], input=sql,
                           capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in ended.stdout.splitlines()]


def untouched(url):
    """Nothing is in the database, and no file of it was left."""
    if url.startswith("sqlite:"):
        path = url[len("sqlite:"):]
        left = [name for name in os.listdir(os.path.dirname(path)) if name.startswith(os.path.basename(path))]
        check(not left, f"nothing is left of it: {left}")
    else:
        count = query(url, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                           "WHERE n.nspname = 'public'")
        check(count == [("0",)], f"the database is empty: {count}")


def connect(server, receiver, name="real"):
    return server.expect(201, "POST", "/api/v1/connections",
                         {"name": name, "platform": "webhook", "url": receiver.url + "/hook", "secret": SECRET})["id"]


def create(server, connection, text, **more):
    return server.expect(201, "POST", "/api/v1/announcements", {"connection_id": connection, "text": text, **more})


def under_load(kind):
    """Backed up while items are made and sent; restored; nothing is sent twice, and what was due waits for a person."""
    with databases(kind) as (path, old, new), contextlib.ExitStack() as stack:
        servers = [Server(BINARY, old, path, f"old{n}", "--concurrency", "8") for n in range(1 if kind == "sqlite" else 2)]
        for server in servers:
            stack.callback(server.close)
        receiver = Receiver(SECRET)
        stack.callback(receiver.close)
        hook = connect(servers[0], receiver)
        far = create(servers[0], hook, "in 2037", run_at=FAR)
        over = threading.Event()

        def load(n):
            made = 0
            while not over.is_set():
                create(servers[made % len(servers)], hook, f"{n}/{made}")
                made += 1
            return made

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            work = [pool.submit(load, n) for n in range(4)]
            try:
                eventually(lambda: receiver.arrivals()["total"] >= 40, "items are being sent")
                # Due when it is restored, and sent by the old server before that, but behind the backup.
                due = time.time() + 30
                late = [create(servers[0], hook, f"late {n}", run_at=soon(30)) for n in range(5)]
                before = receiver.arrivals()["total"]
                told = json.loads(run(0, "backup", "--database", old, "--to", path / "b", "--json"))
                at_backup = receiver.arrivals()["total"]
                for item in late:
                    servers[0].expect(200, "POST", f"/api/v1/announcements/{item['id']}/post-now?wait=20", {})
                eventually(lambda: receiver.arrivals()["total"] > at_backup + 20, "it went on all the time")
            finally:
                over.set()
            made = sum(job.result() for job in work) + 6
        posted = lambda item: servers[0].expect(200, "GET", f"/api/v1/announcements/{item['id']}")["status"] == "posted"
        eventually(lambda: all(posted(item) for item in late), "the late ones were sent")
        eventually(lambda: receiver.arrivals()["total"] == made - 1, "all but the one of 2037 were sent")
        for server in servers:
            check(server.stop() == 0, "stopped")

        check(os.stat(path / "b").st_mode & 0o777 == 0o600, "nobody else may read it")
        rows = {table["name"]: table["rows"] for table in told["manifest"]["tables"]}
        check(before < rows["fencepost_announcements"] < made, f"a moment in the middle: {before} {rows} {made}")
        check("key file is not in it" in told["note"], f"says so: {told}")

        time.sleep(max(0.0, due + 1 - time.time()))
        back = json.loads(run(0, "restore", "--database", new, "--from", path / "b", "--key-file", path / "key", "--json"))
        check(back["paused"] == ["announcements", "uploads"] and back["key"]["opens_all"], f"paused, and the key fits: {back}")
        check(back["unknown"] >= 5, f"what was due is unknown: {back}")
        check("no violations" in run(0, "verify", "--database", new), "verify")
        counted = {name: int(query(new, f"SELECT count(*) FROM {name}")[0][0]) for name in rows}
        for table in ("fencepost_announcements", "fencepost_connections", "fencepost_tokens"):
            check(counted[table] == rows[table], f"{table}: {counted[table]} of {rows[table]} rows")

        server = Server(BINARY, new, path, "new", "--concurrency", "8")
        stack.callback(server.close)
        of = lambda status: int(query(new, f"SELECT count(*) FROM fencepost_announcements WHERE status = '{status}'")[0][0])
        check(of("queued") == 1 and of("claimed") == of("sending") == 0 and of("unknown") == back["unknown"] and of("posted") > 0, "only the one of 2037 waits")
        sent = receiver.arrivals()["total"]
        check(sent == made - 1, f"nothing was sent again: {receiver.arrivals()}")

        fresh = create(server, hook, "fresh")
        resumed = server.expect(200, "POST", "/api/v1/queues/announcements/resume", {})
        check(resumed["paused"] is False, f"resumed: {resumed}")
        eventually(lambda: server.expect(200, "GET", f"/api/v1/announcements/{fresh['id']}")["status"] == "posted", "new ones are sent")
        check(receiver.arrivals()["total"] == sent + 1, f"and nothing else: {receiver.arrivals()}")
        check(server.expect(200, "GET", f"/api/v1/announcements/{far['id']}")["status"] == "queued", "the one of 2037 waits")
        # A person who knows better.
        server.expect(200, "POST", f"/api/v1/announcements/{late[0]['id']}/resolve", {"outcome": "happened"})
        server.expect(200, "POST", f"/api/v1/announcements/{late[1]['id']}/resolve", {"outcome": "did_not_happen"})
        server.call("POST", f"/api/v1/announcements/{late[1]['id']}/post-now?wait=20", {})
        eventually(lambda: server.expect(200, "GET", f"/api/v1/announcements/{late[1]['id']}")["status"] == "posted", "resolved, and sent")
        check(receiver.arrivals()["total"] == sent + 2, f"once: {receiver.arrivals()}")
        check("no violations" in run(0, "verify", "--database", new), "verify")


def lost_key(kind):
    with databases(kind) as (path, old, new), contextlib.ExitStack() as stack:
        receiver = Receiver(SECRET)
        stack.callback(receiver.close)
        server = Server(BINARY, old, path, "old")
        stack.callback(server.close)
        connect(server, receiver)
        server.stop()
        run(0, "backup", "--database", old, "--to", path / "b")
        (path / "key").rename(path / "key.away")
        said = run(0, "restore", "--database", new, "--from", path / "b", "--key-file", path / "key")
        for words in ("is missing", "- real (webhook, " + receiver.url, "fencepost key lost", "announcements"):
            check(words in said, f"'{words}' in: {said}")
        check("real" in run(1, "key", "check", "--database", new, "--key-file", path / "key"), "named")
        check("is missing" in run(1, "serve", "--database", new, "--key-file", path / "key", "--listen", "127.0.0.1:0"), "no new key beside old secrets")
        # Another key than the right one.
        (path / "other").mkdir()
        other = Server(BINARY, f"sqlite:{path}/other/x.db", path / "other", "other")
        stack.callback(other.close)
        (path / "other" / "key").rename(path / "key")
        check("is not the one" in run(1, "key", "check", "--database", new, "--key-file", path / "key"), "another key")
        (path / "key.away").rename(path / "key.right")
        check("opens all" in run(0, "key", "check", "--database", new, "--key-file", path / "key.right"), "the right one")
        lost = ["key", "lost", "--database", new, "--key-file", path / "key"]
        check("would disconnect real" in run(1, *lost) and "real" in run(1, "key", "check", *lost[2:]), "nothing is done unasked")
        (path / "key").unlink()
        check("--without-key" in run(1, *lost, "--yes") and "real" in run(1, "key", "check", *lost[2:]), "a slip in the path loses nothing")
        check("would disconnect real" in run(1, *lost, "--without-key"), "told before")
        check("disconnected real" in run(0, *lost, "--without-key", "--yes"), "given up")
        check("nothing to do" in run(0, *lost), "once")
        server = Server(BINARY, new, path, "new")
        stack.callback(server.close)
        server.expect(200, "POST", "/api/v1/queues/announcements/resume", {})
        env = {"FENCEPOST_SERVER": server.url, "FENCEPOST_TOKEN": server.token}
        (path / "secret").write_text(SECRET + "\n")
        check("disconnected" in run(0, "connection", "show", "1", env=env), "it is disconnected, and still there")
        check("connected real" in run(0, "connection", "connect", "1", "--secret-file", path / "secret", env=env), "connected again")
        fresh = create(server, 1, "the rest works")
        eventually(lambda: server.expect(200, "GET", f"/api/v1/announcements/{fresh['id']}")["status"] == "posted", "sent")


def rewritten(path, name, change):
    """A copy of a backup with another manifest, and sums that are right."""
    with tarfile.open(path) as old:
        parts = [(part.name, old.extractfile(part).read()) for part in old]
    manifest = json.loads(parts[1][1])
    change(manifest)
    parts[1] = (parts[1][0], json.dumps(manifest).encode())
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {part}\n" for part, data in parts[:2])
    parts[2] = (parts[2][0], sums.encode())
    with tarfile.open(path.parent / name, "w", format=tarfile.USTAR_FORMAT) as new:
        for part, data in parts:
            info = tarfile.TarInfo(part)
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return path.parent / name


def refused(kind):
    """Damaged, cut off, newer, of the other kind, over data: a clear word, and nothing was changed."""
    with databases(kind) as (path, old, new):
        run(0, "migrate", "--database", old)
        good = path / "good"
        run(0, "backup", "--database", old, "--to", good)
        whole = good.read_bytes()
        bad = path / "bad"

        def no(what, file, *words):
            said = run(1, "restore", "--database", new, "--from", file, "--key-file", path / "key")
            for word in words:
                check(word in said, f"{what}: '{word}' in: {said}")
            check("restored as" not in said, said)
            untouched(new)

        picks = random.Random(7)
        for at in [0, 100, 130, 512, len(whole) // 2, *(picks.randrange(len(whole) - 1024) for _ in range(30))]:
            flipped = bytearray(whole)
            flipped[at] ^= 0x41
            bad.write_bytes(flipped)
            # What pads a part to whole blocks is nobody's content.
            if tar_content(whole, at):
                no(f"byte {at}", bad, "backup", "d")
        for size in (0, 1, 511, 512, 1024, len(whole) // 2, len(whole) - 1536, len(whole) - 1024, len(whole) - 1):
            bad.write_bytes(whole[:size])
            no(f"{size} bytes", bad, "cut off" if size > 512 else "backup")
        bad.write_text("this is a text, and no backup. " * 100)
        no("a text", bad, "is no backup of fencepost")
        no("no file", path / "nowhere", "No such file")
        no("a newer format", rewritten(good, "newer", lambda m: m.update(format=2, program="fencepost 9.0")), "newer version (fencepost 9.0, format 2)")
        no("a newer schema", rewritten(good, "schema", lambda m: m.update(schema=9999)), "newer version", "9999")
        no("of another engine", rewritten(good, "engine", lambda m: m.update(engine="oracle")), "one of oracle")
        if kind == "postgres":
            no("of a newer server", rewritten(good, "major", lambda m: m.update(engine_major=99)), "PostgreSQL 99")
            no("by a newer pg_dump", rewritten(good, "tool", lambda m: m.update(made_by="pg_dump (PostgreSQL) 99.1")), "postgresql-client-99")
        check(rewritten(good, "same", lambda m: None) and "whole" in run(0, "restore", "--check", "--from", path / "same"), "the tests' own archives are right")

        run(0, "restore", "--database", new, "--from", good)
        before = query(new, "SELECT * FROM fencepost_epoch") + query(new, "SELECT * FROM fencepost_events")
        check("not empty" in run(1, "restore", "--database", new, "--from", good), "never over data")
        check(("not empty" if kind == "sqlite" else "is for SQLite files") in
              run(1, "restore", "--database", new, "--from", good, "--replace", path / "another"), "not under a wrong name")
        check(before == query(new, "SELECT * FROM fencepost_epoch") + query(new, "SELECT * FROM fencepost_events"), "nothing was changed")
        check("there already" in run(1, "backup", "--database", old, "--to", good), "nor over a backup")
        check(good.read_bytes() == whole, "which is as it was")
        run(0, "backup", "--database", old, "--to", good, "--overwrite")
        check("no database" in run(1, "backup", "--database", empty_of(kind, path, new), "--to", path / "x") or kind == "sqlite", "of nothing")
        check(not (path / "x").exists(), "no file of nothing")


def empty_of(kind, path, url):
    return f"sqlite:{path}/missing.db" if kind == "sqlite" else re.sub(r"/[^/?]*(\?|$)", r"/template1\1", url)


def tar_content(whole, at):
    """Whether the byte is of a header's checksummed part or of a part's contents."""
    offset = 0
    while offset + 512 <= len(whole) and whole[offset]:
        size = int(whole[offset + 124:offset + 135], 8)
        if offset <= at < offset + 512 + size:
            return True
        offset += 512 + (size + 511) // 512 * 512
    return False


def replaced():
    """SQLite: in the place of a file that is named, and kept; not while somebody uses it."""
    with databases("sqlite") as (path, old, new):
        run(0, "migrate", "--database", old)
        run(0, "backup", "--database", old, "--to", path / "b")
        server = Server(BINARY, new, path, "server")
        try:
            check("in use" in run(1, "restore", "--database", new, "--from", path / "b", "--replace", path / "two.db"), "in use")
            server.expect(200, "GET", "/readyz")
        finally:
            server.stop()
            server.close()
        tokens = query(new, "SELECT * FROM fencepost_tokens")
        check(len(tokens) == 1, "it has a token")
        back = json.loads(run(0, "restore", "--database", new, "--from", path / "b", "--replace", path / "two.db", "--json"))
        check(query(new, "SELECT * FROM fencepost_tokens") == [], "replaced")
        check(query("sqlite:" + back["kept"], "SELECT * FROM fencepost_tokens") == tokens, "and kept")
        check(sorted(os.listdir(path)) == sorted({"one.db", "two.db", "b", "key", "state", "token", "server.log", "two.db.files",
                                                os.path.basename(back["kept"])}),
              f"nothing is left over: {os.listdir(path)}")


def full_disk(kind):
    with databases(kind) as (path, old, new):
        run(0, "migrate", "--database", old)
        query(old, "INSERT INTO fencepost_events (at, queue, item, kind, detail) VALUES " + ", ".join(
            f"(1, 'q', '1', 'note', '{random.Random(n).randbytes(2000).hex()}')" for n in range(400)))
        disk = path / "disk"
        disk.mkdir()
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        inside = f"mount -t tmpfs -o size=300k none {disk} && \"$@\"; code=$?; ls -A {disk}; exit $code"

        def on_a_small_disk(*arguments):
            ended = subprocess.run([*unshare, "sh", "-c", inside, "sh", BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)
            check(ended.returncode == 1 and ended.stdout == "", f"exit 1, and no file is left: {ended}")
            check("make room" in ended.stderr, f"says what to do: {ended.stderr}")

        on_a_small_disk("backup", "--database", old, "--to", disk / "b")
        if kind == "sqlite":
            run(0, "backup", "--database", old, "--to", path / "b")
            on_a_small_disk("restore", "--from", path / "b", "--database", f"sqlite:{disk}/x.db")


def interrupted(kind):
    """Whenever it is killed, what has the final name is whole; on SIGTERM nothing is left at all."""
    with databases(kind) as (path, old, new):
        run(0, "migrate", "--database", old)
        query(old, "INSERT INTO fencepost_events (at, queue, item, kind, detail) VALUES " + ", ".join(
            f"(1, 'q', '1', 'note', '{'x' * 2000}')" for n in range(500)))
        final = path / "b"
        picks = random.Random(3)
        cut = 0
        for _ in range(25):
            final.unlink(missing_ok=True)
            process = subprocess.Popen([BINARY, "backup", "--database", old, "--to", str(final)], stdout=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(picks.uniform(0.0, 0.25))
            process.kill()
            process.wait()
            cut += not final.exists()
            if final.exists():
                check("whole" in run(0, "restore", "--check", "--from", final), "what has the name is whole")
        check(cut > 0, "some were cut off")
        for part in path.glob("b.part*"):
            part.unlink()
        final.unlink(missing_ok=True)
        if kind == "sqlite":
            return
        # pg_dump waits for this lock; the backup has begun.
        query(old, "CREATE TABLE of_others (id int)")
        holder = subprocess.Popen(["psql", "-qXAt", "-d", old], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN; LOCK TABLE of_others IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
        holder.stdin.flush()
        check(holder.stdout.readline().strip() == "held", "held")
        process = subprocess.Popen([BINARY, "backup", "--database", old, "--to", str(final)], stderr=subprocess.PIPE, text=True)
        eventually(lambda: list(path.glob("b.part*")), "it has begun")
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
        check(process.returncode == 1 and "interrupted" in said, f"{process.returncode} {said}")
        check(not list(path.glob("b*")), f"nothing is left: {list(path.glob('b*'))}")
        holder.kill()
        holder.wait()


def cut_off(kind):
    """A restore that is killed: nothing is there, or a database that every process takes for a past."""
    with databases(kind) as (path, old, _new):
        run(0, "migrate", "--database", old)
        run(0, "backup", "--database", old, "--to", path / "b")
        picks = random.Random(5)
        empty = 0
        for n in range(12):
            with contextlib.ExitStack() as stack:
                new = f"sqlite:{path}/new{n}.db" if kind == "sqlite" else stack.enter_context(postgres_database())
                process = subprocess.Popen([BINARY, "restore", "--database", new, "--from", str(path / "b")],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(picks.uniform(0.0, 0.5))
                process.kill()
                process.wait()
                if kind == "sqlite":
                    there = (path / f"new{n}.db").exists()
                else:
                    alone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    eventually(lambda: query(new, alone) == [("t",)], "its sessions have ended")
                    there = query(new, "SELECT count(*) > 0 FROM pg_class WHERE relname = 'fencepost_epoch'") == [("t",)]
                empty += not there
                if there:
                    marked = query(new, "SELECT restored FROM fencepost_epoch WHERE restored")
                    paused = query(new, "SELECT name FROM fencepost_queues WHERE name = 'announcements' AND paused")
                    check(marked or paused, "it is marked, or has been looked at")
        check(empty > 0, "some were cut off")


def transferred(kind):
    """Connections from one installation to another, without their secrets."""
    with databases(kind) as (path, old, new), contextlib.ExitStack() as stack:
        receiver = Receiver(SECRET)
        stack.callback(receiver.close)
        server = Server(BINARY, old, path, "old")
        stack.callback(server.close)
        connect(server, receiver, "one")
        connect(server, receiver, "two")
        env = {"FENCEPOST_SERVER": server.url, "FENCEPOST_TOKEN": server.token}
        said = run(0, "connection", "export", env=env)
        check(SECRET not in said and "v1:" not in said, "no secret, sealed or not")
        (path / "export").write_text(said)
        check("present" in run(0, "connection", "import", path / "export", env=env), "back into the same: nothing to do")
        (path / "other").mkdir()
        other = Server(BINARY, new, path / "other", "other")
        stack.callback(other.close)
        env = {"FENCEPOST_SERVER": other.url, "FENCEPOST_TOKEN": other.token}
        for answer in ("imported", "present", "present"):
            items = json.loads(run(0, "connection", "import", path / "export", "--json", env=env))["items"]
            check([item["answer"] for item in items] == [answer] * 2, f"{answer}: {items}")
        listed = other.expect(200, "GET", "/api/v1/connections")["items"]
        check([item["status"] for item in listed] == ["disconnected"] * 2, f"disconnected: {listed}")
        other.expect(409, "POST", "/api/v1/announcements", {"connection_id": listed[0]["id"], "text": "too early"})
        (path / "secret").write_text(SECRET + "\n")
        run(0, "connection", "connect", listed[0]["id"], "--secret-file", path / "secret", env=env)
        sent = create(other, listed[0]["id"], "with its credentials")
        eventually(lambda: other.expect(200, "GET", f"/api/v1/announcements/{sent['id']}")["status"] == "posted", "sent")
        twice = json.loads(said)
        twice["connections"].append(twice["connections"][0])
        (path / "twice").write_text(json.dumps(twice))
        check("given twice" in run(1, "connection", "import", path / "twice", env=env), "a clear answer")
        moved = json.loads(said)
        moved["connections"][0]["url"] = "https://example.com/elsewhere"
        (path / "moved").write_text(json.dumps(moved))
        check("conflict" in run(1, "connection", "import", path / "moved", env=env), "a clear answer")
        for text in ("", "{}", "[]", json.dumps({**twice, "format": 2})):
            (path / "bad").write_text(text)
            run(1, "connection", "import", path / "bad", env=env)
        check(len(other.expect(200, "GET", "/api/v1/connections")["items"]) == 2, "nothing was made of these")


def adopted(kind):
    """Other people's table comes along, is named, and is worked as before."""
    with databases(kind) as (path, old, new):
        query(old, "CREATE TABLE places (id bigint PRIMARY KEY NOT NULL, scan_status text NOT NULL)")
        query(old, "INSERT INTO places VALUES (1, 'Queued'), (2, 'Queued')")
        run(0, "adopt", "--database", old, "--table", "places", "--status", "scan_status", "--queued", "Queued",
            "--claimed", "Processing", "--done", "Completed", "--failed", "Error")
        told = json.loads(run(0, "backup", "--database", old, "--to", path / "b", "--json"))
        table = {"name": "places" if kind == "sqlite" else "public.places", "rows": 2, "adopted_as": "places"}
        check(table in told["manifest"]["tables"], f"named: {told}")
        run(0, "restore", "--database", new, "--from", path / "b")
        run(0, "loop", "--database", new, "--queue", "places", "--exec", "true", "--until-empty", env={"XDG_RUNTIME_DIR": str(path)})
        check(query(new, "SELECT DISTINCT scan_status FROM places") == [("Completed",)], "repeatable work goes on by itself")
        check(query(old, "SELECT DISTINCT scan_status FROM places") == [("Queued",)], "the old one is as it was")


def main():
    kinds = ("sqlite", "postgres")
    tests = [(f"{test.__name__} on {kind}", functools.partial(test, kind))
             for kind in kinds for test in (under_load, lost_key, refused, full_disk, interrupted, cut_off, adopted, transferred)]
    tests.append(("replaced on sqlite", replaced))
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
