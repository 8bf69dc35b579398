#!/usr/bin/env python3
"""Texts end to end: real servers, an emulated language model, a real receiver, on both databases.

usage: texts_test.py PATH/TO/fencepost
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import time
import urllib.request

from harness import ROOT, Receiver, Server, check, eventually, first_line, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "sk-demo"


class Model:
    def __init__(self):
        self.process = subprocess.Popen(["python3", str(ROOT / "emulators/model/model.py")], stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process, r"listening on (http://\S+)")

    def tell(self, path, body):
        urllib.request.urlopen(urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST"), timeout=10).read()

    def bought(self):
        with urllib.request.urlopen(self.url + "/_accepted", timeout=10) as answer:
            return len(json.load(answer))

    def close(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def scene(kind):
    """Two servers on one database, a model, a receiver, and an announcement of an episode to come."""
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        (path / "model-key").write_text(KEY + "\n")
        model, receiver, servers = Model(), Receiver(SECRET), []
        stack.callback(model.close)
        stack.callback(receiver.close)
        stack.callback(lambda: [server.close() for server in servers])
        try:
            for name in ("one", "two"):
                servers.append(Server(BINARY, database, path, name, "--text-api", "anthropic", "--text-url", model.url,
                                      "--text-model", "small", "--text-key-file", str(path / "model-key")))
            one = servers[0]
            connection = one.expect(201, "POST", "/api/v1/connections",
                                    {"name": "x", "platform": "webhook", "url": receiver.url + "/hook", "secret": SECRET})["id"]
            show = one.expect(201, "POST", "/api/v1/shows", {"name": "Night Talk", "slug": "night-talk"})["id"]
            episode = one.expect(201, "POST", f"/api/v1/shows/{show}/episodes", {"title": "Pilot", "starts_at": "2037-06-01T20:00"})
            made = one.expect(201, "POST", f"/api/v1/episodes/{episode['id']}/announcements", {"connection_id": connection})
            yield servers, model, receiver, episode["id"], f"/api/v1/announcements/{made['id']}", path
        except BaseException:
            show_logs(path)
            raise


def evening(kind):
    """A text is written before the stream is known, and goes out with its URL."""
    with scene(kind) as ((one, two), model, receiver, episode, announcement, path):
        model.tell("/_set", {"says": "\"{title} is on: {url}\""})
        answer = two.expect(200, "POST", announcement + "/generate?wait=30", {"style": None})
        check(answer["answer"] == "written", f"written: {answer}")
        check(answer["announcement"]["generated_text"] == "{title} is on: {url}", f"cleaned: {answer}")
        found = one.expect(200, "GET", f"/api/v1/episodes/{episode}")
        one.expect(200, "PATCH", f"/api/v1/episodes/{episode}", {"status": "live", "url": "https://youtu.be/dQw4w9WgXcQ"},
                   {"If-Match": f'"{found["version"]}"'})
        eventually(lambda: one.expect(200, "GET", announcement)["status"] == "posted", "it is posted")
        check(receiver.arrivals()["total"] == 1, "once")
        answer = one.expect(409, "POST", announcement + "/generate")
        check(answer["code"] == "already_posted", f"over: {answer}")
        check(model.bought() == 1, "one text was bought")
        kinds = [event["kind"] for event in one.expect(200, "GET", announcement + "/history")["items"]]
        check("text" in kinds, f"the history says so: {kinds}")
        logs = "".join(log.read_text() for log in path.glob("*.log"))
        check(KEY not in logs, "the key is in no log")


def limits(kind):
    """Five a minute for each person: over all servers of one PostgreSQL together. A SQLite file has one server."""
    with scene(kind) as (servers, model, _, _, announcement, _):
        servers = servers if kind == "postgres" else servers[:1]
        model.tell("/_set", {"spent": True})
        begun, let_in = time.monotonic(), 0
        while True:
            status, answer, headers = servers[let_in % len(servers)].call("POST", announcement + "/generate?wait=30")
            if status == 429:
                break
            check(status == 200 and answer["answer"] == "not_written", f"the model is paid by nobody: {answer}")
            let_in += 1
        check(int(headers["Retry-After"]) > 0, f"{headers}")
        # One more for each twelve seconds that a slow machine took.
        grown = (time.monotonic() - begun) * 5 / 60
        check(5 <= let_in <= 5 + grown, f"{let_in} in {time.monotonic() - begun:.0f} s")
        check(model.bought() == 0, "nothing was bought")


def main():
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [(f"{name.__name__} on {kind}", functools.partial(name, kind))
             for kind in ("sqlite", "postgres") for name in (evening, limits)]
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
