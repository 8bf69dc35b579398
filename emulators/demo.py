#!/usr/bin/env python3
"""A Fencepost with something to see, and nothing outside this machine: emulated platforms, a show with three hosts, an
episode that goes live in a minute, videos in slots, a pipeline at work.

usage: demo.py PATH/TO/fencepost [OPTIONS OF fencepost serve...]

It has a database of its own, which is gone when it ends (Ctrl-C). Its last lines say where to look, and as whom.
"""

import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

HERE = pathlib.Path(__file__).resolve().parent
PASSWORD = "a show of hands"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "demo-key"
CHANNEL = "UC" + "night-talk".ljust(22, "0")
FFMPEG = shutil.which("ffmpeg")
COLOURS = ("steelblue", "seagreen", "darkorange")
FILMS = (("Why we wait", 20, 100 << 20), ("Waiting rooms", 30, 1 << 20), ("The last train", 45, 1 << 20),
         ("A night at the station", 90, 1 << 20), ("Patience, a history", 600, 1 << 20))  # name, seconds, bytes
LIVE_IN = int(os.environ.get("FENCEPOST_DEMO_LIVE_IN", "60"))  # seconds
PIPELINES = ("deep-scan", "domain-extraction", "domain-monitor", "sitemap-discovery", "sitemap-import", "page-curation")
SITES = ("bar-central", "blue-door", "cafe-anna", "corner-books", "gone", "harbour-inn", "old-mill", "red-lantern")


def first_line(process, pattern):
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            return found.group(1)
    raise SystemExit(f"{process.args[0]} ended before it said where it listens")


class Outside:
    """The emulated platforms, each a process."""

    def __init__(self, stack):
        self.stack = stack
        self.youtube = self.start("youtube/youtube.py", "--key", KEY)
        self.model = self.start("model/model.py")
        self.bluesky = self.start("bluesky/bluesky.py", "--account", "ann.test:abcd-abcd-abcd-abcd")
        self.mastodon = self.start("mastodon/mastodon.py", "--token", "demo-token", "--username", "bob")
        self.discord = self.start("discord/discord.py", "--webhook", "1180000000000000001/demo-token")
        self.receiver = self.start("webhook/receiver.py", "--secret", SECRET)
        self.places = self.start("places/places.py")
        self.sites = self.start("sites/sites.py")
        post(self.model, "/_set", {"says": "Pour yourself something nice: {title} is on, live, with {host}.", "key": KEY})
        post(self.places, "/_set", {"keys": [KEY], "quota": 1000, "places": {
            f"place-{n}": {"name": name.replace("-", " ").title(), "website": f"http://{name}.example/", "phone": "+49 30 5550100",
                           "address": f"{n} Main Street"} for n, name in enumerate(SITES)}})
        post(self.youtube, "/_channels", {"channels": [{"id": CHANNEL, "title": "Night Talk"}]})
        post(self.youtube, "/_set", {"piece_rate": 1 << 20})  # so that an upload is seen on its way

    def start(self, script, *arguments):
        process = subprocess.Popen([sys.executable, str(HERE / script), "--port", "0", *arguments], stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
        self.stack.callback(ended, process)
        return first_line(process, r"listening on (http://\S+)")

    def settings(self, folder):
        """What points a server here."""
        (folder / "the-key").write_text(KEY + "\n")
        key = str(folder / "the-key")
        return ["--youtube-api-key-file", key, "--youtube-api-url", self.youtube, "--youtube-feed-url", self.youtube,
                "--youtube-page-url", self.youtube, "--live-check-every", "12s", "--youtube-accounts-url", self.youtube,
                "--youtube-token-url", self.youtube, "--youtube-client-id", "demo", "--media-folders", f"films={films(folder)}", "--text-api", "openai", "--text-url", self.model,
                "--text-model", "demo", "--text-key-file", key, "--bluesky-url", self.bluesky, "--bluesky-site", self.bluesky,
                "--discord-url", self.discord, "--curate", "--curate-places-key-file", key, "--curate-places-url", self.places,
                "--curate-proxy", self.sites, "--allow-private-addresses",
                *(word for name in PIPELINES for word in (f"--curate-{name}", "interval=2s delay=1s"))]


def films(folder):
    """A folder with what is to be published: real videos where there is an ffmpeg, else files that only look like some."""
    made = folder / "films"
    made.mkdir()
    for number, (name, seconds, size) in enumerate(FILMS):
        path = made / f"{name}.mp4"
        if FFMPEG:
            subprocess.run([FFMPEG, "-loglevel", "error", "-f", "lavfi", "-i", f"color=c={COLOURS[number % 3]}:s=640x360:r=5:d={seconds}",
                            "-pix_fmt", "yuv420p", str(path)], check=True, stdin=subprocess.DEVNULL)
        else:
            path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2")
        with open(path, "ab") as file:  # a box that players pass over
            file.write((size + 8).to_bytes(4, "big") + b"free")
            file.truncate(file.tell() + size)
    return made


def ended(process):
    process.terminate()
    process.wait()


def post(url, path, body):
    return Person(url).call("POST", path, body)


class Person:
    """Somebody with a session, as a browser has it."""

    def __init__(self, url):
        self.url, self.headers = url, {"Origin": url, "Content-Type": "application/json"}

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        with contextlib.closing(connection):
            sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 400:
                raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
            found = json.loads(text) if text else None
            if answer.headers.get("Set-Cookie"):
                self.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
                self.headers["X-CSRF-Token"] = found["csrf_token"]
            return found

    def comes_back(self, url):
        """Through a platform's page, which sends back here."""
        where = urlsplit(url)
        connection = http.client.HTTPConnection(where.netloc, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", f"{where.path}?{where.query}")
            back = urlsplit(connection.getresponse().headers["Location"])
        self.call("GET", f"{back.path}?{back.query}")

    def begins(self, path, code, name):
        self.call("POST", path, {"code": code, "name": name, "email": f"{name.lower()}@example.org", "password": PASSWORD})
        return self

    def connects(self, name, platform, secret, url=None):
        return self.call("POST", "/api/v1/connections",
                         {"name": name, "platform": platform, "secret": secret, **({"url": url} if url else {})})["id"]


def set_up(url, code, outside):
    """A show, its people and their accounts, what is planned, and records to work on."""
    ada = Person(url).begins("/api/v1/session/first-run", code, "Ada")
    show = ada.call("POST", "/api/v1/shows", {
        "name": "Night Talk", "slug": "night-talk", "description": "Three friends, one topic, an hour before midnight.",
        "zone": "Europe/Berlin", "channel_id": CHANNEL, "template": "{show} is live: {title}", "stagger": 2})["id"]
    people = {}
    for name, role in (("Ann", "admin"), ("Bob", "host"), ("Eve", "host")):
        link = ada.call("POST", "/api/v1/invitations", {"show_id": show, "show_role": role, "note": name})
        people[name] = Person(url).begins("/api/v1/invitations/accept", link["code"], name)
    joins = ada.call("POST", "/api/v1/invitations", {"show_id": show, "show_role": "admin", "note": "Ada"})
    ada.call("POST", "/api/v1/invitations/join", {"code": joins["code"]})
    accounts = [
        (people["Ann"], people["Ann"].connects("Ann on Bluesky", "bluesky",
                                               json.dumps({"identifier": "ann.test", "password": "abcd-abcd-abcd-abcd"}), outside.bluesky)),
        (people["Bob"], people["Bob"].connects("Bob on Mastodon", "mastodon", "demo-token", outside.mastodon)),
        (people["Eve"], people["Eve"].connects("Eve’s Discord", "discord",
                                               outside.discord + "/api/webhooks/1180000000000000001/demo-token")),
        (ada, ada.connects("Ada’s hook", "webhook", SECRET, outside.receiver + "/hook")),
    ]
    starts = time.time() + LIVE_IN
    episodes = [plan(ada, show, "Why we wait", 41, starts), plan(ada, show, "Trains at night", 42, starts + 7 * 86_400)]
    texts = {0: "Come and listen: {title}, with Ann, Bob and Eve. {url}"}
    for episode in episodes:
        for n, (person, connection) in enumerate(accounts):
            person.call("POST", f"/api/v1/episodes/{episode}/announcements",
                        {"connection_id": connection, **({"text": texts[n]} if n in texts else {})})
    put_in_slots(ada)
    items = [{"place_id": f"place-{n}", "name": name.replace("-", " ").title()} for n, name in enumerate(SITES)]
    ada.call("POST", "/api/v1/curate/places/import/json?select=true", items)
    return starts


def put_in_slots(ada):
    """A channel of the show's account, what is said of its videos, and the films in the slots of the next days."""
    begun = ada.call("POST", "/api/v1/connections/authorize", {"name": "Night Talk on YouTube", "platform": "youtube"})
    ada.comes_back(begun["url"])
    account = next(one for one in ada.call("GET", "/api/v1/connections")["items"] if one["platform"] == "youtube")
    channel = ada.call("POST", "/api/v1/channels", {
        "name": "Night Talk", "connection_id": account["id"], "zone": "Europe/Berlin", "limits": {"short": 2, "final": 1}})["id"]
    ada.call("POST", "/api/v1/templates", {"channel_id": channel, "title": "{title} | Night Talk",
                                           "description": "From {date}, an hour before midnight.", "tags": ["podcast"]})
    soon = moment(time.time() + 5400)  # nearer than the channel's lead: its upload begins at once
    for number, (name, seconds, _) in enumerate(FILMS):
        video = ada.call("POST", "/api/v1/videos", {"folder": "films", "path": f"{name}.mp4"})["id"]
        ada.call("POST", f"/api/v1/channels/{channel}/uploads",
                 {"video_id": video, "kind": "short" if seconds <= 60 else "final", **({"at": soon} if number == 0 else {})})


def moment(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def plan(person, show, title, number, starts):
    return person.call("POST", f"/api/v1/shows/{show}/episodes",
                       {"title": title, "number": number, "starts_at": moment(starts), "status": "scheduled", "topics": ["waiting", "patience"]})["id"]


def pick_what_comes(ada):
    """People would pick by hand what the pipelines find; here somebody picks all of it."""
    for kind in ("businesses", "domains", "sitemaps"):
        ada.call("POST", f"/api/v1/curate/{kind}/select", {"curation_status": "New", "set": "Selected"})


def main(binary, *options):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        # A test's is in memory where there is room, as those of scripts/lib/postgres.sh.
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(
            prefix="fencepost-demo-", dir=os.environ.get("FENCEPOST_TEST_MEMORY") or None)))
        outside = Outside(stack)
        server = subprocess.Popen(
            [binary, "serve", "--database", f"sqlite:{folder}/demo.db", "--token-file", str(folder / "token"), "--log-level", "warn",
             *outside.settings(folder), *options], stdout=subprocess.PIPE, text=True, start_new_session=True)
        stack.callback(ended, server)
        url = first_line(server, r"listening on (http://\S+)")
        code = first_line(server, r"first person: open \S+/welcome#code=(fpf_\S+)")
        starts = set_up(url, code, outside)
        stream = post(outside.youtube, "/_streams", {"streams": [
            {"channel": CHANNEL, "title": "Night Talk: Why we wait", "scheduled": int(starts), "state": "upcoming"}]})["ids"][0]
        print(f"\nFencepost, with nothing outside this machine: {url}\n"
              f"Sign in as ada@example.org (owner), or ann@, bob@ or eve@example.org (hosts); password: {PASSWORD}\n"
              f"The episode “Why we wait” goes live in {LIVE_IN} seconds: look at its page, or at Today. Ctrl-C ends it.\n", flush=True)
        ada = Person(url)
        ada.call("POST", "/api/v1/session", {"email": "ada@example.org", "password": PASSWORD})
        live = False
        while server.poll() is None:
            if not live and time.time() >= starts:
                post(outside.youtube, "/_state", {"id": stream, "state": "live"})
                live = True
                print("The stream is on.", flush=True)
            pick_what_comes(ada)
            time.sleep(3)
        return server.returncode


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        raise SystemExit(__doc__)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(*sys.argv[1:]))
