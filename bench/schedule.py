"""Measures how long a schedule takes over the API while 16 people schedule on the same days, on SQLite and on two
servers over PostgreSQL, and writes docs/schedules.md. Started by scripts/bench --schedules [PAGE]."""
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))

import machine
from harness import Server, postgres_database
from schedule_test import Database

PEOPLE, EACH, CHANNELS = 16, 40, 4
WANTED_MS = 100

HEAD = """# How long a schedule takes

Written by `scripts/bench --schedules`; do not edit. {people} people schedule {total} videos at once, on {channels} channels
of one quota project, each in the next free slot: all want the same days. The videos are there, and measured. Over HTTP, with a connection for each person and a
key for each request; from the first byte sent to the last one read, with the client on the same machine. Wanted: 99 of 100
under {wanted} ms.

{machine}

| database | servers | median, ms | p95, ms | p99, ms | longest, ms | schedules a second |
|---|--:|--:|--:|--:|--:|--:|
"""


def prepare(server, database):
    project = server.expect(201, "POST", "/api/v1/quota-projects", {"name": "bench", "uploads": 1_000})
    channels = []
    for n in range(CHANNELS):
        account = database.run("INSERT INTO fencepost_connections (name, platform, target) "
                               f"VALUES ('account {n}', 'youtube', '') RETURNING id")[0][0]
        channels.append(server.expect(201, "POST", "/api/v1/channels", {
            "name": f"Channel {n}", "connection_id": int(account), "project_id": project["id"],
            "capacity": 3, "limits": {"short": 9}, "horizon_days": 60})["id"])
    # Measured already, as those of people are by the time that they are scheduled.
    values = ", ".join(f"('films', 'v{n}.mp4', 1, 0, 1, 'video/mp4', 'Film {n}', 0, 1)" for n in range(PEOPLE * EACH))
    return channels, [int(row[0]) for row in database.run(
        "INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type, title, created_at, probed_at) "
        f"VALUES {values} RETURNING id")]


def measure(servers, database):
    channels, videos = prepare(servers[0], database)
    took, lock, start = [], threading.Lock(), threading.Barrier(PEOPLE + 1)

    def person(n):
        server = servers[n % len(servers)]
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
        mine = []
        start.wait()
        for at in range(n * EACH, (n + 1) * EACH):
            body = json.dumps({"video_id": videos[at], "kind": "short"})
            before = time.perf_counter()
            connection.request("POST", f"/api/v1/channels/{channels[at % CHANNELS]}/uploads", body,
                               {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json",
                                "Idempotency-Key": f"v{at}"})
            answer = connection.getresponse()
            text = answer.read()
            mine.append(time.perf_counter() - before)
            if answer.status != 201:
                raise SystemExit(f"{answer.status} {text}")
        with lock:
            took.extend(mine)

    with concurrent.futures.ThreadPoolExecutor(PEOPLE) as pool:
        people = [pool.submit(person, n) for n in range(PEOPLE)]
        start.wait()
        began = time.perf_counter()
        for one in people:
            one.result()
        elapsed = time.perf_counter() - began
    took.sort()
    share = lambda part: took[min(len(took) - 1, int(len(took) * part))] * 1000
    return share(0.5), share(0.95), share(0.99), took[-1] * 1000, len(took) / elapsed


def run(binary, name, count, open_database):
    with tempfile.TemporaryDirectory(prefix="fencepost-bench-") as path, open_database(path) as url:
        folder = pathlib.Path(path)
        servers = [Server(binary, url, folder, f"server{n}") for n in range(count)]
        try:
            figures = measure(servers, Database(url))
        finally:
            for server in servers:
                server.close()
    print(name, *(f"{one:.1f}" for one in figures), flush=True)
    return f"| {name} | {count} | " + " | ".join(f"{one:,.1f}" for one in figures) + " |", figures[2]


def main():
    binary, page = sys.argv[1], pathlib.Path(sys.argv[2])
    rows = [run(binary, "SQLite", 1, lambda path: contextlib.nullcontext(f"sqlite:{path}/bench.db")),
            run(binary, "PostgreSQL", 2, lambda path: postgres_database())]
    over = [row for row, p99 in rows if p99 > WANTED_MS]
    verdict = "Some were longer than wanted." if over else f"99 of 100 took less than {WANTED_MS} ms."
    box = machine.describe(page.parent)
    where = f"{box['cpu']}, {box['cores']} cores; {box['system']}."
    text = HEAD.format(people=PEOPLE, total=PEOPLE * EACH, channels=CHANNELS, wanted=WANTED_MS, machine=where)
    page.write_text(text + "\n".join(row for row, _ in rows) + f"\n\n{verdict}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
