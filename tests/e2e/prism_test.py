#!/usr/bin/env python3
"""A tour of every route through a second opinion: Prism, a validating proxy (npm @stoplight/prism-cli), finds no
request and no answer that the OpenAPI document does not describe.

usage: prism_test.py PATH/TO/fencepost
FENCEPOST_PRISM names a prism that is installed; without it npm brings one, once.
"""

import contextlib
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request

import contract
from harness import PATIENCE, Server, check, eventually, first_line, folder, free_port, run_all, show_logs
from people_test import PASSWORD, Page
from platforms import PLATFORMS, Emulated

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
# The smallest image: Prism hands on what is ASCII, and spoils other bytes.
GIF = b"GIF89a\x10\0\x09\0\0\0\0;"
DISCORD = next(one for one in PLATFORMS if one.name == "discord")
VERSION = "5.14.2"
# A stream has no end, so that a proxy that judges whole answers would wait for ever.
ENDLESS = {("get", "/api/v1/events")}


def prism():
    if os.environ.get("FENCEPOST_PRISM"):
        return os.environ["FENCEPOST_PRISM"]
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "fencepost" / f"prism-{VERSION}"
    program = home / "node_modules/.bin/prism"
    if not program.exists():
        subprocess.run(["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", "--ignore-scripts",
                        "--loglevel=error", f"@stoplight/prism-cli@{VERSION}"], check=True)
    return str(program)


@contextlib.contextmanager
def proxy(server, path):
    """The URL of a Prism in front of that server."""
    document = path / "openapi.json"
    document.write_text(json.dumps(server.contract.document))
    port = free_port()
    with open(path / "prism.log", "wb") as log:
        process = subprocess.Popen([prism(), "proxy", str(document), server.url, "--errors", "--host", "127.0.0.1", "--port", str(port)],
                                   stdout=log, stderr=log)
    try:
        def listens():
            check(process.poll() is None, "prism runs")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        eventually(listens, "prism listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class Tour:
    def __init__(self, server, url):
        self.server, self.url, self.seen = server, url, set()
        self.token = server.token

    def call(self, status, method, path, body=None, headers=None):
        request = urllib.request.Request(self.url + path, method=method)
        if self.token and "Cookie" not in (headers or {}):
            request.add_header("Authorization", f"Bearer {self.token}")
        if isinstance(body, bytes):  # a file, of the type that the headers name
            request.data = body
        elif body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
        where = f"{method} {path}"
        check("sl-violations" not in answer.headers, f"{where}: {answer.headers.get('sl-violations')}")
        check(b"stoplight.io/prism" not in content, f"{where}: {content[:1000]!r}")
        check(answer.status == status, f"{where}: {answer.status} {content[:300]!r}, wanted {status}")
        self.server.contract.check(method, path, answer.status, dict(answer.headers), content)
        self.seen.add((method.lower(), self.server.contract.template(path.split("?")[0])))
        return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else None


def tour_of_all_routes():
    with folder() as path, contextlib.closing(Emulated(DISCORD.script, *DISCORD.arguments)) as discord, contextlib.closing(
            Server(BINARY, f"sqlite:{path}/fencepost.db", path, "server", *DISCORD.settings(discord.url))) as server:
        contract.check_document(server.contract.document)
        try:
            with proxy(server, path) as url:
                walk(Tour(server, url), path / "fencepost.db", discord.url)
        except BaseException:
            show_logs(path)
            raise


def walk(tour, database, discord):
    call = tour.call
    call(200, "GET", "/api/v1/openapi.json")
    call(200, "GET", "/api/v1/me")
    token = call(201, "POST", "/api/v1/tokens", {"name": "tour"}, {"Idempotency-Key": "t1"})
    call(200, "GET", "/api/v1/tokens?limit=1")
    call(204, "DELETE", f"/api/v1/tokens/{token['id']}")
    call(404, "DELETE", "/api/v1/tokens/999")
    connection = call(201, "POST", "/api/v1/connections", {"name": "x", "platform": "webhook", "url": "http://127.0.0.1:9/"})["id"]
    call(409, "POST", "/api/v1/connections", {"name": "x", "platform": "webhook", "url": "http://127.0.0.1:9/"})
    call(200, "GET", "/api/v1/connections")
    call(200, "GET", f"/api/v1/connections/{connection}")
    call(200, "POST", f"/api/v1/connections/{connection}/verify")
    call(200, "PUT", f"/api/v1/connections/{connection}/spend-limits", {"daily": 5000000, "monthly": None})
    call(422, "POST", "/api/v1/connections/authorize", {"name": "z", "platform": "webhook"})
    call(422, "GET", "/api/v1/connections/callback?state=nobody-gave-it-out&code=x")
    far = {"connection_id": connection, "text": "Later", "run_at": "2037-01-01T00:00:00Z"}
    made = [call(201, "POST", "/api/v1/announcements", far)["id"] for _ in range(3)]
    first = f"/api/v1/announcements/{made[0]}"
    call(200, "GET", "/api/v1/announcements?limit=2&status=queued")
    call(200, "GET", first)
    call(404, "GET", "/api/v1/announcements/999")
    call(200, "PATCH", first, {"text": "Changed"}, {"If-Match": '"1"'})
    call(412, "PATCH", first, {"text": "Too late"}, {"If-Match": '"1"'})
    call(200, "GET", first + "/history")
    call(200, "POST", first + "/disable")
    call(200, "POST", first + "/enable")
    call(202, "POST", first + "/post-now?wait=5")  # nobody listens there: it comes back for its retry
    images(tour, connection, discord)
    call(409, "POST", first + "/generate", {"when": "now"})
    call(409, "POST", first + "/resolve", {"outcome": "did_not_happen"})
    call(200, "DELETE", f"/api/v1/announcements/{made[1]}")
    call(200, "GET", "/api/v1/queues")
    call(200, "GET", "/api/v1/events/history?queue=announcements&limit=2")
    queue = "/api/v1/queues/announcements"
    call(200, "GET", queue + "/items?limit=1&state=queued")
    call(200, "GET", queue + "/throughput?step_seconds=300")
    call(200, "GET", "/api/v1/queues/throughput")
    call(200, "POST", queue + "/pause", {"why": "tour"})
    call(200, "POST", queue + "/resume")
    for act in ("stop", "retry", "requeue"):
        call(200, "POST", f"{queue}/{act}", {"preview": True, "max": 10})
    call(200, "POST", queue + "/drain")
    call(200, "POST", "/api/v1/scheduler/check")
    call(200, "GET", "/api/v1/scheduler/channels")
    call(200, "DELETE", f"/api/v1/connections/{connection}")
    call(200, "POST", f"/api/v1/connections/{connection}/connect", {})
    imported = {"connections": [{"name": "y", "platform": "webhook", "url": "http://127.0.0.1:9/"}]}
    call(200, "POST", "/api/v1/connections/import", imported)
    curate(tour)
    media(tour)
    people(tour)
    notifications(tour)
    uploads(tour, database)
    document = tour.server.contract.document
    missing = {(method, path) for path, item in document["paths"].items() for method in item} - tour.seen - ENDLESS
    check(not missing, f"the tour goes by every route, but: {sorted(missing)}")


def images(tour, webhook, url):
    """Of an announcement to a platform that takes them; and to one that does not."""
    call = tour.call
    secret = DISCORD.secret(url)
    discord = call(201, "POST", "/api/v1/connections", {"name": "d", "platform": "discord", "secret": secret})["id"]
    far = {"text": "Later", "run_at": "2037-01-01T00:00:00Z"}
    path = "/api/v1/announcements/{}/images"
    one = path.format(call(201, "POST", "/api/v1/announcements", {**far, "connection_id": discord})["id"])
    sent = lambda version: {"Content-Type": "image/gif", "If-Match": f'"{version}"'}
    made = call(201, "POST", one + "?alt=A%20cat", GIF, {**sent(1), "Idempotency-Key": "i1"})["images"][0]["id"]
    call(201, "POST", one + "?position=1", GIF, sent(2))
    call(412, "POST", one, GIF, sent(1))
    call(422, "POST", one, b"<svg/>", sent(3))
    call(200, "GET", one)
    call(200, "GET", f"{one}/{made}")
    call(404, "GET", f"{one}/999")
    call(404, "GET", "/api/v1/image-links/guessed")
    call(200, "PATCH", f"{one}/{made}", {"alt": "A tom cat", "position": 1}, {"If-Match": '"3"'})
    call(200, "DELETE", f"{one}/{made}", headers={"If-Match": '"4"'})
    none = path.format(call(201, "POST", "/api/v1/announcements", {**far, "connection_id": webhook})["id"])
    call(422, "POST", none, GIF, sent(1))


def curate(tour):
    """Records: what people import, pick and delete; what only pipelines make is asked for in vain."""
    call, root = tour.call, "/api/v1/curate"
    for noun, line in (("places", b"place_id,name\np1,Bar\n,bad\n"), ("businesses", b"name,website\nBar,bar.example\n")):
        call(200, "POST", f"{root}/{noun}/import/csv?select=true", line, {"Content-Type": "text/csv"})
        call(200, "POST", f"{root}/{noun}/import/json", [{"place_id": "p2", "name": "Grill"}])
        call(422, "POST", f"{root}/{noun}/import/csv", b"colour\nred\n", {"Content-Type": "text/csv"})
    for noun in ("places", "businesses"):
        first = call(200, "GET", f"{root}/{noun}?curation_status=Selected&processing_status=Queued&limit=1")["items"][0]
        path = f"{root}/{noun}/{first['id']}"
        call(200, "GET", path)
        call(200, "PATCH", path, {"curation_status": "Maybe"}, {"If-Match": f'"{first["version"]}"'})
        call(412, "PATCH", path, {"curation_status": "Selected"}, {"If-Match": f'"{first["version"]}"'})
        call(200, "POST", f"{root}/{noun}/select", {"search": "bar", "preview": True})
        call(200, "POST", f"{root}/{noun}/select", {"ids": [str(first["id"])], "set": "Selected"})
        call(204, "DELETE", path)
    for noun in ("domains", "sitemaps", "pages"):
        call(200, "GET", f"{root}/{noun}?search=x")
        call(404, "GET", f"{root}/{noun}/999")
        call(404, "PATCH", f"{root}/{noun}/999", {"curation_status": "Selected"}, {"If-Match": '"1"'})
        call(404, "DELETE", f"{root}/{noun}/999")
        call(200, "POST", f"{root}/{noun}/select", {"curation_status": "New", "preview": True})
    call(200, "GET", f"{root}/contacts?search=info")
    call(404, "GET", f"{root}/contacts/999")


def uploads(tour, database):
    """Channels, schedules and quotas. The account and the videos are put there beside the server; nothing of it leaves,
    since there is no file behind them, and the next slots of the day begin at once."""
    call = tour.call
    call(200, "POST", "/api/v1/queues/uploads/pause")
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as file:
        account = file.execute("INSERT INTO fencepost_connections (name, platform, target) VALUES ('yt', 'youtube', '')")
        account = account.lastrowid
        videos = [file.execute("INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type, title) "
                               "VALUES ('films', ?, 1, 0, 1, 'video/mp4', 'A film')", (f"v{n}.mp4",)).lastrowid
                  for n in range(5)]
        file.commit()
    project = call(201, "POST", "/api/v1/quota-projects", {"name": "acme", "uploads": 50})
    path = f"/api/v1/quota-projects/{project['id']}"
    call(200, "GET", "/api/v1/quota-projects")
    call(200, "GET", path)
    call(200, "PATCH", path, {"warn_percent": 90}, {"If-Match": '"1"'})
    channel = call(201, "POST", "/api/v1/channels", {"name": "Acme", "connection_id": account, "project_id": project["id"],
                                                     "zone": "Europe/Berlin", "daily_max": 6})
    root = f"/api/v1/channels/{channel['id']}"
    call(200, "GET", "/api/v1/channels")
    call(200, "GET", root)
    call(200, "PATCH", root, {"daily_max": None}, {"If-Match": '"1"'})
    slot = call(200, "GET", root + "/next-slot?kind=short")
    made = call(201, "POST", root + "/uploads", {"video_id": videos[0], "kind": "short", "at": slot["local"]})
    check(made["at"] == slot["at"], "a local time is the channel's")
    refused = call(409, "POST", root + "/uploads", {"video_id": videos[1], "kind": "short", "at": slot["at"]})
    check(refused["code"] == "slot_taken" and refused["next_free"], str(refused))
    call(200, "POST", root + "/uploads/batch", {"uploads": [{"video_id": videos[1], "kind": "final"}], "mode": "best_effort"})
    row = {"folder": "films", "path": "v2.mp4", "kind": "short", "at": slot["at"]}
    call(200, "POST", root + "/uploads/import", {"uploads": [row], "dry_run": True})
    call(409, "POST", root + "/uploads/import", {"uploads": [row]})
    call(200, "GET", root + "/calendar?days=3&zone=Asia/Tokyo")
    call(200, "GET", root + "/uploads?status=scheduled")
    call(200, "GET", "/api/v1/uploads")
    call(200, "GET", "/api/v1/uploads/now")
    upload = f"/api/v1/uploads/{made['id']}"
    call(200, "GET", upload)
    call(200, "PATCH", upload, {"title": "Another", "tags": ["a", "b"]}, {"If-Match": '"1"'})
    call(200, "POST", upload + "/reschedule", {})
    call(200, "POST", upload + "/cancel")
    call(200, "POST", upload + "/retry", {"next_free": True})
    call(409, "POST", upload + "/resolve", {"outcome": "happened"})
    call(200, "GET", upload + "/history")
    call(200, "GET", path + "/days?days=2")
    call(200, "POST", "/api/v1/quota/recalculate")


def media(tour):
    """Files, the videos that they become, and templates."""
    call, tus = tour.call, {"Tus-Resumable": "1.0.0"}
    call(204, "OPTIONS", "/api/v1/files")
    call(412, "POST", "/api/v1/files", headers={"Content-Type": "application/offset+octet-stream"})
    made = []
    for _ in range(2):
        status, _, sent = tour.server.call("POST", "/api/v1/files", headers={**tus, "Upload-Length": "20"})
        check(status == 201, "a file is begun")
        made.append(sent["Location"])
    tour.seen.add(("post", "/api/v1/files"))
    call(204, "DELETE", made[1], headers=tus)
    call(204, "PATCH", made[0], b"\0\0\0\x18ftypisom12345678",
         {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
    video = call(200, "GET", made[0])["video_id"]
    call(200, "GET", "/api/v1/media-folders")
    call(404, "GET", "/api/v1/media-folders/none")
    call(404, "POST", "/api/v1/videos", {"folder": "none", "path": "a.mp4"})
    call(200, "GET", "/api/v1/videos")
    version = call(200, "GET", f"/api/v1/videos/{video}")["version"]
    call(412, "PATCH", f"/api/v1/videos/{video}", {"title": "Pilot"}, {"If-Match": f'"{version + 99}"'})
    call(204, "DELETE", f"/api/v1/videos/{video}")
    template = call(201, "POST", "/api/v1/templates", {"channel_id": 1, "title": "{title}", "tags": ["a b"]})
    path = f"/api/v1/templates/{template['id']}"
    call(200, "GET", "/api/v1/templates")
    call(200, "GET", path)
    call(200, "GET", f"{path}/preview?title=Pilot")
    call(200, "PATCH", path, {"title": "{title} #{number}"}, {"If-Match": '"1"'})
    call(204, "DELETE", path)


def people(tour):
    """The first owner makes a token of his own, and goes on by it."""
    call, server = tour.call, tour.server
    instance, tour.token = tour.token, None
    ada = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD}
    code = first_line(server.process, r"first person: open \S+/welcome#code=(fpf_\S+)")
    call(201, "POST", "/api/v1/session/first-run", {"code": code, **ada})
    call(401, "POST", "/api/v1/session", {"email": ada["email"], "password": "not the password"})
    page = Page()
    page.expect(201, server, "POST", "/api/v1/session", {"email": ada["email"], "password": PASSWORD})
    tour.token = page.expect(201, server, "POST", "/api/v1/tokens", {"name": "tour"})["token"]
    cookie = {"Cookie": page.cookie, "X-CSRF-Token": page.csrf, "Origin": server.url}
    call(201, "POST", "/api/v1/session", {"email": ada["email"], "password": PASSWORD})
    call(200, "GET", "/api/v1/session", headers=cookie)
    me = call(200, "GET", "/api/v1/me")["person"]
    call(200, "PATCH", "/api/v1/me", {"name": "Ada L."}, {"If-Match": f'"{me["version"]}"'})
    sessions = call(200, "GET", "/api/v1/me/sessions")["items"]
    other = next(one["id"] for one in sessions if one["id"] != page.expect(200, server, "GET", "/api/v1/session")["session_id"])
    call(204, "DELETE", f"/api/v1/me/sessions/{other}")
    call(200, "DELETE", "/api/v1/me/sessions", headers=cookie)
    call(204, "PUT", "/api/v1/me/password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"}, cookie)

    show = call(201, "POST", "/api/v1/shows", {"name": "Night Talk", "slug": "night-talk"})
    path = f"/api/v1/shows/{show['id']}"
    call(200, "GET", "/api/v1/shows")
    call(200, "GET", path)
    call(200, "GET", path + "/live")
    call(409, "POST", path + "/live-check")  # it has no channel
    call(200, "PATCH", path, {"name": "Night Talks"}, {"If-Match": f'"{show["version"]}"'})
    invited = call(201, "POST", "/api/v1/invitations", {"role": "operator"})
    call(200, "GET", "/api/v1/invitations")
    bob = call(201, "POST", "/api/v1/invitations/accept",
               {"code": invited["code"], "name": "Bob", "email": "bob@example.org", "password": PASSWORD})["person"]
    joined = call(201, "POST", "/api/v1/invitations", {"show_id": show["id"], "show_role": "host"})
    call(200, "POST", "/api/v1/invitations/join", {"code": joined["code"]})
    revoked = call(201, "POST", "/api/v1/invitations", {})
    call(204, "DELETE", f"/api/v1/invitations/{revoked['id']}")
    member = f"{path}/members/{bob['id']}"
    call(204, "PUT", member, {"role": "host"})
    call(200, "GET", f"{path}/members")
    call(200, "DELETE", member)
    episodes(tour, path)
    call(204, "DELETE", path)
    call(200, "GET", "/api/v1/users")
    found = call(200, "GET", f"/api/v1/users/{bob['id']}")
    call(200, "PATCH", f"/api/v1/users/{bob['id']}", {"role": "member"}, {"If-Match": f'"{found["version"]}"'})
    call(204, "DELETE", f"/api/v1/users/{bob['id']}")
    call(204, "DELETE", "/api/v1/session", headers=cookie)
    tour.token = instance


def episodes(tour, show):
    call = tour.call
    call(200, "GET", f"{show}/members/me")
    call(200, "PUT", f"{show}/members/me", {"opted_in": True, "style": "dry"})
    connection = call(201, "POST", "/api/v1/connections", {"name": "ada's", "platform": "webhook", "url": "http://127.0.0.1:9/"})["id"]
    episode = call(201, "POST", f"{show}/episodes", {"title": "Pilot", "number": 1, "starts_at": "2037-06-01T20:00"})
    path = f"/api/v1/episodes/{episode['id']}"
    call(200, "GET", f"{show}/episodes?status=scheduled")
    call(200, "GET", path)
    call(200, "PATCH", path, {"topics": ["C++"]}, {"If-Match": '"1"'})
    before = {"connection_id": connection, "trigger": "before", "minutes": 30}
    made = call(201, "POST", f"{path}/announcements", before)
    call(409, "POST", f"{path}/announcements", before)
    call(200, "POST", f"{path}/announcements/create-all")
    call(200, "GET", f"{path}/announcements")
    announcement = f"/api/v1/announcements/{made['id']}"
    call(200, "GET", f"{announcement}/preview")
    call(200, "POST", f"{announcement}/approve", {"version": 1})
    call(200, "GET", "/api/v1/scheduler")
    call(200, "GET", "/api/v1/scheduler/due")
    call(204, "DELETE", path)
    call(404, "GET", path)


def notifications(tour):
    call = tour.call
    body = {"name": "ops", "channel": "webhook", "url": "http://127.0.0.1:9/", "kinds": ["item_failed"]}
    made = call(201, "POST", "/api/v1/notifications/subscriptions", body)
    path = f"/api/v1/notifications/subscriptions/{made['id']}"
    call(200, "GET", "/api/v1/notifications/subscriptions")
    call(200, "GET", path)
    call(202, "POST", path + "/test")
    call(200, "GET", path + "/deliveries")
    call(409, "POST", path + "/confirm", {"code": "none"})
    call(200, "PATCH", path, {"enabled": False}, {"If-Match": '"1"'})
    call(204, "DELETE", path)


if __name__ == "__main__":
    sys.exit(run_all([("tour of all routes", tour_of_all_routes)]))
