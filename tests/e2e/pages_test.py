#!/usr/bin/env python3
"""What README.md and docs/guides show is what happens: each page's ```sh blocks, in their order, in one bash.

usage: pages_test.py PATH/TO/fencepost [PART OF A PAGE'S NAME [--show]]    (--show: all that was said)

A line that fails fails its page, and so does one that does not print what its comment says behind `# =>` (… stands for
anything). What cannot run here stands in the page below `<!-- not run: why -->`, and is counted. A command outside a
```sh block, which nobody would run, is refused. Lines that serve run beside the others, each in the place of the one
before. The names below stand for what a reader has: his own ports, folders, hosts.
"""

import base64
import concurrent.futures
import contextlib
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from harness import PATIENCE, Failed, ROOT, check, eventually, folder, free_port, postgres_database, run_all
from platforms import Emulated

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
LIMIT = 240  # seconds for a page; only one that hangs needs them
KEY, CHANNEL = "demo-key", "UC" + "night-talk".ljust(22, "0")
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
MARK = "\x1e"
EXPECTED = re.compile(r"#.*?=> (.+)$")
SERVES = re.compile(r"(scripts/run|fencepost serve)\b(?!.*--(help|build-only))")
# What the pages suppose somebody has done before: the tour of the README, or the page that they name.
SHOW = """fencepost show create --name "Night Talk" --slug night-talk >/dev/null
fencepost show edit 1 --channel UC1234567890123456789012 >/dev/null
"""
HOOK = """fencepost connection add --name "my receiver" --url http://127.0.0.1:8799/hook >/dev/null
"""
EPISODE = """fencepost episode create 1 --title Pilot --start 2030-11-27T20:00 >/dev/null
fencepost announcement create --episode 1 --connection 1 >/dev/null
"""
DUE = """fencepost queue pause announcements >/dev/null
fencepost announcement create --connection 1 --text "We are live" --in 1s >/dev/null; sleep 1
"""
ACCOUNT = """authorized "Acme on YouTube"
"""
BEFORE = {
    "api.md": HOOK, "backup.md": HOOK + DUE, "keys.md": HOOK, "live.md": SHOW, "texts.md": SHOW + HOOK + EPISODE,
    "people.md": "fencepost user invite --role operator | /usr/bin/python3 $PAGES --invited\n",
    "videos.md": ACCOUNT + "fencepost channel create --name Acme --connection 'Acme on YouTube' >/dev/null\n",
}
WITHOUT_SERVER = {"README.md", "own-table.md", "adopt.md", "planted.md"}

# Servers end with the page; `served` waits until one listens. `authorized` does what people do in a browser.
PRELUDE = r"""
set -eE
served() {
  if [ -n "$server" ]; then kill -INT "$server"; while kill -0 "$server" 2>/dev/null; do sleep 0.05; done; fi
  rm -f served.log  # the last one's, which says `listening` too
  setsid "$@" >served.log 2>&1 & server=$!
  disown
  until grep -qs 'listening on http' served.log; do
    kill -0 "$server" || { cat served.log; return 1; }
    sleep 0.05
  done
  cat served.log >>all.log
}
first_person() { /usr/bin/python3 "$PAGES" --first-person; }
authorized() { fencepost connection authorize --platform youtube --name "$1" | /usr/bin/python3 "$PAGES" --browser; }
"""


class Block:
    def __init__(self, line, why, text):
        self.line, self.why, self.text = line, why, text


def blocks_of(page):
    """The ```sh blocks of a page; refuses commands that stand elsewhere."""
    found, why, fence, text = [], None, None, []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        where = f"{page.name}:{number}"
        mark = re.match(r"\s*<!-- not run: (.+) -->$", line)
        ticks = re.match(r"\s*```(\w*)$", line)
        if ticks and fence is None:
            fence, start, text = ticks[1], number, []
        elif ticks:
            if fence == "sh":
                found.append(Block(start, why, "\n".join(text) + "\n"))
            fence = why = None
        elif fence == "sh":
            text.append(line)
        else:
            check(not re.match(r"( {4,}|\s*\$ )" * (fence is None) + r"\s*(\$ )?(fencepost|scripts/\w+|python3) ", line),
                  f"{where}: a command outside a ```sh block")
            check(not mark or why is None, f"{where}: two reasons for one block")
            check(mark or why is None or not line.strip(), f"{where}: the reason stands above no block")
            why = mark[1] if mark else why
    check(why is None, f"{page.name}: the reason stands above no block")
    return found


def commands_of(block):
    """(line number, command) of a block: as many lines as bash wants for a whole one."""
    begun = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        begun.append(line)
        text = "\n".join(begun)
        looked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
        if text.endswith("\\") or looked.returncode or looked.stderr:  # of a here-document without its end it warns
            continue
        if re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE).strip():
            yield number - len(begun) + 1, text
        begun = []
    check(not begun, f"line {block.line}: the block ends in the middle of a command")


def clone(path):
    """A fresh clone of the repository, with its binary."""
    for entry in ROOT.iterdir():
        if entry.name not in (".git", "build", "data", "etc", "fencepost.toml"):
            (path / entry.name).symlink_to(entry)
    for preset in ("release", "dev"):
        (path / "build" / preset).mkdir(parents=True)
        (path / "build" / preset / "bin").symlink_to(os.path.dirname(BINARY))
    (path / "data").mkdir(mode=0o700)


def film(path, words):
    """What YouTube's emulator takes; nobody looks at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + words.encode())


class World:
    """Everything outside of a page: emulated platforms, a database, free ports, and the environment that names them."""

    def __init__(self, stack, path, postgres):
        start = lambda *words: stack.enter_context(contextlib.closing(Emulated(*words)))
        youtube, model = start("youtube/youtube.py", "--key", KEY), start("model/model.py")
        x, mastodon = start("x/x.py"), start("mastodon/mastodon.py", "--token", "demo-token")
        bluesky = start("bluesky/bluesky.py", "--account", "you.bsky.social:xxxx-xxxx-xxxx-xxxx")
        youtube.ask("/_channels", {"channels": [{"id": "UC1234567890123456789012", "title": "Night Talk"}]})
        model.ask("/_set", {"says": "Tonight: we are on the air", "key": KEY})
        has = {"youtube.key": KEY, "data/receiver.secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "mastodon.token": "demo-token"}
        for name, text in has.items():
            (path / name).write_text(text + "\n")
        key = path / "youtube.key"
        (path / "poster.png").write_bytes(PNG)
        films = [f"films/{number}" for number in ("one", "two", "three", "four", "five", "six", "seven")]
        for name in ("shows/2026/Episode 12", "clips/one", *films):
            film(path / "srv" / f"{name}.mp4", name)
        film(path / "Episode 12.mp4", "sent")
        database = stack.enter_context(postgres_database()) if postgres else ""
        self.port, self.receiver = free_port(), free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FENCEPOST_")}
        self.env = {
            **clean, "PAGES": os.path.abspath(__file__), "server": "", "HOME": str(path),
            "PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"],
            "FENCEPOST_SERVER": f"http://127.0.0.1:{self.port}", "FENCEPOST_LISTEN": f"127.0.0.1:{self.port}",
            "FENCEPOST_STATE_FOLDER": str(path / "state"),
            **{f"FENCEPOST_YOUTUBE_{name}_URL": youtube.url for name in ("API", "FEED", "PAGE", "ACCOUNTS", "TOKEN")},
            "FENCEPOST_ALLOW_PRIVATE_ADDRESSES": "1", "FENCEPOST_MEDIA_FOLDERS": f"films={path}/srv/films",
            "FENCEPOST_YOUTUBE_CLIENT_ID": "demo", "FENCEPOST_YOUTUBE_API_KEY_FILE": str(key),
            "FENCEPOST_TEXT_API": "openai", "FENCEPOST_TEXT_MODEL": "demo", "FENCEPOST_TEXT_URL": model.url,
            "FENCEPOST_TEXT_KEY_FILE": str(key), "FENCEPOST_X_URL": x.url, "FENCEPOST_X_SITE": x.url,
            "FENCEPOST_X_CLIENT_ID": "demo", "FENCEPOST_CURATE_PLACES_URL": youtube.url,
        }
        # What stands in the pages, and here. The machine may be busy: what comes a second before its time comes five.
        self.here = [
            (r"^scripts/run\b", "fencepost serve --database sqlite:data/fencepost.db --listen 127.0.0.1:8787 "
                                 "--token-file data/admin.token"),
            (r"127\.0\.0\.1:8787", f"127.0.0.1:{self.port}"), (r"\b8799\b", str(self.receiver)), (r"sleep 9\b", "sleep 5"),
            (r"sleep 12\b", "sleep 16"), (r"createdb fencepost2?\b", ":"),
            (r"postgresql://\S*/(fencepost2?|crm)\b", database), (r"--database URL\b", "--database sqlite:data/fencepost.db"),
            (r"\bfp_…", "$(cat data/me.token)"), (r"/srv/(shows|clips)\b", r"srv/\1"),
            (r"^fencepost connection authorize --platform youtube --name (.*)", r"authorized \1"),
            (r"/etc/fencepost/key\b", "data/fencepost.db.key"), (r"https://mastodon\.example\b", mastodon.url),
            (r"https://bsky\.social\b", bluesky.url), (r"https://example\.com/hook", f"http://127.0.0.1:{self.receiver}/hook"),
        ]

    def said_here(self, text):
        for pattern, instead in self.here:
            text = re.sub(pattern, instead, text, flags=re.MULTILINE)
        return text


def script_of(page, blocks, world):
    """What bash is given, and the commands that it marks by their index."""
    commands, script = [], [PRELUDE]
    if page.name not in WITHOUT_SERVER:
        script.append("served " + world.said_here("scripts/run --allow-private-addresses"))
        script.append("first_person; export FENCEPOST_TOKEN=$(cat data/me.token)")
        script.append(world.said_here(BEFORE.get(page.name, "")))
    for block in blocks:
        for line, text in commands_of(block):
            here = world.said_here(text)
            script.append(f"printf '\\n{MARK}{len(commands)}\\n'")
            script.append("served " + here if SERVES.match(text.strip()) else here)
            commands.append((f"{page.name}:{line}", text))
    script.append(f"printf '\\n{MARK}end\\n'; cd /; [ -z \"$server\" ] || kill \"$server\"")
    return "\n".join(script) + "\n", commands


def fits(wanted, said):
    """Whether a command said what its page shows; … is anything, spaces are as good as any others."""
    parts = [r"\s+".join(map(re.escape, part.split())) for part in wanted.split("…")]
    return re.search(".*".join(parts), said, re.DOTALL)


def run(page, limit=LIMIT):
    """Runs a page; what there is to tell of it."""
    told = [f"     not run: {page.name}:{block.line}: {block.why}" for block in blocks_of(page) if block.why]
    blocks = [block for block in blocks_of(page) if not block.why]
    if not blocks:
        return [*told, f"     {page.name}: nothing to run, {len(told)} blocks not run"]
    with folder() as path, contextlib.ExitStack() as stack:
        clone(path)
        world = World(stack, path, any("postgresql://" in block.text for block in blocks))
        script, commands = script_of(page, blocks, world)
        with open(path / "said", "w+b") as said:
            bash = subprocess.Popen(["bash", "--norc", "-c", script], cwd=path, env=world.env, stdin=subprocess.DEVNULL, stdout=said,
                                    stderr=subprocess.STDOUT, start_new_session=True)
            stack.callback(end, bash, path)
            with contextlib.suppress(subprocess.TimeoutExpired):
                bash.wait(limit)
        begun, *parts = (path / "said").read_text(errors="replace").split("\n" + MARK)
        said = [part.partition("\n")[2] for part in parts]
        where, text = commands[len(said) - 1] if 0 < len(said) <= len(commands) else (page.name, "what the page supposes")
        check(bash.returncode is not None, f"{where} hangs: {text}\n{begun}{said[-1:]}")
        check(bash.returncode == 0, f"{where}: exit {bash.returncode}: {text}\n{said[-1] if said else begun}")
        for (where, text), answer in zip(commands, said):
            if "--show" in sys.argv:
                told.append(f"{where}: {text}\n{answer}")
            wanted = EXPECTED.search(text)
            check(not wanted or fits(wanted[1], answer), f"{where}: {text}\nsaid\n{answer}")
        if page.name == "README.md":
            arrived_once(world)
        left = sum(bool(block.why) for block in blocks_of(page))
        compared = sum(bool(EXPECTED.search(text)) for _, text in commands)
        return [*told, f"     {page.name}: {len(blocks)} blocks run and {left} not, {len(commands)} commands, {compared} answers compared"]


def planted():
    """Each fault that a page can have is found."""
    block = "```sh\n{}\n```\n".format
    faults = {
        "exit 3": block("true\n(exit 3)\ntrue"), "said": block("echo one   # => two"), "hangs": block("sleep 1000 &\nwait"),
        "outside": "Like this:\n\n    fencepost verify\n", "above no block": "<!-- not run: no reason -->\nText.\n",
        "in the middle": block("echo 'never closed"), "two reasons": "<!-- not run: a -->\n<!-- not run: b -->\n" + block("true"),
    }
    with folder() as path:
        for wanted, text in faults.items():
            (path / "planted.md").write_text(text)
            try:
                run(path / "planted.md", limit=5)
            except Failed as found:
                check(wanted in str(found), f"'{wanted}' is what is wrong: {found}")
            else:
                raise Failed(f"'{wanted}' was not found")


def arrived_once(world):
    """What the tour is about, by its own receiver."""
    with urllib.request.urlopen(f"http://127.0.0.1:{world.receiver}/count", timeout=10) as answer:
        count = json.load(answer)
    check(set(count["by_key"].values()) == {1} and count["refused"] == 0, f"each once, every signature holds: {count}")


def end(bash, path):
    """A page's bash with all that it started; servers have sessions of their own, and say so in their environment."""
    mine = f"FENCEPOST_STATE_FOLDER={path}/state".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if mine in environment.read().split(b"\0"):
                    os.kill(int(pid), signal.SIGKILL)
    bash.wait(PATIENCE)


def request(url, body=None, **headers):
    """A browser's: JSON, the session's cookie, no redirects followed."""
    opener = urllib.request.build_opener(type("Stay", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *_: None}))
    wish = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    try:
        return opener.open(wish, timeout=PATIENCE)
    except urllib.error.HTTPError as answer:
        if answer.code in (302, 303):
            return answer
        raise SystemExit(f"{url}: {answer.code} {answer.read().decode()}") from None


def joins(path, code, name):
    server = os.environ["FENCEPOST_SERVER"]
    who = {"code": code, "name": name, "email": f"{name.lower()}@example.org", "password": "a show of hands"}
    return request(server + path, who, Origin=server)


def invited():
    joins("/api/v1/invitations/accept", re.search(r"code=(\S+)", sys.stdin.read())[1], "Eve")


def first_person():
    """What people do with the link that the first start prints: an account, and a token of their own in Settings."""
    server = os.environ["FENCEPOST_SERVER"]
    log = pathlib.Path("served.log")
    code = eventually(lambda: re.search(r"welcome#code=(\S+)", log.read_text()), "the first start prints its link")[1]
    made = joins("/api/v1/session/first-run", code, "Ada")
    token = request(server + "/api/v1/tokens", {"name": "me"}, Origin=server, Cookie=made.headers["Set-Cookie"].split(";")[0],
                    **{"X-CSRF-Token": json.load(made)["csrf_token"]})
    with open("data/me.token", "w", encoding="utf-8") as file:
        file.write(json.load(token)["token"] + "\n")


def browser():
    """Opens the link on standard input, through the platform's page and back."""
    there = request(re.search(r"http\S+", sys.stdin.read())[0])
    request(there.headers["Location"], Authorization=f"Bearer {os.environ['FENCEPOST_TOKEN']}")


def main():
    people = {"--first-person": first_person, "--invited": invited, "--browser": browser}
    if len(sys.argv) == 2 and sys.argv[1] in people:
        return people[sys.argv[1]]()
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    pages = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs/guides").glob("*.md"))) if chosen in page.name]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:  # they mostly wait
        tests = [(page.name, functools.partial(show, pool.submit(run, page))) for page in pages]
        return run_all([*tests, *[("faults that are planted", planted)] * (not chosen)])


def show(page):
    print("\n".join(page.result()))


if __name__ == "__main__":
    sys.exit(main())
