#!/usr/bin/env python3
"""adopt, then loop: by a command, by a URL, in batches, as `once`, killed in the middle, stopped by plain SQL.

usage: adopt_test.py PATH/TO/fencepost
"""

import collections
import contextlib
import functools
import http.server
import json
import os
import shlex
import signal
import sys
import threading

from adopting import ONCE, Counter, place
from harness import ROOT, check, eventually, run_all

# Writes a line when it begins, waits until a file is there, and writes another one when it ends.
WAITER = "echo begin $FENCEPOST_ITEM $FENCEPOST_CLAIM $$ >> {log}; while ! test -e {go}; do sleep 0.05; done; echo end $FENCEPOST_ITEM >> {log}"


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def adopting(kind):
    """Refused with a list, tried dry, done, and nothing the second time."""
    with place(kind) as p:
        p.table(rows=3)
        p.sql("INSERT INTO links (url, state) VALUES ('x', 'Draft')")
        out = p.adopt(code=1)
        check("1 'Draft'" in out and "--leave" in out and "nothing was changed" in out, out)
        out = p.adopt("--leave", "Draft", "--dry-run")
        check("ALTER TABLE" in out and "CREATE TRIGGER" in out and "left alone" in out, out)
        check(";;" not in out and out.rstrip().endswith(";"), out)
        check(len(p.sql("SELECT * FROM links WHERE id = 1")[0]) == 5, "a dry run adds no column")
        out = p.adopt("--leave", "Draft")
        check("adopted" in out and "next: fencepost loop" in out, out)
        check("nothing to do" in p.adopt("--leave", "Draft"), "the second time nothing is done")
        check(set(p.findings()) == {"due"}, p.findings())
        p.work("--exec", "cat > /dev/null")
        check(p.states() == {"Completed": 3, "Draft": 1}, p.states())
        p.run("verify")


def exit_codes(kind):
    """One row for each way to end."""
    with place(kind) as p:
        p.table()
        p.sql("INSERT INTO links (url) VALUES ('exit 0'), ('echo nothing; echo no such page >&2; exit 65'), ('echo late >&2; exit 75'), "
              "('echo 3600; exit 69'), ('no_such_command_here'), ('exit 3'), ('kill -9 $$')")
        p.adopt("--retries", "0")
        read = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"url\"])'"
        p.work("--exec", f'eval "$({read})"', "--concurrency", "8")
        got = {int(item): (state, int(attempt), error) for item, state, attempt, error in
               p.sql("SELECT id, state, attempt, coalesce(last_error, '') FROM links ORDER BY id")}
        wanted = {1: ("Completed", 1, ""), 2: ("Error", 1, "no such page (exit code 65)"), 3: ("Error", 1, "late (exit code 75)"),
                  4: ("Queued", 0, ""), 5: ("Queued", 0, ""), 6: ("Error", 1, "exit code 3"), 7: ("Error", 1, "signal 9")}
        check(got == wanted, f"{got}, wanted {wanted}")
        # Alone: beside others it might not have begun by then.
        p.sql("DELETE FROM links")
        p.sql("INSERT INTO links (url) VALUES ('exec sleep 600')")
        p.work("--exec", f'eval "$({read})"', "--deadline", "4s", "--grace", "1s")
        got = p.sql("SELECT state, attempt, last_error FROM links")
        check(got == [["Error", "1", "it took longer than its deadline"]], got)
        p.run("loop", "--queue", "links", "--exec", "no_such_command_here", code=2)
        p.run("loop", "--queue", "nothing", "--exec", "true", code=1)
        p.run("loop", "--queue", "links", code=2)


def killed(kind):
    """A loop is killed in the middle: its commands go with it, and another loop finishes all, each item once."""
    with place(kind) as p:
        p.table(rows=12)
        p.adopt()
        log, go = p.path / "log", p.path / "go"
        victim = p.loop("--concurrency", "4", "--exec", WAITER.format(log=log, go=go))
        eventually(lambda: len(lines(log)) == 4, "four commands run")
        victim.kill()
        victim.wait()
        pids = [line.split()[3] for line in lines(log)]
        gone = lambda pid: not os.path.exists(f"/proc/{pid}") or " Z " in open(f"/proc/{pid}/stat").read()
        with contextlib.suppress(FileNotFoundError):
            eventually(lambda: all(gone(pid) for pid in pids), "no command outlives its loop")
        go.touch()
        p.work("--concurrency", "4", "--exec", WAITER.format(log=log, go=go))
        check(p.states() == {"Completed": 12}, p.states())
        ends = collections.Counter(line.split()[1] for line in lines(log) if line.startswith("end"))
        check(len(ends) == 12 and set(ends.values()) == {1}, f"each ended once: {ends}")
        claims = [line.split()[2] for line in lines(log) if line.startswith("begin")]
        check(len(set(claims)) == len(claims), "no claim ran twice")
        p.run("verify")


def stopped(kind):
    """A plain UPDATE takes an item from under its command, which is told so; SIGTERM hands back what was cut."""
    with place(kind) as p:
        p.table(rows=2)
        p.adopt("--stopped", "Stopped")
        log, go = p.path / "log", p.path / "go"
        command = f"trap 'echo term $FENCEPOST_ITEM >> {log}; exit 1' TERM; " + WAITER.format(log=log, go=go)
        loop = p.loop("--lease", "3s", "--drain", "1ms", "--exec", command)
        eventually(lambda: len(lines(log)) == 2, "both run")
        p.sql("UPDATE links SET state = 'Stopped' WHERE id = 1")
        eventually(lambda: "term 1" in lines(log), "the command is told")
        check(p.value("SELECT state FROM links WHERE id = 1") == "Stopped", "and the item stays stopped")
        loop.send_signal(signal.SIGTERM)
        check(loop.wait(60) == 0, "a graceful end")
        check("term 2" in lines(log), "the other one is told, too")
        check(p.sql("SELECT state, attempt FROM links WHERE id = 2") == [["Queued", "0"]], p.sql("SELECT * FROM links"))
        go.touch()
        p.work("--exec", command)
        check(p.states() == {"Stopped": 1, "Completed": 1}, p.states())
        check("'Processing' to 'Stopped', 1 times" in p.findings()["foreign_writer"][0], p.findings())


def posting(kind):
    """What a receiver's answers mean."""
    def answer(arrival):
        first = sum(i == arrival["headers"]["Fencepost-item"] for i in counter.items()) == 1
        return {"ok": (200, {}, {}), "gone": (404, {}, {"error": "no such page"}), "said": (200, {}, {"outcome": "failed", "error": "not this one"}),
                "busy": (503, {"Retry-After": "15"}, {}) if first else (200, {}, {})}[arrival["body"]["url"]]

    counter = Counter(answer)
    with place(kind) as p, contextlib.closing(counter):
        p.table()
        p.sql("INSERT INTO links (url) VALUES ('ok'), ('gone'), ('said'), ('busy')")
        p.adopt()
        p.work("--post", counter.url)
        got = {url: (state, int(attempt), error) for url, state, attempt, error in
               p.sql("SELECT url, state, attempt, coalesce(last_error, '') FROM links")}
        # Not now counts as no attempt; the loop did not wait for it.
        wanted = {"ok": ("Completed", 1, ""), "gone": ("Error", 1, "no such page (404)"), "said": ("Error", 1, "not this one"),
                  "busy": ("Queued", 0, "")}
        check(got == wanted, f"{got}, wanted {wanted}")
        eventually(lambda: p.work("--post", counter.url) or p.states().get("Completed") == 2, "busy comes to its turn")
        check(p.run("loop", "--queue", "links", "--post", "http://127.0.0.1:1/", code=2) == "", "private addresses are refused unasked")


def batches(kind):
    """Items together, an answer for each of them."""
    answer = ("import json, sys; items = json.load(sys.stdin); print(json.dumps([{'item': i['item'], 'outcome': 'failed', 'error': 'odd'} "
              "for i in items if i['row']['id'] % 2])); open(sys.argv[1], 'a').write(f'{len(items)}\\n')")
    with place(kind) as p:
        p.table(rows=40)
        p.adopt()
        log = p.path / "log"
        p.work("--batch", "10", "--concurrency", "2", "--exec", f"python3 -c {shlex.quote(answer)} {log}")
        check(p.states() == {"Completed": 20, "Error": 20}, p.states())
        sizes = [int(line) for line in lines(log)]
        check(sum(sizes) == 40 and max(sizes) <= 10 and len(sizes) < 20, f"batches: {sizes}")
        check(p.value("SELECT count(*) FROM links WHERE last_error = 'odd'") == "20", "their errors")


def once(kind):
    """A send that cannot be taken back: what is certain ends, what is not waits for a person, nothing is sent twice."""
    with place(kind) as p:
        p.table()
        p.sql("INSERT INTO links (url) VALUES ('exit 0'), ('exit 65'), ('exit 3'), ('test $FENCEPOST_ATTEMPT = 2 || exit 75'), ('kill $$')")
        p.adopt(*ONCE)
        log = p.path / "log"
        read = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"url\"])'"
        p.work("--exec", f'echo "$FENCEPOST_ITEM $FENCEPOST_KEY" >> {log}; eval "$({read})"')
        got = dict(p.sql("SELECT url, state FROM links"))
        wanted = {"exit 0": "Completed", "exit 65": "Error", "exit 3": "Unknown", "test $FENCEPOST_ATTEMPT = 2 || exit 75": "Completed", "kill $$": "Unknown"}
        check(got == wanted, f"{got}, wanted {wanted}")
        tries = collections.Counter(lines(log))
        check(sorted(tries.values()) == [1, 1, 1, 1, 2], f"one key an item, and only the certain no was tried again: {tries}")
        check("unknown_effects" in p.findings(), "doctor says who waits")
        p.run("doctor", code=1)
        p.run("verify")
        p.run("loop", "--queue", "links", "--batch", "2", "--exec", "true", code=2)


def once_killed(kind):
    """The loop dies while it sends: the outcome is unknown, and the item is not sent again."""
    release = threading.Event()
    counter = Counter(lambda _: (release.wait(60) and 200 or 200, {}, {}))
    with place(kind) as p, contextlib.closing(counter):
        p.table(rows=4)
        p.adopt(*ONCE)
        victim = p.loop("--concurrency", "2", "--post", counter.url)
        eventually(lambda: len(counter.items()) == 2, "two are on their way")
        victim.kill()
        victim.wait()
        release.set()
        p.work("--post", counter.url)
        arrivals = collections.Counter(counter.items())
        check(set(arrivals.values()) == {1} and len(arrivals) == 4, f"each arrived once: {arrivals}")
        check(p.states() == {"Unknown": 2, "Completed": 2}, p.states())
        keys = {arrival["headers"]["Idempotency-Key"] for arrival in counter.arrivals}
        check(len(keys) == 4, f"a key of its own each: {keys}")
        p.run("verify")


def adopted_anew(kind):
    """Other flags: not while items are worked; and a loop of the old definition ends."""
    with place(kind) as p:
        p.table(rows=1)
        p.adopt()
        log, go = p.path / "log", p.path / "go"
        loop = p.loop("--exec", WAITER.format(log=log, go=go))
        eventually(lambda: lines(log), "it runs")
        out = p.adopt("--stopped", "Stopped", code=1)
        check("while items are being worked: 1 Processing" in out, out)
        go.touch()
        eventually(lambda: p.states() == {"Completed": 1}, "it is done")
        p.adopt("--stopped", "Stopped")
        check(loop.wait(60) == 1, "the old loop ends, and says so by its exit code")
        check("other flags" in (p.path / "loop.log").read_text(), "and in words")
        p.run("loop", "--table", "links", "--exec", "true", code=1)


def example(kind):
    """examples/python_worker over pages that are served here."""
    with place(kind) as p:
        (p.path / "pages").mkdir()
        (p.path / "pages" / "there.html").write_text("<p>here")

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        handler = functools.partial(Quiet, directory=str(p.path / "pages"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            p.table()
            base = f"http://127.0.0.1:{server.server_port}"
            p.sql(f"INSERT INTO links (url) VALUES ('{base}/there.html'), ('{base}/gone.html'), ('no url')")
            p.adopt("--payload", "url")
            p.work("--exec", f"python3 {ROOT}/examples/python_worker/check_link.py", "--concurrency", "3")
            server.shutdown()
        got = p.sql("SELECT state, coalesce(last_error, '') FROM links ORDER BY id")
        check(got[0] == ["Completed", ""] and got[1] == ["Error", "the server answered 404 (exit code 65)"], got)
        check(got[2][0] == "Error" and "no URL" in got[2][1], got)


def main():
    tests = [(f"{test.__name__} on {kind}", functools.partial(test, kind))
             for test in (adopting, exit_codes, killed, stopped, posting, batches, once, once_killed, adopted_anew, example)
             for kind in ("sqlite", "postgres")
             if len(sys.argv) < 3 or f"{test.__name__}-{kind}".startswith(sys.argv[2])]
    sys.exit(run_all(tests))


if __name__ == "__main__":
    main()
