#!/usr/bin/env python3
"""Each platform, each fault, a crash at each point: how many posts the platform accepted, and what Fencepost says. Through
the real server and the emulators; compared with what platforms.py derives from what each platform can be asked.

usage: platforms_test.py PATH/TO/fencepost [--write] [--only PLATFORM] [--quick]

--write: writes docs/platform-faults.md of what was seen; without it that page has to say the same.
--quick: every fault without a crash, and two crashes without a fault; the page is compared as far as that goes.
"""

import argparse
import concurrent.futures
import http.client
import os
import re
import threading
import time
import traceback

from harness import PATIENCE, ROOT, Failed, Server, check, folder, run_all, show_logs
from platforms import FAULTS, PLATFORMS, POINTS, TEXT, TIMEOUT, Emulated, promised

PAGE = ROOT / "docs/platform-faults.md"
QUICK = ("gate.passed", "sent")
AT_ONCE = 16  # cells beside each other: most of the time each waits
HEAD = """# What is left after each fault

Written by `tests/e2e/platforms_test.py --write`, which runs the real server beside the emulators of `emulators/`; without
`--write` the test fails where this page says something else. A cell has the number of posts that the platform accepted, and
the state that Fencepost shows. A crash is SIGKILL at a named point of the code, then a new process on the same database.

*unknown* stands only where the platform can be asked nothing better, and a person decides. *queued* waits for the reset that
the platform named. The request's deadline is {timeout} s here. "linkedin (partner)" may read a member's posts (`r_member_social`).

| point | what had happened when the process died |
|---|---|
| claimed, gate.begin, gate.commit | nothing had begun |
| gate.passed | the effect had begun, and no byte was sent |
| sent, settle.commit | the platform had answered, and nothing of it was written down |
| settled | all was written down |
"""


class Cell:
    """One fault on one platform, with a crash at one point."""

    def __init__(self, binary, platform, fault, point):
        self.binary, self.platform, self.fault, self.point = binary, platform, fault, point
        self.wanted = promised(platform, fault, point)
        self.seen = (None, "not run")

    def __str__(self):
        return f"{self.platform.name} × {self.fault.name} × {self.point or 'no crash'}"

    def run(self):
        with folder() as path:
            emulator = Emulated(self.platform.script, *self.platform.arguments)
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
        return Server(self.binary, f"sqlite:{path}/fencepost.db", path, "server", "--post-timeout", f"{TIMEOUT}s",
                      "--concurrency", "1", *self.platform.settings(emulator.url), kill_at=kill_at)

    def within(self, path, emulator):
        server = self.server(path, emulator, self.point)
        try:
            made = server.expect(201, "POST", "/api/v1/connections", {
                "name": "account", "platform": self.platform.name.split()[0], "secret": self.platform.secret(emulator.url),
                **({"url": self.platform.target(emulator.url)} if self.platform.target(emulator.url) else {})})
            if self.fault.mode:
                emulator.ask("/_fault", {**self.fault.mode, "method": self.platform.method, "path": self.platform.path})
            item = self.announce(server, made["id"])
            if self.point:
                server.process.wait(PATIENCE)
                server.close()
                server = self.server(path, emulator)
                item = server.expect(200, "GET", "/api/v1/announcements")["items"][0]["id"]
            self.await_promise(server, emulator, item)
            self.nothing_more(server, emulator, item)
        finally:
            server.close()

    def announce(self, server, connection):
        """The announcement's id; None where the server died before it could tell."""
        try:
            return server.expect(201, "POST", "/api/v1/announcements", {"connection_id": connection, "text": TEXT})["id"]
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
        check(len(emulator.posts()) <= 1, f"{self}: two posts after post-now")


def page_of(cells):
    """The document: a table a platform."""
    lines = [HEAD.format(timeout=TIMEOUT)]
    for platform in PLATFORMS:
        points = [point for point in POINTS]
        lines += [f"## {platform.name}", "", "| fault | " + " | ".join(point or "no crash" for point in points) + " |",
                  "|---" * (len(points) + 1) + "|"]
        for fault in FAULTS:
            found = [cells.get((platform.name, fault.name, point)) for point in points]
            lines.append(f"| {fault.name} | " + " | ".join("" if one is None else f"{one[0]} {one[1]}" for one in found) + " |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def read_page():
    """{(platform, fault, point): (posts, state)} of the document."""
    cells, platform, points = {}, None, []
    for line in PAGE.read_text().splitlines() if PAGE.exists() else []:
        row = [one.strip() for one in line.strip("|").split("|")]
        if line.startswith("## "):
            platform = line[3:]
        elif line.startswith("| fault") and platform:
            points = ["" if one == "no crash" else one for one in row[1:]]
        elif line.startswith("| ") and platform:
            for point, cell in zip(points, row[1:]):
                if found := re.fullmatch(r"(\d+) (\w+)", cell):
                    cells[(platform, row[0], point)] = (int(found[1]), found[2])
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", help="a platform, or a part of PLATFORM × FAULT × POINT")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    cells = [Cell(os.path.abspath(arguments.binary), platform, fault, point)
             for platform in PLATFORMS for fault in FAULTS for point in POINTS]
    cells = [cell for cell in cells if (not arguments.only or arguments.only in str(cell)) and
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
    seen = {(cell.platform.name, cell.fault.name, cell.point): cell.seen for cell in cells}
    if arguments.write:
        PAGE.write_text(page_of({**written, **seen}))
        written = seen

    def outcome(cell):
        def test():
            if str(cell) in results:
                raise results[str(cell)]
            at = (cell.platform.name, cell.fault.name, cell.point)
            check(written.get(at) == cell.seen, f"the page says {written.get(at)}, seen was {cell.seen}: run it with --write")
        return test

    return run_all([(str(cell), outcome(cell)) for cell in cells])


if __name__ == "__main__":
    raise SystemExit(main())
