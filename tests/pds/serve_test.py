#!/usr/bin/env python3
"""The real server posts to a real PDS: once, whatever dies; never after a stop; never again after a delete.

usage: scripts/lib/with-pds /usr/bin/python3 tests/pds/serve_test.py PATH/TO/fencepost
"""

import contextlib
import datetime
import functools
import json
import os
import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import PATIENCE, Server, check, eventually, folder, postgres_database, run_all, show_logs  # noqa: E402
from images import announce_with_image, png  # noqa: E402
from xrpc import Pds  # noqa: E402

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
REAL = json.loads(os.environ["FENCEPOST_TEST_PDS"])
ALICE, BOB = REAL["accounts"]


@functools.cache
def looking():
    """Alice's own eyes: one session for all tests, since a PDS opens 30 in five minutes."""
    pds = Pds(REAL["url"], ALICE)
    pds.login()
    return pds


class Stage:
    """A database, servers on it, and Alice's repository."""

    def __init__(self, path, database):
        self.path, self.database, self.server = path, database, None
        self.pds = looking()

    def start(self, kill_at=""):
        if self.server:
            self.server.close()
        self.server = Server(BINARY, self.database, self.path, "server", kill_at=kill_at)
        return self.server

    def connect(self):
        made = self.server.expect(201, "POST", "/api/v1/connections", {
            "name": "Alice", "platform": "bluesky", "url": REAL["url"],
            "secret": json.dumps({"identifier": ALICE["handle"], "password": ALICE["app_password"]})})
        return made["id"]

    def announce(self, connection, text, url=""):
        return self.server.expect(201, "POST", "/api/v1/announcements",
                                  {"connection_id": connection, "text": text, **({"url": url} if url else {})})["id"]

    def item(self, number):
        return self.server.expect(200, "GET", f"/api/v1/announcements/{number}")

    def await_status(self, number, *wanted):
        return eventually(lambda: (one := self.item(number))["status"] in wanted and one,
                          f"announcement {number}: {wanted}; it is {self.item(number)}")

    def records(self, text):
        """Alice's posts that begin with it."""
        return [one for one in self.pds.posts() if one["value"]["text"].startswith(text)]


def unique(words):
    return f"{words} {secrets.token_hex(4)}"


def posts_with_facets(stage):
    stage.start()
    connection = stage.connect()
    text = unique("Grüße @bob.test #live")
    number = stage.announce(connection, text, "https://example.com/show")
    shown = stage.await_status(number, "posted", "failed")
    check(shown["status"] == "posted", shown)
    [record] = stage.records(text)
    value = record["value"]
    check(value["text"] == text + "\nhttps://example.com/show", value)
    marked = [value["text"].encode()[one["index"]["byteStart"]:one["index"]["byteEnd"]].decode() for one in value["facets"]]
    check(marked == ["@bob.test", "#live", "https://example.com/show"], marked)
    check(value["facets"][0]["features"][0]["did"] == BOB["did"], value)
    check(shown["post_id"] == f"{record['uri']}#{record['cid']}", shown)
    rkey = record["uri"].rsplit("/", 1)[1]
    check(shown["post_url"] == f"https://bsky.app/profile/{ALICE['did']}/post/{rkey}", shown)


def crash(at):
    def test(stage):
        stage.start()
        connection = stage.connect()
        stage.start(kill_at=at)
        text = unique("Crash " + at)
        with contextlib.suppress(OSError):  # the server may die before it has answered
            stage.announce(connection, text)
        stage.server.process.wait(PATIENCE)
        stage.start()
        number = stage.server.expect(200, "GET", "/api/v1/announcements")["items"][0]["id"]
        stage.await_status(number, "posted")
        check(len(stage.records(text)) == 1, stage.records(text))
        status, answer, _ = stage.server.call("POST", f"/api/v1/announcements/{number}/post-now", {})
        check(status in (200, 409), answer)
        check(len(stage.records(text)) == 1, stage.records(text))
    test.__name__ = f"crash at {at}: one record"
    return test


def begun_with_image(stage, connection, text):
    """An announcement with an image, which goes out now."""
    number, version = announce_with_image(stage.server, connection, text, png(160, 90), "Ein Käfer")
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with contextlib.suppress(OSError):  # the server may die before it has answered
        stage.server.expect(200, "PATCH", f"/api/v1/announcements/{number}", {"run_at": now}, {"If-Match": f'"{version}"'})
    return number


def one_record_with_its_image(stage, text):
    [record] = stage.records(text)
    [image] = record["value"]["embed"]["images"]
    check(image["alt"] == "Ein Käfer" and image["aspectRatio"] == {"width": 160, "height": 90}, image)
    check(image["image"]["mimeType"] == "image/png" and image["image"]["size"] == len(png(160, 90)), image)
    status, blob, _ = stage.pds.call("GET", "com.atproto.sync.getBlob", token="", did=ALICE["did"],
                                     cid=image["image"]["ref"]["$link"])
    check(status == 200 and blob == png(160, 90), f"the blob: {status}")


def an_image_goes_with_its_post(stage):
    stage.start()
    text = unique("With an image")
    number = begun_with_image(stage, stage.connect(), text)
    stage.await_status(number, "posted")
    one_record_with_its_image(stage, text)


def crash_with_image(at):
    def test(stage):
        stage.start()
        connection = stage.connect()
        stage.start(kill_at=at)
        text = unique("Image and crash " + at)
        number = begun_with_image(stage, connection, text)
        stage.server.process.wait(PATIENCE)
        stage.start()
        stage.await_status(number, "posted")
        one_record_with_its_image(stage, text)
    test.__name__ = f"with an image, crash at {at}: one record"
    return test


def stop_before_the_gate(stage):
    stage.start()
    connection = stage.connect()
    stage.server.expect(200, "POST", "/api/v1/queues/announcements/pause", {})
    text = unique("Stopped")
    number = stage.announce(connection, text)
    answer = stage.server.expect(200, "POST", f"/api/v1/announcements/{number}/disable", {})
    check(answer["answer"] == "prevented", answer)
    stage.server.expect(200, "POST", "/api/v1/queues/announcements/resume", {})
    # One behind it goes out, so that the first had its turn.
    other = stage.announce(connection, unique("Behind the stopped one"))
    stage.await_status(other, "posted")
    check(stage.item(number)["status"] == "disabled", stage.item(number))
    check(stage.records(text) == [], "a stopped post was sent")


def a_put_after_a_delete_never_happens(stage):
    stage.start()
    connection = stage.connect()
    text = unique("Deleted by its author")
    number = stage.announce(connection, text)
    stage.await_status(number, "posted")
    [record] = stage.records(text)
    check(stage.pds.delete(record["uri"].rsplit("/", 1)[1])[0] == 200, "deleted")
    for act in ("post-now", "enable", "disable", "post-now"):
        stage.server.call("POST", f"/api/v1/announcements/{number}/{act}", {})
    stage.start()  # the next process
    stage.server.call("POST", f"/api/v1/announcements/{number}/post-now", {})
    other = stage.announce(connection, unique("Behind the deleted one"))
    stage.await_status(other, "posted")
    check(stage.records(text) == [], "a deleted post came back")
    check(stage.item(number)["status"] == "posted", stage.item(number))


def refused_credentials_are_named(stage):
    stage.start()
    status, answer, _ = stage.server.call("POST", "/api/v1/connections", {
        "name": "Nobody", "platform": "bluesky", "url": REAL["url"],
        "secret": json.dumps({"identifier": ALICE["handle"], "password": "wrong"})})
    if status == 201:  # connected unasked: then the first post says so
        number = stage.announce(answer["id"], unique("Never"))
        answer = stage.await_status(number, "failed")
    check("wrong" not in json.dumps(answer) and "Invalid identifier or password" in json.dumps(answer), answer)


TESTS = [posts_with_facets, *map(crash, ("gate.begin", "gate.passed", "sent", "settle.commit")), stop_before_the_gate,
         an_image_goes_with_its_post, *map(crash_with_image, ("gate.begin", "gate.passed", "sent")),
         a_put_after_a_delete_never_happens, refused_credentials_are_named]


def on(kind, test):
    def run():
        with contextlib.ExitStack() as stack:
            path = stack.enter_context(folder())
            database = f"sqlite:{path}/f.db" if kind == "sqlite" else stack.enter_context(postgres_database())
            stage = Stage(path, database)
            try:
                test(stage)
            except Exception:
                show_logs(path)
                raise
            finally:
                if stage.server:
                    stage.server.close()
    return run


if __name__ == "__main__":
    sys.exit(run_all([(f"{kind}: {test.__name__.replace('_', ' ')}", on(kind, test))
                      for kind in ("sqlite", "postgres") for test in TESTS]))
