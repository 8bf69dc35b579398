"""docs/benchmarks.md out of the raw figures, so that it can be written again without measuring again."""
import json
import statistics

import contestants
import machine
import targets

HEAD = """# Benchmarks

Written by `scripts/bench` out of `bench/results/`; do not edit. The method stands at the end.
"""


def dump(facts):
    """JSON with one run a line: small, and readable in a diff."""
    text = {}
    lines = []
    for key, value in facts.items():
        if key in ("runs", "counts"):
            mark = f"@{key}@"
            text[key] = mark
            entries = ",\n".join(f"  {json.dumps(name)}: {one_a_line(value[name])}" for name in sorted(value))
            lines.append((f'"{mark}"', "{\n" + entries + "\n }"))
        else:
            text[key] = value
    out = json.dumps(text, indent=1)
    for mark, content in lines:
        out = out.replace(mark, content)
    return out + "\n"


def one_a_line(value):
    if isinstance(value, list):
        return "[\n   " + ",\n   ".join(json.dumps(run) for run in value) + "]"
    return json.dumps(value)


def compact(value):
    """Five digits are more than these figures carry."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: compact(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [compact(inner) for inner in value]
    return value


class Figures:
    """The runs of one results file."""

    def __init__(self, facts):
        self.facts = facts
        self.runs, self.counts = facts["runs"], facts["counts"]

    def rates(self, name):
        return {run["round"]: run["per_second"] for run in self.runs.get(name, []) if "per_second" in run}

    def median(self, name, field="per_second"):
        values = [run[field] for run in self.runs.get(name, []) if run.get(field) is not None]
        return statistics.median(values) if values else None

    def ratio(self, one, other):
        """Median over the rounds that both have; None where there is none."""
        mine, theirs = self.rates(one), self.rates(other)
        ratios = [mine[number] / theirs[number] for number in mine.keys() & theirs.keys()]
        return statistics.median(ratios) if ratios else None

    def percentile(self, name, share):
        samples = sorted(ms for run in self.runs.get(name, []) for ms in run.get("milliseconds", []))
        return samples[min(int(len(samples) * share), len(samples) - 1)] if samples else None

    def samples(self, name):
        return sum(len(run.get("milliseconds", [])) for run in self.runs.get(name, []))


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def per_item(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def rate_cells(figures, who, reference):
    rates = figures.rates(who.name).values()
    ratio = figures.ratio(reference, who.name)
    return [
        who.title + (f"<br>{who.settings}" if who.settings else ""),
        number(statistics.median(rates)),
        f"{number(min(rates))}–{number(max(rates))}",
        "1" if who.name == reference else number(ratio, 2) + " ×" if ratio else "–",
    ]


def rates_table(figures, section, reference):
    rows = []
    for who in contestants.everybody():
        if who.section != section or not figures.rates(who.name):
            continue
        base = reference(who)
        cells = rate_cells(figures, who, base)
        if not who.sqlite:
            counted = figures.counts.get(who.name, {})
            cells += [per_item(counted.get("statements")), per_item(counted.get("round_trips"))]
            cells += [
                per_item(figures.median(who.name, field)) for field in ("transactions", "fsyncs", "wal_bytes")
            ]
        else:
            cells.append(per_item(figures.counts.get(who.name, {}).get("fsyncs")))
        rows.append(cells)
    if not rows:
        return "Not measured.\n"
    head = ["", "items/s", "lowest–highest", "ours ÷ it"]
    postgres = ["statements", "round trips", "transactions", "flushes", "WAL bytes"]
    return table(head + (["flushes"] if section.startswith("sqlite") else postgres), rows)


def latency_table(figures):
    rows = []
    for who in contestants.latencies():
        if figures.samples(who.name):
            shares = [number(figures.percentile(who.name, share), 2) for share in (0.5, 0.95, 0.99)]
            title = who.title + (f"<br>{who.settings}" if who.settings else "")
            rows.append([title, *shares, number(figures.samples(who.name))])
    return table(["", "p50 ms", "p95 ms", "p99 ms", "samples"], rows) if rows else "Not measured.\n"


def verdict_table(figures):
    rows = []
    for target in targets.ALL:
        value = target.measure(figures)
        if value is None:
            rows.append([target.what, target.wanted(), "not measured", ""])
            continue
        rows.append([target.what, target.wanted(), target.shown(value), target.verdict(value)])
    return table(["target", "wanted", "measured", ""], rows)


def about(facts):
    box, versions = facts["machine"], facts["versions"]
    steals = [run["steal"] for runs in facts["runs"].values() for run in runs if "steal" in run]
    fencepost = versions["fencepost"]
    peers = ("graphile-worker", "pg-boss", "plainjob", "pg", "better-sqlite3")
    return (
        f"{facts['date']}, Fencepost {fencepost}, on {box['cpu']}, {box['cores']} cores, {box['memory_gib']} GiB, "
        f"{box['system']}, {box['filesystem']}; one fdatasync of 8 kB took {box['fdatasync_us']} µs. "
        f"PostgreSQL {versions['postgresql']}, SQLite {versions['sqlite']}, Node {versions['node']}, "
        + ", ".join(f"{name} {versions[name]}" for name in peers)
        + f"; {versions['compiler']}, preset `release`. {facts['rounds']} rounds; steal time "
        f"{statistics.median(steals):.1%} (median of the runs), {max(steals):.1%} at most.\n"
    )


def failures(facts):
    return "".join(f"\n> **Failed:** {text}\n" for text in facts["failures"])


ASKED = {
    "claim": "claim of one item, rolled back",
    "next_due": "when the next is due",
    "lapsed": "lapsed leases",
    "misplaced": "effects out of place",
    "counts": "counts",
    "retention": "retention, a step of 500 rows deleted",
}


def history_section(facts):
    figures = Figures(facts)
    few, many = contestants.FEW_FINISHED, facts["finished"]
    rows, asked, health = [], [], []
    for where in ("postgres", "sqlite"):
        for kind in ("repeatable", "once"):
            name = f"{where}-{kind}"
            short, long = f"drain-{name}-{few}", f"drain-{name}-{many}"
            said = f"{'PostgreSQL' if where == 'postgres' else 'SQLite'}, {kind}"
            if figures.rates(short) and figures.rates(long):
                pair = [number(figures.median(short)), number(figures.median(long))]
                rows.append([said, *pair, number(figures.ratio(long, short), 2)])
            for field, what in ASKED.items():
                pair = [figures.median(f"upkeep-{name}-{size}", field) for size in (few, many)]
                if None not in pair and (field != "misplaced" or kind == "once"):
                    ratio = number(pair[1] / max(pair[0], 1e-6), 2)
                    asked.append([said, what, *(number(value, 3) for value in pair), ratio])
            for size, contestant in ((few, short), (many, long)):
                for run in figures.runs.get(contestant, [])[-1:]:
                    if "table" in run:
                        health.append([said, number(size), *health_of(run)])
    heads = [f"beside {few:,}", f"beside {many:,}"]
    return "\n".join(
        [
            f"## A long history: {many:,} finished items\n",
            about(facts),
            failures(facts),
            f"Draining {max(facts['items'].values()):,} items, items/s:\n",
            table(["", *heads, "ratio"], rows),
            "What the engine asks, ms (medians; more than 1 in the last column is slower):\n",
            table(["", "", *heads, "ratio"], asked),
            "**Counts** read what is not finished through its partial indexes, and at most 10,000 rows of the table "
            "for the rest: of a longer one they say *at least* (`10000+`).\n",
            "**Vacuum pressure.** What such a drain has left behind in PostgreSQL, before a vacuum: every item is "
            "updated twice, a `once` item three times, and each update leaves a dead row (the warm-up's are "
            "among them). That is pressure by what is worked, not by what is finished: finished rows are never touched again. Autovacuum's default threshold "
            "is a fifth of the table, so beside a long history it comes late and the due index carries the dead "
            "entries meanwhile: `ALTER TABLE … SET (autovacuum_vacuum_scale_factor = 0, "
            "autovacuum_vacuum_threshold = 20000)` makes it come as often as beside none. SQLite has no dead rows: "
            "the pages of deleted ones are used again.\n",
            table(
                ["", "finished before", "dead rows", "per item", "HOT updates", "autovacuums", "table MB", "indexes MB"],
                health,
            ),
        ]
    )


def health_of(run):
    state = run["table"]
    return [
        number(state["dead"]),
        number(state["dead"] / max(run.get("items", 0), 1), 1),
        f"{state['hot_updates'] / max(state['updates'], 1):.0%}",
        number(state["autovacuums"]),
        number(state["table_bytes"] / 1e6),
        number(state["index_bytes"] / 1e6),
    ]


def reference_of(who):
    """Which of ours a line is compared with: the same job, as durable."""
    if who.section == "drain":
        return "ours-repeatable-1"
    if who.section == "sqlite-drain":
        return f"ours-sqlite-{who.name.rpartition('-')[2]}"
    if who.section == "sqlite-enqueue":
        return "ours-sqlite-" + who.name[who.name.index("enqueue") :]
    return f"ours-enqueue-{who.name.rpartition('-')[2]}"


def write(out, results):
    parts = [HEAD]
    latest, history = results / "latest.json", results / "history.json"
    facts = json.loads(latest.read_text()) if latest.exists() else None
    if facts:
        figures = Figures(facts)
        parts += [
            about(facts),
            failures(facts),
            "## Targets\n",
            verdict_table(figures),
            targets.limits(figures),
            "## Draining no-op items, PostgreSQL\n",
            "The columns from *statements* on are per item.\n",
            rates_table(figures, "drain", reference_of),
            "## Enqueuing, PostgreSQL\n",
            rates_table(figures, "enqueue", reference_of),
            "## From enqueue to start, idle, PostgreSQL\n",
            latency_table(figures),
            "## Draining no-op items, SQLite (WAL)\n",
            rates_table(figures, "sqlite-drain", reference_of),
            "## Enqueuing, SQLite (WAL)\n",
            rates_table(figures, "sqlite-enqueue", reference_of),
        ]
    if history.exists():
        parts.append(history_section(json.loads(history.read_text())))
    described = facts or json.loads(history.read_text())
    settings = ", ".join(f"`{name} = {value}`" for name, value in described["postgresql_settings"].items())
    cores, node = described["machine"]["cores"], described["versions"]["node"]
    method = (machine.ROOT / "bench/method.md").read_text()
    parts.append(method.format(settings=settings, cores=cores, node=node))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(part.rstrip("\n") + "\n" for part in parts if part.strip()))
