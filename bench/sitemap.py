"""Measures how sitemaps are read at 5,000, 50,000 and 500,000 URLs, and writes docs/sitemaps.md. Started by
scripts/bench --sitemaps [PAGE]. Fails where time is not linear or memory not flat."""
import json
import pathlib
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True

import machine

SIZES = (5_000, 50_000, 500_000)
ROUNDS = 5
STEEPEST = 1.5  # times as long for one URL at the largest size as at the smallest
MOST_RISEN = 4_096  # KiB more at the largest size than at the smallest

HEAD = """# Reading sitemaps

Written by `scripts/bench --sitemaps`; do not edit. One pass, as the bytes come (64 KiB at a time), each URL normalised
(`connect::absolute_url`), given out in batches of 1,000 and judged by its words (`connect::judge_url`). A process of its
own for each size and round; the median of {rounds} rounds. Seconds of CPU: what others do on the machine does not count.
Memory: how far the process's peak rose while it read.

{machine}

| form | URLs | MB of XML | CPU, s | µs a URL | memory, MiB |
|---|--:|--:|--:|--:|--:|
"""


def measure(program, size, form):
    runs = []
    for _ in range(ROUNDS):
        out = subprocess.run([program, str(size), *form], capture_output=True, text=True, check=True, timeout=600)
        runs.append(json.loads(out.stdout))
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main():
    program, page = sys.argv[1], pathlib.Path(sys.argv[2])
    rows, failed = [], []
    for name, form in (("XML", []), ("gzip", ["--gzip"])):
        found = [measure(program, size, form) for size in SIZES]
        each = [one["seconds"] / one["urls"] * 1e6 for one in found]
        for one, micros in zip(found, each):
            rows.append(f"| {name} | {one['urls']:,.0f} | {one['bytes'] / 1e6:.1f} | {one['seconds']:.3f} | {micros:.2f} "
                        f"| {one['risen_kib'] / 1024:.1f} |")
        if each[-1] > STEEPEST * each[0]:
            failed.append(f"{name}: a URL took {each[-1] / each[0]:.2f} times as long at {SIZES[-1]:,}")
        if found[-1]["risen_kib"] > found[0]["risen_kib"] + MOST_RISEN:
            failed.append(f"{name}: memory grew with the size")
    verdict = "; ".join(failed) if failed else "Time is linear and memory flat."
    box = machine.describe(page.parent)
    where = f"{box['cpu']}, {box['cores']} cores; {box['system']}."
    text = HEAD.format(rounds=ROUNDS, machine=where) + "\n".join(rows) + f"\n\n{verdict}\n"
    page.write_text(text)
    print(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
