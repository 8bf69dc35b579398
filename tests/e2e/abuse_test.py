#!/usr/bin/env python3
"""What a hostile client sends to a real server: refused with the right status, logged on one line without secrets,
and the server is unharmed.

usage: abuse_test.py PATH/TO/fencepost [NAME]
"""

import contextlib
import json
import os
import re
import socket
import sys
import time
import urllib.parse

from harness import Server, check, eventually, folder, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
MARK = "fencepost-abuse-marker"  # stands in what must not be logged


class Target:
    """A server, and raw bytes to it."""

    def __init__(self, server, path):
        self.server, self.path = server, path
        at = urllib.parse.urlparse(server.url)
        self.address = (at.hostname, at.port)
        self.auth = f"Authorization: Bearer {server.token}\r\n".encode()

    def open(self):
        return socket.create_connection(self.address, timeout=60)

    def answers(self, data, half_close=True):
        """All that comes back until the server closes: [(status, headers, body)]."""
        with self.open() as sock:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(data)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := sock.recv(65536):
                    received += chunk
        found = []
        while received:
            head, _, rest = received.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            headers = dict(line.split(b": ", 1) for line in lines[1:])
            length = int(headers.get(b"Content-Length", 0))
            found.append((int(lines[0].split()[1]), headers, rest[:length]))
            received = rest[length:]
        return found

    def one(self, data):
        found = self.answers(data)
        check(len(found) == 1, f"one answer to {data[:200]!r}: {found}")
        return found[0]

    def request(self, method, path, headers=b"", body=None):
        """One request with a token, which closes."""
        framing = b"" if body is None else b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        return self.one(method + b" " + path + b" HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + self.auth + framing + headers
                        + b"\r\n" + (body or b""))

    def unharmed(self):
        self.server.expect(200, "GET", "/api/v1/announcements")
        check(self.server.process.poll() is None, "the server lives")
        check(self.memory() < 400 << 20, f"its memory is bounded: {self.memory() >> 20} MiB")

    def memory(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def log(self):
        return (self.path / "server.log").read_bytes()


@contextlib.contextmanager
def target():
    with folder() as path:
        with contextlib.closing(Server(BINARY, f"sqlite:{path}/fencepost.db", path, "server")) as server:
            try:
                yield Target(server, path)
            except BaseException:
                show_logs(path)
                raise


def refused(answer, status, what):
    check(answer[0] == status, f"{what}: {answer[0]} {answer[2][:300]!r}, wanted {status}")
    if status >= 400:
        problem = json.loads(answer[2])
        check(answer[1][b"Content-Type"] == b"application/problem+json", f"{what}: {answer[1]}")
        check(problem["status"] == status and problem["code"] and problem["request_id"], f"{what}: {problem}")
        check(MARK not in json.dumps(problem), f"{what}: its answer does not repeat what was sent: {problem}")


def sizes():
    with target() as t:
        long = b"x" * 20_000
        refused(t.one(b"GET / HTTP/1.1\r\nHost: t\r\nX: " + long + b"\r\n\r\n"), 431, "a long header")
        refused(t.one(b"GET /" + long + b" HTTP/1.1\r\nHost: t\r\n\r\n"), 431, "a long path")
        refused(t.one(b"GET / HTTP/1.1\r\nHost: t\r\n" + b"A: b\r\n" * 5000 + b"\r\n"), 431, "many headers")
        big = b'{"text": "' + b"x" * (2 << 20) + b'"}'
        refused(t.request(b"POST", b"/api/v1/announcements", b"", big), 413, "a long body")
        refused(t.one(b"POST /api/v1/announcements HTTP/1.1\r\nHost: t\r\nContent-Length: 9999999999\r\n\r\n"), 413, "a promise")
        chunks = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        refused(t.answers(b"POST /api/v1/announcements HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks * 3 + b"0\r\n\r\n")[0],
                413, "chunks without a length")
        t.unharmed()


def json_bodies():
    """Bodies that parsers die of."""
    with target() as t:
        post = lambda body: t.request(b"POST", b"/api/v1/announcements", b"", body)
        for body, status, what in [
                (b"[" * 500_000, 400, "half a million brackets"),
                (b'{"a":' * 100_000, 400, "nested objects"),
                (b'{"connection_id": 1e400, "text": "x"}', 400, "a number beyond every range"),
                (b'{"connection_id": ' + b"9" * 100_000 + b', "text": "x"}', 400, "a number of many digits"),
                (b'{"connection_id": -0.0000001, "text": "x"}', 422, "a broken number for a whole one"),
                (b'{"connection_id": 9223372036854775808, "text": "x"}', 422, "one more than 64 bits"),
                (b'{"connection_id": NaN, "text": "x"}', 400, "no number"),
                (b'{"connection_id": 1, "text": "x", "text": "y"}', 400, "a member twice"),
                (b'{"connection_id": 1, "text": "\xff\xfe"}', 400, "no UTF-8"),
                (b'{"connection_id": 1, "text": "\xc0\xaf"}', 400, "an overlong form"),
                (b'{"connection_id": 1, "text": "\xed\xa0\x80"}', 400, "half a surrogate as bytes"),
                (b'{"connection_id": 1, "text": "\\ud800"}', 400, "half a surrogate as an escape"),
                (b'{"connection_id": 1, "text": "a\\u0000b"}', 422, "U+0000"),
                (b'{"connection_id": 1, "text": "a\x00b"}', 400, "a NUL"),
                (b'{"connection_id": 1, "text": "x"} trailing', 400, "something behind it"),
                (b'\xef\xbb\xbf{"connection_id": 1}', 422, "a byte order mark"),
                (b'{"__proto__": {"admin": true}, "connection_id": 1, "text": "x"}', 422, "a member that is not known"),
                (b"null", 422, "no object"), (b'"text"', 422, "a text"), (b"[]", 422, "a list")]:
            refused(post(body), status, what)  # 400: cannot be read; 422: read, and a field is wrong
        t.unharmed()


def paths():
    with target() as t:
        for path, status in [(b"/api/v1/announcements/%2e%2e", 400), (b"/api/v1/../../etc/passwd", 400),
                             (b"/assets/..%2f..%2fetc%2fpasswd", 400), (b"/assets/%2e%2e%5c%2e%2e", 400),
                             (b"/assets/app.css%00.html", 400), (b"/%c0%ae%c0%ae/", 400), (b"/%ff", 400), (b"/%zz", 400),
                             (b"/a\\b", 400), (b"/api/v1/announcements?limit=%ff", 400), (b"/api/v1/announcements?limit=1&limit=2", 400),
                             (b"/api/v1/announcements?cursor=%00", 400), (b"/api/v1/announcements?x=1", 422), (b"//", 404),
                             (b"/api/v1/announcements/1%0d%0aX-Evil:%201", 400), (b"/api/v1/announcements/99999999999999999999", 404),
                             (b"/api/v1/announcements/-1", 404), (b"/api/v1/announcements/1e1", 404)]:
            answer = t.request(b"GET", path)
            refused(answer, status, path.decode())
            check(b"X-Evil" not in answer[1], f"no header of theirs: {answer[1]}")
        for line in [b"GET /a b HTTP/1.1", b"GET  / HTTP/1.1", b"GET / HTTP/3.0", b"G\x00T / HTTP/1.1", b"GET /\x01 HTTP/1.1"]:
            refused(t.one(line + b"\r\nHost: t\r\n\r\n"), 400, line)
        refused(t.one(b"BREW / HTTP/1.1\r\nHost: t\r\n\r\n"), 405, "a method of their own")
        t.unharmed()


def smuggling():
    """Each of these could be framed in two ways: one answer, a refusal, and the connection ends."""
    with target() as t:
        inner = b"GET /api/v1/smuggled HTTP/1.1\r\nHost: t\r\n\r\n"
        post = b"POST /api/v1/announcements HTTP/1.1\r\nHost: t\r\n"
        for head, what in [
                (b"Content-Length: 4\r\nContent-Length: 44\r\n", "two lengths"),
                (b"Content-Length: 4\r\nContent-Length: 4\r\n", "a length twice"),
                (b"Content-Length: 4, 44\r\n", "a list of lengths"),
                (b"Content-Length: 0x4\r\n", "a hexadecimal length"), (b"Content-Length: +4\r\n", "a signed length"),
                (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "both"),
                (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "both, the other way"),
                (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "two codings"),
                (b"Transfer-Encoding: xchunked\r\n", "an unknown coding"),
                (b"Transfer-Encoding : chunked\r\n", "a space before the colon"),
                (b"Transfer-Encoding:\x0bchunked\r\n", "a vertical tab"),
                (b"X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 4\r\nContent-Length: 5\r\n", "a folded line"),
                (b"Host: other\r\n", "two hosts")]:
            found = t.answers(post + head + b"\r\n0\r\n\r\n" + inner)
            check(len(found) == 1 and 400 <= found[0][0] <= 501, f"{what}: {found}")
            check(found[0][1].get(b"Connection") == b"close", f"{what}: the connection ends: {found}")
        check(b"smuggled" not in t.log(), "no smuggled request was read")
        many = t.answers(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n" * 200 + b"GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        check([answer[0] for answer in many] == [200] * 201, f"pipelined requests are answered in their order: {len(many)}")
        t.unharmed()


def logs():
    """Neither can a client write lines of its own into the log, nor does it keep what is secret."""
    with target() as t:
        evil = f"{MARK}\x1b[31m2026-11-22T00:00:00Z error forged".encode()
        before = t.log().count(b"\n")
        t.request(b"GET", b"/api/v1/me", b"User-Agent: " + evil.replace(b"\x1b", b"?") + b"\r\nReferer: " + MARK.encode() + b"\r\n")
        t.request(b"GET", b"/api/v1/announcements?status=%0a2026-11-22%20error%20" + MARK.encode())
        t.request(b"GET", b"/" + MARK.encode() + b"%0aerror%20forged")
        t.request(b"GET", b"/api/v1/me", b"X-Request-Id: " + MARK.encode() + b" forged\r\n")
        t.request(b"POST", b"/api/v1/tokens", b"", json.dumps({"name": f"a\n{MARK}\u001b[2J"}).encode())
        t.one(b"GET /api/v1/me HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAuthorization: Bearer fp_" + MARK.encode() + b"\r\n\r\n")
        t.one(b"GET /api/v1/me HTTP/1.1\r\nHost: t\r\nConnection: close\r\nCookie: session=" + MARK.encode() + b"\r\n\r\n")
        t.server.expect(200, "GET", "/api/v1/me")
        log = eventually(lambda: t.log().count(b"\n") >= before + 8 and t.log(), "each request is a line")
        lines = log.decode().splitlines()[before:]
        check(all(re.match(r"\d{4}-\d\d-\d\dT\S+Z (debug|info|warn|error) ", line) for line in lines), f"one line an event: {lines}")
        check(not any(" error forged" in line or "\x1b" in line for line in lines), f"none of theirs: {lines}")
        check(MARK.encode() not in log, "and nothing that was sent")
        check(t.server.token.encode() not in log, "no token")


def slow():
    """Those who send byte by byte hold neither the others nor, in the end, their connection."""
    with target() as t, contextlib.ExitStack() as stack:
        header = [stack.enter_context(t.open()) for _ in range(200)]
        body = [stack.enter_context(t.open()) for _ in range(200)]
        for sock in header:
            sock.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: t\r\nX: ")
        for sock in body:
            sock.sendall(b"POST /api/v1/announcements HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n{")
        t.unharmed()
        end = time.monotonic() + 120
        open_ones = header[:20]
        while open_ones and time.monotonic() < end:  # ten seconds for a header, however it drips
            for sock in list(open_ones):
                try:
                    sock.sendall(b"x")
                    sock.settimeout(0.05)
                    if sock.recv(1) == b"":
                        open_ones.remove(sock)
                except TimeoutError:
                    pass
                except OSError:
                    open_ones.remove(sock)
        check(not open_ones, f"slow headers are cut off: {len(open_ones)} are left")
        t.unharmed()
        for sock in body[:20]:
            sock.settimeout(90)
            with contextlib.suppress(ConnectionResetError):
                check(sock.recv(1) == b"", "slow bodies are cut off")
        t.unharmed()


def floods():
    """More connections than there is room for: told so, and those who were there are served."""
    with target() as t, contextlib.ExitStack() as stack:
        with t.open() as early:
            ask = b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"
            early.sendall(ask)
            check(early.recv(4096).startswith(b"HTTP/1.1 200"), "it is there first")
            crowd = [stack.enter_context(t.open()) for _ in range(1200)]
            told = 0
            for sock in crowd[-100:]:
                with contextlib.suppress(ConnectionResetError):
                    told += sock.recv(4096).startswith(b"HTTP/1.1 503")
            check(told > 0, "the last ones are told 503")
            early.sendall(ask)
            check(early.recv(4096).startswith(b"HTTP/1.1 200"), "and the first is served")
        stack.close()
        eventually(lambda: t.request(b"GET", b"/healthz")[0] == 200, "afterwards there is room again")
        t.unharmed()


def main():
    tests = [(test.__name__, test) for test in (sizes, json_bodies, paths, smuggling, logs, slow, floods)]
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
