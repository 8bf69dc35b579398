#!/usr/bin/env python3
"""A small webhook receiver for tests and the tour: checks signatures, counts arrivals, and fails on command.

    receiver.py --port 0 --secret whsec_... [--print]

The first line on standard output is "listening on http://127.0.0.1:PORT". Every POST to any path but
/fault is a webhook. Signatures are checked as the Standard Webhooks specification says; a wrong one, or a
timestamp more than five minutes off, gets 401. Like a real receiver of the simplest kind it promises nothing:
a second arrival of a key counts again, which is just what a test wants to see.

    GET  /count     {"total": n, "by_key": {key: n}, "refused": n}; what took effect here, and what was refused
    GET  /arrivals  [{"key", "body"}]; what took effect, in order
    POST /fault     {"mode": MODE, "times": n, "seconds": s}; the next n webhooks (default 1) meet the fault; those that
                    are answered slowly just now are answered at once

Modes, also as ?fault=MODE of a single webhook; "counted" means that it took effect:
    none                nothing (ends a fault)
    accept_then_cut     counted, then the connection is closed without an answer
    500                 counted, then answered 500: the worst case of a server error
    429                 refused with Retry-After: SECONDS (default 1)
    slow                counted, answered after SECONDS (default 30)
    garbage             counted, answered with bytes that are not HTTP
    close_before_read   closed unread, with a reset (not as ?fault=: it would have to be read)
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MODES = {"none", "accept_then_cut", "500", "429", "slow", "garbage", "close_before_read"}
TOLERANCE = 300  # seconds
BODY_CAP = 1 << 20


def decode_secret(text):
    """The key bytes of `whsec_` and base64, padded or not; ValueError otherwise."""
    if not text.startswith("whsec_"):
        raise ValueError("a secret begins with whsec_")
    encoded = text[len("whsec_"):]
    key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return key


def sign(key, webhook_id, timestamp, body):
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def verify(key, headers, body, now):
    """Nothing if the signature holds, else why not."""
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not webhook_id or not (timestamp.isascii() and timestamp.isdigit()):
        return "webhook-id or webhook-timestamp is missing"
    if abs(now - int(timestamp)) > TOLERANCE:
        return "webhook-timestamp is too old or too new"
    expected = sign(key, webhook_id, timestamp, body).encode()
    given = headers.get("webhook-signature", "").encode().split(b" ")
    if not any(hmac.compare_digest(expected, one) for one in given):
        return "webhook-signature does not match"
    return None


class State:
    """What the receiver knows; thread-safe."""

    def __init__(self, key, show):
        self.key = key
        self._hurry = threading.Event()
        self._show = show
        self._lock = threading.Lock()
        self._by_key = {}
        self._arrivals = []
        self._refused = 0
        self._fault = ("none", 0, None)

    def arrived(self, key, body):
        """Counts an arrival; its number among all arrivals."""
        with self._lock:
            self._by_key[key] = self._by_key.get(key, 0) + 1
            self._arrivals.append({"key": key, "body": body.decode("utf-8", "replace")})
            total = len(self._arrivals)
            if self._show:
                of_key = self._by_key[key]
                print(f"arrival {total} key={json.dumps(key)} of_this_key={of_key}", flush=True)
            return total

    def refused(self, why):
        with self._lock:
            self._refused += 1
            if self._show:
                print(f"refused {self._refused}: {why}", flush=True)

    def counts(self):
        with self._lock:
            total = sum(self._by_key.values())
            return {"total": total, "by_key": dict(self._by_key), "refused": self._refused}

    def arrivals(self):
        with self._lock:
            return list(self._arrivals)

    def set_fault(self, mode, times, seconds):
        with self._lock:
            self._fault = (mode, times, seconds)
            self._hurry.set()
            self._hurry = threading.Event()

    def hurry(self):
        """What slow answers wait for, besides their time; taken before the arrival is counted, which others wait for."""
        with self._lock:
            return self._hurry

    def end(self):
        """Nothing waits any more."""
        self.set_fault("none", 0, None)

    def take_fault(self, only=None):
        """The fault that the next webhook meets, as (mode, seconds); with `only`, unless it is another one."""
        with self._lock:
            mode, times, seconds = self._fault
            if mode == "none" or times <= 0 or (only and mode != only):
                return "none", None
            self._fault = (mode, times - 1, seconds)
            return mode, seconds


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    @property
    def state(self):
        return self.server.state

    def handle_one_request(self):
        if not self._is_control():
            mode, _ = self.state.take_fault(only="close_before_read")
            if mode != "none":
                self._reset()
                return
        super().handle_one_request()

    def _is_control(self):
        """Whether the coming request is no webhook; looked at, not read."""
        try:
            head = self.connection.recv(11, socket.MSG_PEEK | socket.MSG_WAITALL)
        except OSError:
            head = b""
        return not head.startswith(b"POST ") or head == b"POST /fault"

    def _reset(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def do_GET(self):
        if urlsplit(self.path).path == "/count":
            self._answer(200, self.state.counts())
        elif urlsplit(self.path).path == "/arrivals":
            self._answer(200, self.state.arrivals())
        else:
            self._answer(404, {"error": "GET knows /count and /arrivals"})

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > BODY_CAP:
            self.close_connection = True
            self._answer(413 if length else 411, {"error": "a Content-Length up to 1 MiB is needed"})
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # cut on the way: nothing has arrived
            self.close_connection = True
        elif urlsplit(self.path).path == "/fault":
            self._set_fault(body)
        else:
            self._webhook(body)

    def _set_fault(self, body):
        try:
            wish = json.loads(body)
            mode, times, seconds = str(wish["mode"]), int(wish.get("times", 1)), wish.get("seconds")
            seconds = None if seconds is None else float(seconds)
            if mode not in MODES:
                raise ValueError(mode)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._answer(400, {"error": "expected {\"mode\": one of " + ", ".join(sorted(MODES)) + "}"})
            return
        self.state.set_fault(mode, times, seconds)
        self._answer(200, {"mode": mode, "times": times})

    def _webhook(self, body):
        why = verify(self.state.key, self.headers, body, time.time())
        if why:
            self.state.refused(why)
            self._answer(401, {"error": why})
            return
        query = parse_qs(urlsplit(self.path).query)
        mode, seconds = (query["fault"][0], None) if "fault" in query else self.state.take_fault()
        if mode == "429":
            self.state.refused("429 on command")
            self._answer(429, {"error": "slow down"}, {"Retry-After": f"{1 if seconds is None else seconds:g}"})
            return
        hurry = self.state.hurry()
        number = self.state.arrived(self.headers["webhook-id"], body)
        if mode == "accept_then_cut":
            self.close_connection = True
        elif mode == "garbage":
            self.close_connection = True
            self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        elif mode == "500":
            self._answer(500, {"error": "failed on command"})
        else:
            if mode == "slow":
                hurry.wait(30 if seconds is None else seconds)
            self._answer(200, {"id": f"arrival-{number}"})

    def _answer(self, status, value, headers=None):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # one line an arrival is enough


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, key, show=False):
        super().__init__(("127.0.0.1", port), Handler)
        self.state = State(key, show)

    def handle_error(self, request, client_address):
        pass  # clients that go away in the middle are what this receiver is for


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--secret", required=True, help="the signing secret, whsec_...")
    parser.add_argument("--print", action="store_true", help="print one line for each arrival")
    args = parser.parse_args()
    try:
        key = decode_secret(args.secret)
    except (ValueError, binascii.Error) as error:
        parser.error(f"--secret: {error}")
    with Receiver(args.port, key, args.print) as receiver:
        print(f"listening on http://127.0.0.1:{receiver.server_port}", flush=True)
        try:
            receiver.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            receiver.state.end()


if __name__ == "__main__":
    main()
