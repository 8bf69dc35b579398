#!/usr/bin/env python3
"""Images by the command line, from the file to the platform: added, moved, described, posted, and back from a backup.

usage: images_test.py PATH/TO/fencepost
"""

import contextlib
import json
import os
import subprocess
import sys
from urllib.parse import parse_qs

from harness import Server, check, eventually, folder, postgres_database, run_all, show_logs
from images import Front, add_image, announce_with_image, png, send
from platforms import PLATFORMS, Emulated

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
THREADS = next(one for one in PLATFORMS if one.name == "threads")
DISCORD = next(one for one in PLATFORMS if one.name == "discord")


def run(server, code, *arguments):
    """What `fencepost announcement image … --json` said."""
    ended = subprocess.run([BINARY, "announcement", "image", *map(str, arguments), "--json", "--server", server.url],
                           capture_output=True, text=True, timeout=60, env={**os.environ, "FENCEPOST_TOKEN": server.token})
    check(ended.returncode == code, f"{arguments}: exit {ended.returncode}, wanted {code}: {ended.stdout}{ended.stderr}")
    return json.loads(ended.stdout) if ended.stdout.strip() else ended.stderr


def alts(answer):
    return [one["alt"] for one in answer["images"]]


def whole_life(path, database, another):
    emulator = Emulated(DISCORD.script, *DISCORD.arguments)
    server = Server(BINARY, database, path, "server", *DISCORD.settings(emulator.url))
    restored = None
    try:
        connection = server.expect(201, "POST", "/api/v1/connections", {
            "name": "account", "platform": "discord", "secret": DISCORD.secret(emulator.url)})["id"]
        made = server.expect(201, "POST", "/api/v1/announcements",
                             {"connection_id": connection, "text": "Live", "run_at": "2037-01-01T00:00:00Z"})["id"]
        noise = os.urandom(9_000_000)  # as large as a camera's
        pictures = {"a": png(shade=1), "b": png(shade=2) + noise, "c": png(shade=3)}
        for name, picture in pictures.items():
            (path / name).write_bytes(picture)
        (path / "svg").write_text("<svg/>")
        run(server, 0, "add", made, path / "b", "--alt", "b ✓")
        run(server, 0, "add", made, path / "c", "--idempotency-key", "k1")
        run(server, 0, "add", made, path / "a", "--alt", "a", "--position", 1)
        check(alts(run(server, 0, "list", made)) == ["a", "b ✓", ""], "in their order")
        check("JPEG" in str(run(server, 1, "add", made, path / "svg")), "it says what is taken")
        run(server, 1, "add", made, path / "there-is-none")
        ids = [one["id"] for one in run(server, 0, "list", made)["images"]]
        check(alts(run(server, 0, "edit", made, ids[2], "--alt", "c", "--position", 2)) == ["a", "c", "b ✓"], "moved")
        check(alts(run(server, 0, "remove", made, ids[0])) == ["c", "b ✓"], "removed")
        run(server, 1, "edit", made, ids[2], "--no-alt", "--version", 1)
        run(server, 2, "edit", made, ids[2])
        preview = server.expect(200, "GET", f"/api/v1/announcements/{made}/preview")
        check((preview["images"], preview["images_problem"]) == (2, None), preview)
        status, content, headers = send(server, "GET", f"/api/v1/announcements/{made}/images/{ids[1]}")
        check(status == 200 and content == pictures["b"] and headers["Content-Type"] == "image/png", headers)
        server.expect(200, "POST", f"/api/v1/announcements/{made}/post-now?wait=30", {})
        eventually(lambda: server.expect(200, "GET", f"/api/v1/announcements/{made}")["status"] == "posted", "posted")
        [post] = emulator.posts()
        check([(one["alt"], one["bytes"]) for one in post["files"]] ==
              [("c", len(pictures["c"])), ("b ✓", len(pictures["b"]))], post["files"])
        archive = path / "copy"
        tool = lambda *arguments: subprocess.run([BINARY, *map(str, arguments)], check=True, capture_output=True, timeout=120)
        tool("backup", "--database", database, "--to", archive)
        tool("restore", "--database", another, "--from", archive, "--key-file", path / "key")
        restored = Server(BINARY, another, path, "restored", *DISCORD.settings(emulator.url))
        check(alts(restored.expect(200, "GET", f"/api/v1/announcements/{made}/images")) == ["c", "b ✓"], "restored")
        check(send(restored, "GET", f"/api/v1/announcements/{made}/images/{ids[1]}")[1] == pictures["b"], "its bytes")
    except BaseException:
        show_logs(path)
        raise
    finally:
        for one in (server, restored, emulator):
            if one:
                one.close()


def fetched_by_threads(path, database):
    """Threads takes no bytes: it fetches each picture from the server, while the post is made ready and not afterwards."""
    with contextlib.ExitStack() as stack:
        front = stack.enter_context(Front())
        emulator = Emulated(THREADS.script)
        stack.callback(emulator.close)
        server = Server(BINARY, database, path, "server", *THREADS.settings(emulator.url), "--public-url", front.url)
        stack.callback(lambda: server.close())  # pylint: disable=unnecessary-lambda
        front.to(server)
        connection = server.expect(201, "POST", "/api/v1/connections",
                                   {"name": "account", "platform": "threads", "secret": "demo-access"})["id"]
        pictures = [png(shade=1), png(shade=2)]
        item, version = announce_with_image(server, connection, "Live", pictures[0], "one")
        add_image(server, item, version, pictures[1], "two")
        show = lambda: server.expect(200, "GET", f"/api/v1/announcements/{item}")
        emulator.ask("/_set", {"unfetchable": 1, "polls": 2})
        server.expect(202, "POST", f"/api/v1/announcements/{item}/post-now?wait=30", {})
        check("could not fetch an image" in eventually(lambda: show()["last_error"], "it says why"), show())
        # It would be tried again in seconds; now it is when it is wanted.
        server.expect(200, "PATCH", f"/api/v1/announcements/{item}", {"run_at": "2037-01-01T00:00:00Z"},
                      {"If-Match": f'"{show()["version"]}"'})
        check(show()["status"] == "queued" and not emulator.posts(), show())
        server.expect(200, "POST", f"/api/v1/announcements/{item}/post-now?wait=30", {})
        [post] = emulator.posts()
        check([(one["alt"], one["bytes"]) for one in post["images"]] == [("one", len(pictures[0])), ("two", len(pictures[1]))], post)
        asked = [parse_qs(one["body"]) for one in emulator.ask("/_log") if one["path"].endswith("/threads")]
        links = [one["image_url"][0] for one in asked if "image_url" in one]
        check(len(links) >= 3 and len(set(links)) == len(links), links)
        for link in links:
            status, content, _ = send(server, "GET", link[len(front.url):])
            check(status == 404 and pictures[0] not in content, f"{link} is still open: {status}")
        told = (path / "server.log").read_text() + json.dumps(server.expect(200, "GET", f"/api/v1/announcements/{item}/history"))
        check(not any(link.rsplit("/", 1)[1][-40:] in told for link in links), "nobody is told of a link")
        server.close()
        # Nobody knows any more where Threads could fetch it: told at once.
        server = Server(BINARY, database, path, "again", *THREADS.settings(emulator.url))
        made = server.expect(201, "POST", "/api/v1/announcements",
                             {"connection_id": connection, "text": "Later", "run_at": "2037-01-01T00:00:00Z"})
        status, content, _ = send(server, "POST", f"/api/v1/announcements/{made['id']}/images", pictures[0],
                                  {"Content-Type": "image/png", "If-Match": f'"{made["version"]}"'})
        check(status == 422 and b"set public-url" in content, content)


def threads_on_sqlite():
    with folder() as path:
        fetched_by_threads(path, f"sqlite:{path}/f.db")


def threads_on_postgres():
    with folder() as path, postgres_database() as database:
        fetched_by_threads(path, database)


def on_sqlite():
    with folder() as path:
        whole_life(path, f"sqlite:{path}/f.db", f"sqlite:{path}/another.db")


def on_postgres():
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(folder())
        whole_life(path, stack.enter_context(postgres_database()), stack.enter_context(postgres_database()))


if __name__ == "__main__":
    raise SystemExit(run_all([("images: SQLite", on_sqlite), ("images: PostgreSQL", on_postgres),
                              ("Threads: SQLite", threads_on_sqlite), ("Threads: PostgreSQL", threads_on_postgres)]))
