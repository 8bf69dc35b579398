#!/usr/bin/env python3
"""The main job, really: what the README's tour does with two server processes on PostgreSQL (on SQLite pages_test.py runs
the tour itself), and what goes wrong, on SQLite too.

usage: tour_test.py PATH/TO/fencepost
"""

import concurrent.futures
import contextlib
import datetime
import functools
import os
import signal
import subprocess
import sys
import time

from harness import Failed, Receiver, Server, check, eventually, folder, postgres_database, run_all, show_logs
from stopping import stop

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"


def in_seconds(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat().replace("+00:00", "Z")


@contextlib.contextmanager
def installation(kind):
    """A database, its servers and a receiver: one server on SQLite, two on PostgreSQL."""
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        servers = []
        start = lambda: servers.append(Server(BINARY, database, path, f"server{len(servers)}")) or servers[-1]
        try:
            for _ in range(1 if kind == "sqlite" else 2):
                start()
            made = servers[0].expect(201, "POST", "/api/v1/connections",
                                     {"name": "receiver", "platform": "webhook", "url": "http://127.0.0.1:9/placeholder"})
            receiver = Receiver(made["secret"])
            stack.callback(receiver.close)
            real = servers[0].expect(201, "POST", "/api/v1/connections",
                                     {"name": "real", "platform": "webhook", "url": receiver.url + "/hook", "secret": made["secret"]})
            yield servers, receiver, real["id"], start, database, path
        except BaseException:
            show_logs(path)
            raise
        finally:
            for server in servers:
                server.close()


def create(server, connection, text, **more):
    return server.expect(201, "POST", "/api/v1/announcements", {"connection_id": connection, "text": text, **more})


def status_of(server, made):
    return server.expect(200, "GET", f"/api/v1/announcements/{made['id']}")


def posted(server, made):
    eventually(lambda: status_of(server, made)["status"] == "posted", f"announcement {made['id']} is posted")


def tour(kind):
    with installation(kind) as (servers, receiver, connection, _start, database, _path):
        one, two = servers[0], servers[-1]
        clicked = create(one, connection, "Clicked thirty times", run_at=in_seconds(3600))

        # Thirty people click "post now" at the same moment.
        def click(n):
            return servers[n % len(servers)].call("POST", f"/api/v1/announcements/{clicked['id']}/post-now", {})

        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            answers = list(pool.map(click, range(30)))
        words = [answer.get("answer") or answer.get("code") for _, answer, _ in answers]
        check(words.count("started") == 1, f"one caller is told `started`: {words}")
        check(sum(word in ("already_running", "already_posted") for word in words) == 29, f"29 are told already_…: {words}")
        posted(one, clicked)
        check(receiver.arrivals()["total"] == 1, f"one arrival: {receiver.arrivals()}")

        # One is due in ten seconds; it arrives once, and not before its time. Another one is switched off until then.
        due = create(one, connection, "We are live", run_at=in_seconds(10))
        disabled = create(two, connection, "Never to be seen", run_at=in_seconds(10))
        answer = one.expect(200, "POST", f"/api/v1/announcements/{disabled['id']}/disable", {})
        check(answer["answer"] == "prevented", f"prevented: {answer}")

        posted(two, due)
        check(datetime.datetime.now(datetime.timezone.utc) >= datetime.datetime.fromisoformat(due["run_at"].replace("Z", "+00:00")),
              "not before its time")
        # What is due after the disabled one and arrives shows that the disabled one's time has been.
        later = create(two, connection, "Afterwards", run_at=in_seconds(2))
        posted(one, later)
        arrivals = receiver.arrivals()
        check(arrivals["total"] == 3 and all(n == 1 for n in arrivals["by_key"].values()), f"three arrivals, each once: {arrivals}")
        check(arrivals["refused"] == 0, f"every signature holds: {arrivals}")
        check(status_of(one, disabled)["status"] == "disabled", "the disabled one stays disabled")
        answer = one.expect(409, "POST", f"/api/v1/announcements/{clicked['id']}/post-now", {})
        check(answer["code"] == "already_posted", f"already_posted: {answer}")
        verified(database)


def verified(database):
    checked = subprocess.run([BINARY, "verify", "--database", database], capture_output=True, text=True)
    check(checked.returncode == 0, f"verify finds nothing: {checked.stdout}{checked.stderr}")


def faults(kind):
    """What the receiver does wrong, and what people are told about it."""
    with installation(kind) as (servers, receiver, connection, _start, database, _path):
        one = servers[0]
        receiver.fault("429", seconds=3600)
        limited = create(one, connection, "limited")
        receiver_total = eventually(lambda: receiver.arrivals()["refused"], "the first try is refused")
        check(receiver_total == 1, "one refusal")
        answer = eventually(lambda: status_of(one, limited)["status"] == "queued" and status_of(one, limited), "it waits for its retry")
        check(answer["attempts"] == 1, f"one attempt: {answer}")

        receiver.fault("accept_then_cut")
        cut = create(one, connection, "accepted, then cut")
        eventually(lambda: status_of(one, cut)["status"] == "unknown", "an accepted and cut request is unknown")
        answer = one.expect(409, "POST", f"/api/v1/announcements/{cut['id']}/post-now", {})
        check(answer["code"] == "outcome_unknown", f"outcome_unknown: {answer}")
        answer = one.expect(409, "POST", f"/api/v1/announcements/{cut['id']}/disable", {})
        check(answer["code"] == "outcome_unknown", f"outcome_unknown: {answer}")
        check(receiver.arrivals()["total"] == 1, "it arrived once and is not sent again")
        verified(database)


def killed(kind):
    """A server is killed while its request is out; the item ends as unknown, at once, and is not sent again."""
    with installation(kind) as (servers, receiver, connection, start, database, path):
        receiver.fault("slow", seconds=25)
        made = create(servers[0], connection, "out, and nobody at home", run_at=in_seconds(3600))
        victim = servers[-1]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: contextlib.suppress(Exception) and victim.call("POST", f"/api/v1/announcements/{made['id']}/post-now?wait=0", {}))
            eventually(lambda: receiver.arrivals()["total"] == 1, "the request arrived")
            victim.kill()
        survivor = servers[0] if len(servers) > 1 else start()
        begun = time.monotonic()
        eventually(lambda: status_of(survivor, made)["status"] == "unknown", "its outcome is unknown")
        check(time.monotonic() - begun < 45, "well before its lease ended")
        check(receiver.arrivals()["total"] == 1, "not sent again")
        verified(database)
        check(survivor.stop() == 0, "a graceful end is exit 0")


def paused(kind):
    """A stopped process whose items another one takes over finds its gate closed when it goes on."""
    with installation(kind) as (servers, receiver, connection, start, database, _path):
        victim = servers[-1]
        other = servers[0] if len(servers) > 1 else start()
        made = create(other, connection, "taken over", run_at=in_seconds(3600))
        stop(victim.process, database)
        try:
            answer = other.expect(200, "POST", f"/api/v1/announcements/{made['id']}/post-now?wait=20", {})
            check(answer["answer"] == "started", f"started: {answer}")
        finally:
            victim.process.send_signal(signal.SIGCONT)
        answer = victim.expect(409, "POST", f"/api/v1/announcements/{made['id']}/post-now", {})
        check(answer["code"] == "already_posted", f"already_posted: {answer}")
        check(receiver.arrivals()["total"] == 1, "one arrival")


def main():
    tests = [(f"{test.__name__} on {kind}", functools.partial(test, kind))
             for kind, tests in (("sqlite", (faults, killed, paused)), ("postgres", (tour, faults, killed, paused))) for test in tests]
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
