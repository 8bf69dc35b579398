"""Measures how sitemaps are read, and stored, at 5,000, 50,000 and 500,000 URLs, and writes docs/sitemaps.md. Started
by scripts/bench --sitemaps [PAGE]. Fails where time is not linear or memory not flat."""
import json
import pathlib
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True

import machine
import sitemap_store

SIZES = (5_000, 50_000, 500_000)
ROUNDS = 5
STORE_ROUNDS = 3
STEEPEST = 1.5  # times as long for one URL at the largest size as at the smallest
MOST_RISEN = 4_096  # KiB more at the largest size than at the smallest
MOST_STORED = 8_192  # KiB more than at the middle size where it is stored: SQLite's caches fill up first

HEAD = """# Sitemaps: reading and storing

Written by `scripts/bench --sitemaps`; do not edit.

{machine}

## Reading

One pass, as the bytes come (64 KiB at a time), each URL normalised
(`connect::absolute_url`), given out in batches of 1,000 and judged by its words (`connect::judge_url`). A process of its
own for each size and round; the median of {rounds} rounds. Seconds of CPU: what others do on the machine does not count.
Memory: how far the process's peak rose while it read.

| form | URLs | MB of XML | CPU, s | µs a URL | memory, MiB |
|---|--:|--:|--:|--:|--:|
"""

STORING = """
## Storing

The whole pipeline by a real `fencepost serve`: claimed, fetched over HTTP, parsed, judged and written to a fresh database
as it comes, 1,000 pages a transaction under the claim's lock, with all indexes and triggers; and settled. PostgreSQL waits
for its disk. The median of {rounds} rounds. CPU: of the server and of its connections to PostgreSQL. Memory: how far the
server's peak rose, SQLite's caches included; PostgreSQL's own is PostgreSQL's. `--curate-sitemap-urls` was raised: by itself a server stops at the
protocol's 50,000.

| database | URLs | seconds | CPU, s | CPU, µs a URL | memory, MiB |
|---|--:|--:|--:|--:|--:|
"""


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def read(program, size, form):
    runs = []
    for _ in range(ROUNDS):
        out = subprocess.run([program, str(size), *form], capture_output=True, text=True, check=True, timeout=600)
        runs.append(json.loads(out.stdout))
    return median_of(runs)


def grown(name, each, found, base, most):
    """What is wrong with a row of sizes. `each`: µs a URL; memory may be `most` KiB above the size `base`."""
    wrong = []
    if each[-1] > STEEPEST * each[0]:
        wrong.append(f"{name}: a URL took {each[-1] / each[0]:.2f} times as long at {SIZES[-1]:,}")
    if found[-1]["risen_kib"] > found[base]["risen_kib"] + most:
        wrong.append(f"{name}: memory grew with the size")
    return wrong


def main():
    program, server, page = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    rows, stored, failed = [], [], []
    for name, form in (("XML", []), ("gzip", ["--gzip"])):
        found = [read(program, size, form) for size in SIZES]
        each = [one["seconds"] / one["urls"] * 1e6 for one in found]
        for one, micros in zip(found, each):
            rows.append(f"| {name} | {one['urls']:,.0f} | {one['bytes'] / 1e6:.1f} | {one['seconds']:.3f} | {micros:.2f} "
                        f"| {one['risen_kib'] / 1024:.1f} |")
        failed += grown(name, each, found, 0, MOST_RISEN)
    for kind in (sitemap_store.Sqlite, sitemap_store.Postgres):
        found = [median_of([sitemap_store.store(server, kind, size) for _ in range(STORE_ROUNDS)]) for size in SIZES]
        each = [one["cpu"] / one["urls"] * 1e6 for one in found]
        for one, micros in zip(found, each):
            stored.append(f"| {kind.name} | {one['urls']:,.0f} | {one['seconds']:.2f} | {one['cpu']:.2f} | {micros:.1f} "
                          f"| {one['risen_kib'] / 1024:.1f} |")
        failed += grown(f"stored on {kind.name}", each, found, 1, MOST_STORED)
    verdict = "; ".join(failed) if failed else "Time is linear and memory flat."
    box = machine.describe(page.parent)
    where = f"{box['cpu']}, {box['cores']} cores; {box['system']}."
    text = (HEAD.format(rounds=ROUNDS, machine=where) + "\n".join(rows) + "\n" + STORING.format(rounds=STORE_ROUNDS)
            + "\n".join(stored) + f"\n\n{verdict}\n")
    page.write_text(text)
    print(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
