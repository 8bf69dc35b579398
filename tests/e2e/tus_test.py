#!/usr/bin/env python3
"""Files come in by tus: npm's tus-js-client and our own command line, with interruptions, against the real server.

usage: tus_test.py PATH/TO/fencepost
"""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import urllib.parse

from harness import PATIENCE, Server, check, eventually, folder, postgres_database, run_all, show_logs

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
HERE = pathlib.Path(__file__).parent / "tus"
MIB = 1 << 20


def tus_client():
    """The folder of tus-js-client, which npm brings, once."""
    version = json.loads((HERE / "package.json").read_text())["dependencies"]["tus-js-client"]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    home = cache / "fencepost" / f"tus-js-client-{version}"
    if not (home / "node_modules/tus-js-client").exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, home / name)
        subprocess.run(["npm", "ci", "--prefix", str(home), "--no-audit", "--no-fund", "--ignore-scripts",
                        "--loglevel=error"], check=True)
    return home / "node_modules/tus-js-client"


def send_by_tus(server, path, cut="", url=""):
    """The URL of the file that was sent, to its end or to where it was cut."""
    environment = {**os.environ, "FENCEPOST_TUS_CLIENT": str(tus_client()), "FENCEPOST_TUS_URL": url}
    done = subprocess.run(["node", str(HERE / "send.js"), server.url, server.token, str(path), *([cut] if cut else [])],
                          env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    return done.stdout.strip()


def some_file(path, size):
    """A file that calls itself an MP4, and its hash."""
    content = b"\0\0\0\x18ftypisom" + random.Random(size).randbytes(size - 12)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def expect_whole(server, file, digest):
    check(file["finished"] and file["received"] == file["total"], f"the file is whole: {file}")
    def measured():
        video = server.expect(200, "GET", f"/api/v1/videos/{file['video_id']}")
        return video if video["measured_at"] else None
    video = eventually(measured, "the video is looked at")
    check(video["sha256"] == digest, "every byte has arrived")
    return video


def path_of(url):
    return urllib.parse.urlsplit(url).path


@contextlib.contextmanager
def serving(*more):
    with folder() as path, contextlib.closing(Server(BINARY, f"sqlite:{path}/fencepost.db", path, "server", *more)) as server:
        try:
            yield server, path
        except BaseException:
            show_logs(path)
            raise


def tus_js_client_with_an_interruption():
    with serving() as (server, path):
        digest = some_file(path / "a.mp4", 20 * MIB)
        url = send_by_tus(server, path / "a.mp4", cut="0.4")
        part = server.expect(200, "GET", path_of(url))
        check(8 * MIB <= part["received"] < 20 * MIB, f"what was confirmed is kept: {part}")
        check(send_by_tus(server, path / "a.mp4", url=url) == url, "it goes on with the same file")
        video = expect_whole(server, server.expect(200, "GET", path_of(url)), digest)
        check(video["title"] == "Episode 12", video)


def a_server_that_is_killed():
    """The client's own tries find the next server, which knows how far the file is."""
    with folder() as path:
        database = f"sqlite:{path}/fencepost.db"
        server = Server(BINARY, database, path, "first")
        try:
            digest = some_file(path / "a.mp4", 24 * MIB)
            url = send_by_tus(server, path / "a.mp4", cut="0.3")
            before = server.expect(200, "GET", path_of(url))["received"]
            server.kill()
            on_disk = (path / "fencepost.db.files" / url.rsplit("/", 1)[1]).stat().st_size
            server = Server(BINARY, database, path, "second")
            after = server.expect(200, "GET", path_of(url))["received"]
            check(before <= after <= on_disk, f"confirmed {before}, now {after}, on disk {on_disk}")
            send_by_tus(server, path / "a.mp4", url=server.url + path_of(url))
            expect_whole(server, server.expect(200, "GET", path_of(url)), digest)
        except BaseException:
            show_logs(path)
            raise
        finally:
            server.close()


def two_servers_with_one_folder():
    with folder() as path, postgres_database() as database:
        more = ["--files-folder", str(path / "files")]
        with contextlib.closing(Server(BINARY, database, path, "one", *more)) as one, \
             contextlib.closing(Server(BINARY, database, path, "two", *more)) as two:
            headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(4 * MIB)}
            location = one.call("POST", "/api/v1/files", headers=headers)[2]["Location"]
            with contextlib.closing(begun_patch(one, location, 4 * MIB)) as connection:
                connection.send(b"\0" * MIB)
                on_disk = path / "files" / location.rsplit("/", 1)[1]
                eventually(lambda: on_disk.exists() and on_disk.stat().st_size > 0, "the first writes")
                status = second_status(two, location)
                check(status == 423, f"the other server says that it is written to: {status}")
                connection.send(b"\0" * 3 * MIB)
                check(connection.getresponse().status == 204, "the first goes on")
            check(two.expect(200, "GET", location)["finished"], "the other server knows")


def begun_patch(server, location, length):
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
    connection.putrequest("PATCH", location)
    for name, value in {"Authorization": f"Bearer {server.token}", "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
                        "Content-Type": "application/offset+octet-stream", "Content-Length": str(length)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def second_status(server, location):
    with contextlib.closing(begun_patch(server, location, 1)) as connection:
        connection.send(b"x")
        return connection.getresponse().status


def own_command_line():
    with folder() as path:
        (path / "shows").mkdir()
        digest = some_file(path / "a.mp4", 9 * MIB + 1)
        shutil.copy(path / "a.mp4", path / "shows" / "Pilot.mp4")
        with contextlib.closing(Server(BINARY, f"sqlite:{path}/fencepost.db", path, "server",
                                       "--media-folders", f"shows={path}/shows")) as server:
            def run(*words):
                done = subprocess.run([BINARY, *words, "--json", "--server", server.url, "--token-file", str(path / "token")],
                                      stdout=subprocess.PIPE, text=True, timeout=120, check=True)
                return json.loads(done.stdout)
            expect_whole(server, run("upload", "file", str(path / "a.mp4")), digest)
            made = run("video", "add", "shows", "Pilot.mp4")
            check(run("video", "show", str(made["id"]))["path"] == "Pilot.mp4", "what was added is shown")
            check(len(run("video", "list")["items"]) == 2, "both are listed")
            check(run("video", "folders", "shows")["items"][0]["name"] == "Pilot.mp4", "the folder is listed")
            template = run("template", "create", "--channel", "1", "--title", "{title} #{number}", "--tag", "pod cast")
            shown = run("template", "preview", str(template["id"]), "--title", "Pilot", "--number", "1")
            check(shown["title"] == "Pilot #1", shown)


if __name__ == "__main__":
    sys.exit(run_all([("tus-js-client with an interruption", tus_js_client_with_an_interruption),
                      ("a server that is killed", a_server_that_is_killed),
                      ("two servers with one folder", two_servers_with_one_folder),
                      ("our own command line", own_command_line)]))
