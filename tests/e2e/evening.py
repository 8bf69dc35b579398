"""The world of evening_test.py: a show with three hosts and five connections, a channel, emulated platforms, a model that
writes, and the servers of one database. One evening after the other, each with an episode and a stream of its own."""

import contextlib
import dataclasses
import datetime
import http.client
import json
import signal
import subprocess
import time
import types
import urllib.request

from harness import PATIENCE, Failed, Receiver, Server, check, eventually, folder, postgres_database, show_logs
from people_test import BINARY, PASSWORD, Page, fencepost
from platforms import FAULTS, PLATFORMS, PLAIN, POINTS, TIMEOUT, Emulated, Platform, promised

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "the-key"
TEMPLATE = "{show} is on the air: {title}"
WRITTEN = "The model welcomes you to {title}"
NOT_RUNNING = (OSError, http.client.HTTPException)


class Hook(Receiver):
    """The webhook receiver, as the other emulators are spoken to."""

    # It knows no refusal but 429, and no request that travels long: these faults it does not meet.
    modes = {"accept_then_cut": "accept_then_cut", "status_after": "500", "garbage": "garbage", "slow": "slow",
             "close_before_read": "close_before_read"}

    def __init__(self):
        super().__init__(SECRET)

    def posts(self):
        with urllib.request.urlopen(self.url + "/arrivals", timeout=20) as answer:
            bodies = [json.loads(one["body"]) for one in json.load(answer)]
        return [{"text": body["text"] + " " + body["url"]} for body in bodies]

    def meets(self, mode):
        wait = mode.get("headers", {}).get("Retry-After")
        if wait:
            self.fault("429", seconds=float(wait))
        elif mode.get("mode") in self.modes:
            self.fault(self.modes[mode["mode"]], seconds=mode.get("seconds", 1))
        return bool(wait) or mode.get("mode") in self.modes


class Place(Emulated):
    """An emulated platform."""

    def __init__(self, platform):
        super().__init__(platform.script, *platform.arguments)
        self.platform = platform
        platform.setup(self)

    def meets(self, mode):
        self.ask("/_fault", {**mode, "method": self.platform.method, "path": self.platform.path})
        return True


WEBHOOK = Platform("webhook", "", "POST", "/hook", lambda _: SECRET, target=lambda url: url + "/hook", looks=False)
BY_NAME = {"webhook": WEBHOOK, **{one.name: one for one in PLATFORMS}}
# Who has which accounts. Gus leaves the show, and Ida never opts in.
HOSTS = {"ann": ("webhook", "bluesky"), "bob": ("mastodon", "x"), "eve": ("discord",)}
OTHERS = ("gus", "ida")
ACCOUNTS = [name for names in HOSTS.values() for name in names]
NONE = FAULTS[0]


def possible(platform):
    """(posts, state) that a crash at any moment may leave, where nothing else went wrong."""
    return {promised(platform, PLAIN, NONE, point) for point in POINTS}


@dataclasses.dataclass
class Person:
    id: int
    token: str
    page: Page  # signed in: who is in a show is not a token's business

    def call(self, server, method, path, body=None, **headers):
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        return server.call(method, path, body, {"Authorization": f"Bearer {self.token}", **headers})

    def expect(self, status, server, method, path, body=None, **headers):
        got, answer, _ = self.call(server, method, path, body, **headers)
        check(got == status, f"{method} {path}: {got} {answer}, wanted {status}")
        return answer

    def run(self, server, *arguments):
        """A command of the program, for this person."""
        return fencepost(types.SimpleNamespace(url=server.url, token=self.token), *map(str, arguments), "--json")


class World:
    def __init__(self, kind, path, stack):
        self.path, self.stack = path, stack
        self.database = stack.enter_context(postgres_database()) if kind == "postgres" else f"sqlite:{path}/fencepost.db"
        self.youtube = self.emulated("youtube/youtube.py", "--key", KEY)
        self.model = self.emulated("model/model.py")
        self.model.ask("/_set", {"says": WRITTEN, "key": KEY})
        (path / "a-key").write_text(KEY + "\n")
        self.places, self.nobodys = {}, self.closing(Hook())
        for name in ACCOUNTS:
            self.places[name] = self.closing(Hook() if name == "webhook" else Place(BY_NAME[name]))
        self.channel = "UC" + "night-talk".ljust(22, "0")
        self.youtube.ask("/_channels", {"channels": [{"id": self.channel, "title": "Night Talk"}]})
        self.servers, self.people, self.looked, self.started = [], {}, 0.0, 0

    def closing(self, one):
        self.stack.callback(one.close)
        return one

    def emulated(self, script, *arguments):
        return self.closing(Emulated(script, *arguments))

    # -- processes

    def start(self, kill_at=""):
        flags = ["--post-timeout", f"{TIMEOUT}s", "--youtube-api-key-file", str(self.path / "a-key"), "--text-api", "openai",
                 "--text-url", self.model.url, "--text-model", "small", "--text-key-file", str(self.path / "a-key")]
        for name in ("api", "feed", "page"):
            flags += [f"--youtube-{name}-url", self.youtube.url]
        for name, place in self.places.items():
            flags += BY_NAME[name].settings(place.url)
        self.started += 1
        made = Server(BINARY, self.database, self.path, f"server-{self.started}", *flags, kill_at=kill_at)
        self.stack.callback(made.close)
        self.servers.append(made)
        return made

    def start_and_die(self, point):
        """One that looks at the channel until it kills itself at this point, which may be before it serves."""
        try:
            server = self.start(kill_at=point)
        except (*NOT_RUNNING, Failed):
            return
        with contextlib.suppress(*NOT_RUNNING):
            end = time.monotonic() + PATIENCE
            while server.process.poll() is None and time.monotonic() < end:
                self.look()
        check(server.process.poll() == -signal.SIGKILL or server.process.wait(1) == -signal.SIGKILL, f"{point} was not reached")
        self.servers.remove(server)

    def stop(self):
        for server in self.servers:
            server.kill()
        self.servers.clear()

    @property
    def server(self):
        return self.servers[0]

    def verified(self):
        done = subprocess.run([BINARY, "verify", "--database", self.database], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        check(done.returncode == 0, f"verify: {done.returncode} {done.stdout} {done.stderr}")

    # -- people

    def join(self, name, role="host"):
        code = self.server.expect(201, "POST", "/api/v1/invitations",
                                  {"show_id": self.show, "show_role": role, "note": name})["code"]
        page = Page()
        joined = page.expect(201, self.server, "POST", "/api/v1/invitations/accept",
                             {"code": code, "name": name, "email": f"{name}@example.org", "password": PASSWORD})
        token = page.expect(201, self.server, "POST", "/api/v1/tokens", {"name": "script"})["token"]
        self.people[name] = Person(joined["person"]["id"], token, page)
        return self.people[name]

    def connect(self, person, name, platform, place):
        target = platform.target(place.url)
        return person.expect(201, self.server, "POST", "/api/v1/connections", {
            "name": name, "platform": platform.name, "secret": platform.secret(place.url),
            **({"url": target} if target else {})})["id"]

    def settle_in(self):
        """The show, its people and their accounts."""
        self.show = fencepost(self.server, "show", "create", "--name", "Night Talk", "--slug", "night-talk", "--json")["id"]
        fencepost(self.server, "show", "edit", str(self.show), "--channel", self.channel, "--template", TEMPLATE, "--json")
        self.connections = {}
        for name, accounts in HOSTS.items():
            person = self.join(name, "admin" if name == "ann" else "host")
            person.run(self.server, "show", "opt-in", self.show)
            for account in accounts:
                self.connections[account] = self.connect(person, account, BY_NAME[account], self.places[account])
        for name in OTHERS:
            person = self.join(name)
            if name == "gus":
                person.run(self.server, "show", "opt-in", self.show)
            self.connections[name] = self.connect(person, name, WEBHOOK, self.nobodys)

    def owner_of(self, account):
        return next(self.people[name] for name, accounts in HOSTS.items() if account in accounts)

    # -- evenings

    def plan(self, title):
        """An episode that begins soon; each begins at another second, so that its stream is its own."""
        self.starts = int(time.time()) + 300
        at = datetime.datetime.fromtimestamp(self.starts, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.episode = self.people["ann"].expect(201, self.server, "POST", f"/api/v1/shows/{self.show}/episodes",
                                                 {"title": title, "starts_at": at})["id"]
        return self.episode

    def announce_all(self):
        made = self.people["ann"].run(self.server, "episode", "announce-all", self.episode)
        self.find_items()
        return made

    def announce(self):
        """Each account's own, made by its host."""
        for account in ACCOUNTS:
            self.owner_of(account).expect(201, self.server, "POST", f"/api/v1/episodes/{self.episode}/announcements",
                                          {"connection_id": self.connections[account], "stagger": 0})
        self.find_items()

    def find_items(self):
        found = self.people["ann"].run(self.server, "episode", "announcements", self.episode)["items"]
        self.items = {one["connection"]: one["id"] for one in found}

    def stream(self, state="upcoming"):
        self.video = self.youtube.ask("/_streams", {"streams": [
            {"channel": self.channel, "title": "Night Talk", "scheduled": self.starts, "state": state}]})["ids"][0]
        return self.video

    def becomes(self, state, video=None):
        return self.youtube.ask("/_state", {"id": video or self.video, "state": state})["id"]

    def look(self):
        """As often as the limit of looking by hand allows."""
        if time.monotonic() - self.looked > 1.1:
            self.looked = time.monotonic()
            self.server.expect(200, "POST", "/api/v1/scheduler/check", {})

    def seen(self, video):
        channel = self.server.expect(200, "GET", f"/api/v1/shows/{self.show}/live")["channel"]
        return next((one for one in channel["streams"] if one["video_id"] == video), None) if channel else None

    def until(self, video, stage):
        def there():
            self.look()
            stream = self.seen(video)
            return stream if stream and stream["stage"] == stage else None
        return eventually(there, f"the stream is {stage}")

    def ends(self, video=None):
        """The stream ends, and with it the episode."""
        self.becomes("ended", video)

        def over():
            self.look()
            return self.server.expect(200, "GET", f"/api/v1/episodes/{self.episode}")["status"] == "ended"
        eventually(over, "the episode has ended")

    # -- what came of it

    def announcement(self, account):
        return self.server.expect(200, "GET", f"/api/v1/announcements/{self.items[account]}")

    def texts(self, account):
        """What arrived of this evening: each post has the address of its stream."""
        place = self.places.get(account, self.nobodys)
        return [one["text"] for one in place.posts() if self.video in one["text"]]

    def outcome(self, account):
        """(posts, state), or nothing while that may still change by itself."""
        shown = self.announcement(account)
        state = shown["status"]
        if state in ("sending", "queued", "pending"):
            return None
        if state == "unknown":
            events = self.server.expect(200, "GET", f"/api/v1/announcements/{self.items[account]}/history")["items"]
            if not any(event["kind"] == "reconciled" for event in events):
                return None
        found = len(self.texts(account)), state
        check(found[0] <= 1, f"{account}: two posts: {self.texts(account)}")
        return found

    def outcomes(self):
        """Of every account, once it is one that a crash may leave: a look that came too early is repeated."""
        def settled(account):
            found = self.outcome(account)
            return found if found in possible(BY_NAME[account]) else None
        return {account: eventually(lambda a=account: settled(a), f"{account} is settled: {self.announcement(account)}")
                for account in ACCOUNTS}

    def await_outcome(self, account, wanted):
        def there():
            found = self.outcome(account)
            if found and found != wanted and found[1] in ("posted", "failed", "disabled"):
                raise Failed(f"{account}: {found}, wanted {wanted}: {self.announcement(account)['last_error']}")
            return found == wanted
        eventually(there, f"{account} is {wanted}")

    def nothing_more(self):
        """Nothing is due or to come, and nobody got a second one."""
        status = self.server.expect(200, "GET", "/api/v1/scheduler")
        check(status["due"] == 0 and status["in_flight"] == 0, f"nothing is due: {status}")
        for account in ACCOUNTS:
            check(len(self.texts(account)) <= 1, f"{account}: two posts: {self.texts(account)}")
        check(self.nobodys.arrivals()["total"] == 0, "who left, and who never opted in, got none")
        self.verified()


@contextlib.contextmanager
def world(kind, servers):
    with folder() as path, contextlib.ExitStack() as stack:
        try:
            made = World(kind, path, stack)
            for _ in range(servers):
                made.start()
            if made.servers:
                made.settle_in()
            yield made
        except BaseException:
            show_logs(path)
            raise
