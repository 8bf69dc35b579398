#!/usr/bin/env python3
"""GET /api/v1/events of real servers: what is told, who comes back, who is let go, and ten thousand who listen.

usage: events_test.py PATH/TO/fencepost [NAME]
"""

import contextlib
import functools
import json
import os
import resource
import selectors
import socket
import sys
import time
import urllib.parse

from harness import Receiver, Server, check, eventually, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
CROWD = 10_000
SPARE = 500  # descriptors of this process and of the server that are no listener


@contextlib.contextmanager
def installation(kind, servers=1):
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        try:
            yield [stack.enter_context(contextlib.closing(Server(BINARY, database, path, f"server{n}"))) for n in range(servers)]
        except BaseException:
            show_logs(path)
            raise


def connect(server, token, after=None, last=None):
    """A socket that has asked for the stream."""
    at = urllib.parse.urlparse(server.url)
    sock = socket.create_connection((at.hostname, at.port), timeout=60)
    query = "" if after is None else f"?after={after}"
    header = "" if last is None else f"Last-Event-ID: {last}\r\n"
    sock.sendall(f"GET /api/v1/events{query} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\n{header}\r\n".encode())
    return sock


class Stream:
    """A client of the stream, event by event."""

    def __init__(self, server, token=None, **where):
        self.file = connect(server, token or server.token, **where).makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, b"\r\n"):
            name, value = line.decode().rstrip("\r\n").split(": ", 1)
            self.headers[name] = value
        self.last = None

    def next(self):
        """(kind, data) of the next event that tells something; None where the stream ended."""
        kind, data = None, None
        for line in self.file:
            line = line.decode().rstrip("\n")
            if line.startswith("id: "):
                self.last = int(line[4:])
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif not line:
                if kind not in (None, "beat"):
                    return kind, data
                kind = None
        return None

    def until(self, wanted):
        events = []
        while True:
            event = self.next()
            check(event, f"the stream ended; it had told {events}")
            events.append(event[1])
            if wanted(event[1]):
                return events

    def close(self):
        self.file.close()


def announcement(server, connection, text):
    return server.expect(201, "POST", "/api/v1/announcements", {"connection_id": connection, "text": text})["id"]


def told(kind):
    """Everything that happens to an announcement is told in its order, by any server, and again to who comes back."""
    with installation(kind, 1 if kind == "sqlite" else 2) as servers, contextlib.ExitStack() as stack:
        one, other = servers[0], servers[-1]
        made = one.expect(201, "POST", "/api/v1/connections", {"name": "x", "platform": "webhook", "url": "http://127.0.0.1:9/"})
        receiver = Receiver(made["secret"])
        stack.callback(receiver.close)
        real = one.expect(201, "POST", "/api/v1/connections",
                          {"name": "real", "platform": "webhook", "url": receiver.url + "/hook", "secret": made["secret"]})["id"]
        stream = Stream(other)
        check(stream.status == 200 and stream.headers["Content-Type"] == "text/event-stream", f"{stream.headers}")
        item = str(announcement(one, real, "told"))
        events = stream.until(lambda event: event["item"] == item and event["to"] in ("posted", "done"))
        ids = [event["id"] for event in events]
        check(ids == sorted(set(ids)), f"in the order of their ids, each once: {ids}")
        check(events[0]["kind"] == "created", f"from its beginning: {events}")
        stream.close()
        # Away for a while; then from another server what came meanwhile, and nothing twice.
        missed = str(announcement(one, real, "missed"))
        eventually(lambda: one.expect(200, "GET", f"/api/v1/announcements/{missed}")["status"] == "posted", "it is posted")
        back = Stream(one, last=stream.last)
        again = back.until(lambda event: event["item"] == missed and event["to"] in ("posted", "done"))
        check(again[0]["id"] > ids[-1], f"nothing twice: {again[0]} after {ids[-1]}")
        whole = Stream(one, after=0).until(lambda event: event["id"] == again[-1]["id"])
        check([event["id"] for event in whole][-len(again):] == [event["id"] for event in again], "the same history for all")
        future = Stream(one, after=10**15)
        check(future.next()[0] == "reset", "a place that never was is a reset")
        # A revoked token's stream ends by itself, and a signal ends the others.
        token = one.expect(201, "POST", "/api/v1/tokens", {"name": "brief"})
        doomed = Stream(other, token["token"])
        one.expect(204, "DELETE", f"/api/v1/tokens/{token['id']}")
        begun = time.monotonic()
        # The other server may not have told yet what the first one has.
        late = list(iter(doomed.next, None))
        check(all(event["item"] == missed for _, event in late), f"its stream ended, after {late}")
        check(time.monotonic() - begun < 45, "well within a minute")
        check(Stream(other, token["token"]).status == 401, "and it opens no other")
        for server in servers:
            listener = Stream(server)
            check(server.stop() == 0, "a graceful end is exit 0")
            check(listener.next() is None, "and ends the streams")


def memory(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def crowd(kind):
    """Ten thousand idle listeners in one process: it still answers, and one event reaches them all."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = CROWD if hard == resource.RLIM_INFINITY else min(CROWD, hard - SPARE)
    if wanted < CROWD:
        print(f"     only {wanted} listeners: this system allows {hard} open files")
    with installation(kind) as (server,):
        tokens = [server.expect(201, "POST", "/api/v1/tokens", {"name": f"crowd {n}"})["token"] for n in range(-(-wanted // 1000))]
        before, sockets = memory(server), []
        with contextlib.ExitStack() as stack:
            while len(sockets) < wanted:
                batch = [connect(server, tokens[(len(sockets) + n) // 1000]) for n in range(min(200, wanted - len(sockets)))]
                for sock in batch:
                    stack.callback(sock.close)
                    head = sock.recv(4096)
                    check(head.startswith(b"HTTP/1.1 200"), f"listener {len(sockets)}: {head[:200]}")
                sockets += batch
            after = memory(server)
            print(f"     {wanted} listeners on {kind}: {(after - before) / wanted:.0f} bytes each in the server "
                  f"({before >> 20} MiB before, {after >> 20} MiB with them)")
            check((after - before) / wanted < 32 * 1024, "less than 32 KiB each")
            server.expect(200, "GET", "/api/v1/announcements")
            made = server.expect(201, "POST", "/api/v1/connections", {"name": "x", "platform": "webhook", "url": "http://127.0.0.1:9/"})
            announcement(server, made["id"], "to all")
            hear(sockets, b"event: transition")
            too_many = Stream(server, tokens[0])
            check(too_many.status == 429, f"one principal has a thousand streams at most: {too_many.status}")
        eventually(lambda: Stream(server, tokens[0]).status == 200, "who leaves makes room")
        check(server.stop() == 0, "a graceful end is exit 0")


def hear(sockets, wanted):
    """Waits until every one of them has received that."""
    selector, heard = selectors.DefaultSelector(), {}
    for sock in sockets:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        heard[sock] = b""
    left, end = len(sockets), time.monotonic() + 120
    while left and time.monotonic() < end:
        for key, _ in selector.select(timeout=1):
            data = key.fileobj.recv(65536)
            check(data, "no stream ended")
            heard[key.fileobj] += data
            if wanted in heard[key.fileobj]:
                selector.unregister(key.fileobj)
                left -= 1
    selector.close()
    check(left == 0, f"all have heard it, but {left}")


def main():
    tests = [(f"{test.__name__} on {kind}", functools.partial(test, kind))
             for kind in ("sqlite", "postgres") for test in (told, crowd)]
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
