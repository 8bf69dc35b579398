#!/usr/bin/env python3
"""The life of connections, through real servers and the emulator of X: authorised on the platform's pages, refreshed by one
server of two, refreshed once after a 401, broken and connected again, limited in what they spend, disconnected. And no
secret of all that is found anywhere.

usage: connections_test.py PATH/TO/fencepost [PART OF A NAME]
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from harness import Failed, Server, check, eventually, folder, not_across_midnight, postgres_database, run_all, show_logs
from platforms import Emulated

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
REFRESH = "refresh_token"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


BROWSER = urllib.request.build_opener(NoRedirect)


def visit(url, token=None):
    """(status, headers, body) of what a browser sees; with a token for its session."""
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        answer = BROWSER.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, dict(answer.headers), answer.read().decode()


class World:
    """X, and the servers of one database."""

    def __init__(self, path, database):
        self.path, self.database = path, database
        self.client_secret = "cs-" + secrets.token_urlsafe(24)
        (path / "client-secret").write_text(self.client_secret + "\n")
        self.x = Emulated("x/x.py")
        self.servers = []

    def start(self, name, kill_at=""):
        self.servers.append(Server(
            BINARY, self.database, self.path, name, "--x-url", self.x.url, "--x-site", self.x.url, "--x-client-id", "us",
            "--x-client-secret-file", str(self.path / "client-secret"), "--post-timeout", "5s", "--log-level", "debug",
            kill_at=kill_at))
        return self.servers[-1]

    def close(self):
        for server in self.servers:
            server.close()
        self.x.close()

    def grants(self, kind):
        return sum(one["what"] == "token" and one["grant"] == kind for one in self.x.ask("/_accepted"))

    def posts(self):
        return len(self.x.posts())

    def sql(self, statement):
        """What stands in the database is changed behind the servers' backs: time passes, so to say."""
        if self.database.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.database[7:], timeout=30)) as connection, connection:
                connection.execute(statement)
        else:
            subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", self.database, "-c", statement], check=True)

    def expires_soon(self):
        self.sql("UPDATE fencepost_connections SET expires_at = secret_at + 1000000")


@contextlib.contextmanager
def world(kind="sqlite"):
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        made = World(path, database)
        try:
            yield made
        except BaseException:
            show_logs(path)
            raise
        finally:
            made.close()


def authorised(server, **wish):
    """A connection that a person has let us make on X's own page."""
    begun = server.expect(201, "POST", "/api/v1/connections/authorize", wish or {"name": "fans", "platform": "x"})
    status, headers, _ = visit(begun["url"])
    check(status == 302, f"X sends people back, not {status}")
    status, headers, body = visit(headers["Location"], server.token)
    check(status == 303, f"connected: {status} {body}")
    return int(re.search(r"connected=(\d+)", headers["Location"])[1])


def announce(server, connection, text="Live now"):
    return server.expect(201, "POST", "/api/v1/announcements", {"connection_id": connection, "text": text})["id"]


def await_status(server, item, wanted):
    def look():
        shown = server.expect(200, "GET", f"/api/v1/announcements/{item}")
        if shown["status"] in ("posted", "failed", "unknown") and shown["status"] != wanted:
            raise Failed(f"{item} is {shown['status']} ({shown['last_error']}), wanted {wanted}")
        return shown if shown["status"] == wanted else None
    return eventually(look, f"{item} {wanted}")


def authorises():
    with world() as w:
        server = w.start("server")
        begun = server.expect(201, "POST", "/api/v1/connections/authorize", {"name": "fans", "platform": "x"})
        _, headers, _ = visit(begun["url"])
        back = headers["Location"]
        check(visit(back)[0] == 401, "nobody is signed in")
        status, headers, body = visit(back, server.token)
        check(status == 303, f"connected: {status} {body}")
        check(visit(back, server.token)[0] == 422, "a state is good for once")
        shown = server.expect(200, "GET", "/api/v1/connections")["items"][0]
        check((shown["account_id"], shown["account_name"], shown["status"]) == ("1001", "@demo", "connected"), shown)
        check(shown["refreshable"] and shown["expires_at"], shown)
        server.expect(200, "POST", f"/api/v1/connections/{shown['id']}/verify", {})
        await_status(server, announce(server, shown["id"]), "posted")
        # The person said no, and a state that nobody gave out.
        begun = server.expect(201, "POST", "/api/v1/connections/authorize", {"name": "more", "platform": "x"})
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(begun["url"]).query)["state"][0]
        callback = server.url + "/api/v1/connections/callback?"
        status, _, body = visit(callback + urllib.parse.urlencode({"state": state, "error": "access_denied"}), server.token)
        check(status == 422 and json.loads(body)["code"] == "authorisation_refused", body)
        status, _, body = visit(callback + "state=made-up&code=x", server.token)
        check(status == 422 and json.loads(body)["code"] == "authorisation_unknown", body)
        server.expect(422, "POST", "/api/v1/connections/authorize", {"name": "hook", "platform": "webhook"})


def two_servers_refresh_once():
    with world("postgres") as w:
        one, two = w.start("one"), w.start("two")
        connection = authorised(one)
        # The answer takes a while, so that everybody comes meanwhile; then the token ends.
        w.x.ask("/_fault", {"mode": "slow", "seconds": 2, "path": "/2/oauth2/token"})
        w.expires_soon()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            items = list(pool.map(lambda i: announce((one, two)[i % 2], connection, f"Live now, part {i}"), range(12)))
        for item in items:
            await_status(one, item, "posted")
        check(w.grants(REFRESH) == 1, f"{w.grants(REFRESH)} refreshes of one token")
        check(w.posts() == 12, f"{w.posts()} posts")
        check(one.expect(200, "GET", f"/api/v1/connections/{connection}")["status"] == "connected", "both go on")


def one_refresh_after_a_401():
    with world() as w:
        server = w.start("server")
        connection = authorised(server)
        w.x.ask("/_fault", {"mode": "status", "status": 401, "path": "/2/tweets"})
        await_status(server, announce(server, connection), "posted")
        check((w.grants(REFRESH), w.posts()) == (1, 1), "refreshed once, sent once")
        # Again and again: once more, then a person is called.
        w.x.ask("/_fault", {"mode": "status", "status": 401, "path": "/2/tweets", "times": 9})
        item = announce(server, connection, "Live again")
        await_status(server, item, "failed")
        check(w.grants(REFRESH) == 2, "one more refresh")
        shown = server.expect(200, "GET", f"/api/v1/connections/{connection}")
        check(shown["status"] == "broken" and "connect the account again" in shown["broken_reason"], shown)
        # Nothing more is even tried; connected again, it goes.
        await_status(server, announce(server, connection, "In vain"), "failed")
        w.x.ask("/_fault", {"mode": "none"})
        check(authorised(server, connection_id=connection) == connection, "the same connection")
        await_status(server, announce(server, connection, "At last"), "posted")


def an_answer_that_died():
    with world() as w:
        server = w.start("server", kill_at="refresh.answered")
        connection = authorised(server)
        w.expires_soon()
        with contextlib.suppress(OSError, http.client.HTTPException):  # it may be dead before it answers
            announce(server, connection)
        server.process.wait(60)
        w.sql("UPDATE fencepost_connections SET refresh_until = 1")  # its lease lapses
        server = w.start("again")
        [item] = server.expect(200, "GET", "/api/v1/announcements")["items"]
        await_status(server, item["id"], "failed")
        shown = server.expect(200, "GET", f"/api/v1/connections/{connection}")
        check("the answer of an earlier refresh was lost" in shown["broken_reason"], shown)
        check(w.posts() == 0, "nothing was sent")


def spends_no_more_than_it_may():
    not_across_midnight()
    with world() as w:
        server = w.start("server")
        connection = authorised(server)
        path = f"/api/v1/connections/{connection}"
        server.expect(200, "PUT", path + "/spend-limits", {"daily": 20_000})
        await_status(server, announce(server, connection, "Cheap"), "posted")
        item = announce(server, connection, "Cheap, too")
        shown = await_status(server, item, "failed")
        check("$0.015 of the connection's $0.02 a day" in shown["last_error"], shown["last_error"])
        check(server.expect(200, "GET", path)["spent_today"] == 15_000, "only what was sent")
        server.expect(200, "PUT", path + "/spend-limits", {"daily": None})
        server.expect(202, "POST", f"/api/v1/announcements/{item}/post-now?wait=0", {})
        await_status(server, item, "posted")
        check(server.expect(200, "GET", path)["spent_this_month"] == 30_000, "counted without a limit too")


def a_disconnect_revokes():
    with world() as w:
        server = w.start("server")
        connection = authorised(server)
        server.expect(200, "DELETE", f"/api/v1/connections/{connection}")
        check(any(one["what"] == "revoked" for one in w.x.ask("/_accepted")), "X was told")
        server.expect(409, "POST", f"/api/v1/connections/{connection}/verify", {})


def secrets_of(w):
    """Every secret that X has seen or given."""
    found = {w.client_secret}
    for one in w.x.ask("/_log"):
        for name, value in one["headers"].items():
            if name.lower() == "authorization":
                found.add(value.partition(" ")[2])
        for name, values in urllib.parse.parse_qs(one["body"]).items():
            if name in ("code", "code_verifier", "refresh_token", "token", "client_secret"):
                found.update(values)
    return {one for one in found if len(one) >= 12}


def no_secret_anywhere():
    with world() as w:
        server = w.start("server")
        connection = authorised(server)
        typed = "typed-" + secrets.token_urlsafe(24)
        w.x.ask("/_set", {"users": {typed: {"id": "2002", "username": "typed"}}})
        # A whole life: pasted, refused with its token quoted, posted, refreshed, refused, broken, revoked.
        pasted = server.expect(201, "POST", "/api/v1/connections", {"name": "typed", "platform": "x", "secret": typed})["id"]
        await_status(server, announce(server, pasted, "Typed"), "posted")
        server.expect(422, "POST", "/api/v1/connections", {"name": "bad", "platform": "x", "secret": "bad-" + typed})
        for mode in ({"mode": "status", "status": 400, "body": {"detail": f"the token {typed} is odd", "title": typed}},
                     {"mode": "status", "status": 401, "body": {"detail": f"Bearer {typed} is refused"}}):
            w.x.ask("/_fault", {**mode, "path": "/2/tweets"})
            await_status(server, announce(server, pasted, "Quoted " + mode["mode"] + str(mode["status"])), "failed")
        # One connection of an account at a time.
        server.expect(200, "DELETE", f"/api/v1/connections/{connection}")
        again = authorised(server, name="again", platform="x")
        w.expires_soon()
        await_status(server, announce(server, again, "Refreshed"), "posted")
        w.x.ask("/_fault", {"mode": "status", "status": 400, "path": "/2/oauth2/token",
                            "body": {"error": "invalid_grant", "error_description": typed}})
        w.expires_soon()
        await_status(server, announce(server, again, "Broken"), "failed")
        answers = [visit(server.url + path, server.token)[2] for path in (
            "/api/v1/connections", f"/api/v1/connections/{again}", f"/api/v1/connections/{pasted}", "/api/v1/announcements",
            "/api/v1/queues", "/api/v1/queues/announcements/items", "/metrics", "/api/v1/openapi.json")]
        items = json.loads(answers[3])["items"]
        answers += [visit(f"{server.url}/api/v1/announcements/{item['id']}/history", server.token)[2] for item in items]
        check(len(items) >= 5, "a life")
        subprocess.run([BINARY, "backup", "--database", w.database, "--to", str(w.path / "backup.tar")], check=True,
                       capture_output=True)
        server.stop()
        with contextlib.closing(sqlite3.connect(w.database[7:])) as connection:
            dump = "\n".join(connection.iterdump())
        places = {"answers": "\n".join(answers), "dump": dump, "log": (w.path / "server.log").read_text()}
        for file in w.path.rglob("*"):
            if file.is_file() and file.name not in ("client-secret", "token", "key"):
                places[file.name] = file.read_bytes().decode("latin-1")
        places["backup"] = unpacked(w.path / "backup.tar")
        marked = secrets_of(w) | {typed}
        check(len(marked) >= 10, f"only {len(marked)} secrets were seen")
        check("fencepost_connections" in dump and "credentials refreshed" in places["log"], "the places are read")
        for place, text in places.items():
            for secret in marked:
                check(secret not in text, f"a secret ({secret[:6]}…) is in {place}")


def unpacked(path):
    """All that a backup holds, also what is compressed in it."""
    import gzip  # pylint: disable=import-outside-toplevel
    import tarfile  # pylint: disable=import-outside-toplevel
    text = ""
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            if member.isfile():
                data = tar.extractfile(member).read()
                text += (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("latin-1")
    check("v1:" in text, "the sealed secrets are in the backup")
    return text


TESTS = [authorises, two_servers_refresh_once, one_refresh_after_a_401, an_answer_that_died, spends_no_more_than_it_may,
         a_disconnect_revokes, no_secret_anywhere]

if __name__ == "__main__":
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    raise SystemExit(run_all([(test.__name__.replace("_", " "), test) for test in TESTS if part in test.__name__]))
