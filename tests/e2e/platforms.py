"""The platforms of platforms_test.py: how each is emulated and connected, and what PLATFORMS.md lets it know."""

import dataclasses
import json
import subprocess
import urllib.request
from typing import Callable

from harness import ROOT, first_line

TIMEOUT = 5  # seconds that a platform has for a post (--post-timeout)
LATE = TIMEOUT + 1.5  # a request that travels longer than that
# A text that every platform rewrites in its own way.
TEXT = "Live now (really) & <here> #show"


def posts_in(accepted):
    return [one for one in accepted if one["what"] in ("post", "status", "message")]


class Emulated:
    """One emulator of emulators/, as a process of its own."""

    def __init__(self, script, *arguments):
        self.process = subprocess.Popen(["python3", str(ROOT / "emulators" / script), "--port", "0", *arguments],
                                        stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process, r"listening on (http://\S+)")

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data), timeout=20) as answer:
            return json.load(answer)

    def posts(self):
        return posts_in(self.ask("/_accepted"))

    def close(self):
        self.process.kill()
        self.process.wait()


@dataclasses.dataclass
class Platform:
    name: str
    script: str
    method: str  # of the request that posts
    path: str  # a pattern
    secret: Callable  # of the emulator's URL
    settings: Callable = lambda url: []
    target: Callable = lambda url: None
    arguments: tuple = ()
    setup: Callable = lambda emulator: None
    # What can be known afterwards (PLATFORMS.md, "What a crash can be asked afterwards").
    looks: bool = True  # it can be asked whether a post is there
    refuses: bool = False  # it refuses a second arrival, so that what is absent is sent again by itself
    refreshes: bool = False  # the credentials here can be refreshed
    yes_by_status: bool = True  # the status alone is a yes, whatever the body
    # Images: (method, pattern) of the request that brings their bytes before the post; None: they travel with it.
    upload: tuple = None
    # The descriptions of a post's images, of the post and all that the emulator accepted; None: it takes none here.
    alts: Callable = None
    fetches: bool = False  # it fetches images from the server (--public-url)


def urls(platform):
    return lambda url: [f"--{platform}-url", url, f"--{platform}-site", url]


def x_secret(_):
    return json.dumps({"access_token": "demo-access", "refresh_token": "demo-refresh", "expires_at": 2_000_000_000_000_000})


PLATFORMS = [
    Platform("x", "x/x.py", "POST", "/2/tweets", x_secret, lambda url: urls("x")(url) + ["--x-client-id", "c"],
             setup=lambda emulator: emulator.ask("/test/expire", {"refresh": ["demo-refresh"]}), refreshes=True,
             upload=("POST", r"/2/media/upload/\d+/append"), alts=lambda post, _: post["media"]),
    Platform("threads", "threads/threads.py", "POST", r"/v1\.0/\d+/threads_publish", lambda _: "demo-access", urls("threads"),
             yes_by_status=False, upload=("POST", r"/v1\.0/\d+/threads"), fetches=True,
             alts=lambda post, _: [one["alt"] for one in post["images"]]),
    Platform("linkedin", "linkedin/linkedin.py", "POST", "/rest/posts", lambda _: "demo-access", urls("linkedin"),
             setup=lambda emulator: emulator.ask("/_set", {"versions": 0}), looks=False,
             upload=("PUT", r"/dms-uploads/.*"), alts=lambda post, _: post["images"]),
    Platform("linkedin (partner)", "linkedin/linkedin.py", "POST", "/rest/posts", lambda _: "demo-access", urls("linkedin"),
             setup=lambda emulator: emulator.ask("/_set", {"versions": 0, "reads": True}),
             upload=("PUT", r"/dms-uploads/.*"), alts=lambda post, _: post["images"]),
    Platform("bluesky", "bluesky/bluesky.py", "POST", r"/xrpc/com\.atproto\.repo\.putRecord",
             lambda _: json.dumps({"identifier": "demo.test", "password": "abcd-abcd-abcd-abcd"}),
             lambda url: ["--bluesky-url", url, "--bluesky-site", url], lambda url: url,
             ("--account", "demo.test:abcd-abcd-abcd-abcd"), refuses=True, refreshes=True,
             upload=("POST", r"/xrpc/com\.atproto\.repo\.uploadBlob"),
             alts=lambda post, _: [one["alt"] for one in post["record"].get("embed", {}).get("images", [])]),
    Platform("mastodon", "mastodon/mastodon.py", "POST", "/api/v1/statuses", lambda _: "demo-token", target=lambda url: url,
             arguments=("--token", "demo-token"), refuses=True, upload=("POST", "/api/v2/media"),
             alts=lambda post, all_: [one["description"] for one in all_ if one["what"] == "media" and one["id"] in post["media"]]),
    Platform("discord", "discord/discord.py", "POST", r".*/webhooks/\d+/[^/]+",
             lambda url: url + "/api/webhooks/1180000000000000001/demo-token", lambda url: ["--discord-url", url],
             arguments=("--webhook", "1180000000000000001/demo-token"), looks=False,
             alts=lambda post, _: [one["alt"] for one in post["files"]]),
]


@dataclasses.dataclass
class Fault:
    name: str
    mode: dict  # for the emulator's /_fault
    acts: bool = False  # the platform took the post, whatever it answered
    known: str = ""  # what the answer says for certain: posted, rejected, credentials, limited; empty: nothing
    late: bool = False  # it takes the post after we have given up


FAULTS = [
    Fault("none", {}, acts=True, known="posted"),
    Fault("accepted, then cut", {"mode": "accept_then_cut"}, acts=True),
    Fault("accepted, answered 500", {"mode": "status_after", "status": 500}, acts=True),
    Fault("accepted, answered with garbage", {"mode": "garbage"}, acts=True),
    Fault("accepted, body cut in half", {"mode": "malformed"}, acts=True, known="body"),
    Fault("accepted, answered too late", {"mode": "slow", "seconds": LATE}, acts=True),
    Fault("travels too long, then accepted", {"mode": "slow_before", "seconds": LATE}, acts=True, late=True),
    Fault("refused with 503", {"mode": "status", "status": 503}),
    Fault("read, then cut", {"mode": "cut_before"}),
    Fault("cut unread", {"mode": "close_before_read"}),
    Fault("401 once", {"mode": "status", "status": 401}, known="credentials"),
    Fault("400 once", {"mode": "status", "status": 400}, known="rejected"),
    Fault("429 once", {"mode": "status", "status": 429, "headers": {"Retry-After": "600"}}, known="limited"),
]

BEFORE = ("claimed", "gate.begin", "gate.commit")  # nothing was begun: the item is claimed again, and meets the fault
AFTER = ("sent", "settle.commit")  # the answer was there, and died with its process
POINTS = ("", *BEFORE, "gate.passed", *AFTER, "settled")
# Around an image: before its upload (claimed), between that and the gate, and behind the gate.
IMAGE_POINTS = ("", "claimed", "gate.begin", "gate.passed", "sent")
UPLOAD_POINTS = ("", "claimed", "gate.begin")

# What is sent, and which request meets the fault.
PLAIN, IMAGE, UPLOAD = "", "with an image", "with an image, whose upload meets the fault"


def sections():
    """(platform, kind, points) of each table."""
    for platform in PLATFORMS:
        yield platform, PLAIN, POINTS
        if platform.alts:
            yield platform, IMAGE, IMAGE_POINTS
        if platform.upload:
            yield platform, UPLOAD, UPLOAD_POINTS


def promised(platform, kind, fault, point):
    """(accepted posts, state): by PLATFORMS.md, and nothing worse. None: there is no such case."""
    if kind == UPLOAD:
        return promised_of_upload(platform, fault, point)
    if point == "gate.passed":  # the effect had begun, and nothing was sent
        return resent(platform, fault) if platform.refuses else (0, "unknown")
    if point in AFTER:
        if fault.acts:
            return (1, "posted" if platform.looks else "unknown")
        return resent_clean(platform)
    return settled(platform, fault)


def promised_of_upload(platform, fault, point):
    """Nobody sees an image that no post names: whatever its upload came to, it is tried again, or certainly failed."""
    if fault.known == "credentials" and not platform.refreshes:
        end = (0, "failed")
    else:
        end = {"rejected": (0, "failed"), "limited": (0, "queued")}.get(fault.known, (1, "posted"))
    return None if point == "gate.begin" and not end[0] else end  # then it never comes to its gate


def settled(platform, fault):
    """Where the outcome is settled by the process that sent."""
    if fault.known == "posted" or (fault.known == "body" and platform.yes_by_status):
        return 1, "posted"
    if fault.acts:
        return 1, "posted" if platform.looks else "unknown"
    if fault.known == "credentials":
        return (1, "posted") if platform.refreshes else (0, "failed")
    if fault.known:
        return 0, {"rejected": "failed", "limited": "queued"}[fault.known]
    return resent_clean(platform)


def resent(platform, fault):
    """Sent for the first time, after its first attempt died: it meets the fault."""
    return settled(platform, fault)


def resent_clean(platform):
    """The fault is over: absent, and sent again where the platform refuses a second arrival."""
    return (1, "posted") if platform.refuses else (0, "unknown")
