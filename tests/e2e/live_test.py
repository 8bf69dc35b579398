#!/usr/bin/env python3
"""The live check with real servers and an emulated YouTube: an evening, and a thousand channels of which some are sick.

usage: live_test.py PATH/TO/fencepost
"""

import collections
import contextlib
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
import urllib.request

from harness import ROOT, Server, check, eventually, first_line, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
HOUR = 3600


class YouTube:
    """emulators/youtube/youtube.py as a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(ROOT / "emulators/youtube/youtube.py"), "--key", "the-key"],
                                        stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process, r"listening on (http://\S+)")

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)

    def channels(self, n):
        ids = ["UC" + secrets.token_hex(11) for _ in range(n)]
        self.post("/_channels", {"channels": [{"id": one} for one in ids]})
        return ids

    def streams(self, wishes):
        return self.post("/_streams", {"streams": wishes})["ids"]

    def asked(self):
        """How often each path was asked for."""
        return collections.Counter(entry["path"] for entry in self.get("/_log"))

    def close(self):
        self.process.kill()
        self.process.wait()


class Database:
    """What other programs may do to it: plain SQL."""

    def __init__(self, url):
        self.url = url

    def run(self, sql):
        """The rows, as lists of texts."""
        if self.url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.url[len("sqlite:"):], timeout=60)) as connection:
                rows = connection.execute(sql).fetchall()
                connection.commit()
                return [["" if value is None else str(value) for value in row] for row in rows]
        out = subprocess.run(["psql", "-qXAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return [line.split("\t") for line in out.splitlines()]

    def plan(self, channels, starts):
        """A show and an episode for each channel."""
        first = int(self.run("SELECT coalesce(max(id), 0) + 1 FROM fencepost_shows")[0][0])
        now = time.time_ns() // 1000
        shows = ",".join(f"({first + i}, 'Show {i}', 'show-{first + i}', {now}, '{channel}')"
                         for i, channel in enumerate(channels))
        self.run(f"INSERT INTO fencepost_shows (id, name, slug, created_at, channel_id) VALUES {shows}")
        episodes = ",".join(f"({first + i}, 'Tonight', {int(starts * 1e6)}, 'scheduled')" for i in range(len(channels)))
        self.run(f"INSERT INTO fencepost_episodes (show_id, title, starts_at, status) VALUES {episodes}")
        return first

    def number(self, sql):
        return int(self.run(sql)[0][0])


@contextlib.contextmanager
def scene(kind, servers, *more):
    """An emulated YouTube, a database and servers."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(folder())
        url = stack.enter_context(postgres_database()) if kind == "postgres" else f"sqlite:{path}/data.db"
        youtube = YouTube()
        stack.callback(youtube.close)
        (path / "youtube.key").write_text("the-key\n")
        flags = ["--youtube-api-key-file", str(path / "youtube.key")]
        for name in ("api", "feed", "page"):
            flags += [f"--youtube-{name}-url", youtube.url]
        running = []
        for number in range(servers):
            running.append(Server(BINARY, url, path, f"server-{number}", *flags, *more))
            stack.callback(running[-1].close)
        try:
            yield youtube, Database(url), running
        except BaseException:
            show_logs(path)
            raise


def evening(kind, servers):
    def test():
        with scene(kind, servers) as (youtube, database, running):
            server = running[0]
            channel, = youtube.channels(1)
            show = database.plan([channel], time.time() + 300)
            video, = youtube.streams([{"channel": channel, "title": "Tonight", "scheduled": time.time() + 300}])

            def seen():
                found = server.expect(200, "GET", f"/api/v1/shows/{show}/live")["channel"]
                stream = next((one for one in found["streams"] if one["video_id"] == video), None) if found else None
                return found, stream

            last = [0.0]

            def look_now():
                """As often as its limit allows."""
                if time.monotonic() - last[0] > 1.5:
                    last[0] = time.monotonic()
                    running[-1].expect(200, "POST", "/api/v1/scheduler/check")

            def until(stage):
                def there():
                    look_now()
                    found, stream = seen()
                    return stream is not None and stream["stage"] == stage and (found, stream)
                return eventually(there, f"the stream is {stage}")

            found, stream = until("upcoming")
            check(found["answer"] == "not_live" and stream["episode_id"] is None, f"not live: {found}")
            youtube.post("/_state", {"id": video, "state": "live"})
            begun = time.monotonic()
            report = server.expect(200, "POST", f"/api/v1/shows/{show}/live-check")
            check(report["answer"] == "live" and report["streams"][0]["announces"], f"the test explains it: {report}")
            found, stream = until("live")
            check(found["answer"] == "live" and stream["episode_id"], f"bound: {found}")
            row = database.run("SELECT status, url, video_id FROM fencepost_episodes")
            check(row == [["live", f"https://www.youtube.com/watch?v={video}", video]], f"the episode is live: {row}")

            # A restart, and then the end: nothing goes live twice.
            again = youtube.post("/_state", {"id": video, "state": "restarted"})["id"]
            until("ended")
            youtube.post("/_state", {"id": again, "state": "ended"})

            def over():
                look_now()
                return database.run("SELECT status FROM fencepost_episodes") == [["ended"]]
            eventually(over, "the episode has ended")
            check(database.run("SELECT video_id FROM fencepost_episodes") == [[video]], "it is the first one's")

            # Over all instances: ten tests a minute and person, of which one was made before.
            let_in = 1
            while True:
                status, answer, headers = running[let_in % servers].call("POST", f"/api/v1/shows/{show}/live-check")
                if status == 429:
                    break
                check(status == 200, f"a test: {status} {answer}")
                let_in += 1
                took = time.monotonic() - begun
                check(let_in <= 10 + took / 6, f"{let_in} tests in {took:.0f} s")
            check(let_in >= 10 and "Retry-After" in headers, f"ten tests a minute, then 429: {let_in} {headers}")
            spent = database.number("SELECT coalesce(sum(used), 0) FROM fencepost_buckets")
            check(spent == youtube.get("/_units")["ever"].get("units", 0), "our count is YouTube's")
    return test


def few_units(kind):
    def test():
        with scene(kind, 1) as (youtube, database, (server,)):
            _, _, headers = server.call("GET", "/api/v1/quota-projects/1")
            status, project, _ = server.call("PATCH", "/api/v1/quota-projects/1", {"units": 3}, {"If-Match": headers["ETag"]})
            check(status == 200 and project["units"] == 3, f"the project has three units a day: {project}")
            channel, = youtube.channels(1)
            show = server.expect(201, "POST", "/api/v1/shows", {"name": "S", "slug": "s", "channel_id": channel})["id"]
            begun = youtube.get("/_units")["day"]
            youtube.streams([{"channel": channel, "title": "Tonight", "scheduled": time.time() + 300}])
            for _ in range(5):
                server.expect(200, "POST", f"/api/v1/shows/{show}/live-check")
            days = {begun, youtube.get("/_units")["day"]}  # midnight in Los Angeles may be in between: then there are two
            rows = database.run("SELECT quota, used, time_window FROM fencepost_buckets WHERE scope = 'youtube.units'")
            check({day for _, _, day in rows} <= days and {quota for quota, _, _ in rows} == {"3"} and
                  max(int(used) for _, used, _ in rows) == 3, f"a day that the live check made has the project's limit: {rows}")
            check(youtube.get("/_units")["ever"].get("units", 0) == sum(int(used) for _, used, _ in rows),
                  "and YouTube was asked no more")
    return test


def thousand(kind, servers):
    """5 % hang, 5 % fail: no healthy channel waits for them."""
    def test():
        with scene(kind, servers, "--live-check-timeout", "10m", "--live-check-every", "1h") as (youtube, database, _):
            channels = youtube.channels(1000)
            slow, failing, healthy = channels[:50], channels[50:100], channels[100:]
            youtube.post("/_sick", {"channels": slow, "mode": "slow", "seconds": 600})
            youtube.post("/_sick", {"channels": failing, "mode": "500"})
            youtube.streams([{"channel": one, "scheduled": time.time() + 5 * HOUR} for one in channels])
            begun = time.monotonic()
            database.plan(channels, time.time() + 5 * HOUR)
            looked = lambda where: database.number(
                f"SELECT count(*) FROM fencepost_live_channels WHERE looked_at IS NOT NULL AND {where}")
            eventually(lambda: looked("trouble IS NULL") == len(healthy), "all healthy channels were looked at")
            channels_took = time.monotonic() - begun
            eventually(lambda: looked("trouble IS NOT NULL") == len(failing), "those that fail are unknown")
            marks = ",".join(f"'{one}'" for one in slow)
            check(looked(f"channel_id IN ({marks})") == 0, "those that hang still do: nobody has waited for them")
            judged = "SELECT count(*) FROM fencepost_live_streams WHERE stage = 'upcoming'"
            eventually(lambda: database.number(judged) == len(healthy), "every stream was judged")
            took = time.monotonic() - begun
            asked = youtube.asked()
            calls = asked["/youtube/v3/videos"]
            used = youtube.get("/_units")["ever"]
            check(used == {"units": calls}, f"units are spent for videos.list alone: {used}")
            check(database.number("SELECT sum(used) FROM fencepost_buckets") == calls, "our count is YouTube's")
            # 18 calls carry 900 streams; a few more where their moments differ.
            check(18 <= calls <= 40, f"{calls} calls for 900 streams")
            feeds = collections.Counter(entry["query"]["channel_id"] for entry in youtube.get("/_log")
                                        if entry["path"] == "/feeds/videos.xml")
            check(set(feeds.values()) <= {1}, "each feed was asked for once, by one process")
            print(f"     {kind}, {servers} process(es): 900 healthy of 1000 channels looked at after {channels_took:.1f} s "
                  f"(50 hang, 50 fail), their streams judged after {took:.1f} s, {calls} units", flush=True)
    return test


if __name__ == "__main__":
    sys.exit(run_all([
        ("an evening, one process on SQLite", evening("sqlite", 1)),
        ("an evening, two processes on PostgreSQL", evening("postgres", 2)),
        ("a quota project of few units, on SQLite", few_units("sqlite")),
        ("a quota project of few units, on PostgreSQL", few_units("postgres")),
        ("a thousand channels, one process on SQLite", thousand("sqlite", 1)),
        ("a thousand channels, two processes on PostgreSQL", thousand("postgres", 2)),
    ]))
