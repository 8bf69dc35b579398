#!/usr/bin/env python3
"""What people and other programs do to records that are being worked on, in every order: each order has a page of its
own on a host of its own, whose answer is held (curate_tricks.py) until all of them have been said. What must come out
is worked out by a model (Page) from docs/guides/pipelines.md, not from the program.

usage: curate_people_test.py PATH/TO/fencepost [--long] [PART OF A NAME]
"""

import copy
import functools
import itertools
import os
import sys
import time

from curate_crew import Crew, on
from curate_world import SMALL
from harness import check, eventually, run_all

NO = ("Not a Fit",)
WORDS = {"select": "Selected", "deselect": "Maybe", "refuse": "Not a Fit",
         "sql select": "Selected", "sql deselect": "Maybe", "sql refuse": "Not a Fit"}
ACTS = (*WORDS, "sql queue", "sql edit", "delete", "sql delete")
BEFORE = "contact", "edited"  # its path, and what it is edited to


class Page:
    """A page as the guide has it. `asked`: how often each of its two URLs was fetched."""

    def __init__(self):
        self.here, self.curation, self.status, self.edited, self.asked = True, "Selected", "Queued", False, (0, 0)
        # While Processing: it runs again afterwards; its handler is asked to end; and has not yet read what to fetch.
        self.again = self.stop = self.unread = False

    def act(self, name):
        if not self.here:
            return
        at_work = self.status == "Processing"
        if name in WORDS:
            word = WORDS[name]
            if name.startswith("sql") and word == self.curation:
                return  # plain SQL that changes nothing says nothing
            self.curation = word
            if at_work and word == "Selected":
                self.again, self.stop = True, False
            elif at_work:
                self.stop = True
            elif word == "Selected":
                self.status = "Queued"
            elif self.status == "Queued":
                self.status = ""
        elif name == "sql queue":
            if at_work:
                self.again = True
            else:
                self.status = "Queued"
        elif name == "sql edit":
            self.again |= at_work and not self.edited
            self.edited = True
        elif name == "delete" and at_work:
            self.stop = True
        else:
            self.here = False

    def claims(self):
        if self.here and self.status == "Queued":
            self.status, self.unread = "Processing", True

    def reads(self):
        """What is asked for is what stands there now, which may have changed since it was claimed."""
        if not self.here or not self.unread:
            return
        self.unread = False
        if self.curation not in NO:
            self.asked = (self.asked[0] + (not self.edited), self.asked[1] + self.edited)
        elif self.stop or self.again:
            self.ends()
        else:
            self.status = ""

    def ends(self):
        """Its handler, which gets no answer, notices what was said."""
        if self.here and self.status == "Processing" and (self.stop or self.again):
            self.status = "Stopped" if self.stop else "Queued"
            self.again = self.stop = self.unread = False

    def noticed(self):
        for step in (Page.reads, Page.ends, Page.claims, Page.reads):
            step(self)

    def answered(self):
        self.noticed()
        if self.here and self.status == "Processing":
            self.status = "Completed"

    def seen(self):
        row = (self.curation, self.status, self.edited) if self.here else None
        return row, self.asked


def after(before, during):
    """Every state that an order may have led to, while no answer comes: between two acts a worker does as many of its
    steps as it likes."""
    first = Page()
    for act in before:
        first.act(act)
    first.noticed()
    states = [first]
    for act in during:
        for state in states:
            state.act(act)
        for step in (Page.reads, Page.ends, Page.claims, Page.reads):
            further = [copy.copy(state) for state in states]
            for state in further:
                step(state)
            states = list({str(vars(state)): state for state in states + further}.values())
    for state in states:
        state.noticed()
    return list({str(vars(state)): state for state in states}.values())


class Wave:
    """Some orders at once."""

    def __init__(self, crew, number, orders):
        self.crew, self.database, self.tricks, self.server = crew, crew.database, crew.world.tricks, crew.servers[0]
        self.orders = {f"w{number}p{n}.people.example": order for n, order in enumerate(orders)}

    def url(self, host, edited=False):
        return f"http://{host}/{BEFORE[edited]}"

    def make(self):
        values = ", ".join(f"('{host}')" for host in self.orders)
        self.database.write(
            f"INSERT INTO fencepost_domains (host) VALUES {values}; "
            "INSERT INTO fencepost_pages (domain_id, host, url, curation_status) SELECT id, host, "
            f"'http://' || host || '/{BEFORE[0]}', 'Selected' FROM fencepost_domains WHERE host IN "
            f"({', '.join(repr(host) for host in self.orders)})")
        self.ids = {row["host"]: row["id"] for row in self.rows()}

    def rows(self):
        return self.database.rows("SELECT id, host, url, curation_status, processing_status, contact FROM fencepost_pages "
                                  f"WHERE host LIKE '{next(iter(self.orders)).split('p')[0]}p%.people.example'")

    def act(self, name, hosts):
        """One act on many: people's by the API, which has bulk acts but for deleting."""
        ids = ", ".join(str(self.ids[host]) for host in hosts)
        if name == "delete":
            for host in hosts:
                # 404: somebody else has deleted it.
                status, answer, _ = self.server.call("DELETE", f"/api/v1/curate/pages/{self.ids[host]}")
                check(status in (202, 204, 404), f"delete: {status} {answer}")
        elif name == "sql delete":
            self.database.write(f"DELETE FROM fencepost_pages WHERE id IN ({ids})")
        elif name == "sql edit":
            self.database.write(f"UPDATE fencepost_pages SET url = 'http://' || host || '/{BEFORE[1]}' WHERE id IN ({ids})")
        elif name == "sql queue":
            self.database.write(f"UPDATE fencepost_pages SET processing_status = 'Queued' WHERE id IN ({ids})")
        elif name.startswith("sql"):
            self.database.write(f"UPDATE fencepost_pages SET curation_status = '{WORDS[name]}' WHERE id IN ({ids})")
        else:
            self.pick([str(self.ids[host]) for host in hosts], WORDS[name])

    def pick(self, ids, word):
        while True:
            status, answer, headers = self.server.call("POST", "/api/v1/curate/pages/select", {"ids": ids, "set": word},
                                                       {"Idempotency-Key": os.urandom(8).hex()})
            if status != 429:
                break
            time.sleep(int(headers["Retry-After"]))  # one person says no more than 60 such things a minute
        check(status == 200, f"select: {status} {answer}")

    def step(self, of):
        """`of`: what of an order is done now."""
        acts = {}
        for host, order in self.orders.items():
            for act in of(order):
                acts.setdefault(act, []).append(host)
        for act, hosts in acts.items():
            self.act(act, hosts)

    def seen(self):
        rows = {row["host"]: (row["curation_status"], row["processing_status"], row["url"].endswith(BEFORE[1]))
                for row in self.rows()}
        asked = self.tricks.asked
        return {host: (rows.get(host), tuple(asked[self.url(host, edited)] for edited in (False, True)))
                for host in self.orders}

    def come_to(self, wanted, what):
        """Until each page is in one of the states that are wanted."""
        wrong = {}

        def right():
            wrong.clear()
            wrong.update({host: seen for host, seen in self.seen().items() if seen not in wanted[host]})
            return not wrong
        try:
            eventually(right, what)
        except AssertionError as error:
            shown = [(self.orders[host], "is", seen, "not", wanted[host]) for host, seen in list(wrong.items())[:4]]
            raise AssertionError(f"{what}: {len(wrong)} of {len(self.orders)} are not as they must be: {shown}") from error

    def run(self):
        switch = lambda word: self.server.expect(200, "POST", f"/api/v1/queues/curate-pages/{word}", {},
                                                 {"Idempotency-Key": os.urandom(8).hex()})
        states = {host: after(*order) for host, order in self.orders.items()}
        self.tricks.gate(False)
        switch("pause")
        self.make()
        self.step(lambda order: order[0])
        switch("resume")
        begun = {host: [state.seen() for state in after(order[0], ())] for host, order in self.orders.items()}
        self.come_to(begun, "what was said before it is worked on")
        self.step(lambda order: order[1][:1])
        self.step(lambda order: order[1][1:])
        self.come_to({host: [state.seen() for state in some] for host, some in states.items()},
                     "what was said while it is worked on")
        self.tricks.gate(True)
        for some in states.values():
            for state in some:
                state.answered()
        self.come_to({host: [state.seen() for state in some] for host, some in states.items()}, "when it has ended")
        self.results()

    def results(self):
        """What is Completed has its contact, of the URL that it has now; nothing else has left any."""
        rows = {row["host"]: row for row in self.rows()}
        found = {row["host"]: (row["email"], row["page_url"])
                 for row in self.database.rows("SELECT host, email, page_url FROM fencepost_contacts")}
        for host, order in self.orders.items():
            row = rows.get(host)
            done = row and row["processing_status"] == "Completed"
            wanted = (f"{row['url'].rsplit('/', 1)[1]}@{host}", row["url"]) if done else None
            check(found.get(host) == wanted, f"{order}: the contact is {found.get(host)}, not {wanted}")
        check(not self.tricks.twice, f"two at once: {[self.orders.get(host) for host in self.tricks.twice]}")


def every_order(kind, long):
    at_once = 90 if long else 40  # pages that are held: so many requests a server makes at the same time
    befores = [(), *([act] for act in ACTS)] if long else [()]
    orders = [(tuple(before), during) for before in befores
              for n in range(3) for during in itertools.product(ACTS, repeat=n)]
    with on(kind) as (url, path, stack):
        words = f"interval=100ms backoff=100ms delay=0 concurrency={at_once} batch={at_once}"
        crew = Crew(stack, path, url, 1, "--lease", "6s", size=SMALL, words=words, fetch_time="2m")
        for number in range(0, len(orders), at_once):
            Wave(crew, number, orders[number:number + at_once]).run()
        crew.verify()
        print(f"     {len(orders)} orders", flush=True)


def main():
    arguments = [one for one in sys.argv[2:] if one != "--long"]
    chosen = arguments[0] if arguments else ""
    tests = [(f"every order, on {kind}", functools.partial(every_order, kind, "--long" in sys.argv))
             for kind in ("sqlite", "postgres")]
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
