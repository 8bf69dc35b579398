"""Measures ours and the peers in turn, and writes docs/benchmarks.md. Started by scripts/bench.

Every round runs every contestant once, in an order of its own, each with a fresh database, after a
checkpoint: what a noisy neighbour takes, it takes from all. A counting round at the end, which is not timed,
sees statements and round trips through a proxy.
"""
import argparse
import contextlib
import fnmatch
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True

import contestants
import machine
import page
import server
from exchanges import Proxy

RESULTS = machine.ROOT / "bench/results"
TIMEOUT = 900  # s; a contestant that hangs is a failure, not the end of the run


def say(text):
    print(text, flush=True)


class Failed(Exception):
    pass


def finish(process, label):
    """The process's last line of JSON; Failed where it said that an item was lost or done twice."""
    out, err = process.communicate()
    lines = out.strip().splitlines()
    if process.returncode != 0 or not lines:
        raise Failed(f"{label}: exit {process.returncode}: {err.strip()[-500:]} {out.strip()[-300:]}")
    return json.loads(lines[-1])


@contextlib.contextmanager
def ended_in_time(process):
    timer = threading.Timer(TIMEOUT, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()


class Run:
    """One contestant, once."""

    def __init__(self, who, items, folder, through=None):
        self.who, self.items, self.through = who, items, through
        self.database = "bench_" + re.sub(r"\W", "_", who.name)
        self.file = folder / f"{who.name}.db"
        self.url = f"sqlite:{self.file}" if who.sqlite else server.url_of(self.database)
        self.measured = {}

    def words(self, command, url):
        return [word.format(url=url, path=self.file, items=self.items) for word in command]

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        if not self.who.sqlite:
            self.stack.enter_context(server.fresh_database(self.database))
        try:
            if self.who.prepare:
                done = subprocess.run(
                    self.words(self.who.prepare, self.url), capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    raise Failed(f"{self.who.name}: preparation: {done.stderr.strip()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()
        for suffix in ("", "-wal", "-shm"):
            pathlib.Path(f"{self.file}{suffix}").unlink(missing_ok=True)

    def start_clock(self):
        if not self.who.sqlite:
            server.settle_down(self.database)
            self.counters = server.Counters(self.database)
        self.cpu = machine.Cpu()

    def stop_clock(self):
        self.measured.update(machine.Cpu().since(self.cpu))
        if not self.who.sqlite:
            server.wait_for_clients(self.database)
            self.measured.update(server.Counters(self.database).since(self.counters, self.items))

    def execute(self, watch=lambda pid: None):
        url = self.url
        if self.through is not None:
            url = server.url_of(self.database, self.through)
        result = self.pgbench(url) if self.who.is_pgbench else self.driver(url, watch)
        if self.who.section == "history" and not self.who.sqlite:
            self.measured["table"] = server.table_health(self.database, "bench_items")
        return {**result, **self.measured}

    def driver(self, url, watch):
        process = subprocess.Popen(
            self.words(self.who.command, url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with ended_in_time(process):
            if process.stdout.readline().strip() == "ready":
                self.start_clock()
                watch(process.pid)
                process.stdin.write("go\n")
                process.stdin.flush()
            result = finish(process, self.who.name)
            self.stop_clock()
        return result

    def pgbench(self, url):
        each = self.items // (self.who.clients * self.who.batch)
        command = [*self.words(self.who.command, url), "-t", str(each), url]
        self.start_clock()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with ended_in_time(process):
            out, err = process.communicate()
        rate = re.search(r"^tps = ([\d.]+)", out, re.MULTILINE)
        if process.returncode != 0 or not rate:
            raise Failed(f"{self.who.name}: {err.strip()[-500:]}")
        self.stop_clock()
        word = "done" if self.who.section == "drain" else "queued"
        done = int(
            server.query(f"SELECT count(*) FROM bench_items WHERE status = '{word}'", self.database)[0][0]
        )
        expected = each * self.who.clients * self.who.batch
        if done != expected:
            raise Failed(f"{self.who.name}: {done} of {expected} items were {word}")
        per_second = float(rate.group(1)) * self.who.batch
        return {"items": expected, "done": done, "seconds": expected / per_second, "per_second": per_second}


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.runs, self.counts, self.failures = {}, {}, []

    def items(self, who, share=1.0):
        if who.is_latency:
            return max(int(self.options.samples * share), 5)
        whole = who.clients * who.batch or 8
        return max(int(who.items * self.options.scale * share) // whole, 1) * whole

    def measure(self, who, round_number):
        try:
            with Run(who, self.items(who), self.folder) as run:
                result = run.execute()
        except (Failed, RuntimeError) as error:
            self.failures.append(str(error))
            say(f"  {who.name}: FAILED: {error}")
            return
        result["round"] = round_number
        self.runs.setdefault(who.name, []).append(result)
        shown = f"{result['per_second']:>10,.0f}/s" if "per_second" in result else f"{'':>12}"
        say(f"  {who.name:<28} {shown}  steal {result.get('steal', 0):.1%}")

    def timed_rounds(self, everybody):
        for number in range(1, self.options.rounds + 1):
            say(f"Round {number} of {self.options.rounds}")
            for who in random.Random(number).sample(everybody, len(everybody)):
                self.measure(who, number)

    def count(self, who):
        """A fifth of the items, watched: statements and round trips, or SQLite's flushes."""
        items = self.items(who, 0.2)
        try:
            if who.sqlite:
                self.counts[who.name] = self.count_flushes(who, items)
                return
            proxy = Proxy(server.port())
            try:
                with Run(who, items, self.folder, proxy.port) as run:
                    seen = {}

                    def begin():
                        Run.start_clock(run)
                        server.forget_statements()
                        seen["trips"] = proxy.round_trips

                    run.start_clock = begin
                    run.execute()
                    self.counts[who.name] = {
                        "statements": server.statements(run.database) / items,
                        "round_trips": (proxy.round_trips - seen["trips"]) / items,
                    }
            finally:
                proxy.close()
        except (Failed, RuntimeError) as error:
            self.failures.append(f"counting: {error}")
            say(f"  {who.name}: FAILED: {error}")

    def count_flushes(self, who, items):
        traces = []
        with Run(who, items, self.folder) as run:
            run.execute(lambda pid: traces.append(machine.FlushTrace(pid)))
        flushes = traces[0].count() if traces else None
        return {"fsyncs": None if flushes is None else flushes / items}

    def counting_round(self, everybody):
        say("Counting statements and round trips (not timed)")
        with server.counting_statements():
            for who in everybody:
                if not who.is_latency and who.section not in ("history", "upkeep"):
                    self.count(who)


def versions():
    lock = json.loads((machine.ROOT / "bench/peers/package-lock.json").read_text())["packages"]
    packages = {
        name: lock[f"node_modules/{name}"]["version"]
        for name in ("graphile-worker", "pg-boss", "plainjob", "pg", "better-sqlite3")
    }
    return {
        "fencepost": machine.text_of("git", "describe", "--always", "--dirty"),
        "postgresql": server.query("SHOW server_version")[0][0].split()[0],
        "sqlite": machine.text_of("sqlite3", "--version").split(" ")[0],
        "node": machine.text_of("node", "--version"),
        "compiler": machine.text_of("c++", "--version").splitlines()[0],
        **packages,
    }


def selected(everybody, only):
    if not only:
        return everybody
    patterns = only.split(",")
    for pattern in patterns:
        if not any(fnmatch.fnmatch(who.name, pattern) for who in everybody):
            names = "\n  ".join(who.name for who in everybody)
            raise SystemExit(f"error: nobody is called {pattern}. These are:\n  {names}")
    return [who for who in everybody if any(fnmatch.fnmatch(who.name, pattern) for pattern in patterns)]


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__.split("\n", maxsplit=1)[0],
        epilog="scripts/bench --races [PAGE]: what ours and the peers let through, into docs/races.md.",
    )
    parser.add_argument("--rounds", type=int, help="default 5; with --history 1, at most 5 minutes")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="more or fewer items than usual, as a factor"
    )
    parser.add_argument(
        "--samples", type=int, default=contestants.SAMPLES, help="of each latency, a round (%(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round, few items: does everything still run?"
    )
    parser.add_argument(
        "--only", metavar="NAME,…", help="these contestants; patterns such as 'ours-*' are allowed"
    )
    parser.add_argument(
        "--history", action="store_true", help="instead: the speed beside 1,000,000 finished items"
    )
    parser.add_argument("--finished", type=int, default=1_000_000, help="how many those are (%(default)s)")
    parser.add_argument("--no-counts", action="store_true", help="without the counting round")
    parser.add_argument("--out", type=pathlib.Path, help="the page (docs/benchmarks.md)")
    parser.add_argument("--results", type=pathlib.Path, help="folder of the raw figures (bench/results)")
    parser.add_argument(
        "--render", action="store_true", help="only write the page again, from the raw figures"
    )
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.scale, options.samples = options.rounds or 1, 0.04, 10
        options.finished = min(options.finished, 20_000)
    options.rounds = options.rounds or (1 if options.history else 5)
    # The page in docs is written out of whole runs only.
    part = options.quick or options.only
    options.out = options.out or machine.ROOT / ("build/bench" if part else "docs") / "benchmarks.md"
    options.results = options.results or (machine.ROOT / "build/bench/results" if part else RESULTS)
    return options


def main():
    options = arguments()
    name = "history.json" if options.history else "latest.json"
    if options.render:
        page.write(options.out, options.results)
        return 0
    with tempfile.TemporaryDirectory(
        prefix="fencepost-bench-", dir=os.environ.get("TMPDIR", "/tmp")
    ) as scratch:
        folder = pathlib.Path(scratch)
        server.configure()
        field = contestants.histories(options.finished) if options.history else contestants.everybody()
        everybody = selected([*field], options.only)
        bench = Bench(options, folder)
        facts = {
            "machine": machine.describe(folder),
            "versions": versions(),
            "postgresql_settings": server.SETTINGS,
            "rounds": options.rounds,
            "scale": options.scale,
            "samples": options.samples,
            "finished": options.finished,
            "date": machine.text_of("date", "-u", "+%F"),
        }
        bench.timed_rounds(everybody)
        if not options.no_counts and not options.history:
            bench.counting_round(everybody)
    facts.update(
        {
            "items": {who.name: bench.items(who) for who in everybody},
            "failures": bench.failures,
            "runs": page.compact(bench.runs),
            "counts": page.compact(bench.counts),
        }
    )
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / name).write_text(page.dump(facts))
    page.write(options.out, options.results)
    say(f"Wrote {options.out} and {options.results / name}")
    for failure in bench.failures:
        say(f"failed: {failure}")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
