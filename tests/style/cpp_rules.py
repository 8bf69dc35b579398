"""Rules over C++ and over all files. Each yields (path, line, message)."""
import re

from source import line_of

# Who sees whom, besides itself: everything to its left (docs/ARCHITECTURE.md).
ORDER = ["base", "core", "store", "engine", "accounts", "apps", "http", "cli"]
SEES = {layer: set(ORDER[:at]) for at, layer in enumerate(ORDER)}
SEES["connect"] = {"base", "core"}
for outer in ("apps", "http", "cli"):
    SEES[outer].add("connect")
SEES["library"] = set(SEES["accounts"])  # the public library, beside the applications
SEES["cli"].add("library")
SEES["fencepost"] = set()  # include/fencepost: what an embedding program sees, so nothing of ours

MAX_LINES = 450
MAX_COLUMNS = 110


def in_source(file):
    return file.is_cpp and file.is_under("src", "include")


def matches(files, pattern, message, applies, text=lambda file: file.code):
    compiled = re.compile(pattern)
    for file in files:
        if applies(file):
            content = text(file)
            for match in compiled.finditer(content):
                yield file.path, line_of(content, match.start()), message.format(match.group().strip())


def layer_of(parts):
    """(layer, application or None) of a path or of what an #include names, both below src/ or include/."""
    if parts[0] == "apps":
        return "apps", parts[1] if len(parts) > 2 else None
    return parts[0], None


def includes(file):
    for number, text in enumerate(file.lines, 1):
        found = re.match(r'\s*#\s*include\s*"([^"]+)"', text)
        if found:
            yield number, found.group(1)


def include_direction(files):
    applications = {file.parts[2] for file in files if file.is_under("src/apps") and len(file.parts) > 3}
    # A part of an application with SQL of its own: src/apps/announce/live.
    inner = {
        file.parts[3]: file.parts[2]
        for file in files
        if file.is_under("src/apps") and file.suffix == ".sql" and len(file.parts) == 5
        and file.parts[3] not in ("sqlite", "postgres", "migrations")
    }
    for file in files:
        if not in_source(file) or len(file.parts) < 3:
            continue
        layer, application = layer_of(file.parts[1:])
        for number, target in includes(file):
            parts = target.split("/")
            if parts[0] in applications:  # the SQL that the build makes for an application
                parts = ["apps"] + parts
            if parts[0] in inner:
                parts = ["apps", inner[parts[0]]] + parts
            seen, other = layer_of(parts)
            if seen == "tests" and file.is_test or seen == "fencepost":
                continue
            if seen not in SEES:
                yield file.path, number, f'"{target}" is not "folder/file.hpp" from src/ (foreign: <>)'
            elif seen != layer and seen not in SEES.get(layer, set()):
                yield file.path, number, f"{layer} must not see {seen}"
            elif layer == "apps" and seen == "apps" and application and other and application != other:
                yield file.path, number, f"the application {application} must not see {other}"


def public_headers_stand_alone(files):
    """An embedding program needs the standard library for our headers, and no other."""
    yield from matches(
        files,
        r"#\s*include\s*<[^>]*[./][^>]*>",
        "{}: a public header includes the standard library and its neighbours only",
        lambda file: file.is_under("include"),
        text=lambda file: file.text,
    )


# Where a thread waits for a socket or for a file's lock, real time is meant, and no test replaces it.
WAITS_FOR_IO = ("src/store/sqlite", "src/store/postgres", "src/connect", "src/http/server")


def time_and_chance_come_from_base(files):
    advice = "{}: time and randomness come from base/clock.hpp and base/random.hpp, or are passed in"

    def outside_base(file):
        return in_source(file) and not file.is_under("src/base") and not file.is_test

    yield from matches(
        files,
        r"\b(?!BootClock::)\w+::now\s*\(|\bstd::(?:random_device|mt19937\w*|default_random_engine|rand)\b"
        r"|\bs?rand\s*\(\s*\)|\brandombytes_\w+|\bchrono::(?:system|steady|high_resolution)_clock\b"
        r"|\b(?:gettimeofday|clock_gettime)\b|\btime\s*\(\s*(?:nullptr|NULL|0)\s*\)",
        advice,
        outside_base,
    )
    yield from matches(
        files,
        r"\bBootClock::now\s*\(",
        advice,
        lambda file: outside_base(file) and not file.is_under(*WAITS_FOR_IO),
    )


def nobody_sleeps(files):
    advice = "{}: wait on a signal or a condition, with a deadline"
    raw = r"\bsleep_until\b|(?<![\w.>])(?:u|nano)?sleep\s*\(|\bclock_nanosleep\b|\bthis_thread::sleep_\w+"
    yield from matches(
        files, raw, advice, lambda file: file.is_cpp and not file.is_under("src/base") or file.is_test
    )
    # base::sleep_for is for the back-off between two tries of a transaction, which happens in these.
    yield from matches(
        files,
        r"(?<!this_thread::)\bsleep_for\b",
        advice,
        lambda file: file.is_cpp and (not file.is_under("src/base", "src/store", "src/engine") or file.is_test),
    )


def no_coroutines(files):
    yield from matches(
        files,
        r"\bco_(?:await|yield|return)\b|<coroutine>|\basio::awaitable\b",
        "{}: g++ 12.2 miscompiles coroutines",
        lambda file: file.is_cpp,
    )


def threads_are_joined(files):
    yield from matches(
        files,
        r"\.detach\s*\(\s*\)|\bpthread_detach\b",
        "{}: a thread has an owner that joins it",
        lambda file: file.is_cpp,
    )


def dialects_stay_in_store(files):
    yield from matches(
        files,
        r"\bDialect::\w+|\bis_(?:postgres|sqlite)\b|\bif\s*\(\s*!?\s*(?:postgres|sqlite)\w*\s*\)",
        "{}: dialects differ in .sql files and in store/ only",
        lambda file: in_source(file) and not file.is_under("src/store") and not file.is_test,
    )


def sql_stays_in_sql_files(files):
    # Over the text, since the statement stands in a literal. Not in store, which makes a queue's own triggers.
    yield from matches(
        files,
        r'"\s*(?:UPDATE|DELETE FROM|INSERT INTO|SELECT)\s[^"\n]{0,20}',
        "{}…: statements live in .sql files",
        lambda file: in_source(file) and not file.is_under("src/store") and not file.is_test,
        text=lambda file: file.text,
    )


SLOW = (
    r"#\s*include\s*<(?:nlohmann/json\.hpp|boost/(?:beast|asio)[^>]*|spdlog/[^>]*|CLI/[^>]*|toml\+\+/[^>]*)>"
)


def headers_are_quick(files):
    yield from matches(
        files,
        SLOW,
        "{}: slow headers belong in .cpp files",
        lambda file: in_source(file)
        and file.suffix == ".hpp"
        and not file.is_test
        and not file.is_under("src/http/server"),  # Beast's own folder; nothing outside includes it
        text=lambda file: file.text,
    )
    for file in files:
        if in_source(file) and file.suffix == ".hpp":
            if "#pragma once" not in file.text:
                yield file.path, 1, "no #pragma once"
            for match in re.finditer(r"^using namespace\b", file.code, re.MULTILINE):
                yield file.path, line_of(file.code, match.start()), "using namespace in a header"


def files_and_lines_are_short(files):
    for file in files:
        if file.is_under("src") and len(file.lines) > MAX_LINES:
            yield file.path, MAX_LINES + 1, f"{len(file.lines)} lines; {MAX_LINES} are the most"
        if in_source(file) or file.is_cpp or file.suffix == ".sql":
            for number, text in enumerate(file.lines, 1):
                if len(text) > MAX_COLUMNS:
                    yield file.path, number, f"{len(text)} columns; {MAX_COLUMNS} are the most"


def every_source_is_built(files):
    """A test that no CMakeLists.txt names passes for ever."""
    lists = {file.path.rpartition("/")[0]: file.text for file in files if file.parts[-1] == "CMakeLists.txt"}
    for file in files:
        if file.suffix != ".cpp" or not file.is_under("src"):
            continue
        folders = ["/".join(file.parts[:count]) for count in range(1, len(file.parts))]
        name = re.compile(r"(?<![\w])" + re.escape(file.parts[-1]) + r"(?!\w)")
        texts = [lists[folder] for folder in folders if folder in lists]
        if not any(name.search(text) or re.search(r"file\s*\(\s*GLOB", text) for text in texts):
            yield file.path, 1, "no CMakeLists.txt names it"


CODE = {
    ".cpp",
    ".hpp",
    ".sql",
    ".py",
    ".sh",
    ".cmake",
    ".pml",
    ".ts",
    ".tsx",
    ".js",
    ".css",
    ".html",
    ".txt",
    ".yml",
    "",
}


def nothing_left_over(files):
    words = "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3])
    yield from matches(
        files,
        rf"\b(?:{words})\b",
        "{}: finish it, or open an issue",
        lambda file: file.suffix in CODE and file.path != "LICENSE",
        text=lambda file: file.text,
    )


def no_workplace_paths(files):
    # Pieced together, so that this file passes.
    folders = "|".join(["wo" + "rk", "fa" + "rm"])
    yield from matches(
        files,
        rf"(?<![\w.}}$/-])/(?:{folders})/[\w.-]*",
        "{}: a path of somebody's machine",
        lambda file: True,
        text=lambda file: file.text,
    )
