#!/usr/bin/python3
"""Many people schedule videos at once, over the API: on SQLite, and on two server processes over PostgreSQL.

usage: schedule_test.py FENCEPOST
"""
import concurrent.futures
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time

from harness import Server, check, folder, postgres_database, run_all, show_logs

PEOPLE, VIDEOS, CHANNELS = 64, 500, 8


class Database:
    """Plain SQL beside the servers."""

    def __init__(self, url):
        self.url = url

    def run(self, sql):
        if self.url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(self.url[7:], timeout=30)) as file:
                rows = file.execute(sql).fetchall()
                file.commit()
                return [[str(value) for value in row] for row in rows]
        done = subprocess.run(["psql", "-qXtA", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql],
                              check=True, capture_output=True, text=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, sql):
        return int(self.run(sql)[0][0])

    @contextlib.contextmanager
    def holding_a_bucket(self, day):
        """Another session locks a bucket of that quota day; on SQLite the only write lock there is. Yields an event, it is
        free again, and what frees it after so many seconds."""
        free, timers = threading.Event(), []
        if self.url.startswith("sqlite:"):
            file = sqlite3.connect(self.url[7:], timeout=30, isolation_level=None, check_same_thread=False)
            file.execute("BEGIN IMMEDIATE")

            def release():
                free.set()  # first: whoever waits may be quicker than this thread
                file.execute("ROLLBACK")
                file.close()
        else:
            session = subprocess.Popen(["psql", "-qXtA", "-d", self.url], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
            session.stdin.write("BEGIN; SELECT 'held' FROM fencepost_buckets WHERE scope = 'youtube.upload' "
                                f"AND time_window = '{day}' FOR UPDATE;\n")
            session.stdin.flush()
            check(session.stdout.readline().strip() == "held", "the bucket is held")

            def release():
                free.set()
                session.communicate("ROLLBACK;\n\\q\n")

        def release_in(seconds):
            timers.append(threading.Timer(seconds, release))
            timers[-1].start()

        try:
            yield free, release_in
        finally:
            if not timers:
                release()
            for timer in timers:
                timer.join()


def prepare(server, database):
    """Channels of one quota project, and videos. Nothing of it leaves: there is no file behind these, and the next
    slots of the day begin at once."""
    server.expect(200, "POST", "/api/v1/queues/uploads/pause")
    accounts = [database.run("INSERT INTO fencepost_connections (name, platform, target) "
                             f"VALUES ('account {n}', 'youtube', '') RETURNING id")[0][0] for n in range(CHANNELS)]
    project = server.expect(201, "POST", "/api/v1/quota-projects", {"name": "shared", "uploads": 15})
    channels = []
    for n, account in enumerate(accounts):
        channels.append(server.expect(201, "POST", "/api/v1/channels", {
            "name": f"Channel {n}", "connection_id": int(account), "project_id": project["id"], "capacity": 1 + n % 2,
            "horizon_days": 20, "limits": {"short": 2, "final": 1}, "daily_max": 3 - n % 2,
            "zone": "Europe/Berlin"}))
    values = ", ".join(f"('films', 'v{n}.mp4', 1, 0, 1, 'video/mp4', 'Film {n}', 0)" for n in range(VIDEOS))
    videos = [int(row[0]) for row in database.run(
        "INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type, title, created_at) "
        f"VALUES {values} RETURNING id")]
    return project, channels, videos


def check_limits(database, project):
    """No cap, slot or bucket is exceeded, and counters, ledger and seats are one."""
    zero = {
        "buckets over their limit": "SELECT count(*) FROM fencepost_buckets WHERE used > quota",
        "counters that are not the ledger's": """SELECT count(*) FROM fencepost_buckets AS b WHERE b.used <> coalesce(
            (SELECT sum(l.amount) FROM fencepost_ledger AS l WHERE l.time_window = b.time_window AND l.scope = b.scope
             AND l.name = b.name), 0)""",
        "slots over their capacity": """SELECT count(*) FROM (SELECT u.channel_id, u.slot_at FROM fencepost_uploads AS u
            JOIN fencepost_upload_channels AS c ON c.id = u.channel_id WHERE u.status = 'scheduled'
            GROUP BY u.channel_id, u.slot_at, c.capacity HAVING count(*) > c.capacity) AS x""",
        "days over their maximum": """SELECT count(*) FROM (SELECT u.channel_id FROM fencepost_uploads AS u
            JOIN fencepost_upload_channels AS c ON c.id = u.channel_id WHERE u.status = 'scheduled'
            GROUP BY u.channel_id, u.publish_day, c.daily_max HAVING count(*) > c.daily_max) AS x""",
        "types over their limit": """SELECT count(*) FROM (SELECT u.channel_id FROM fencepost_uploads AS u
            WHERE u.status = 'scheduled' GROUP BY u.channel_id, u.publish_day, u.kind
            HAVING count(*) > CASE u.kind WHEN 'short' THEN 2 ELSE 1 END) AS x""",
        "quota days over their calls": f"""SELECT count(*) FROM (SELECT quota_day FROM fencepost_uploads
            WHERE status = 'scheduled' GROUP BY quota_day HAVING count(*) > {project["uploads"]}) AS x""",
        "uploads without a seat": """SELECT count(*) FROM fencepost_uploads AS u WHERE u.status = 'scheduled'
            AND NOT EXISTS (SELECT 1 FROM fencepost_slots AS s WHERE s.item = CAST(u.id AS TEXT)
            AND s.slot_at = u.slot_at)""",
        "uploads in the past": "SELECT count(*) FROM fencepost_uploads WHERE slot_at <= created_at",
        "seats of nobody": """SELECT count(*) FROM fencepost_slots AS s WHERE NOT EXISTS (
            SELECT 1 FROM fencepost_uploads AS u WHERE CAST(u.id AS TEXT) = s.item AND u.status = 'scheduled')""",
    }
    for what, sql in zero.items():
        check(database.number(sql) == 0, f"{what}: {database.number(sql)}")


def everybody_at_once(servers, database):
    project, channels, videos = prepare(servers[0], database)
    answers, lock = [], threading.Lock()

    def person(n):
        for at in range(n, VIDEOS, PEOPLE):
            channel = channels[at % CHANNELS]
            body = {"video_id": videos[at], "kind": "final" if at % 5 == 0 else "short"}
            headers = {"Idempotency-Key": f"video-{at}"}
            path = f"/api/v1/channels/{channel['id']}/uploads"

            def ask(server):
                # Busy is an honest answer, and says when to ask again.
                for _ in range(40):
                    status, answer, sent = server.call("POST", path, body, headers)
                    if status != 503:
                        break
                    check("Retry-After" in sent, "busy says when to come again")
                check(status in (201, 409), f"{status} {answer}")
                return status, answer

            mine, other = servers[n % len(servers)], servers[(n + 1) % len(servers)]
            if at % 7 == 3:
                # Sent twice at once, to two servers: the same schedule.
                with concurrent.futures.ThreadPoolExecutor(2) as both:
                    (status, answer), (again, same) = both.map(ask, (mine, other))
                check(status != 201 or again != 201 or same["id"] == answer["id"], "one key, one schedule")
                check("duplicate_upload" not in (answer.get("code"), same.get("code")), f"{answer} {same}")
                status, answer = (again, same) if status != 201 else (status, answer)
            else:
                status, answer = ask(mine)
            if status == 201 and at % 7 == 0:
                # Repeated on another server: the same schedule.
                check(ask(other) == (201, answer), "one key, one schedule")
            with lock:
                answers.append((status, answer, at))

    with concurrent.futures.ThreadPoolExecutor(PEOPLE) as pool:
        for done in [pool.submit(person, n) for n in range(PEOPLE)]:
            done.result()
    made = {answer["id"]: answer for status, answer, _ in answers if status == 201}
    refused = [answer for status, answer, _ in answers if status == 409]
    check(len(answers) == VIDEOS and len(made) + len(refused) == VIDEOS, "each got one answer")
    check(all(one["code"] == "no_free_slot" for one in refused), str(refused[:1]))
    check(len(made) >= 200, f"only {len(made)} were scheduled")
    # Each answer is what is stored.
    stored = {int(row[0]): row for row in database.run(
        "SELECT id, video_id, channel_id, slot_at, quota_day FROM fencepost_uploads WHERE status = 'scheduled'")}
    check(set(stored) == set(made), "what was answered is what is there")
    for upload, row in stored.items():
        check([row[1], row[2], row[4]] == [str(made[upload]["video_id"]), str(made[upload]["channel_id"]),
                                           made[upload]["quota_day"]], f"upload {upload}")
    check_limits(database, project)
    # What is cancelled is free for those who were refused.
    gone = sorted(made, key=lambda upload: made[upload]["at"])[-20:]  # of the last days: slots that are not past when they are used
    for upload in gone:
        answer = servers[-1].expect(200, "POST", f"/api/v1/uploads/{upload}/cancel")
        check(answer["answer"] == "prevented", str(answer))
    check_limits(database, project)
    check(servers[0].expect(200, "POST", "/api/v1/quota/recalculate")["corrected"] == 0, "nothing to correct")
    return channels, made, gone


def busy(server, database, channels, made, gone):
    """A bucket held by another session for 6 s or more, longer than anybody waits: busy, and nothing was taken. Who
    comes a second before it is free waits for it."""
    one = made[gone[0]]
    path = f"/api/v1/channels/{one['channel_id']}/uploads"
    before = database.number("SELECT count(*) FROM fencepost_ledger")
    body = {"video_id": one["video_id"], "kind": one["kind"], "at": one["at"]}
    with database.holding_a_bucket(one["quota_day"]) as (free, release_in):
        begun = time.monotonic()
        status, answer, headers = server.call("POST", path, body)
        check((status, answer["code"]) == (503, "busy"), f"{status} {answer}")
        check(int(headers["Retry-After"]) >= 1, "Retry-After")
        check(database.number("SELECT count(*) FROM fencepost_ledger") == before, "nothing was taken")
        release_in(max(1.0, begun + 6 - time.monotonic()))
        check(server.expect(201, "POST", path, body)["at"] == one["at"], "and then it is had")
        check(free.is_set(), "behind its release")


def command_line(binary, server, path, made, gone):
    """The same by hand: each command, as a person types it."""
    environment = {**os.environ, "FENCEPOST_SERVER": server.url, "FENCEPOST_TOKEN": server.token}

    def fencepost(*arguments, code=0):
        done = subprocess.run([binary, *arguments], env=environment, capture_output=True, text=True, timeout=120)
        check(done.returncode == code, f"fencepost {' '.join(arguments)}: {done.returncode} {done.stdout}{done.stderr}")
        return done.stdout

    one, two = made[gone[1]], made[gone[2]]
    listed = json.loads(fencepost("channel", "list", "--json"))["items"]
    check(len(listed) == CHANNELS, str(listed))
    edited = json.loads(fencepost("channel", "edit", one["channel"], "--capacity", "3", "--no-daily-max", "--json"))
    check(edited["capacity"] == 3 and edited["daily_max"] is None, str(edited))
    upload = json.loads(fencepost("upload", "schedule", str(one["video_id"]), "--type", one["kind"], "--channel",
                                  one["channel"], "--at", one["at"], "--title", "By hand", "--json"))
    check((upload["at"], upload["title"]) == (one["at"], "By hand"), str(upload))
    check("By hand" in fencepost("upload", "calendar", "--channel", one["channel"], "--from", upload["publish_day"]),
          "the calendar shows it")
    again = fencepost("upload", "schedule", str(one["video_id"]), "--type", one["kind"], "--channel", one["channel"], code=1)
    check(again == "", again)
    fencepost("upload", "cancel", str(upload["id"]))
    check("cancelled" in fencepost("upload", "show", str(upload["id"])), "it is cancelled")
    fencepost("upload", "retry", str(upload["id"]), "--next-free")
    fencepost("upload", "reschedule", str(upload["id"]))
    check("rescheduled" in fencepost("upload", "history", str(upload["id"])), "its history")
    plan = path / "plan.csv"
    plan.write_text(f"video_id,kind,at,tags\n{two['video_id']},{two['kind']},{two['at']},one;two\n"
                    f"{made[gone[3]]['video_id']},{two['kind']},2020-01-01T10:00,\n")
    where = ("--channel", two["channel"])
    told = json.loads(fencepost("upload", "import", str(plan), *where, "--dry-run", "--json", code=1))
    check(told["scheduled"] == 0 and told["items"][0]["at"] == two["at"] and told["items"][1]["refused"], str(told))
    fencepost("upload", "import", str(plan), *where, code=1)
    told = json.loads(fencepost("upload", "import", str(plan), *where, "--best-effort", "--json", code=1))
    check(told["scheduled"] == 1 and told["items"][0]["upload"]["tags"] == ["one", "two"], str(told))
    check("youtube.upload" in fencepost("quota", "status", "--project", "shared"), "the quota")
    fencepost("quota", "edit", "--project", "shared", "--uploads", "30")
    check("0 corrected" in fencepost("quota", "recalculate"), "nothing to correct")
    fencepost("upload", "list", "--status", "scheduled", "--limit", "5")


def on_sqlite(binary):
    with folder() as path:
        url = f"sqlite:{path}/test.db"
        server = Server(binary, url, path, "one")
        try:
            database = Database(url)
            channels, made, gone = everybody_at_once([server], database)
            busy(server, database, channels, made, gone)
            command_line(binary, server, path, made, gone)
        except BaseException:
            show_logs(path)
            raise
        finally:
            server.close()


def on_two_servers(binary):
    with folder() as path, postgres_database() as url:
        servers = [Server(binary, url, path, name) for name in ("one", "two")]
        try:
            database = Database(url)
            channels, made, gone = everybody_at_once(servers, database)
            check(database.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0,
                  "no deadlock")
            busy(servers[0], database, channels, made, gone)
        except BaseException:
            show_logs(path)
            raise
        finally:
            for server in servers:
                server.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run_all([("64 people schedule 500 videos on SQLite", lambda: on_sqlite(sys.argv[1])),
                      ("and on two servers over PostgreSQL", lambda: on_two_servers(sys.argv[1]))]))
