#!/usr/bin/env python3
"""The pages of web/ in Debian's Chromium, against real servers on both databases; and that they ask for nothing that
the API does not have.

usage: web_test.py PATH/TO/fencepost [types|sqlite|postgres|uploads|uploads_postgres|demo] [--shots FOLDER]
"""

import argparse
import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import (ROOT, Receiver, Server, check, first_line, folder, folder_on_disk, postgres_database,  # noqa: E402
                     run_all, show_logs)
from platforms import PLATFORMS, Emulated  # noqa: E402

WEB = ROOT / "web"
DISCORD = next(one for one in PLATFORMS if one.name == "discord")  # which takes images
X = next(one for one in PLATFORMS if one.name == "x")  # which takes money
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CHANNEL = "UC" + "a" * 22
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"


def pages(kind, binary, shots):
    with folder() as path, contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres_database()) if kind == "postgres" else f"sqlite:{path}/fencepost.db"
        receiver = Receiver(SECRET)
        stack.callback(receiver.close)
        discord = stack.enter_context(contextlib.closing(Emulated(DISCORD.script, *DISCORD.arguments)))
        x = stack.enter_context(contextlib.closing(Emulated(X.script, *X.arguments)))
        model = stack.enter_context(contextlib.closing(Emulated("model/model.py")))
        (path / "model-key").write_text("sk-demo\n")
        server = Server(binary, database, path, "server", "--post-timeout", "20s", *DISCORD.settings(discord.url),
                        *X.settings(x.url), "--text-api", "openai", "--text-url", model.url, "--text-model", "small",
                        "--text-key-file", str(path / "model-key"))
        stack.callback(server.close)
        code = first_line(server.process, r"first person: open \S+/welcome#code=(fpf_\S+)")
        world = {"url": server.url, "code": code, "receiver": receiver.url, "looks": kind == "sqlite", "model": model.url,
                 "x": {"url": x.url, "secret": X.secret(x.url)}, "discord": {"url": discord.url, "secret": DISCORD.secret(discord.url)}}
        environment = {**os.environ, "FENCEPOST_WORLD": json.dumps(world), **({"FENCEPOST_SHOTS": shots} if shots else {})}
        done = subprocess.run(["node", str(HERE / "pages.mjs")], env=environment, check=False)
        if done.returncode != 0:
            show_logs(path)
        check(done.returncode == 0, "see above")


class Restarts(http.server.ThreadingHTTPServer):
    """POST here kills the server (-9) and starts the next one on its database; the answer says where."""

    def __init__(self, start):
        self.start, self.server = start, start()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                owner.server.kill()
                owner.server.close()
                owner.server = owner.start()
                body = json.dumps({"url": owner.server.url}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.server.close()


def uploads(kind, binary, shots):
    """Channels and videos: YouTube beside it, a folder of films, a server that is killed in between."""
    with folder() as path, folder_on_disk() as media, contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres_database()) if kind == "postgres" else f"sqlite:{path}/fencepost.db"
        youtube = Emulated("youtube/youtube.py")
        stack.callback(youtube.close)
        youtube.ask("/_channels", {"channels": [{"id": CHANNEL, "title": "Night Talk"}]})
        (media / "films").mkdir()
        for number in range(1, 9):
            (media / "films" / f"Film {number}.mp4").write_bytes(MP4 + bytes([number]) * (1000 if number == 7 else 24_000_000))
        (media / "nothing.mp4").touch()
        for name in ("cut.mp4", "reload.mp4", "first.mp4", "drop one.mp4", "drop two.mp4", "drop three.mp4"):
            (media / name).write_bytes(MP4 + name.encode() * 4_000_000)
        url = youtube.url
        restarts = Restarts(lambda: Server(
            binary, database, path, "server", "--youtube-api-url", url, "--youtube-accounts-url", url, "--youtube-token-url", url,
            "--youtube-client-id", "us", "--upload-timeout", "3s", "--lease", "3s", "--ffprobe", "off",
            "--media-folders", f"films={media}/films", "--files-folder", str(media / "files")))
        stack.callback(restarts.close)
        code = first_line(restarts.server.process, r"first person: open \S+/welcome#code=(fpf_\S+)")
        world = {"url": restarts.server.url, "code": code, "restart": f"http://127.0.0.1:{restarts.server_port}/",
                 "youtube": url, "files": str(media), "looks": kind == "sqlite"}
        environment = {**os.environ, "FENCEPOST_WORLD": json.dumps(world), **({"FENCEPOST_SHOTS": shots} if shots else {})}
        done = subprocess.run(["node", str(HERE / "uploads.mjs")], env=environment, check=False)
        if done.returncode != 0:
            show_logs(path)
        check(done.returncode == 0, "see above")


def demo(binary, shots):
    """scripts/run --demo, whose show goes live sooner than a newcomer would want."""
    process = subprocess.Popen([sys.executable, "-u", str(ROOT / "emulators/demo.py"), binary, "--listen", "127.0.0.1:0"],
                               env={**os.environ, "FENCEPOST_DEMO_LIVE_IN": "15"}, stdout=subprocess.PIPE, text=True)
    try:
        url = first_line(process, r"nothing outside this machine: (http://\S+)")
        environment = {**os.environ, "FENCEPOST_WORLD": json.dumps({"url": url}), **({"FENCEPOST_SHOTS": shots} if shots else {})}
        done = subprocess.run(["node", str(HERE / "demo.mjs")], env=environment, check=False)
        check(done.returncode == 0, "see above")
    finally:
        process.terminate()
        process.wait()


def types(binary):
    """The client is typed from the document that this very server serves."""
    with folder() as path:
        server = Server(binary, f"sqlite:{path}/fencepost.db", path, "server")
        try:
            run = lambda *command: subprocess.run(["node", *command], cwd=WEB, capture_output=True, text=True, check=False)
            made = run("node_modules/openapi-typescript/bin/cli.js", server.url + "/api/v1/openapi.json", "-o", "src/api/schema.d.ts",
                       "--empty-objects-unknown")
            check(made.returncode == 0, f"openapi-typescript: {made.stdout} {made.stderr}")
            checked = run("node_modules/typescript/bin/tsc", "--noEmit")
            check(checked.returncode == 0, f"the pages do not fit the API:\n{checked.stdout}")
        finally:
            server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=os.path.abspath)
    parser.add_argument("what", nargs="*", choices=["types", "sqlite", "postgres", "uploads", "uploads_postgres", "demo", []], help="all of them where none is named")
    parser.add_argument("--shots", type=os.path.abspath, help="also writes what every page looks like")
    given = parser.parse_args()
    tests = {"types": lambda: types(given.binary), "sqlite": lambda: pages("sqlite", given.binary, given.shots),
             "postgres": lambda: pages("postgres", given.binary, None),
             "uploads": lambda: uploads("sqlite", given.binary, given.shots),
             "uploads_postgres": lambda: uploads("postgres", given.binary, None), "demo": lambda: demo(given.binary, given.shots)}
    sys.exit(run_all([(name, test) for name, test in tests.items() if not given.what or name in given.what]))
