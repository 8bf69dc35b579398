"""Rules over .sql files. Each yields (path, line, message)."""
import re

from source import line_of

# Every table with a fence. Store's statements serve any of them and say {table}.
FENCED_TABLES = {
    "{table}",
    "fencepost_announcements",
    "fencepost_businesses",
    "fencepost_deliveries",
    "fencepost_discoveries",
    "fencepost_domains",
    "fencepost_jobs",
    "fencepost_live_channels",
    "fencepost_live_streams",
    "fencepost_pages",
    "fencepost_places",
    "fencepost_publications",
    "fencepost_schedules",
    "fencepost_sitemaps",
    "fencepost_texts",
    "fencepost_uploads",
}
# What a write on a fenced table must test, on the target row itself.
TESTED = re.compile(r"\b(fence|claim_id|effect|(processing_)?status)\b", re.IGNORECASE)
# What only the protocol writes. Applications may read it.
PROTOCOL_COLUMNS = {"fence", "claim_id", "effect", "lease_until", "stop_wanted", "attempt"}

WRITE = re.compile(
    r"""\b(?P<verb>UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(?:ONLY\s+)?
                       (?P<table>(?:"?\w+"?\.)?"?\{?\w+\}?"?)""",
    re.IGNORECASE | re.VERBOSE,
)
INSERT_COLUMNS = re.compile(
    r"\bINSERT\s+(?:OR\s+\w+\s+)?INTO\s+[\w.\"{}]+\s*(?:AS\s+\w+\s*)?\(([^()]*)\)", re.IGNORECASE
)
UPSERT = re.compile(r"\bINSERT\s+INTO\s+(?P<table>[\w.\"{}]+)", re.IGNORECASE)
# The words in front of UPDATE and DELETE when a trigger or a foreign key speaks of them.
NOT_A_WRITE = re.compile(r"\b(BEFORE|AFTER|OF|OR|ON|FOR|KEY|INSTEAD)\s*$", re.IGNORECASE)
EXEMPTION = re.compile(r"--\s*unfenced:\s*\S{3,}")


def depths(sql, start):
    """Yields (offset, depth) from start to the statement's end: a `;`, or the bracket that encloses it."""
    depth = 0
    for offset in range(start, len(sql)):
        letter = sql[offset]
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth < 0:
                return
        elif letter == ";" and depth == 0:
            return
        yield offset, depth


def statement_at(sql, start, end):
    """The statement's own text from `start`, before `end`; what stands in subqueries is blanked."""
    out, inside = [], []  # inside: for each open bracket, whether it belongs to a subquery
    for offset, _ in depths(sql[:end], start):
        letter = sql[offset]
        if letter == "(":
            hidden = bool(inside and inside[-1]) or bool(
                re.match(r"\(\s*(SELECT|WITH)\b", sql[offset:], re.I)
            )
            inside.append(hidden)
            out.append(" " if hidden else "(")
        elif letter == ")":
            out.append(" " if inside.pop() else ")")
        else:
            out.append(" " if inside and inside[-1] and letter != "\n" else letter)
    return "".join(out)


def clause(statement, begin, ends):
    """The text of one clause at the statement's own level: from the word `begin` to one of `ends`."""
    depth, start = 0, None
    for match in re.finditer(r"\(|\)|\b\w+\b", statement):
        word = match.group().upper()
        depth += (word == "(") - (word == ")")
        if depth == 0 and start is None and word == begin:
            start = match.end()
        elif depth == 0 and start is not None and word in ends:
            return statement[start : match.start()]
    return "" if start is None else statement[start:]


def named_statements(file):
    """Yields (offset, end) of each `-- name:` part; the whole file where there are none (migrations)."""
    marks = [m.start() for m in re.finditer(r"^-- name:", file.text, re.MULTILINE)] or [0]
    for begin, end in zip(marks, marks[1:] + [len(file.text)]):
        yield line_of(file.text, begin), line_of(file.text, end)


def is_exempt(file, line):
    """`-- unfenced: why` on the write's line or in the comments right above it or above its statement."""
    first = max((begin for begin, end in named_statements(file) if begin <= line), default=1)
    return any(EXEMPTION.search(text) for text in file.lines[first - 1 : line])


def fenced_writes(files):
    for file in files:
        if file.suffix != ".sql" or file.parts[0] != "src":
            continue
        sql = file.sql
        for match in WRITE.finditer(sql):
            table = match.group("table").replace('"', "").split(".")[-1]
            if table.lower() not in FENCED_TABLES or NOT_A_WRITE.search(sql[: match.start()]):
                continue
            where = clause(
                statement_at(sql, match.start(), len(sql)), "WHERE", {"RETURNING", "ORDER", "LIMIT"}
            )
            line = line_of(sql, match.start())
            if not TESTED.search(where) and not is_exempt(file, line):
                yield (
                    file.path,
                    line,
                    (
                        f"{match.group('verb').split()[0].upper()} on the fenced table {table} tests none "
                        "of fence, claim_id, effect, status in its own WHERE (a subquery sees another moment)"
                    ),
                )
        for match in UPSERT.finditer(sql):
            if match.group("table").replace('"', "").split(".")[-1].lower() not in FENCED_TABLES:
                continue
            statement = statement_at(sql, match.start(), len(sql))
            update = re.search(r"\bDO\s+UPDATE\b", statement, re.IGNORECASE)
            if update and not TESTED.search(clause(statement[update.end() :], "WHERE", {"RETURNING"})):
                yield (
                    file.path,
                    line_of(sql, match.start()),
                    "DO UPDATE on a fenced table tests no fence in its WHERE",
                )


def assigned_columns(sql):
    """Yields (offset, column) of every column that an UPDATE, an upsert or an INSERT writes."""
    for match in re.finditer(r"\bSET\b", sql, re.IGNORECASE):
        if re.search(r"\bON\s+(DELETE|UPDATE)\s+$", sql[: match.start()], re.IGNORECASE):
            continue  # a foreign key
        targets, expression = True, 0
        for offset, depth in depths(sql, match.end()):
            word = re.compile(r"\w+").match(sql, offset)
            if word and (offset == 0 or not re.match(r"\w", sql[offset - 1])):
                if depth == 0 and word.group().upper() in {"WHERE", "FROM", "RETURNING"}:
                    break
                if targets:
                    yield offset, word.group().lower()
            elif sql[offset] == "=" and depth == 0:
                targets = False
            elif sql[offset] == "," and depth == 0:
                targets = True
    for match in INSERT_COLUMNS.finditer(sql):
        for word in re.finditer(r"\w+", match.group(1)):
            yield match.start(1) + word.start(), word.group().lower()


PROTOCOL_WISH = re.compile(r"^-- protocol: \S", re.MULTILINE)


def applications_leave_the_protocol_alone(files):
    """But for a migration whose triggers say what people wish, and which says so: `-- protocol: why`."""
    for file in files:
        if file.suffix != ".sql" or not file.is_under("src") or file.is_under("src/store"):
            continue
        if "migrations" in file.parts and PROTOCOL_WISH.search(file.text):
            continue
        for offset, column in assigned_columns(file.sql):
            if column in PROTOCOL_COLUMNS:
                yield file.path, line_of(
                    file.sql, offset
                ), f"writes {column}, which belongs to the store's protocol"


def same_names_in_both_dialects(files):
    found = {}  # folder -> dialect -> {name: (path, line)}
    for file in files:
        if file.suffix != ".sql" or file.parts[0] != "src":
            continue
        for dialect in ("sqlite", "postgres"):
            if dialect not in file.parts:
                continue
            at = file.parts.index(dialect)
            names = found.setdefault("/".join(file.parts[:at]), {"sqlite": {}, "postgres": {}})[dialect]
            if "migrations" in file.parts[at:]:
                names["/".join(file.parts[at + 1 :])] = (file.path, 1)
            for number, text in enumerate(file.lines, 1):
                mark = re.match(r"-- name:\s*(\w+)", text)
                if mark:
                    names[mark.group(1)] = (file.path, number)
    for folder in sorted(found):
        for here, there in (("sqlite", "postgres"), ("postgres", "sqlite")):
            for name in sorted(found[folder][here].keys() - found[folder][there].keys()):
                yield *found[folder][here][name], f"{name} is missing in {folder}/{there}/"


NEWEST = re.compile(r"\bkNewestMigration = (\d+)")


def migrations_are_numbered_once(files):
    """Over the whole program; and the library, which does not know all of them, knows the newest number."""
    found = {}  # (dialect, number) -> path
    for file in files:
        number = re.match(r"(\d{4})_\w+\.sql$", file.parts[-1])
        if not number or "migrations" not in file.parts or not file.is_under("src"):
            continue
        key = (file.parts[-3], int(number.group(1)))
        if key in found:
            yield file.path, 1, f"{found[key]} has the same number"
        found[key] = file.path
    newest = max((number for _, number in found), default=0)
    for file in files:
        known = NEWEST.search(file.text) if file.is_under("src") else None
        if known and int(known.group(1)) < newest:
            yield file.path, line_of(file.text, known.start()), f"there is a migration {newest}"


STALE_TIME = re.compile(r"\bnow\s*\(\s*\)|\bcurrent_timestamp\b|\blocaltimestamp\b", re.IGNORECASE)


def database_time_moves(files):
    for file in files:
        if file.suffix != ".sql":
            continue
        for match in STALE_TIME.finditer(file.sql):
            yield (
                file.path,
                line_of(file.sql, match.start()),
                (
                    f"{match.group()} is stale after a lock wait, or counts "
                    "whole seconds: clock_timestamp(), or bind the time"
                ),
            )
