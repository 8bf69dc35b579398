#!/usr/bin/env python3
"""A whole evening, through real servers, the program's commands and the emulated platforms: three hosts with five
connections, a channel that goes live, a host who switched off just before, one who clicks five times, a stream that
restarts. Then with each fault of the platforms, and with a server that dies at each point of its work.

usage: evening_test.py PATH/TO/fencepost [PART OF A NAME] [--long]

--long: the evenings that take minutes: every point, on both databases.
"""

import concurrent.futures
import dataclasses
import functools
import sys
import time

from evening import ACCOUNTS, BY_NAME, NONE, NOT_RUNNING, WRITTEN, possible, world
from harness import Failed, check, eventually, run_all
from platforms import FAULTS, PLAIN, promised

CLICKS = 5


def clicked(servers, person, item):
    """What five clicks at once are told, each by a server that may be gone."""
    def click(number):
        try:
            return person.call(servers[number % len(servers)], "POST", f"/api/v1/announcements/{item}/post-now?wait=20", {})
        except NOT_RUNNING:
            return None
    with concurrent.futures.ThreadPoolExecutor(CLICKS) as pool:
        return [answer for answer in pool.map(click, range(CLICKS)) if answer]


def clear(answers, started=(1,)):
    """One was started; the others are told what became of it."""
    codes = [answer.get("answer") or answer.get("code") for _, answer, _ in answers]
    check(codes.count("started") in started, f"one was started: {codes}")
    check(set(codes) <= {"started", "already_running", "already_posted"}, f"clear answers: {codes}")
    for status, answer, _ in answers:
        check(status in ((409,) if "code" in answer else (200, 202)), f"{status} {answer}")
        if answer.get("code") == "already_posted":
            check(answer["post_id"], f"the post is named: {answer}")


def texts_before(w, servers):
    """Ann's are written before the start; the model is late with Bob's."""
    ann, bob = w.people["ann"], w.people["bob"]
    for account in ("webhook", "bluesky"):
        answer = ann.expect(200, servers[-1], "POST", f"/api/v1/announcements/{w.items[account]}/generate?wait=30", {})
        check(answer["answer"] == "written", f"written: {answer}")
    w.model.ask("/_fault", {"mode": "slow", "seconds": 600, "times": 99})
    answer = bob.expect(202, servers[0], "POST", f"/api/v1/announcements/{w.items['x']}/generate?wait=0", {})
    check(answer["answer"] == "started", f"not there yet: {answer}")
    # His own text for the other account, an hour behind the stream: unless he clicks.
    path = f"/api/v1/announcements/{w.items['mastodon']}"
    shown = bob.expect(200, servers[0], "GET", path)
    bob.expect(200, servers[0], "PATCH", path, {"text": "Bob here. {title}!", "stagger": 3600},
               If_Match=f'"{shown["version"]}"')


def a_get_creates_nothing(w):
    """Whoever looks at pages has made and enabled nothing."""
    for person in w.people.values():
        for path in ("/announcements", "/shows", f"/shows/{w.show}", f"/shows/{w.show}/members/me", f"/shows/{w.show}/episodes",
                     f"/shows/{w.show}/live", f"/episodes/{w.episode}", f"/episodes/{w.episode}/announcements",
                     "/connections", "/scheduler/due"):
            person.expect(200, w.server, "GET", "/api/v1" + path)
    check(w.server.expect(200, "GET", "/api/v1/announcements")["items"] == [], "nothing was made")
    ida = w.people["ida"].expect(200, w.server, "GET", f"/api/v1/shows/{w.show}/members/me")
    check(not ida["opted_in"], f"nobody was opted in: {ida}")


def a_malformed_channel_id_is_refused(w):
    show = f"/api/v1/shows/{w.show}"
    seen = w.people["ann"].expect(200, w.server, "GET", show)
    for channel in ("@nighttalk", "UCshort", w.channel + "0", w.channel[:-1] + "/"):
        answer = w.people["ann"].expect(422, w.server, "PATCH", show, {"channel_id": channel}, If_Match=f'"{seen["version"]}"')
        check(answer["code"] in ("invalid_channel", "invalid_field"), f"{channel}: {answer}")  # too long: a field


def the_button_takes_the_schedulers_path(w, button, scheduler):
    """From the claim on, what was posted by hand and what was posted at its time have the same history."""
    def path(account):
        events = w.server.expect(200, "GET", f"/api/v1/announcements/{w.items[account]}/history")["items"]
        kinds = [event["kind"] for event in events]
        check(kinds.count("begun") == 1, f"{account} was begun once: {kinds}")
        return kinds[kinds.index("begun"):]
    check(path(button) == path(scheduler), f"one path: {path(button)}, {path(scheduler)}")


def an_episode_is_deleted(w):
    """What was posted of it stays."""
    w.people["ann"].expect(204, w.server, "DELETE", f"/api/v1/episodes/{w.episode}")
    w.people["ann"].expect(404, w.server, "GET", f"/api/v1/episodes/{w.episode}")


def whole(kind, processes):
    """Everything at once, as it is meant to be."""
    with world(kind, processes) as w:
        servers, people = list(w.servers), w.people
        w.plan("Pilot")
        a_get_creates_nothing(w)
        a_malformed_channel_id_is_refused(w)
        check(w.announce_all() == {"enabled": 6, "disabled": 1}, "one for each connection; Ida did not opt in")
        left = people["ann"].page.expect(200, servers[0], "DELETE", f"/api/v1/shows/{w.show}/members/{people['gus'].id}")
        check(left["prevented"] == 1, f"Gus has left, and his is stopped: {left}")
        texts_before(w, servers)
        video = w.stream()
        w.until(video, "upcoming")
        check(not any(w.texts(account) for account in ACCOUNTS), "nobody is on the air yet")
        off = people["eve"].run(servers[-1], "announcement", "disable", w.items["discord"])
        check(off["answer"] == "prevented", f"Eve was off a moment before: {off}")
        w.becomes("live")
        w.until(video, "live")
        for account in ("webhook", "bluesky", "x"):
            w.await_outcome(account, (1, "posted"))
        check(w.announcement("mastodon")["status"] == "queued" and not w.texts("mastodon"), "Bob's other is an hour behind")

        begun, let_in = time.monotonic(), CLICKS
        answers = clicked(servers, people["bob"], w.items["mastodon"])
        clear(answers)
        w.await_outcome("mastodon", (1, "posted"))
        while True:
            status, answer, headers = people["bob"].call(servers[-1], "POST", f"/api/v1/announcements/{w.items['mastodon']}/post-now", {})
            if status == 429:
                break
            let_in += 1
            took = time.monotonic() - begun
            check(answer.get("code") == "already_posted" and let_in <= 5 + took / 12, f"five a minute: {let_in} in {took:.0f} s: {answer}")
        check(int(headers["Retry-After"]) > 0, f"five a minute: {answer} {headers}")

        for account in ("webhook", "bluesky"):
            check(WRITTEN.replace("{title}", "Pilot") in w.texts(account)[0], f"{account} says what the model wrote: {w.texts(account)}")
        check("Night Talk is on the air: Pilot" in w.texts("x")[0], f"the template stands in: {w.texts('x')}")
        check("Bob here. Pilot!" in w.texts("mastodon")[0], f"his own words: {w.texts('mastodon')}")

        again = w.becomes("restarted")
        w.until(again, "live")
        check(w.seen(again)["episode_id"] == w.episode, "a restart is the same episode's")
        w.until(video, "ended")
        w.ends(again)
        for account in ACCOUNTS:
            wanted = (0, "disabled") if account == "discord" else (1, "posted")
            check(w.outcome(account) == wanted, f"{account}: {w.outcome(account)}, wanted {wanted}")
        check([w.announcement(name)["status"] for name in ("gus", "ida")] == ["disabled"] * 2, "theirs are off")
        for account in ACCOUNTS:
            check(not any(again in one["text"] for one in w.places[account].posts()), "a restart posts nothing")
        w.nothing_more()
        the_button_takes_the_schedulers_path(w, "mastodon", "bluesky")
        an_episode_is_deleted(w)
        check(w.announcement("bluesky")["status"] == "posted", "what was posted stays")


def killed(kind):
    """Of two servers one is killed while posts are on their way: nobody notices."""
    with world(kind, 2) as w:
        one, two = w.servers
        w.plan("Two of us")
        w.announce()
        eve, bob = w.people["eve"], w.people["bob"]
        check(eve.run(two, "announcement", "disable", w.items["discord"])["answer"] == "prevented", "Eve is off")
        for account in ("bluesky", "mastodon", "x"):
            w.places[account].meets({"mode": "slow", "seconds": 1})
        video = w.stream("live")

        def kill_in_the_middle():
            eventually(lambda: any(w.texts(account) for account in ("bluesky", "mastodon", "x")), "a post is under way")
            two.kill()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            killing = pool.submit(kill_in_the_middle)
            w.until(video, "live")
            killing.result()
        w.servers.remove(two)
        answers = clicked([one], bob, w.items["mastodon"])
        clear(answers, started=(0, 1))  # none where the stream was faster
        for account in ("bluesky", "mastodon", "x"):
            w.await_outcome(account, (1, "posted"))
        # Of a webhook nobody can be asked what became of what was just being sent.
        found = eventually(lambda: w.outcome("webhook"), "the webhook's is settled")
        check(found in possible(BY_NAME["webhook"]), f"webhook: {found}")
        check(w.outcome("discord") == (0, "disabled"), "Eve got none")
        w.ends()
        w.nothing_more()


def soon():
    """429 until in a moment, as each platform says it."""
    headers = {"Retry-After": "1", "x-rate-limit-reset": str(int(time.time()) + 1)}
    return dataclasses.replace(FAULTS[-1], name="429 for a moment", known="posted",
                               mode={"mode": "status", "status": 429, "headers": headers})


SHORT = [fault for fault in FAULTS if fault.name in (
    "accepted, then cut", "accepted, answered 500", "accepted, answered with garbage", "accepted, answered too late",
    "refused with 503", "cut unread")]


def faults(kind, processes):
    """Every platform fails in the same way, evening after evening."""
    with world(kind, processes) as w:
        for fault in [*SHORT, soon()]:
            w.plan(fault.name)
            w.announce()
            met = {account: w.places[account].meets(fault.mode) for account in ACCOUNTS}
            w.until(w.stream("live"), "live")
            for account in ACCOUNTS:
                try:
                    w.await_outcome(account, promised(BY_NAME[account], PLAIN, fault if met[account] else NONE, ""))
                except Failed as error:
                    raise Failed(f"{fault.name}: {error}") from error
            w.ends()
            w.nothing_more()
            print(f"     {kind}: {fault.name}", flush=True)


# Of the live check, of the claim, and of the effect. A number: so often is the point passed first.
QUICK = ["looked", "judged", "claimed:3", "gate.commit", "gate.passed", "sent", "settled:2"]
POINTS = ["looked", "units.taken", "judged", "claimed", "claimed:2", "claimed:3", "claimed:4", "gate.begin", "gate.begin:3",
          "gate.commit", "gate.commit:2", "gate.passed", "gate.passed:3", "sent", "sent:2", "sent:5", "settle.commit",
          "settle.commit:3", "settled", "settled:5", "ended"]


def deaths(kind, points):
    """A server dies at each point; the next one goes on. What was sent is found, or is shown as unknown."""
    with world(kind, 1) as w:
        for point in points:
            w.plan(f"Until {point}")
            w.announce()
            w.stop()
            w.stream("live")
            w.start_and_die(point)
            w.start()
            w.until(w.video, "live")
            found = w.outcomes()
            w.ends()
            w.nothing_more()
            print(f"     {kind}: {point}: " + ", ".join(f"{account} {n} {state}" for account, (n, state) in found.items()), flush=True)


def limits(kind, processes):
    """For each person, over all servers together: 429, and when it is over."""
    with world(kind, processes) as w:
        w.plan("Pilot")
        made = time.monotonic()
        w.announce_all()
        ann, bob = w.people["ann"], w.people["bob"]
        hers = f"/api/v1/announcements/{w.items['webhook']}"
        acts = [("create-all", 2, f"/api/v1/episodes/{w.episode}/announcements/create-all"),
                ("generate", 5, hers + "/generate?wait=0"), ("live-check", 10, f"/api/v1/shows/{w.show}/live-check"),
                ("post-now", 5, hers + "/post-now?wait=0")]
        for name, most, path in acts:
            begun, let_in = (made, 1) if name == "create-all" else (time.monotonic(), 0)
            while True:
                status, answer, headers = ann.call(w.servers[let_in % processes], "POST", path, {})
                if status == 429:
                    break
                let_in += 1
                grown = (time.monotonic() - begun) * most / 60
                check(let_in <= most + grown, f"{name}: {let_in} in {time.monotonic() - begun:.0f} s")
            check(answer["code"] == "rate_limited" and int(headers["Retry-After"]) >= 1, f"{name}: {answer} {headers}")
            check(let_in >= most, f"{name}: only {let_in}")
        status, answer, _ = bob.call(w.server, "POST", f"/api/v1/announcements/{w.items['mastodon']}/post-now?wait=20", {})
        check(status == 200 and answer["answer"] == "started", f"Bob has his own: {status} {answer}")


def main():
    arguments = [one for one in sys.argv[2:] if one != "--long"]
    chosen = arguments[0] if arguments else ""
    tests = [("an evening, one process on sqlite", functools.partial(whole, "sqlite", 1)),
             ("an evening, two processes on postgres", functools.partial(whole, "postgres", 2)),
             ("one of two is killed, on postgres", functools.partial(killed, "postgres")),
             ("each fault, one process on sqlite", functools.partial(faults, "sqlite", 1)),
             ("a death at each point, on postgres", functools.partial(deaths, "postgres", QUICK)),
             ("limits, two processes on postgres", functools.partial(limits, "postgres", 2))]
    if "--long" in sys.argv:
        tests = [("each fault, two processes on postgres", functools.partial(faults, "postgres", 2)),
                 ("a death at each point, on sqlite", functools.partial(deaths, "sqlite", POINTS)),
                 ("a death at each point, on postgres", functools.partial(deaths, "postgres", POINTS))]
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
