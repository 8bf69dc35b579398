#!/usr/bin/env python3
"""The races that peers lose, with ours: real processes, killed and stopped, and an HTTP receiver that counts.

races.py --ours RACE_WORKER           ours on both databases, as a test; ends with "N passed, N failed"
races.py --ours … --peers --write F   the peers too, and the table into the page F (scripts/bench --races)

FENCEPOST_TEST_POSTGRES names the server; each race has a database of its own.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from receiver import PATIENCE, Receiver

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from stopping import stop  # noqa: E402

JOBS = 20


class Failed(AssertionError):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


def psql(sql):
    subprocess.run(["psql", "-Xq", os.environ["FENCEPOST_TEST_POSTGRES"], "-c", sql], check=True)


class System:
    """A queue that takes part: its commands, over a database of its own."""

    def __init__(self, title, command, database, kind=None):
        self.title, self.command, self.database, self.kind = title, command, database, kind
        self.workers = []

    @property
    def is_ours(self):
        return self.kind is not None

    def __enter__(self):
        self.receiver = Receiver()
        name = "race_" + secrets.token_hex(4)
        self.folder = tempfile.TemporaryDirectory(prefix="fencepost-race-", dir=os.environ.get("FENCEPOST_TEST_MEMORY") or None)
        self.url = f"sqlite:{self.folder.name}/race.db"
        if self.database == "postgres":
            self.name = name
            psql(f"CREATE DATABASE {name}")
            self.url = os.environ["FENCEPOST_TEST_POSTGRES"].rpartition("/")[0] + "/" + name
        return self

    def __exit__(self, *_):
        self.receiver.release()
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
            worker.stdin.close()
            worker.stdout.close()
        self.receiver.close()
        if self.database == "postgres":
            psql(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.folder.cleanup()

    def words(self, verb, *more):
        if self.is_ours:
            return [*self.command, verb, self.url, self.kind, *more]
        return [self.command[0], self.command[1], verb, self.command[2], self.url, *more]

    def ask(self, verb, *more):
        done = subprocess.run(
            self.words(verb, *more), capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        check(done.returncode == 0, f"{verb}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def enqueue(self, count):
        self.ask("enqueue", str(count))

    def cancel(self):
        return self.ask("stop" if self.is_ours else "cancel")

    def states(self):
        return self.ask("states")

    def let_locks_expire(self):
        if not self.is_ours:
            self.ask("expire")

    def work(self):
        worker = subprocess.Popen(
            self.words("work", self.receiver.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.workers.append(worker)
        check(worker.stdout.readline().strip() == "working", "a worker did not start")
        return worker

    def stop(self, worker):
        stop(worker, self.url)

    def finish(self, worker):
        """Lets a worker finish what it is at; the peers', which cannot be asked, until nothing comes any more."""
        if not self.is_ours:
            self.receiver.wait_until_quiet()
        worker.stdin.write("\n")
        worker.stdin.flush()
        worker.wait(PATIENCE)

    def wait_until_ended(self):
        """Until no job is waiting or in work."""
        pending = {"queued", "claimed", "sending", "waiting", "locked", "created", "retry", "active"}
        end = time.monotonic() + PATIENCE
        while pending & self.states().keys():
            check(time.monotonic() < end, f"not ended: {self.states()}")
            time.sleep(0.2)


def said(counts):
    return ", ".join(f"{word} {count}" for word, count in sorted(counts.items())) or "all gone"


# -- the races: each answers what stands in the table, and as what it is checked


def killed_after_its_effect(system):
    system.enqueue(JOBS)
    system.receiver.hold("after")
    first = system.work()
    check(system.receiver.wait("after", JOBS), "the effects did not arrive")
    first.kill()
    first.wait()
    system.receiver.release()
    system.let_locks_expire()
    second = system.work()
    system.wait_until_ended()
    system.finish(second)
    return {"effects": system.receiver.count("effect"), "then": said(system.states())}


def cancelled_while_running(system, at="begin"):
    system.enqueue(JOBS)
    system.receiver.hold(at)
    worker = system.work()
    check(system.receiver.wait(at, JOBS), "the handlers did not begin")
    answer = system.cancel()
    system.receiver.release()
    system.wait_until_ended()
    system.finish(worker)
    return {"answer": said(answer), "effects": system.receiver.count("effect"), "then": said(system.states())}


def cancelled_after_the_gate(system):
    return cancelled_while_running(system, "gated")


def stopped_past_its_lock(system):
    system.enqueue(JOBS)
    system.receiver.hold("begin")
    first = system.work()
    check(system.receiver.wait("begin", JOBS), "the handlers did not begin")
    system.stop(first)
    system.receiver.release()  # its answers wait for it in its sockets
    system.let_locks_expire()
    second = system.work()
    system.wait_until_ended()
    before = system.receiver.count("effect")
    first.send_signal(signal.SIGCONT)
    system.finish(first)
    system.finish(second)
    check(before == JOBS, f"the second worker had {before} effects")
    return {"effects": system.receiver.count("effect"), "then": said(system.states())}


def buffer_lost(system):
    system.enqueue(2 * JOBS)
    system.receiver.hold("begin")
    first = system.work()
    check(system.receiver.wait("begin", JOBS), "the handlers did not begin")
    first.kill()
    first.wait()
    system.receiver.release()
    second = system.work()
    system.receiver.wait("begin", 2 * JOBS, PATIENCE if system.is_ours else 20)
    if system.is_ours:
        system.wait_until_ended()
    system.finish(second)
    never = 2 * JOBS - system.receiver.items("begin")
    return {"never started": never, "then": said(system.states())}


RACES = {
    "killed just after its effect": killed_after_its_effect,
    "cancelled while running": cancelled_while_running,
    "cancelled while running, after the gate": cancelled_after_the_gate,
    "stopped past its lock, another takes over, the first goes on": stopped_past_its_lock,
    "killed with a full buffer (40 jobs, 20 at once)": buffer_lost,
}

# What ours must answer, on either database.
EXPECTED = {
    (killed_after_its_effect, "repeatable"): {"effects": 40, "then": "done 20"},
    (killed_after_its_effect, "once"): {"effects": 20, "then": "unknown 20"},
    (cancelled_while_running, "repeatable"): {"answer": "in_flight 20", "effects": 20, "then": "done 20"},
    (cancelled_while_running, "once"): {"answer": "prevented 20", "effects": 0, "then": "stopped 20"},
    (cancelled_after_the_gate, "once"): {"answer": "in_flight 20", "effects": 20, "then": "done 20"},
    (stopped_past_its_lock, "repeatable"): {"effects": 40, "then": "done 20"},
    (stopped_past_its_lock, "once"): {"effects": 20, "then": "done 20"},
    (buffer_lost, "repeatable"): {"never started": 0, "then": "done 40"},
    (buffer_lost, "once"): {"never started": 0, "then": "done 40"},
}


def systems(options):
    for kind in ("once", "repeatable"):
        for database in ("postgres", "sqlite"):
            title = f"Fencepost, {kind}, {'PostgreSQL' if database == 'postgres' else 'SQLite'}"
            yield System(title, [options.ours], database, kind)
    if options.peers:
        script = str(ROOT / "bench/peers/race.mjs")
        yield System("graphile-worker", ["node", script, "graphile"], "postgres")
        yield System("pg-boss", ["node", script, "pgboss"], "postgres")


def takes_part(system, race):
    if system.is_ours:
        return (race, system.kind) in EXPECTED
    # The peers have no gate; pg-boss's workers fetch one job each and have no buffer.
    return race is not cancelled_after_the_gate and (race is not buffer_lost or "graphile" in system.title)


def run_one(race, system):
    """What it answered, and whether that is what it must be."""
    try:
        with system:
            answer = race(system)
        if system.is_ours:
            expected = EXPECTED[race, system.kind]
            check(answer == expected, f"{answer}, expected {expected}")
        return answer, True
    except (Failed, subprocess.SubprocessError) as error:
        return {"failed": str(error)}, False


def run(options):
    """{race: {system: answer}}, and how many were as expected and not. Most of the time is waiting for leases, so
    several run at once."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        entries = [
            (title, system, pool.submit(run_one, race, system))
            for title, race in RACES.items()
            for system in systems(options)
            if takes_part(system, race)
        ]
        table, passed = {}, 0
        for title, system, future in entries:
            answer, good = future.result()
            passed += good
            table.setdefault(title, {})[system.title] = answer
            print(f"{title}: {system.title}: {answer}", flush=True)
    return table, passed, len(entries) - passed


PAGE = """# Races

Written by `scripts/bench --races`; do not edit. Twenty jobs each, real processes, and effects counted by an HTTP
receiver that holds a worker where the race wants it. Ours run as a test too (`scripts/test races`).

{table}
How it was done: a worker is killed with SIGKILL, or stopped with SIGSTOP and continued after another has finished the
jobs. A peer's lock is made to expire: graphile-worker's, four hours by default, is moved back in the database;
pg-boss's, fifteen minutes by default, is three seconds by the queue's own setting. The last race leaves locks alone,
and looks for twenty seconds. Fencepost's leases are two seconds; a killed process is known to be gone at once on the
same host.

What a *repeatable* item does may arrive twice, and this is what its name says: its result counts once, since the
second completion changes no row. Where that is not enough, *once* never repeats what may have happened: it is
`unknown`, and shown to a person. `in_flight` tells whoever cancels that the effect has begun and cannot be called
back.
"""


def page(table):
    lines = []
    for title, answers in table.items():
        lines += [
            f"## {title[0].upper()}{title[1:]}",
            "",
            "| | answer | effects | then |",
            "|---|---|---|---|",
        ]
        for system, answer in answers.items():
            effects = answer.get("effects", f"{answer.get('never started', '–')} of 40 never started")
            if "failed" in answer:
                effects = "failed"
            lines.append(
                f"| {system} | {answer.get('answer', '–')} | {effects} | {answer.get('then', '–')} |"
            )
        lines.append("")
    return PAGE.format(table="\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ours", required=True, help="the program race_worker")
    parser.add_argument("--peers", action="store_true", help="graphile-worker and pg-boss too")
    parser.add_argument("--write", type=pathlib.Path, help="the page to write")
    options = parser.parse_args()
    table, passed, failed = run(options)
    if options.write:
        options.write.write_text(page(table))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
