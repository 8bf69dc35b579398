#!/usr/bin/env python3
"""The command line itself: config check, completion in real shells, --json, exit codes, no bar without a terminal.

usage: cli_test.py PATH/TO/fencepost [PART OF A NAME]
"""

import functools
import json
import os
import pty
import re
import shutil
import subprocess
import sys

from harness import Server, check, folder, postgres_database, run_all

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "fencepost"
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("FENCEPOST_")}


def run(code, *arguments, env=None, cwd=None):
    ended = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                           env={**CLEAN, **(env or {})}, cwd=cwd)
    check(ended.returncode == code, f"{arguments}: exit {ended.returncode}, wanted {code}: {ended.stdout}{ended.stderr}")
    return ended.stdout + ended.stderr


def help_of(path):
    """(subcommands, flags) as --help of a command shows them."""
    text = run(0, *path.split(), "--help")
    below = text.partition("Subcommands:")[2]
    return ([line.split()[0] for line in below.splitlines() if re.match(r"  [a-z]", line)],
            re.findall(r"^  (?:-\w,)?(--[a-z-]+)(?: |$)", text, re.MULTILINE))


def tree():
    """Every command's path, from --help alone."""
    found, waiting = {}, [""]
    while waiting:
        path = waiting.pop()
        found[path] = help_of(path)
        waiting += [f"{path} {name}".strip() for name in found[path][0]]
    return found


def completion_bash():
    script = run(0, "completion", "bash")

    def complete(*words, cwd=None):
        asked = (script + "\nCOMP_WORDS=(fencepost " + " ".join(f"'{word}'" for word in words) + ")\n"
                 f"COMP_CWORD={len(words)}\n_fencepost\n"
                 'printf "%s\\n" "${COMPREPLY[@]}"\n')
        ended = subprocess.run(["bash", "--norc", "-u", "-c", asked], capture_output=True, text=True, timeout=60, cwd=cwd)
        check(ended.returncode == 0 and not ended.stderr, f"bash: {ended.stderr}")
        return ended.stdout.split()

    commands = tree()
    check(len(commands) > 30, f"there are commands: {len(commands)}")
    for path, (names, flags) in commands.items():
        if names:
            check(sorted(complete(*path.split(), "")) == sorted(names), f"'{path}': {complete(*path.split(), '')}, --help has {names}")
        offered = complete(*path.split(), "--")
        check(set(flags) <= set(offered), f"'{path}': {offered}, --help has {flags}")
    check(complete("que") == ["queue"], "what was begun is ended")
    check(complete("queue", "--") and complete("backup", "--t") == ["--to"], "flags, too")
    check("items" in complete("queue", "i"), "of the noun")
    check(complete("serve", "--listen", "") == [], "a value is nobody's to guess")
    check("--listen" in complete("serve", "--database", "queue", "--l"), "a value is no command")
    with folder() as path:
        (path / "a backup").touch()
        check(complete("restore", "--from", "a", cwd=path) == ["a", "backup"], "files, where a file is wanted")


def completion_other_shells():
    for shell in ("zsh", "fish"):
        script = run(0, "completion", shell)
        for path, (names, flags) in tree().items():
            for word in names + [flag[2:] for flag in flags]:
                check(word in script, f"{shell}: '{word}' of '{path}'")
        if shutil.which(shell):
            ended = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=60)
            check(ended.returncode == 0, f"{shell}: {ended.stderr}")
    if shutil.which("fish"):
        asked = run(0, "completion", "fish") + "\ncomplete -C 'fencepost queue '\n"
        said = subprocess.run(["fish", "--no-config", "-c", asked], capture_output=True, text=True, timeout=60).stdout
        check({line.split("\t")[0] for line in said.splitlines()} >= {"list", "pause", "resume"}, f"fish: {said}")
    run(2, "completion", "tcsh")
    run(2, "completion")


def config(database, path):
    """What is right is shown with its source; what is wrong is named, one thing at a time."""
    key = path / "key"
    base = ["config", "check", "--database", database, "--key-file", key]

    def wrong(*words, arguments=base, env=None, cwd=path):
        said = run(1, *arguments, env=env, cwd=cwd)
        for word in words:
            check(word in said, f"'{word}' in: {said}")

    said = json.loads(run(0, *base, "--json", env={"FENCEPOST_LEASE": "5s"}, cwd=path))
    settings = {item["name"]: item for item in said["settings"]}
    check(said["ok"] and settings["lease"]["value"] == "5s" and settings["lease"]["source"] == "FENCEPOST_LEASE", f"{settings['lease']}")
    check(settings["database"]["source"] == "--database" and settings["drain"]["source"] == "default", f"{said}")
    check(all(item["problem"] is None for item in said["checks"]), f"nothing is wrong: {said['checks']}")
    (path / "fencepost.toml").write_text('drain = "7s"\n')
    said = json.loads(run(0, *base, "--json", cwd=path))
    check([item["source"] for item in said["settings"] if item["value"] == "7s"] == ["fencepost.toml"], f"the file: {said}")
    (path / "fencepost.toml").write_text('databse = "sqlite:x.db"\n')
    check("did you mean 'database'?" in run(2, *base, cwd=path), "a slip in the file")
    (path / "fencepost.toml").unlink()

    wrong("FENCEPOST_LISTN", "did you mean FENCEPOST_LISTEN?", env={"FENCEPOST_LISTN": "x"})
    wrong("--lease", "no duration", arguments=[*base, "--lease", "soon"])
    wrong("'here' is no URL", arguments=[*base, "--server", "here"])
    wrong("sqlite:PATH", arguments=["config", "check", "--database", "mysql://x/y", "--key-file", key])
    wrong("no database is named", arguments=["config", "check"])
    wrong("check that the server runs", arguments=["config", "check", "--database", "postgresql://nobody:s3cret@127.0.0.1:1/none", "--key-file", key])
    check("s3cret" not in run(1, "config", "check", "--database", "postgresql://nobody:s3cret@127.0.0.1:1/none", "--key-file", key), "masked")
    wrong("PostgreSQL needs --key-file", arguments=["config", "check", "--database", "postgresql://nobody@127.0.0.1:1/none"])
    wrong("folder", arguments=["config", "check", "--database", f"sqlite:{path}/missing/x.db"])
    key.write_text("x")
    key.chmod(0o644)
    wrong("key file", "chmod 600")
    key.unlink()
    check(not list(path.glob("*.db*")), "a check makes nothing")


def config_sqlite():
    with folder() as path:
        config(f"sqlite:{path}/x.db", path)


def config_postgres():
    with folder() as path, postgres_database() as database:
        config(database, path)
        run(0, "migrate", "--database", database)
        run(0, "config", "check", "--database", database, "--key-file", path / "key")


def bars():
    """A bar on a terminal, nothing anywhere else; and the output is the same."""
    with folder() as path:
        run(0, "migrate", "--database", f"sqlite:{path}/x.db")

        def on_a_terminal(arguments, term):
            ours, theirs = pty.openpty()
            ended = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=60,
                                   env={**CLEAN, "TERM": term, "NO_COLOR": "1"})
            os.close(theirs)
            shown = b""
            try:
                while part := os.read(ours, 4096):
                    shown += part
            except OSError:
                pass
            os.close(ours)
            check(ended.returncode == 0, f"{arguments}: {ended} {shown}")
            return ended.stdout, shown.decode()

        for n, arguments in enumerate((["verify"], ["backup", "--to", f"{path}/b", "--overwrite"])):
            arguments = [*arguments, "--database", f"sqlite:{path}/x.db"]
            plain = run(0, *arguments)
            out, shown = on_a_terminal(arguments, "xterm")
            check(("verifying", "backing up")[n] in shown and " %" in shown, f"a bar: {shown!r}")
            check(shown.endswith("\r\x1b[K") and "\x1b[3" not in shown, f"which is cleared, without a colour: {shown!r}")
            check(out.split()[2:] == plain.split()[2:] and "\x1b" not in out, "the output is the same")
            check(on_a_terminal(arguments, "dumb")[1] == "", "nothing on a dumb one")


def exit_codes_and_json():
    """0 done, 1 failed, 2 used wrongly: of every command; and every leaf that shows something has --json."""
    without = {"serve", "loop", "completion"}
    for path, (names, flags) in tree().items():
        run(2, *path.split(), "--no-such-flag")
        if not names and path and path not in without:
            check("--json" in flags, f"'{path}' has --json: {flags}")
    run(2)
    run(2, "no-such-command")
    run(2, "backup", "--to", "x")
    run(1, "backup", "--database", "sqlite:/nowhere/x.db", "--to", "/nowhere/b")
    run(1, "connection", "list", env={"FENCEPOST_TOKEN": "x", "FENCEPOST_SERVER": "http://127.0.0.1:1"})
    with folder() as path:
        run(0, "migrate", "--database", f"sqlite:{path}/x.db")
        for arguments in (["migrate"], ["verify"], ["doctor"], ["key", "check"], ["key", "lost"], ["config", "check"]):
            said = run(0, *arguments, "--database", f"sqlite:{path}/x.db", "--json")
            check(isinstance(json.loads(said), dict), f"{arguments}: JSON and nothing else: {said}")


def no_database():
    """A slip in a path makes no file."""
    with folder() as path:
        url = f"sqlite:{path}/typo.db"
        for arguments in (["verify"], ["doctor"], ["key", "check"], ["key", "lost"], ["key", "rotate"], ["loop", "--queue", "q", "--exec", "true"],
                          ["item", "show", "--queue", "q", "1"], ["queue", "pause", "q"], ["adopt", "--table", "t"], ["token", "create", "--name", "x"]):
            said = run(1, *arguments, "--database", url)
            check(f"there is no database at '{path}/typo.db'" in said, f"{arguments}: {said}")
        check(not list(path.glob("typo*")), "nothing was made")
        run(0, "migrate", "--database", url)
        run(0, "verify", "--database", url)


def token_files():
    """A first token never takes the place of another; a restart, and a second server of the same database, need none."""
    def everybody(database):
        with folder() as path:
            server = Server(BINARY, database, path, "one")
            try:
                token, port = server.token, server.url.rsplit(":", 1)[1]
                other = ["serve", "--database", f"sqlite:{path}/other.db", "--key-file", path / "other.key", "--listen"]
                said = run(1, *other, "127.0.0.1:0", env={"FENCEPOST_TOKEN_FILE": str(path / "token")})
                check("holds a token already" in said and "(FENCEPOST_TOKEN_FILE)" in said, said)
                said = run(1, *other, f"127.0.0.1:{port}", "--token-file", path / "other.token")
                check("is in use" in said and "--listen" in said, said)
                check(not list(path.glob("other*")), "neither has made anything")
                (path / "other.db").touch()
                check("holds a token already" in run(1, *other, "127.0.0.1:0", "--token-file", path / "token"), "of an empty file, too")
                check((path / "token").read_text().strip() == token, "the token is as it was")
                said = run(1, "token", "create", "--name", "x", "--output", path / "token", "--database", database)
                check("holds a token already" in said, said)
                check(len(server.expect(200, "GET", "/api/v1/tokens")["items"]) == 1, "and no token was made for nothing")
                if database.startswith("postgres"):
                    Server(BINARY, database, path, "two").close()
                server.stop()
                server = Server(BINARY, database, path, "again")
                server.expect(200, "GET", "/api/v1/tokens")
                check(server.token == token, "a restart goes on with it")
            finally:
                server.close()

    with folder() as path:
        everybody(f"sqlite:{path}/x.db")
    with postgres_database() as database:
        everybody(database)


def refusals():
    """What the server says beside a refusal is shown; names and columns that help are, too."""
    with folder() as path:
        server = Server(BINARY, f"sqlite:{path}/x.db", path, "server")
        try:
            env = {"FENCEPOST_SERVER": server.url, "FENCEPOST_TOKEN": server.token}
            said = run(0, "show", "create", "--name", "Night Talk", "--slug", "night-talk", "--channel", "UC1234567890123456789012",
                       "--zone", "Europe/Berlin", env=env)
            check("Europe/Berlin" in said and "UC1234567890123456789012" in said, said)
            said = run(0, "episode", "create", "--show", 1, "--title", "Pilot", "--start", "2030-11-27T20:00", env=env)
            check("2030-11-27T19:00:00" in said, said)
            run(0, "episode", "create", 1, "--title", "Second", env=env)
            check("no member's connection" in run(0, "episode", "announce-all", 1, env=env), "it says why")
            said = run(2, "announcement", "create", "--connection", 1, "--text", "x", "--at", "2030-11-27T20:00", env=env)
            check("'2030-11-27T20:00'" in said and "offset" in said, said)
            check("did you mean 'show'?" in run(2, "shw"), "the word that is wrong")
            check("'--conection'" in run(2, "announcement", "create", "--conection", 1), "before what is missing")
            check("places" in run(2, "curate", "import", "domains", "d.csv", env=env), "what can be imported")
            (path / "p.csv").write_text("place_id,name,colour\np1,One,red\n")
            said = run(0, "curate", "import", "places", path / "p.csv", env=env)
            check("ignored columns: colour" in said and "1 added" in said, said)
            check(re.search(r"run_at: +-\n", run(0, "curate", "show", "places", 1, env=env)), "no time before there were any")
            for name in ("First", "Second"):
                run(0, "quota", "create", "--name", name, env=env)
            said = run(1, "quota", "status", env=env)
            check("First (" in said and "Second (" in said, said)
        finally:
            server.close()


def main():
    tests = [(test.__name__, functools.partial(test)) for test in (
        completion_bash, completion_other_shells, config_sqlite, config_postgres, bars, exit_codes_and_json,
        no_database, token_files, refusals)]
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
