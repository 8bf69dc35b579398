"""What the emulated platforms share: a server on 127.0.0.1 that routes, fails on command, and remembers what it
was asked.

An emulator is a class:

    class Echo(Emulator):
        @route("POST", r"/v1/echo/(?P<name>\\w+)")
        def echo(self, request, name):
            self.accept(name, text=request.json()["text"])     # took effect: counted, once for each call
            return Answer(201, {"name": name})

    if __name__ == "__main__":
        main(Echo, __doc__)

The first line on standard output is "listening on http://127.0.0.1:PORT". Every emulator also answers

    GET  /_accepted  what took effect, in order: [{"what": NAME, "at": seconds, ...}]
    GET  /_log       what was asked, in order: [{"method", "path", "query", "headers", "body", "status"}]
    POST /_fault     {"mode": MODE, "times": n, "seconds": s, "path": REGEX, "method": M, "status": n, "body": ..., "headers": {}}
                     the next n requests (default 1) to a path that matches (default all) meet the fault
    POST /_reset     forgets faults, log and what was accepted; what the platform has stays
    POST /_set       {NAME: VALUE}: what can be set of this emulator (its `settings`)

Modes; "acted" means that the request took its full effect:
    none                no fault any more
    accept_then_cut     acted, then the connection is closed without an answer
    status_after        acted, then answered `status` (default 500): the worst case of a server error
    slow                acted, answered after `seconds` (default 30)
    garbage             acted, answered with bytes that are not HTTP
    malformed           acted, answered with its true status and a body cut in half
    status              answered `status` (default 503) with `body` and `headers`; nothing happened
    slow_before         waits `seconds` (default 30), then acts: a request that travels long
    cut_before          read, then closed without an answer; nothing happened
    close_before_read   closed unread, with a reset
"""

import argparse
import collections
import json
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MODES = {"none", "accept_then_cut", "status_after", "slow", "garbage", "malformed", "status", "slow_before",
         "cut_before", "close_before_read"}
BODY_CAP = 64 << 20
LOG_CAP = 100_000
LOGGED_BODY = 20_000


class Answer(Exception):
    """An answer; may be raised too. `body`: JSON (dict or list), text, bytes, or None for no body."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})

    def encoded(self):
        headers = dict(self.headers)
        if self.body is None:
            return b"", headers
        if isinstance(self.body, bytes):
            body, kind = self.body, "application/octet-stream"
        elif isinstance(self.body, str):
            body, kind = self.body.encode(), "text/html; charset=utf-8"
        else:
            body, kind = json.dumps(self.body).encode(), "application/json"
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = kind
        return body, headers


class Cut(Exception):
    """Raised by a handler: the connection is closed without an answer."""


class Request:
    """`body`: whole; of a route that streams it is empty, and read(n) gives the next bytes of `length`."""

    def __init__(self, method, target, headers, body, stream=None, length=0):
        self.stream, self.length, self.unread = stream, length, length
        parts = urlsplit(target)
        self.method, self.path, self.headers, self.body = method, parts.path, headers, body
        self.query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def read(self, most):
        """b"": there is no more, or the client has gone (`unread` then is not 0)."""
        piece = self.stream.read(min(most, self.unread)) if self.unread else b""
        self.unread -= len(piece)
        return piece

    def json(self):
        """The body as JSON; raises a 400 where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Answer(400, {"error": "the body is not JSON"}) from None

    def form(self):
        return {name: values[-1] for name, values in
                parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True).items()}

    def bearer(self):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else ""


def route(method, pattern, streams=False):
    """Marks a method of an emulator as the answer to `method` on paths that match `pattern` whole. `streams`: it reads
    the body itself, which may be of any size."""
    def mark(function):
        function.streams = streams
        function.routes = getattr(function, "routes", []) + [(method, re.compile(pattern))]
        return function
    return mark


class Emulator:
    """One platform. Handlers run on a thread for each connection; `self.lock` guards what they share."""

    settings = ()  # the names of attributes that /_set may change

    def __init__(self):
        self.lock = threading.RLock()
        self.ending = threading.Event()
        self.url = ""
        self._accepted = []
        self._log = collections.deque(maxlen=LOG_CAP)
        self._faults = []
        self._routes = [(method, pattern, getattr(self, name)) for name in dir(type(self))
                        for method, pattern in getattr(getattr(type(self), name), "routes", [])]

    # -- for platforms

    @staticmethod
    def add_arguments(parser):
        """A platform's own arguments; they arrive as keyword arguments of its constructor."""

    def accept(self, what, **facts):
        """Remembers that something took effect."""
        with self.lock:
            self._accepted.append({"what": what, "at": time.time(), **facts})

    def accepted(self):
        with self.lock:
            return list(self._accepted)

    # -- for the server

    def streams(self, method, path):
        return any(method == one and function.streams and pattern.fullmatch(path)
                   for one, pattern, function in self._routes)

    def handle(self, request):
        for method, pattern, function in self._routes:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                try:
                    return function(request, **found.groupdict())
                except Answer as answer:
                    return answer
        known = any(pattern.fullmatch(request.path) for _, pattern, _ in self._routes)
        return Answer(405 if known else 404, {"error": "no such route"})

    def control(self, request):
        """The answer to a request about the emulator itself, or None."""
        if (request.method, request.path) == ("GET", "/_accepted"):
            return Answer(200, self.accepted())
        if (request.method, request.path) == ("GET", "/_log"):
            with self.lock:
                return Answer(200, list(self._log))
        if request.method != "POST" or request.path not in ("/_fault", "/_reset", "/_set"):
            return None
        wish = request.json() if request.body else {}
        if request.path == "/_fault":
            return self._add_fault(wish)
        with self.lock:
            if request.path == "/_reset":
                self._accepted, self._faults = [], []
                self._log.clear()
            else:
                unknown = set(wish) - set(self.settings)
                if unknown:
                    return Answer(400, {"error": f"cannot be set: {sorted(unknown)}; can be: {sorted(self.settings)}"})
                for name, value in wish.items():
                    setattr(self, name, value)
        return Answer(200, {})

    def _add_fault(self, wish):
        if not isinstance(wish, dict) or wish.get("mode") not in MODES:
            return Answer(400, {"error": "expected {\"mode\": one of " + ", ".join(sorted(MODES)) + "}"})
        with self.lock:
            if wish["mode"] == "none":
                self._faults = []
            else:
                self._faults.append({**wish, "times": int(wish.get("times", 1)),
                                     "pattern": re.compile(wish.get("path", ".*"))})
        return Answer(200, {})

    def take_fault(self, method, path, unread):
        """The fault that this request meets, or None. `unread`: only one that comes before reading."""
        with self.lock:
            for fault in self._faults:
                if (fault["mode"] == "close_before_read") != unread or fault["times"] <= 0:
                    continue
                if fault.get("method", method) != method or not fault["pattern"].fullmatch(path):
                    continue
                fault["times"] -= 1
                return fault
        return None

    def log(self, request, status):
        with self.lock:
            self._log.append({"at": time.time(), "method": request.method, "path": request.path,
                              "query": request.query, "headers": dict(request.headers),
                              "body": request.body[:LOGGED_BODY].decode("utf-8", "replace"), "status": status})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for the first's receipt
    timeout = 60

    def _any(self):
        emulator = self.server.emulator
        path = urlsplit(self.path).path
        control = path.startswith("/_")
        if not control and emulator.take_fault(self.command, path, unread=True):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self._close()
        if not control and emulator.streams(self.command, path):
            # What was not read of the body cannot stay in front of the next request.
            self.close_connection = True
            request = Request(self.command, self.path, self.headers, b"", self.rfile,
                              int(self.headers.get("Content-Length", "0")))
        else:
            body = self._body()
            if body is None:
                return None
            request = Request(self.command, self.path, self.headers, body)
        if control and (answer := emulator.control(request)):
            return self._send(answer)
        fault = emulator.take_fault(self.command, path, unread=False) or {}
        mode = fault.get("mode")
        if mode in ("status", "cut_before"):
            status = int(fault.get("status", 503)) if mode == "status" else 0
            emulator.log(request, status)
            if mode == "cut_before":
                return self._close()
            return self._send(Answer(status, fault.get("body", {"error": "failed on command"}), fault.get("headers")))
        if mode == "slow_before":
            emulator.ending.wait(fault.get("seconds", 30))
        try:
            answer = emulator.handle(request)
        except Cut:
            emulator.log(request, 0)
            return self._close()
        emulator.log(request, answer.status)
        if mode == "accept_then_cut":
            return self._close()
        if mode == "garbage":
            self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
            return self._close()
        if mode == "slow":
            emulator.ending.wait(fault.get("seconds", 30))
        if mode == "status_after":
            answer = Answer(int(fault.get("status", 500)), fault.get("body", {"error": "failed on command"}),
                            fault.get("headers"))
        if mode == "malformed":
            body, headers = answer.encoded()
            answer = Answer(answer.status, body[:len(body) // 2], headers)
        return self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any

    def _body(self):
        """The request's body, whole; None where there is none to be had."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > BODY_CAP:
            self.close_connection = True
            return self._send(Answer(413, {"error": "too large"}))
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else self._close()

    def _chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
            chunk = self.rfile.read(size)
            self.rfile.readline()
            if len(chunk) < size or len(body) > BODY_CAP:
                return self._close()
            if size == 0:
                return body
            body += chunk

    def _close(self):
        self.close_connection = True

    def _send(self, answer):
        body, headers = answer.encoded()
        self.send_response(answer.status)
        for name, text in headers.items():
            self.send_header(name, text)
        if not any(name.lower() == "content-length" for name in headers) and answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, emulator, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.emulator = emulator
        emulator.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # clients that go away in the middle are what emulators are for


def main(kind, description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    kind.add_arguments(parser)
    arguments = vars(parser.parse_args())
    port = arguments.pop("port")
    emulator = kind(**arguments)
    with Server(emulator, port) as server:
        print(f"listening on {emulator.url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            emulator.ending.set()
