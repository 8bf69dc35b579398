"""The targets that the engine was built for, and what limits those that were missed."""
import dataclasses
import typing

NOISE = 0.25  # on a shared machine; see the method in docs/benchmarks.md


@dataclasses.dataclass(frozen=True)
class Target:
    what: str
    limit: float
    measure: typing.Callable
    limited_by: str  # said where the target is missed
    unit: str = "×"
    at_most: bool = False

    def wanted(self):
        return f"{'≤' if self.at_most else '≥'} {self.limit:g} {self.unit}"

    def shown(self, value):
        return f"{value:.2f} {self.unit}"

    def met(self, value):
        return value <= self.limit if self.at_most else value >= self.limit

    def verdict(self, value):
        if self.met(value):
            return "met"
        off = value / self.limit - 1 if self.at_most else 1 - value / self.limit
        return f"missed by {off:.0%}" + (", within the noise" if off <= NOISE else "")


def ratio(one, other):
    return lambda figures: figures.ratio(one, other)


def percentile(name, share):
    return lambda figures: figures.percentile(name, share)


CLAIM_COST = (
    "Every item is written twice, by the claim and by the settlement, each time past the fence trigger and into the "
    "indexes on status and lease, and each version goes to the WAL. graphile-worker keeps nothing of a finished job: its "
    "second write is a DELETE, without a new version or index entry; pgbench with four clients does the same two writes "
    "and nothing on the client's side, where ours parse, hand out and collect each item on the same two cores."
)
ONE_WRITER = (
    "SQLite has one writer: the claim, the settlements and their commits follow each other, and ours pass through the "
    "engine's threads, JSON arrays and the fence triggers."
)
NOTIFY = (
    "Each single enqueue is a durable commit with a NOTIFY, whose commit takes a lock of the whole server; plain "
    "inserts without it are in the table below."
)
ONCE = (
    "A `once` item is six writes: claim, gate and settlement, its row in `fencepost_effects` inserted and updated past "
    "four indexes, and the event of its gate; and one thread waits for each gate, so that groups are as large as the "
    "concurrency (100) and each wakes as many threads."
)
SHARED = "Clients and server share the cores, and two claimers skip each other's locked rows."
EPOCH = "Every gate adds to the one row of `fencepost_epoch`: two processes take turns on it."
WAKE = "A durable commit with its NOTIFY, the wake-up, and a second durable commit for the claim."

OURS = "repeatable, 1 process"
ALL = [
    Target(
        f"{OURS} ÷ graphile-worker at its best, 1 process",
        2,
        ratio("ours-repeatable-1", "graphile-best-1"),
        CLAIM_COST,
    ),
    Target(f"{OURS} ÷ pg-boss at its best", 1.5, ratio("ours-repeatable-1", "pgboss-batch"), CLAIM_COST),
    Target(
        f"{OURS} ÷ pgbench 100 + 100, 1 client", 1.3, ratio("ours-repeatable-1", "pgbench-100-c1"), CLAIM_COST
    ),
    Target(
        f"{OURS} ÷ pgbench 100 + 100, 4 clients",
        1.3,
        ratio("ours-repeatable-1", "pgbench-100-c4"),
        CLAIM_COST,
    ),
    Target("once ÷ repeatable, 1 process", 0.5, ratio("ours-once-1", "ours-repeatable-1"), ONCE),
    Target("repeatable, 2 processes ÷ 1 process", 1, ratio("ours-repeatable-2", "ours-repeatable-1"), SHARED),
    Target("once, 2 processes ÷ 1 process", 1, ratio("ours-once-2", "ours-once-1"), EPOCH),
    Target("enqueue → start, idle, p50", 2, percentile("ours-latency", 0.5), WAKE, "ms", True),
    Target("enqueue → start, idle, p99", 8, percentile("ours-latency", 0.99), WAKE, "ms", True),
]
for peer in ("graphile", "pgboss"):
    said = {"graphile": "graphile-worker", "pgboss": "pg-boss"}[peer]
    for how, words in (
        ("1", "one by one, 1 connection"),
        ("8", "one by one, 8 connections"),
        ("bulk", "in bulk"),
    ):
        measure = ratio(f"ours-enqueue-{how}", f"{peer}-enqueue-{how}")
        ALL.append(Target(f"enqueue {words} ÷ {said}", 1, measure, NOTIFY))
SQLITE = "SQLite FULL, repeatable"
PLAIN = f"{SQLITE} ÷ plain C 100 + 100"
ALL += [
    Target(f"{PLAIN}, bare table", 0.7, ratio("ours-sqlite-full", "plain-100-full"), ONE_WRITER),
    Target(
        f"{PLAIN}, the same fenced table", 0.7, ratio("ours-sqlite-full", "plain-100-fenced-full"), ONE_WRITER
    ),
    Target(f"{SQLITE} ÷ plainjob, as durable", 6, ratio("ours-sqlite-full", "plainjob-full"), ONE_WRITER),
    Target(
        f"{SQLITE} ÷ plainjob at its own NORMAL",
        6,
        ratio("ours-sqlite-full", "plainjob-normal"),
        ONE_WRITER + " plainjob's own setting waits for no flush; ours does.",
    ),
]


def limits(figures):
    """A list of what limits the targets that were missed."""
    missed = {}
    for target in ALL:
        value = target.measure(figures)
        if value is not None and not target.met(value):
            missed.setdefault(target.limited_by, []).append(target.what)
    lines = [f"- {why} ({'; '.join(whats)})\n" for why, whats in missed.items()]
    return "What limits those that were missed:\n\n" + "".join(lines) if lines else ""
