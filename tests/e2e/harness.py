"""What the end-to-end tests share: real servers, a real receiver, a small API client that compares every answer
with the server's OpenAPI document."""

import contextlib
import functools
import json
import os
import pathlib
import random
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

try:
    import contract
except ImportError as missing:
    raise SystemExit(f"{missing}: install python3-jsonschema (scripts/lib/install.sh test)") from missing

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds that only a broken build needs


class Failed(AssertionError):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


def first_line(process, pattern):
    """The first line of a process's standard output that matches; its group 1."""
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            return found.group(1)
    raise Failed(f"the process ended ({process.wait()}) before it said /{pattern}/")


def eventually(question, what):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise Failed(f"did not happen within {PATIENCE} s: {what}")


def parsed(headers, body):
    """The body: JSON as what it says, anything else as text."""
    return json.loads(body) if "json" in headers.get("Content-Type", "") else body.decode()


@functools.lru_cache(maxsize=4)
def contract_of(document):
    """Of the same document the same one: it takes megabytes, and tests have hundreds of servers."""
    return contract.Contract(json.loads(document))


class Receiver:
    """The real webhook receiver of emulators/, as a process of its own."""

    def __init__(self, secret):
        self.process = subprocess.Popen(
            ["python3", str(ROOT / "emulators/webhook/receiver.py"), "--port", "0", "--secret", secret],
            stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process, r"listening on (http://\S+)")

    def arrivals(self):
        with urllib.request.urlopen(self.url + "/count", timeout=10) as answer:
            return json.load(answer)

    def fault(self, mode, times=1, seconds=1):
        body = json.dumps({"mode": mode, "times": times, "seconds": seconds}).encode()
        urllib.request.urlopen(urllib.request.Request(self.url + "/fault", body, method="POST"), timeout=10).read()

    def close(self):
        self.process.kill()
        self.process.wait()


class Server:
    """One `fencepost serve`. `kill_at`: the test point at which it kills itself."""

    def __init__(self, binary, database, folder, name, *more, kill_at=""):
        self.log = open(folder / f"{name}.log", "ab")
        self.process = subprocess.Popen(
            [binary, "serve", "--database", database, "--listen", "127.0.0.1:0", "--token-file", str(folder / "token"),
             "--key-file", str(folder / "key"), "--state-folder", str(folder / "state"), "--allow-private-addresses", *more],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **({"FENCEPOST_KILL_AT": kill_at} if kill_at else {})})
        self.url = first_line(self.process, r"listening on (http://\S+)")
        self.token = (folder / "token").read_text().strip()
        with urllib.request.urlopen(self.url + "/api/v1/openapi.json", timeout=PATIENCE) as answer:
            self.contract = contract_of(answer.read())

    def call(self, method, path, body=None, headers=None):
        """(status, JSON, headers) of one request."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            sent, content = dict(answer.headers), answer.read()
        self.contract.check(method, path, answer.status, sent, content)
        return answer.status, parsed(sent, content), sent

    def expect(self, status, method, path, body=None, headers=None):
        got, answer, sent = self.call(method, path, body, headers)
        check(got == status, f"{method} {path}: {got} {answer}, wanted {status}")
        return answer if answer is not None else sent

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.log.close()


@contextlib.contextmanager
def postgres_database():
    """The URL of a database of its own on the tests' server, dropped afterwards."""
    server = os.environ.get("FENCEPOST_TEST_POSTGRES")
    check(server, "FENCEPOST_TEST_POSTGRES is not set: run this through scripts/test, which starts a PostgreSQL")
    name = "e2e_" + secrets.token_hex(6)
    run = lambda sql: subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", server, "-c", sql], check=True)
    run(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
    try:
        yield re.sub(r"/[^/?]*(\?|$)", f"/{name}\\1", server, count=0) if server.count("/") > 2 else server
    finally:
        run(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def folder():
    """A test's own. In memory where scripts/lib/postgres.sh found room: a disk that stalls would decide by the clock."""
    with tempfile.TemporaryDirectory(prefix="fencepost-e2e-", dir=os.environ.get("FENCEPOST_TEST_MEMORY") or None) as path:
        yield pathlib.Path(path)


@contextlib.contextmanager
def folder_on_disk():
    """For films, which memory need not hold, and for programs, which may not run from there."""
    with tempfile.TemporaryDirectory(prefix="fencepost-e2e-") as path:
        yield pathlib.Path(path)


def not_across_midnight():
    """Waits until a midnight that is near has passed: what is counted by the day (UTC) is then counted on one."""
    left = 86_400 - time.time() % 86_400
    if left < 120:
        time.sleep(left + 1)


PORTS, PORTS_LOCK = set(), threading.Lock()  # that free_port gave out


def free_port():
    """For a program that cannot take 0, and may start much later. As in scripts/lib/postgres.sh below the ephemeral
    range: the kernel gives it to nobody meanwhile."""
    top = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    low, high = (10_000, top) if top > 12_000 else (1024, 65_535)
    with PORTS_LOCK:
        for port in random.sample([one for one in range(low, high) if one not in PORTS], 200):
            with contextlib.suppress(OSError), socket.socket() as taken:
                taken.bind(("127.0.0.1", port))
                PORTS.add(port)
                return port
    raise Failed("no port is free")


def show_logs(path):
    """After a failure: what the servers said."""
    for log in sorted(pathlib.Path(path).glob("*.log")):
        print(f"--- {log.name}\n{log.read_text()[-6000:]}")


def run_all(tests):
    """Runs each test, prints the closing line that scripts/test counts, and answers the exit code."""
    failed = 0
    for name, test in tests:
        try:
            test()
            print(f"ok   {name}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0
