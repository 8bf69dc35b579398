#!/usr/bin/env python3
"""People on real servers: two processes on one PostgreSQL share sessions, lock-outs, limits and idempotency; and the
commands user, token and show, on both databases.

usage: people_test.py PATH/TO/fencepost
"""

import contextlib
import functools
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse

from harness import PATIENCE, Server, check, first_line, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
PASSWORD = "correct horse battery"


@contextlib.contextmanager
def installation(kind, count):
    """A database and its servers."""
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        servers = []
        try:
            for n in range(count):
                servers.append(Server(BINARY, database, path, f"server{n}"))
            yield servers, path, database
        except BaseException:
            show_logs(path)
            raise
        finally:
            for server in servers:
                server.close()


class Page:
    """A page in a browser: keeps its cookie, and says where it is from."""

    def __init__(self):
        self.cookie = self.csrf = None

    def call(self, server, method, path, body=None, **headers):
        """(status, JSON, headers) of one request."""
        at = urllib.parse.urlparse(server.url)
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        headers.setdefault("Origin", server.url)
        if self.cookie:
            headers["Cookie"] = self.cookie
        if self.csrf:
            headers.setdefault("X-CSRF-Token", self.csrf)
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(at.hostname, at.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            found = json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text.decode()
            if answer.status == 201 and answer.headers.get("Set-Cookie"):
                self.cookie = answer.headers["Set-Cookie"].split(";")[0]
                self.csrf = found["csrf_token"]
            return answer.status, found, answer.headers

    def expect(self, status, server, method, path, body=None, **headers):
        got, answer, _ = self.call(server, method, path, body, **headers)
        check(got == status, f"{method} {path}: {got} {answer}, wanted {status}")
        return answer


def first_code(server):
    return first_line(server.process, r"first person: open \S+/welcome#code=(fpf_\S+)")


def first_owner(server, code):
    owner = Page()
    owner.expect(201, server, "POST", "/api/v1/session/first-run",
                 {"code": code, "name": "Ada", "email": "ada@example.org", "password": PASSWORD})
    return owner


def shared():
    """What one process knows, the other knows at once."""
    with installation("postgres", 2) as (servers, path, database):
        one, two = servers
        codes = [first_code(server) for server in servers]
        ada = first_owner(one, codes[0])
        late = {"code": codes[1], "name": "Eve", "email": "eve@example.org", "password": PASSWORD}
        check(Page().call(two, "POST", "/api/v1/session/first-run", late)[1]["code"] == "not_open", "one first person")

        # Sessions: made here, known there, ended here, gone there.
        check(ada.expect(200, two, "GET", "/api/v1/me")["person"]["email"] == "ada@example.org", "a session of one is known to two")
        again = Page()
        again.expect(201, two, "POST", "/api/v1/session", {"email": "ada@example.org", "password": PASSWORD})
        again.expect(204, one, "DELETE", "/api/v1/session")
        again.expect(401, two, "GET", "/api/v1/me")

        # A page of another site changes nothing, whatever process it asks.
        for server in servers:
            answer = ada.expect(403, server, "POST", "/api/v1/shows", {}, Origin="https://evil.example")
            check(answer["code"] == "foreign_origin", f"refused: {answer}")
            answer = ada.expect(403, server, "POST", "/api/v1/shows", {}, X_CSRF_Token="guess")
            check(answer["code"] == "csrf", f"refused: {answer}")

        # Idempotency: a repetition through the other process, and through a token of the same person.
        body = {"name": "Night Talk", "slug": "night-talk"}
        made = ada.expect(201, one, "POST", "/api/v1/shows", body, Idempotency_Key="k1")
        status, answer, headers = ada.call(two, "POST", "/api/v1/shows", body, Idempotency_Key="k1")
        check(status == 201 and answer == made and headers["Idempotent-Replayed"] == "true", f"the first answer: {answer}")
        token = ada.expect(201, one, "POST", "/api/v1/tokens", {"name": "script", "scopes": ["announce"]})["token"]
        status, answer, _ = two.call("POST", "/api/v1/shows", body, {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1"})
        check(status == 201 and answer == made, f"a token of the same person: {status} {answer}")

        # Lock-outs: guesses at one, refused at two, also with the right password.
        invited = ada.expect(201, one, "POST", "/api/v1/invitations", {"note": "Eve"})
        eve = Page()
        eve.expect(201, two, "POST", "/api/v1/invitations/accept",
                   {"code": invited["code"], "name": "Eve", "email": "eve@example.org", "password": PASSWORD})
        for n in range(7):
            Page().call(one, "POST", "/api/v1/session", {"email": "eve@example.org", "password": f"guess {n}"})
        # The first locks are over in seconds: these last until two has been asked.
        longer = "UPDATE fencepost_attempts SET locked_until = locked_until {} 600000000 WHERE failures >= 5"
        by_sql = lambda sql: subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql], check=True)
        by_sql(longer.format("+"))
        status, answer, headers = Page().call(two, "POST", "/api/v1/session", {"email": "eve@example.org", "password": PASSWORD})
        by_sql(longer.format("-"))
        check(status == 429 and answer["code"] == "locked_out" and int(headers["Retry-After"]) >= 1, f"locked out: {status} {answer}")
        eve.expect(200, one, "GET", "/api/v1/me")

        # Limits: 60 a minute for a person and a route, over both together.
        begun = time.monotonic()
        let_in = sum(eve.call(servers[n % 2], "POST", "/api/v1/invitations/join", {})[0] != 429 for n in range(150))
        most = 60 + (time.monotonic() - begun) + 1
        check(30 <= let_in <= most, f"one limit for both: {let_in} of at most {most:.0f}")

        # Disabled at one, out at two.
        people = ada.expect(200, two, "GET", "/api/v1/users")["items"]
        found = next(person for person in people if person["email"] == "eve@example.org")
        _, _, headers = ada.call(one, "GET", f"/api/v1/users/{found['id']}")
        ada.expect(200, one, "PATCH", f"/api/v1/users/{found['id']}", {"disabled": True}, If_Match=headers["ETag"])
        eve.expect(401, two, "GET", "/api/v1/me")

        logs = "".join(log.read_text() for log in path.glob("*.log"))
        for secret in (PASSWORD, "guess 1", ada.cookie.split("=")[1], ada.csrf, token, invited["code"], codes[0], servers[0].token):
            check(secret not in logs, "no secret is logged")


def fencepost(server, *arguments, fails=False):
    environment = {**os.environ, "FENCEPOST_SERVER": server.url, "FENCEPOST_TOKEN": server.token}
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, env=environment, timeout=PATIENCE, check=False)
    check((done.returncode != 0) == fails, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}")
    return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr


def commands(kind):
    """user, token and show: tables for people, JSON for programs."""
    with installation(kind, 1) as (servers, _path, _database):
        server = servers[0]
        run = functools.partial(fencepost, server)
        first_owner(server, first_code(server))
        run("show", "create", "--name", "Night Talk", "--slug", "night-talk")
        show = run("show", "list", "--json")["items"][0]
        check(show["slug"] == "night-talk" and "night-talk" in run("show", "list"), f"the show: {show}")

        link = run("user", "invite", "--show", str(show["id"]), "--as", "admin", "--note", "Eve")
        code = re.search(r"/welcome#code=(fpi_\S+)", link).group(1)
        eve = Page()
        joined = eve.expect(201, server, "POST", "/api/v1/invitations/accept",
                            {"code": code, "name": "Eve", "email": "eve@example.org", "password": PASSWORD})
        person = str(joined["person"]["id"])
        check("accepted" in run("user", "invitations"), "the invitation was used")
        check("eve@example.org" in run("show", "members", str(show["id"])), "she is in the show")
        check("last_admin" in run("show", "members", str(show["id"]), "--remove", person, fails=True), "the last admin stays")
        check(run("user", "role", person, "operator", "--json")["role"] == "operator", "a new role")
        check("disabled" in run("user", "disable", person), "disabled")
        eve.expect(401, server, "GET", "/api/v1/me")
        check("enabled" in run("user", "enable", person), "enabled")
        run("show", "members", str(show["id"]), "--set", "1", "--as", "admin")
        run("user", "remove", person)
        check([one["id"] for one in run("user", "list", "--json")["items"]] == [1], "the owner is left")
        check("last_owner" in run("user", "remove", "1", fails=True), "the last owner stays")

        made = run("token", "create", "--name", "reader", "--scope", "read", "--expires", "12h", "--json")
        check(made["scopes"] == ["read"] and made["expires_at"], f"as asked: {made}")
        table = run("token", "list")
        check("reader" in table and made["token"] not in table, "listed, and not told")
        status, answer, _ = server.call("POST", "/api/v1/connections", {}, {"Authorization": f"Bearer {made['token']}"})
        check(status == 403 and answer["code"] == "insufficient_scope", f"only to read: {answer}")
        run("token", "revoke", str(made["id"]))
        status, _, _ = server.call("GET", "/api/v1/me", None, {"Authorization": f"Bearer {made['token']}"})
        check(status == 401, "revoked")
        check("--database" in run("token", "create", "--name", "x", "--database", "sqlite:none", "--scope", "read", fails=True), "said plainly")


def main():
    tests = [("shared by two processes on postgres", shared),
             ("commands on sqlite", functools.partial(commands, "sqlite")),
             ("commands on postgres", functools.partial(commands, "postgres"))]
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
