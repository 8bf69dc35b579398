#!/usr/bin/env python3
"""Each platform, each fault, a crash at each point: how many posts the platform accepted, and what Fencepost says. Through
the real server and the emulators; compared with what platforms.py derives from what each platform can be asked.

usage: platforms_test.py PATH/TO/fencepost [--write] [--only PLATFORM] [--quick] [--postgres]

--write: writes docs/platform-faults.md of what was seen; without it that page has to say the same.
--quick: every fault without a crash, and the crashes around the gate without a fault; the page is compared as far as that
goes. --postgres: on PostgreSQL, where the same page has to hold; otherwise on SQLite.
"""

import argparse
import concurrent.futures
import contextlib
import datetime
import http.client
import os
import re
import threading
import time
import traceback

from harness import PATIENCE, ROOT, Failed, Server, check, folder, postgres_database, run_all, show_logs
from images import Front, announce_with_image, png
from platforms import FAULTS, PLAIN, TEXT, TIMEOUT, UPLOAD, Emulated, posts_in, promised, sections

PAGE = ROOT / "docs/platform-faults.md"
QUICK = ("gate.begin", "gate.passed", "sent")
IMAGE, ALT = png(), "A cat & <its> microphone"
AT_ONCE = 16  # cells beside each other: most of the time each waits
HEAD = """# What is left after each fault

Written by `tests/e2e/platforms_test.py --write`, which runs the real server beside the emulators of `emulators/`; without
`--write` the test fails where this page says something else. A cell has the number of posts that the platform accepted, and
the state that Fencepost shows. A crash is SIGKILL at a named point of the code, then a new process on the same database.

*unknown* stands only where the platform can be asked nothing better, and a person decides. *queued* waits for the reset that
the platform named. The request's deadline is {timeout} s here. "linkedin (partner)" may read a member's posts (`r_member_social`).

With an image, its upload comes before the gate, and is seen by nobody: whatever becomes of it, no post is lost and none is
doubled. Discord has the image in the post itself. Threads fetches it from the server while the container is made: that is
the upload here. A cell is empty where the failure is certain before that point is reached.

| point | what had happened when the process died |
|---|---|
| claimed, gate.begin, gate.commit | nothing had begun; from gate.begin on the image was uploaded |
| gate.passed | the effect had begun, and no byte was sent |
| sent, settle.commit | the platform had answered, and nothing of it was written down |
| settled | all was written down |
"""


class Cell:
    """One fault on one platform, with a crash at one point; `kind`: of what is sent."""

    def __init__(self, arguments, platform, kind, fault, point):
        self.binary, self.postgres = os.path.abspath(arguments.binary), arguments.postgres
        self.platform, self.kind, self.fault, self.point = platform, kind, fault, point
        self.wanted = promised(platform, kind, fault, point)
        self.seen = (None, "not run")
        self.front = None  # where the platform fetches images

    def at(self):
        return title_of(self.platform, self.kind), self.fault.name, self.point

    def __str__(self):
        return f"{title_of(self.platform, self.kind)} × {self.fault.name} × {self.point or 'no crash'}"

    def run(self):
        with contextlib.ExitStack() as stack:
            path = stack.enter_context(folder())
            self.database = stack.enter_context(postgres_database()) if self.postgres else f"sqlite:{path}/fencepost.db"
            emulator = Emulated(self.platform.script, *self.platform.arguments)
            if self.platform.fetches:
                self.front = stack.enter_context(Front())
            try:
                self.platform.setup(emulator)
                self.within(path, emulator)
            except BaseException:
                if self.seen != self.wanted:
                    show_logs(path)
                raise
            finally:
                emulator.close()

    def server(self, path, emulator, kill_at=""):
        public = ["--public-url", self.front.url] if self.front else []
        server = Server(self.binary, self.database, path, "server", "--post-timeout", f"{TIMEOUT}s",
                        "--concurrency", "1", *public, *self.platform.settings(emulator.url), kill_at=kill_at)
        if self.front:
            self.front.to(server)
        return server

    def within(self, path, emulator):
        server = self.server(path, emulator, self.point)
        try:
            made = server.expect(201, "POST", "/api/v1/connections", {
                "name": "account", "platform": self.platform.name.split()[0], "secret": self.platform.secret(emulator.url),
                **({"url": self.platform.target(emulator.url)} if self.platform.target(emulator.url) else {})})
            if self.fault.mode:
                method, where = self.platform.upload if self.kind == UPLOAD else (self.platform.method, self.platform.path)
                emulator.ask("/_fault", {**self.fault.mode, "method": method, "path": where})
            item = self.announce(server, made["id"])
            if self.point:
                server.process.wait(PATIENCE)
                server.close()
                if self.front:
                    self.front.to(None)
                server = self.server(path, emulator)
                item = server.expect(200, "GET", "/api/v1/announcements")["items"][0]["id"]
            self.await_promise(server, emulator, item)
            self.nothing_more(server, emulator, item)
        finally:
            server.close()

    def announce(self, server, connection):
        """The announcement's id; None where the server died before it could tell."""
        try:
            if self.kind == PLAIN:
                return server.expect(201, "POST", "/api/v1/announcements", {"connection_id": connection, "text": TEXT})["id"]
            item, version = announce_with_image(server, connection, TEXT, IMAGE, ALT)
            now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            server.expect(200, "PATCH", f"/api/v1/announcements/{item}", {"run_at": now}, {"If-Match": f'"{version}"'})
            return item
        except (OSError, http.client.HTTPException):
            check(self.point, f"{self}: the server is gone")
            return None

    def look(self, server, emulator, item):
        """(posts, state), and whether that may still change by itself."""
        shown = server.expect(200, "GET", f"/api/v1/announcements/{item}")
        state = shown["status"]
        going_on = state == "sending" or (state == "queued" and shown["attempts"] == 0)
        if state == "unknown":  # as long as nobody has asked the platform
            events = server.expect(200, "GET", f"/api/v1/announcements/{item}/history")["items"]
            going_on = not any(event["kind"] == "reconciled" for event in events)
        return (len(emulator.posts()), state), going_on

    def await_promise(self, server, emulator, item):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.seen, going_on = self.look(server, emulator, item)
            check((self.seen[0] or 0) <= 1, f"{self}: two posts")
            if self.seen == self.wanted and not going_on:
                return
            if self.seen[1] in ("posted", "failed") and self.seen[1] != self.wanted[1]:
                break
            time.sleep(0.05)
        raise Failed(f"{self}: {self.seen}, wanted {self.wanted}")

    def nothing_more(self, server, emulator, item):
        """Whatever a person does now, there is one post at most, and one where it says so."""
        status, answer, _ = server.call("POST", f"/api/v1/announcements/{item}/post-now", {})
        if self.wanted[1] in ("unknown", "posted"):
            check(status == 409, f"{self}: post-now answers {status} {answer}")
        accepted = emulator.ask("/_accepted")
        posts = posts_in(accepted)
        check(len(posts) <= 1, f"{self}: two posts after post-now")
        if self.kind != PLAIN and posts:
            alts = self.platform.alts(posts[0], accepted)
            check(alts == [ALT], f"{self}: the post has the images {alts}")


def title_of(platform, kind):
    return f"{platform.name}, {kind}" if kind else platform.name


def page_of(cells):
    """The document: a table for each platform and kind."""
    lines = [HEAD.format(timeout=TIMEOUT)]
    for platform, kind, points in sections():
        title = title_of(platform, kind)
        lines += [f"## {title}", "", "| fault | " + " | ".join(point or "no crash" for point in points) + " |",
                  "|---" * (len(points) + 1) + "|"]
        for fault in FAULTS:
            found = [cells.get((title, fault.name, point)) for point in points]
            lines.append(f"| {fault.name} | " + " | ".join("" if one is None else f"{one[0]} {one[1]}" for one in found) + " |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def read_page():
    """{(title, fault, point): (posts, state)} of the document."""
    cells, title, points = {}, None, []
    for line in PAGE.read_text().splitlines() if PAGE.exists() else []:
        row = [one.strip() for one in line.strip("|").split("|")]
        if line.startswith("## "):
            title = line[3:]
        elif line.startswith("| fault") and title:
            points = ["" if one == "no crash" else one for one in row[1:]]
        elif line.startswith("| ") and title:
            for point, cell in zip(points, row[1:]):
                if found := re.fullmatch(r"(\d+) (\w+)", cell):
                    cells[(title, row[0], point)] = (int(found[1]), found[2])
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", help="a platform, or a part of PLATFORM, KIND × FAULT × POINT")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    arguments = parser.parse_args()
    cells = [Cell(arguments, platform, kind, fault, point)
             for platform, kind, points in sections() for fault in FAULTS for point in points]
    cells = [cell for cell in cells if cell.wanted and (not arguments.only or arguments.only in str(cell)) and
             (not arguments.quick or not cell.point or (cell.point in QUICK and cell.fault.name == "none"))]
    results, lock = {}, threading.Lock()

    def run(cell):
        try:
            cell.run()
        except Exception as error:  # pylint: disable=broad-except
            with lock:
                traceback.print_exc()
                results[str(cell)] = error

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run, cells))
    written = read_page()
    seen = {cell.at(): cell.seen for cell in cells}
    if arguments.write:
        PAGE.write_text(page_of({**written, **seen}))
        written = seen

    def outcome(cell):
        def test():
            if str(cell) in results:
                raise results[str(cell)]
            said = written.get(cell.at())
            check(said == cell.seen, f"the page says {said}, seen was {cell.seen}: run it with --write")
        return test

    return run_all([(str(cell), outcome(cell)) for cell in cells])


if __name__ == "__main__":
    raise SystemExit(main())
