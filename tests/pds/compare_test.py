#!/usr/bin/env python3
"""The emulated Bluesky against the real PDS: both are asked the same questions, and give the same statuses, names of
errors and members.

usage: scripts/lib/with-pds /usr/bin/python3 tests/pds/compare_test.py
"""

import concurrent.futures
import json
import os
import pathlib
import secrets
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import check, first_line, run_all  # noqa: E402
from xrpc import Pds, png  # noqa: E402

REAL = json.loads(os.environ["FENCEPOST_TEST_PDS"])
DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
TID = "3l6o" + "".join(secrets.choice(DIGITS) for _ in range(8))  # of this run


def tid(number):
    return TID + DIGITS[number]


def post(text, **more):
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-11-22T10:00:00.000Z", **more}


def seen(answer, *members):
    """What a client acts on: status, the error's name, which of `members` are there."""
    status, body, _ = answer
    body = body if isinstance(body, dict) else {}
    return status, body.get("error"), tuple(name for name in members if name in body)


def sessions(pds):
    login = lambda **body: pds.call("POST", "com.atproto.server.createSession", body, token="")
    name, password = pds.account["handle"], pds.account["app_password"]
    members = ("accessJwt", "refreshJwt", "did", "handle")
    yield seen(login(identifier=name, password=password), *members)
    yield seen(login(identifier=pds.account["did"], password=password), *members)
    yield seen(login(identifier=name, password="wrong"))
    yield seen(login(identifier="nobody.test", password="wrong"))
    yield seen(login(identifier=name))
    session = pds.login()
    yield seen(pds.call("GET", "com.atproto.server.getSession"), "did", "handle", "active")
    yield seen(pds.call("GET", "com.atproto.server.getSession", token=""))
    yield seen(pds.call("GET", "com.atproto.server.getSession", token="abc"))
    yield seen(pds.call("GET", "com.atproto.server.getSession", token=session["refreshJwt"]))
    refresh = lambda token: pds.call("POST", "com.atproto.server.refreshSession", b"", token=token)
    first = refresh(session["refreshJwt"])
    yield seen(first, *members)
    second = refresh(session["refreshJwt"])  # within the grace of two hours
    yield seen(second, *members), claim(first) == claim(second)
    yield seen(refresh(session["accessJwt"]))
    yield seen(refresh("abc"))
    pds.call("POST", "com.atproto.server.deleteSession", b"", token=first[1]["refreshJwt"])
    yield seen(refresh(first[1]["refreshJwt"]))
    # The session that was ended is over for refreshing; its access token lives on.
    yield seen(pds.call("GET", "com.atproto.server.getSession", token=first[1]["accessJwt"]), "did")


def claim(answer):
    """Which refresh token this is."""
    import base64
    part = answer[1]["refreshJwt"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["jti"]


def records(pds):
    pds.login()
    members = ("uri", "cid", "commit", "validationStatus")
    first = pds.put(tid(0), post("one"))
    yield seen(first, *members)
    yield first[1]["uri"].replace(pds.account["did"], "DID")
    again = pds.put(tid(0), post("one"))
    yield seen(again, *members), again[1]["cid"] == first[1]["cid"]
    yield seen(pds.put(tid(0), post("two")))
    yield seen(pds.get(tid(0)), "uri", "cid", "value"), pds.get(tid(0))[1]["value"]["text"]
    yield seen(pds.get(tid(1)))
    yield seen(pds.put("not-a-tid", post("one")))
    yield seen(pds.put(tid(2), post("one"), repo="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"))
    yield seen(pds.put(tid(2), post("one"), repo=pds.account["handle"]), *members)
    yield seen(pds.call("POST", "com.atproto.repo.putRecord", {"repo": pds.account["did"]}))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        puts = list(pool.map(lambda _: pds.put(tid(3), post("eight at once")), range(8)))
    yield {one[0] for one in puts}, len({one[1]["cid"] for one in puts}), sum("commit" in one[1] for one in puts)
    yield seen(pds.delete(tid(0)), "commit")
    yield seen(pds.get(tid(0)))
    # The platform's own weakness, which is why a look comes before every second put.
    yield seen(pds.put(tid(0), post("one")), *members)
    yield seen(pds.delete(tid(0)), "commit")
    yield seen(pds.delete(tid(0)), "commit")
    old, pds.token = pds.token, "abc"
    yield seen(pds.put(tid(4), post("one")))
    pds.token = ""
    yield seen(pds.put(tid(4), post("one")))
    pds.token = old


def limits(pds):
    pds.login()
    family = "\U0001F468\u200d\U0001F469\u200d\U0001F467"
    yield seen(pds.put(tid(5), post("x" * 300)))[:2]
    yield seen(pds.put(tid(6), post("x" * 301)))
    yield seen(pds.put(tid(7), post("e\u0301" * 300)))[:2]
    yield seen(pds.put(tid(8), post("e\u0301" * 301)))
    yield seen(pds.put(tid(9), post(family * 166)))[:2]   # 2,988 bytes
    yield seen(pds.put(tid(10), post(family * 167)))      # 3,006 bytes
    facet = {"index": {"byteStart": 0, "byteEnd": 4},
             "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com"}]}
    yield seen(pds.put(tid(11), post("link", facets=[facet])))[:2]
    card = {"$type": "app.bsky.embed.external", "external": {"uri": "https://example.com", "title": "T", "description": ""}}
    yield seen(pds.put(tid(12), post("card", embed=card)))[:2]


def blobs(pds):
    pds.login()
    upload = lambda data, kind="image/png": pds.call("POST", "com.atproto.repo.uploadBlob", data,
                                                     headers={"Content-Type": kind})
    embed = lambda blob: {"$type": "app.bsky.embed.images", "images": [{"alt": "x", "image": blob}]}
    answer = upload(png())
    yield seen(answer, "blob")
    blob = answer[1]["blob"]
    yield blob["mimeType"], blob["size"], blob["$type"], sorted(blob["ref"])
    yield seen(pds.put(tid(13), post("image", embed=embed(blob))))[:2]
    big = upload(png(noise=b"x" * 1_000_000))
    yield seen(big, "blob")
    yield seen(pds.put(tid(14), post("large", embed=embed(big[1]["blob"]))))
    unknown = {**blob, "ref": {"$link": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}}
    yield seen(pds.put(tid(15), post("unknown", embed=embed(unknown))))
    pds.token = ""
    yield seen(upload(png()))


def handles(pds):
    ask = lambda handle: pds.call("GET", "com.atproto.identity.resolveHandle", handle=handle)
    status, body, _ = ask(pds.account["handle"])
    yield status, body["did"] == pds.account["did"]
    yield seen(ask("nobody.test"))


def compared(questions):
    def test():
        emulator = subprocess.Popen(
            ["python3", str(ROOT / "emulators/bluesky/bluesky.py"), "--account", "alice.test:app-pass-word"],
            stdout=subprocess.PIPE, text=True)
        try:
            url = first_line(emulator, r"listening on (http://\S+)")
            fake = {"handle": "alice.test", "app_password": "app-pass-word", "did": None}
            fake["did"] = Pds(url, fake).login()["did"]
            real = list(questions(Pds(REAL["url"], REAL["accounts"][1])))
            emulated = list(questions(Pds(url, fake)))
            differ = [f"answer {number}: the PDS {one}, the emulator {other}"
                      for number, (one, other) in enumerate(zip(real, emulated, strict=True), 1) if one != other]
            check(not differ, "; ".join(differ))
        finally:
            emulator.kill()
            emulator.wait()
    return test


if __name__ == "__main__":
    sys.exit(run_all([(questions.__name__, compared(questions))
                      for questions in (sessions, records, limits, blobs, handles)]))
