"""Who is measured, and with which settings. One entry is one line of a table in docs/benchmarks.md."""
import dataclasses

import machine

OURS = str(machine.ROOT / "build/release/bin/fencepost_bench")
PLAIN = str(machine.ROOT / "build/release/bin/plain_sqlite")
PEER = str(machine.ROOT / "bench/peers/peer.mjs")
PGBENCH = machine.ROOT / "bench/pgbench"


@dataclasses.dataclass(frozen=True)
class Contestant:
    """`command` and `prepare` may hold {url}, {path} (of SQLite's file) and {items}."""

    name: str
    section: str
    title: str
    command: tuple
    items: int
    prepare: tuple = ()
    clients: int = 0  # pgbench: then {items} is shared between them
    batch: int = 1  # pgbench: items in a transaction
    settings: str = ""
    sqlite: bool = False

    @property
    def is_latency(self):
        return "latency" in self.section

    @property
    def is_pgbench(self):
        return self.clients > 0


FAST, SLOW = 50_000, 8_000  # items to drain: three seconds of the fast, no minute of the slow
SAMPLES = 60  # of the latency, a round


def ours(section, title, command, items, sqlite=False, name=None, settings=""):
    verb, *options = command.split()
    counted = ["--samples" if verb == "latency" else "--items", "{items}"]
    line = (OURS, verb, "--database", "{url}", *options, *counted, "--wait-for-go")
    return Contestant(
        name or f"ours-{section}", section, title, line, items, settings=settings, sqlite=sqlite
    )


def peer(section, name, title, command, items, sqlite=False, settings=""):
    verb, package, variant, *options = command.split()
    counted = ["--samples" if verb == "latency" else "--items", "{items}"]
    line = ("node", PEER, verb, package, variant, "{url}", *options, *counted)
    return Contestant(name, section, title, line, items, settings=settings, sqlite=sqlite)


def pgbench(section, name, title, script, items, clients, batch=1):
    line = (
        "pgbench",
        "-n",
        "-M",
        "prepared",
        "-f",
        str(PGBENCH / script),
        "-c",
        str(clients),
        "-j",
        str(clients),
    )
    prepare = (OURS, "fill", "--database", "{url}", "--items", "{items}" if section == "drain" else "0")
    settings = "`-M prepared`, the same fenced table with its trigger and indexes"
    return Contestant(name, section, title, line, items, prepare, clients, batch, settings)


def plain(section, name, title, verb, mode, batch, items, fenced=False):
    line = (PLAIN, verb, "{path}", mode, "{items}", str(batch))
    prepare = (PLAIN, "make", "{path}", mode, "{items}" if verb == "drain" else "0")
    if fenced:
        prepare = (OURS, "fill", "--database", "{url}", "--items", "{items}")
    table = "the fenced table with its triggers" if fenced else "a bare table, one index, no trigger"
    return Contestant(
        name, section, title, line, items, prepare, settings=f"synchronous={mode}, {table}", sqlite=True
    )


def drains():
    best = "concurrency 24, localQueue 500, refetchDelay 10 ms, completeJobBatchDelay 0, failJobBatchDelay 0"
    yield ours("drain", "**Fencepost**, repeatable, 1 process", "drain", FAST, name="ours-repeatable-1")
    yield ours(
        "drain",
        "**Fencepost**, repeatable, 2 processes",
        "drain --processes 2",
        FAST,
        name="ours-repeatable-2",
    )
    yield ours("drain", "**Fencepost**, once, 1 process", "drain --queue once --concurrency 100", FAST, name="ours-once-1")
    yield ours(
        "drain",
        "**Fencepost**, once, 2 processes",
        "drain --queue once --concurrency 100 --processes 2",
        FAST,
        name="ours-once-2",
    )
    yield peer(
        "drain",
        "graphile-defaults",
        "graphile-worker, defaults",
        "drain graphile defaults",
        SLOW,
        settings="concurrency 24",
    )
    yield peer(
        "drain",
        "graphile-best-1",
        "graphile-worker, best tuning, 1 process",
        "drain graphile best",
        FAST,
        settings=best,
    )
    yield peer(
        "drain",
        "graphile-best-2",
        "graphile-worker, best tuning, 2 processes",
        "drain graphile best --processes 2",
        FAST,
        settings=best,
    )
    yield peer(
        "drain",
        "pgboss-one",
        "pg-boss, one by one",
        "drain pgboss one",
        SLOW,
        settings="24 loops of fetch and complete, 24 connections",
    )
    yield peer(
        "drain",
        "pgboss-batch",
        "pg-boss, batches of 1,000",
        "drain pgboss batch",
        FAST,
        settings="work(): batchSize 1000, localConcurrency 4, burstWhenBatchFull",
    )
    for clients in (1, 4):
        plural = "" if clients == 1 else "s"
        yield pgbench(
            "drain",
            f"pgbench-1-c{clients}",
            f"pgbench, claim 1 + settle 1, {clients} client{plural}",
            "drain_1.sql",
            SLOW,
            clients,
        )
        yield pgbench(
            "drain",
            f"pgbench-100-c{clients}",
            f"pgbench, claim 100 + settle 100, {clients} client{plural}",
            "drain_100.sql",
            FAST,
            clients,
            100,
        )


def enqueues():
    for connections in (1, 8):
        plural = "" if connections == 1 else "s"
        said = f"one by one, {connections} connection{plural}"
        many = f"--connections {connections}"
        yield ours(
            "enqueue",
            f"**Fencepost**, {said}",
            f"enqueue {many}",
            10_000,
            name=f"ours-enqueue-{connections}",
            settings="INSERT with a notification, one statement",
        )
        yield peer(
            "enqueue",
            f"graphile-enqueue-{connections}",
            f"graphile-worker, {said}",
            f"enqueue graphile defaults {many}",
            2_000,
            settings="addJob()",
        )
        yield peer(
            "enqueue",
            f"pgboss-enqueue-{connections}",
            f"pg-boss, {said}",
            f"enqueue pgboss batch {many}",
            2_000,
            settings="send()",
        )
        yield pgbench(
            "enqueue",
            f"pgbench-enqueue-{connections}",
            f"pgbench, {said}",
            "enqueue_1.sql",
            10_000,
            connections,
        )
        yield pgbench(
            "enqueue",
            f"pgbench-notify-{connections}",
            f"pgbench with NOTIFY, {said}",
            "enqueue_notify.sql",
            10_000,
            connections,
        )
    bulk = "bulk of 1,000"
    yield ours("enqueue", f"**Fencepost**, {bulk}", "enqueue --batch 1000", 100_000, name="ours-enqueue-bulk")
    yield peer(
        "enqueue",
        "graphile-enqueue-bulk",
        f"graphile-worker, {bulk}",
        "enqueue graphile defaults --batch 1000",
        50_000,
        settings="addJobs()",
    )
    yield peer(
        "enqueue",
        "pgboss-enqueue-bulk",
        f"pg-boss, {bulk}",
        "enqueue pgboss batch --batch 1000",
        50_000,
        settings="insert()",
    )
    yield pgbench(
        "enqueue",
        "pgbench-enqueue-bulk",
        "pgbench, 100 a statement, 1 client",
        "enqueue_100.sql",
        100_000,
        1,
        100,
    )


def latencies():
    yield ours("latency", "**Fencepost**", "latency", SAMPLES, name="ours-latency")
    yield peer("latency", "graphile-latency", "graphile-worker", "latency graphile defaults", SAMPLES)
    yield peer(
        "latency",
        "pgboss-latency",
        "pg-boss with NOTIFY",
        "latency pgboss notify",
        SAMPLES,
        settings="useListenNotify, queue with notify",
    )
    yield peer("latency", "pgboss-polling", "pg-boss, polling every 0.5 s", "latency pgboss polling", SAMPLES)


def sqlites():
    for mode in ("FULL", "NORMAL"):
        low = mode.lower()
        flag = " --sqlite-normal" if mode == "NORMAL" else ""
        yield ours(
            "sqlite-drain",
            "**Fencepost**, repeatable",
            f"drain{flag}",
            FAST,
            True,
            f"ours-sqlite-{low}",
            f"synchronous={mode}",
        )
        yield ours(
            "sqlite-drain",
            "**Fencepost**, once",
            f"drain --queue once{flag}",
            SLOW,
            True,
            f"ours-sqlite-once-{low}",
            f"synchronous={mode}",
        )
        yield plain("sqlite-drain", f"plain-1-{low}", "plain C, claim 1 + settle 1", "drain", mode, 1, SLOW)
        yield plain(
            "sqlite-drain", f"plain-100-{low}", "plain C, claim 100 + settle 100", "drain", mode, 100, FAST
        )
        yield plain(
            "sqlite-drain",
            f"plain-100-fenced-{low}",
            "plain C, claim 100 + settle 100",
            "drain",
            mode,
            100,
            FAST,
            fenced=True,
        )
        yield peer(
            "sqlite-drain",
            f"plainjob-{low}",
            "plainjob",
            f"drain plainjob {low}",
            SLOW,
            True,
            f"synchronous={mode}" + (", its own setting" if mode == "NORMAL" else ""),
        )
    for batch, items, said in ((1, SLOW, "one by one"), (1000, 100_000, "1,000 a transaction")):
        tail = f"enqueue-{'one' if batch == 1 else 'bulk'}-full"
        section, full = "sqlite-enqueue", "synchronous=FULL"
        command = f"enqueue --batch {batch}"
        theirs = f"enqueue plainjob full --batch {batch}"
        yield ours(section, f"**Fencepost**, {said}", command, items, True, f"ours-sqlite-{tail}", full)
        yield plain(section, f"plain-{tail}", f"plain C, {said}", "enqueue", "FULL", batch, items)
        yield peer(section, f"plainjob-{tail}", f"plainjob, {said}", theirs, items, True, full)


FEW_FINISHED = 10_000


def histories(finished):
    """Each twice: beside few finished items, and beside that many."""
    for kind in ("repeatable", "once"):
        for sqlite in (False, True):
            where = "SQLite" if sqlite else "PostgreSQL"
            for history in (FEW_FINISHED, finished):
                said = f"{history:,} finished before"
                options = f"--queue {kind} --history {history}"
                tail = f"{'sqlite' if sqlite else 'postgres'}-{kind}-{history}"
                yield ours(
                    "history", f"{where}, {kind}, {said}", f"drain {options}", FAST, sqlite, f"drain-{tail}"
                )
                yield ours(
                    "upkeep", f"{where}, {kind}, {said}", f"upkeep {options}", 1000, sqlite, f"upkeep-{tail}"
                )


def everybody():
    return [*drains(), *enqueues(), *latencies(), *sqlites()]
