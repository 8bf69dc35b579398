#!/usr/bin/env python3
"""The pages of web/ in Debian's Chromium, against real servers on both databases; and that they ask for nothing that
the API does not have.

usage: web_test.py PATH/TO/fencepost [types|sqlite|postgres|demo] [--shots FOLDER]
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import ROOT, Receiver, Server, check, first_line, folder, postgres_database, run_all, show_logs  # noqa: E402

WEB = ROOT / "web"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def pages(kind, binary, shots):
    with folder() as path, contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres_database()) if kind == "postgres" else f"sqlite:{path}/fencepost.db"
        receiver = Receiver(SECRET)
        stack.callback(receiver.close)
        server = Server(binary, database, path, "server", "--post-timeout", "5s")
        stack.callback(server.close)
        code = first_line(server.process, r"first person: open \S+/welcome#code=(fpf_\S+)")
        world = {"url": server.url, "code": code, "receiver": receiver.url, "looks": kind == "sqlite"}
        environment = {**os.environ, "FENCEPOST_WORLD": json.dumps(world), **({"FENCEPOST_SHOTS": shots} if shots else {})}
        done = subprocess.run(["node", str(HERE / "pages.mjs")], env=environment, check=False)
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
    parser.add_argument("what", nargs="*", choices=["types", "sqlite", "postgres", "demo", []], help="all of them where none is named")
    parser.add_argument("--shots", type=os.path.abspath, help="also writes what every page looks like")
    given = parser.parse_args()
    tests = {"types": lambda: types(given.binary), "sqlite": lambda: pages("sqlite", given.binary, given.shots),
             "postgres": lambda: pages("postgres", given.binary, None), "demo": lambda: demo(given.binary, given.shots)}
    sys.exit(run_all([(name, test) for name, test in tests.items() if not given.what or name in given.what]))
