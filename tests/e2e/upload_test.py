#!/usr/bin/env python3
"""Videos to YouTube, through real servers and its emulator: a channel that its owner lets us into, an upload that is
cancelled under way, servers that are killed while they upload, two servers, a session that is lost.

usage: upload_test.py PATH/TO/fencepost [--long] [PART OF A NAME]
"""

import concurrent.futures
import contextlib
import hashlib
import os
import random
import re
import sys
import time
import urllib.error
import urllib.request

from harness import Failed, Server, check, eventually, folder, folder_on_disk, postgres_database, run_all, show_logs
from platforms import Emulated

ARGUMENTS = [one for one in sys.argv[1:] if one != "--long"]
LONG = "--long" in sys.argv
BINARY = os.path.abspath(ARGUMENTS[0]) if ARGUMENTS else "fencepost"
CHANNEL = "UC" + "a" * 22
MB = 1 << 20


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


BROWSER = urllib.request.build_opener(NoRedirect)


def sent_to(url, token=None):
    """Where a browser is sent from there."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        BROWSER.open(request, timeout=60).close()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.headers["Location"]
    raise Failed(f"{url} sends nobody anywhere")


class World:
    """YouTube, a folder of videos, and the servers of one database."""

    def __init__(self, path, films, database):
        self.path, self.films, self.database, self.servers = path, films, database, []
        (films / "media").mkdir()
        (films / "youtube").mkdir()
        self.youtube = Emulated("youtube/youtube.py", "--folder", str(films / "youtube"))
        self.youtube.ask("/_channels", {"channels": [{"id": CHANNEL, "title": "Talk & Co"}]})

    def start(self, name, *more):
        url = self.youtube.url
        server = Server(BINARY, self.database, self.path, name, "--youtube-api-url", url, "--youtube-accounts-url", url,
                        "--youtube-token-url", url, "--youtube-client-id", "us", "--upload-timeout", "5s", "--lease", "3s",
                        "--ffprobe", "off", "--media-folders", f"clips={self.films}/media",
                        "--files-folder", str(self.path / "files"), *more)
        self.servers.append(server)
        return server

    def channel(self, server):
        """A channel whose owner lets us in on Google's page; its uploads begin at once."""
        begun = server.expect(201, "POST", "/api/v1/connections/authorize", {"name": "talk", "platform": "youtube"})
        back = sent_to(sent_to(begun["url"]), server.token)
        connection = int(re.search(r"connected=(\d+)", back)[1])
        shown = server.expect(200, "GET", f"/api/v1/connections/{connection}")
        check((shown["account_id"], shown["account_name"]) == (CHANNEL, "Talk & Co"), shown)
        return server.expect(201, "POST", "/api/v1/channels", {
            "name": "talk", "connection_id": connection, "lead_minutes": 20160,
            "limits": {"final": 50}, "capacity": 50})["id"]

    def video(self, server, name, size):
        """A sparse file with something in it here and there."""
        with open(self.films / "media" / name, "wb") as file:
            file.write(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2")
            for _ in range(64):
                file.seek(random.randrange(64, size - 64))
                file.write(os.urandom(32))
            file.truncate(size)
        return server.expect(201, "POST", "/api/v1/videos", {"folder": "clips", "path": name})["id"]

    def schedule(self, server, channel, name, size):
        return server.expect(201, "POST", f"/api/v1/channels/{channel}/uploads",
                             {"video_id": self.video(server, name, size), "kind": "final"})["id"]

    def videos(self):
        return self.youtube.ask("/_videos")

    def expect_whole(self, name):
        digest = hashlib.sha256()
        with open(self.films / "media" / name, "rb") as file:
            while block := file.read(MB):
                digest.update(block)
        found = [one for one in self.videos() if one["sha256"] == digest.hexdigest()]
        check(len(found) == 1, f"{name} is there {len(found)} times")
        return found[0]

    def have(self, session=-1):
        sessions = self.youtube.ask("/_uploads")
        return sessions[session]["have"] if sessions else 0

    def close(self):
        for server in self.servers:
            server.close()
        self.youtube.close()


@contextlib.contextmanager
def world(kind="sqlite"):
    with folder() as path, folder_on_disk() as films, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        made = World(path, films, database)
        try:
            yield made
        except BaseException:
            show_logs(path)
            raise
        finally:
            made.close()


def upload(server, item):
    return server.expect(200, "GET", f"/api/v1/uploads/{item}")


def await_status(server, item, wanted, patience=60):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        shown = upload(server, item)
        if shown["status"] == wanted:
            return shown
        if shown["status"] in ("uploaded", "published", "failed", "unknown", "cancelled"):
            raise Failed(f"{item} is {shown['status']} ({shown['last_error']}), wanted {wanted}")
        time.sleep(0.1)
    raise Failed(f"{item} is {upload(server, item)}, wanted {wanted}")


def cancel_under_way():
    with world() as w:
        server = w.start("server")
        channel = w.channel(server)
        w.youtube.ask("/_set", {"piece_rate": 16 * MB})
        # It takes half a minute; what is left of it from here on takes hours.
        item = w.schedule(server, channel, "clip.mp4", 480 * MB)
        eventually(lambda: w.have() >= 16 * MB, "a part of it is there")
        w.youtube.ask("/_set", {"piece_rate": 65_536})
        check(upload(server, item)["status"] == "uploading", "it is shown to be uploading")
        answer = server.expect(200, "POST", f"/api/v1/uploads/{item}/cancel", {})
        check(answer["answer"] == "prevented", answer)
        w.youtube.ask("/_set", {"piece_rate": None})
        # Another one goes up; of the first nothing more than the piece that was on its way.
        other = w.schedule(server, channel, "other.mp4", 9 * MB)
        shown = await_status(server, other, "uploaded")
        check(len(w.videos()) == 1 and w.expect_whole("other.mp4")["id"] == shown["post_id"], w.videos())
        check(upload(server, item)["status"] == "cancelled", "it stays cancelled")
        check(w.have(0) < 480 * MB, "nothing of the rest has left")
        told = server.expect(200, "GET", f"/api/v1/uploads/{item}/history")["items"]
        check(any(one["kind"] == "progress" and "%" in one["detail"] for one in told), told)


def kills(size, times):
    with world() as w:
        server = w.start("first", "--upload-bandwidth-kib", str(size // 1024 // 8))
        channel = w.channel(server)
        item = w.schedule(server, channel, "clip.mp4", size)
        for n in range(times):
            goal = size * (n + 1) // (times + 2)
            eventually(lambda goal=goal: w.have() >= goal, f"{goal} bytes are there")
            server.kill()
            before = w.have()
            check(before < size, "it was killed under way")
            server = w.start(f"server-{n}", "--upload-bandwidth-kib", str(size // 1024 // 8))
            eventually(lambda before=before: w.have() > before, "it goes on")
        await_status(server, item, "uploaded", 600)
        video = w.expect_whole("clip.mp4")
        check(len(w.videos()) == 1 and video["bytes"] == size, w.videos())
        pieces = [one for one in w.youtube.ask("/_accepted") if one["what"] == "piece"]
        check(all(one["begin"] == one["have"] for one in pieces), "each piece began where YouTube was")
        check(len([one for one in w.youtube.ask("/_accepted") if one["what"] == "session"]) == 1, "one session")


def killed_servers_go_on():
    """Twenty kills are uploader_kill_test's, whose back-off is short."""
    kills(2048 * MB if LONG else 64 * MB, 4 if LONG else 2)


def two_servers_upload_each_once():
    with world("postgres") as w:
        one, two = w.start("one"), w.start("two")
        channel = w.channel(one)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            items = list(pool.map(lambda i: w.schedule((one, two)[i % 2], channel, f"{i}.mp4", (i + 1) * MB), range(8)))
        for item in items:
            await_status(two, item, "uploaded")
        for i in range(8):
            w.expect_whole(f"{i}.mp4")
        check(len(w.videos()) == 8, f"{len(w.videos())} videos")


def a_lost_session_is_unknown_and_a_person_decides():
    with world() as w:
        server = w.start("server")
        channel = w.channel(server)
        # The one piece is taken, its answer is cut, and nobody can be asked any more.
        w.youtube.ask("/_fault", {"mode": "accept_then_cut", "method": "PUT", "path": "/upload/.*"})
        w.youtube.ask("/_fault", {"mode": "status", "status": 404, "method": "PUT", "path": "/upload/.*", "times": 1000})
        item = w.schedule(server, channel, "clip.mp4", 1000)
        shown = await_status(server, item, "unknown")
        check("session" in shown["last_error"], shown)
        video = w.expect_whole("clip.mp4")
        server.expect(409, "POST", f"/api/v1/uploads/{item}/retry", {})
        # Not before the last piece's deadline: until then it may still arrive.
        word = {"outcome": "happened", "post_id": video["id"], "post_url": "https://youtu.be/" + video["id"]}
        eventually(lambda: server.call("POST", f"/api/v1/uploads/{item}/resolve", word)[0] == 200, "it is resolved")
        check(upload(server, item)["status"] == "uploaded", upload(server, item))
        check(len(w.videos()) == 1, "and it was not uploaded again")


def no_secret_is_anywhere():
    with world() as w:
        server = w.start("server", "--log-level", "debug")
        await_status(server, w.schedule(server, w.channel(server), "clip.mp4", 20 * MB), "uploaded")
        server.stop()
        keys = {one["query"]["upload_id"] for one in w.youtube.ask("/_log") if "upload_id" in one["query"]}
        check(keys, "there was a session")
        for path in w.path.iterdir():
            if path.is_file() and path.name != "key":
                held = path.read_bytes()
                check(not any(key.encode() in held for key in keys), f"a session's address is in {path.name}")


TESTS = [cancel_under_way, killed_servers_go_on, two_servers_upload_each_once,
         a_lost_session_is_unknown_and_a_person_decides, no_secret_is_anywhere]

if __name__ == "__main__":
    WANTED = ARGUMENTS[1] if len(ARGUMENTS) > 1 else ""
    sys.exit(run_all([(test.__name__, test) for test in TESTS if WANTED in test.__name__]))
