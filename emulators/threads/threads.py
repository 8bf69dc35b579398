#!/usr/bin/env python3
"""Threads' API v1.0, as far as Fencepost uses it: containers, their publication and their states, lists, tokens.

    threads.py --port 0

Each behaviour has its source:
    containers   developers.facebook.com/docs/threads/posts: POST /{user}/threads -> {"id"}; publishing gives another id
    pictures     /docs/threads/posts: IMAGE with image_url ("we will cURL your image"), CAROUSEL with 2 to 20 children that were
                 made with is_carousel_item; /docs/threads/overview: JPEG and PNG, 8 MB, 10:1. What is said of a picture that
                 cannot be had is documented for Instagram alone: /docs/instagram-platform "Error codes"
    states       /docs/threads/troubleshooting: IN_PROGRESS, FINISHED, PUBLISHED, ERROR, EXPIRED
    limits       /docs/threads/overview: 250 posts in a moving 24 hours, 500 characters (an emoji by its bytes)
    errors       /docs/graph-api/guides/error-handling; 24/4279009 "media not found" of a fresh container:
                 github.com/gitroomhq/postiz-app, pull request 2047; 10 with a 500 although it was published:
                 github.com/tirthpatell/threads-go, pull request 30
    tokens       /docs/threads/get-started/long-lived-tokens: 60 days, refreshed after 24 hours
Not known: what a second publication of one container is answered. Here it is refused as "media not found".

A user is made by POST /_set {"users": {ACCESS_TOKEN: {"id", "username"}}}; "demo-access" is there from the start.
"""

import hashlib
import itertools
import pathlib
import secrets
import struct
import sys
import time
import urllib.request
from urllib.parse import urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from emulator import Answer, Emulator, main, route  # pylint: disable=wrong-import-position

LONGEST = 500
LARGEST = 8_000_000
CHILDREN = range(2, 21)
DAY = 86400


def graph_error(status, code, message, kind="OAuthException", **more):
    return Answer(status, {"error": {"message": message, "type": kind, "code": code, "fbtrace_id": secrets.token_hex(6), **more}})


def missing():
    return graph_error(400, 24, "The requested resource does not exist", error_subcode=4279009, is_transient=False,
                       error_user_title="Media Not Found", error_user_msg="The media with id cannot be found.")


def refused_picture(code, subcode, message):
    return graph_error(400, code, message, error_subcode=subcode, is_transient=False, error_user_msg=message)


def sides(data):
    """(width, height) of a PNG or JPEG."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", data[16:24])
    at = 2
    while data[at:at + 1] == b"\xff" and data[at + 1] != 0xDA:
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in (0xC4, 0xC8, 0xCC):
            return struct.unpack(">HH", data[at + 5:at + 9])[::-1]
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return 0, 0


def fetched(url):
    """The picture's facts; raises what Meta answers where it cannot be had, or is none that it takes."""
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError(url)
        with urllib.request.urlopen(urllib.request.Request(url, headers={"User-Agent": "facebookexternalhit/1.1"}), timeout=10) as answer:
            kind, data = answer.headers.get("Content-Type"), answer.read(LARGEST + 1)
    except (OSError, ValueError):
        raise refused_picture(9004, 2207052, f"The media could not be fetched from this URI: {url}") from None
    if len(data) > LARGEST:
        raise refused_picture(36000, 2207004, "The image is too large to download. It should be less than 8 MB.")
    width, height = sides(data) if kind in ("image/png", "image/jpeg") else (0, 0)
    if not width or not height:
        raise refused_picture(36001, 2207005, "The image format is not supported. Supported formats are: JPEG, PNG")
    if max(width, height) > 10 * min(width, height):
        raise refused_picture(36003, 2207009, "The image's aspect ratio is not supported.")
    return {"type": kind, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


class Threads(Emulator):
    settings = ("users", "limit", "polls", "next_status", "next_message", "lasts", "token_lasts", "hide_publish", "unfetchable")

    def __init__(self):
        super().__init__()
        self.users = {"demo-access": {"id": "2001", "username": "demo"}}
        self.limit, self.lasts, self.token_lasts = 250, DAY, 60 * DAY
        self.polls = 0            # how often a new container is IN_PROGRESS before it is FINISHED
        self.next_status = ""     # what the next container becomes instead: ERROR
        self.next_message = "UNKNOWN"  # and what it says of that
        self.unfetchable = 0      # how often a picture cannot be fetched
        self.hide_publish = 0     # how often a ready container is "not found" when it is published
        self._containers, self._posts, self._codes, self._expired = {}, [], set(), set()
        self._numbers = itertools.count(17_889_615_691_921_648)

    def user(self, request):
        token = request.query.get("access_token") or request.form().get("access_token") or request.bearer()
        with self.lock:
            user = None if token in self._expired else self.users.get(token)
        if not user:
            raise graph_error(401, 190, f"Error validating access token: Malformed access token {token}", error_subcode=463)
        return user

    def own(self, request, name):
        user = self.user(request)
        if name not in ("me", user["id"]):
            raise graph_error(403, 10, "Application does not have permission for this action")
        return user

    # -- containers

    def pictures(self, user, form):
        """What a container has beside its text; raises what is wrong with it."""
        kind = form.get("media_type")
        if kind == "TEXT":
            return []
        if kind == "IMAGE":
            with self.lock:
                self.unfetchable, fails = max(self.unfetchable - 1, 0), self.unfetchable > 0
            if not form.get("image_url"):
                raise graph_error(400, 100, "Param image_url is required for media_type=IMAGE")
            alt = form.get("alt_text", "")
            if len(alt) > 1000:
                raise graph_error(400, 100, "Param alt_text must be at most 1000 characters long.")
            if fails:
                raise refused_picture(9004, 2207052, f"The media could not be fetched from this URI: {form['image_url']}")
            return [{**fetched(form["image_url"]), "alt": alt}]
        if kind == "CAROUSEL":
            with self.lock:
                children = [self._containers.get(one) for one in form.get("children", "").split(",")]
                if len(children) not in CHILDREN or not all(one and one["item"] and one["user"] == user["id"] and
                                                            self.state(one) == "FINISHED" for one in children):
                    raise graph_error(400, 100, "Param children must be 2 to 20 containers that are carousel items and ready")
            return [picture for one in children for picture in one["images"]]
        raise graph_error(400, 100, "Param media_type must be one of {TEXT, IMAGE, VIDEO, CAROUSEL}")

    @route("POST", r"/v1\.0/(?P<name>\w+)/threads")
    def create(self, request, name):
        user, form = self.own(request, name), request.form()
        text, item = form.get("text", ""), form.get("is_carousel_item") == "true"
        if not text and form.get("media_type") == "TEXT" or \
                sum(len(c.encode()) if ord(c) > 0x2190 and not 0x3000 <= ord(c) < 0xFE00 else 1 for c in text) > LONGEST:
            return graph_error(400, 100, f"Param text must be at most {LONGEST} characters long.")
        images = self.pictures(user, form)
        with self.lock:
            parent = form.get("reply_to_id")
            if parent and not any(post["id"] == parent for post in self._posts):
                return missing()
            one = str(next(self._numbers))
            self._containers[one] = {"user": user["id"], "text": text, "reply_to": parent, "at": time.time(), "polls": self.polls,
                                     "status": self.next_status or "FINISHED", "published": None, "images": images, "item": item}
            self.next_status = ""
        return Answer(200, {"id": one})

    def state(self, one):
        if one["published"]:
            return "PUBLISHED"
        if time.time() - one["at"] > self.lasts:
            return "EXPIRED"
        return "IN_PROGRESS" if one["polls"] > 0 else one["status"]

    @route("POST", r"/v1\.0/(?P<name>\w+)/threads_publish")
    def publish(self, request, name):
        user, form = self.own(request, name), request.form()
        with self.lock:
            one = self._containers.get(form.get("creation_id"))
            if not one or one["user"] != user["id"] or self.state(one) != "FINISHED" or one["item"]:
                return missing()
            if self.hide_publish > 0:
                self.hide_publish -= 1
                return missing()
            recent = [post for post in self._posts if post["user"] == user["id"] and time.time() - post["at"] < DAY]
            if len(recent) >= self.limit:
                return graph_error(400, 9, "Application request limit reached", error_subcode=2207042, is_transient=False,
                                   error_user_msg="You reached maximum number of posts that is allowed to be published.")
            post = {"id": str(next(self._numbers)), "user": user["id"], "text": one["text"], "reply_to": one["reply_to"],
                    "images": one["images"], "at": time.time(), "permalink": f"https://www.threads.net/@{user['username']}/post/{secrets.token_urlsafe(8)}"}
            one["published"] = post["id"]
            self._posts.append(post)
            self.accept("post", id=post["id"], user=user["id"], text=post["text"], reply_to=post["reply_to"], images=post["images"])
        return Answer(200, {"id": post["id"]})

    # -- lists and states

    @staticmethod
    def shown(post, fields):
        full = {"id": post["id"], "text": post["text"], "permalink": post["permalink"],
                "media_type": ("TEXT_POST", "IMAGE", "CAROUSEL_ALBUM")[min(len(post["images"]), 2)],
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(post["at"]))}
        return {name: full[name] for name in fields.split(",") if name in full} | {"id": post["id"]}

    @route("GET", r"/v1\.0/(?P<name>\w+)/(?P<what>threads|replies)")
    def list(self, request, name, what):
        user = self.own(request, name)
        with self.lock:
            mine = [post for post in reversed(self._posts) if post["user"] == user["id"] and (post["reply_to"] is not None) == (what == "replies")
                    and post["at"] >= float(request.query.get("since", 0))]
        return Answer(200, {"data": [self.shown(post, request.query.get("fields", "id")) for post in mine[:int(request.query.get("limit", 25))]]})

    @route("GET", r"/v1\.0/(?P<name>me|\d+)")
    def node(self, request, name):
        user, fields = self.user(request), request.query.get("fields", "id")
        if name in ("me", user["id"]):
            return Answer(200, {"id": user["id"], "username": user["username"]})
        with self.lock:
            post = next((post for post in self._posts if post["id"] == name), None)
            if post:
                return Answer(200, self.shown(post, fields))
            one = self._containers.get(name)
            if not one or one["user"] != user["id"]:
                return missing()
            status = self.state(one)
            one["polls"] -= 1
        return Answer(200, {"id": name, "status": status, **({"error_message": self.next_message} if status == "ERROR" else {})})

    # -- letting somebody in

    @route("GET", "/oauth/authorize")
    def authorize(self, request):
        """The person says yes at once."""
        code = secrets.token_urlsafe(24)
        with self.lock:
            self._codes.add(code)
        return Answer(302, None, {"Location": request.query["redirect_uri"] + "?" + urlencode({"state": request.query["state"], "code": code}) + "#_"})

    @route("POST", "/oauth/access_token")
    def exchange(self, request):
        form = request.form()
        with self.lock:
            if form.get("code") not in self._codes or form.get("grant_type") != "authorization_code" or not form.get("client_secret"):
                return graph_error(400, 100, "Invalid authorization code")
            self._codes.discard(form["code"])
        return Answer(200, {"access_token": self.grant("short"), "user_id": 2001})

    def grant(self, what):
        token = secrets.token_urlsafe(32)
        with self.lock:
            self.users[token] = {"id": "2001", "username": "demo"}
            self.accept("token", grant=what)
        return token

    @route("GET", "/access_token")
    def long_lived(self, request):
        self.user(request)
        if request.query.get("grant_type") != "th_exchange_token" or not request.query.get("client_secret"):
            return graph_error(400, 100, "Missing client_secret")
        return Answer(200, {"access_token": self.grant("long"), "token_type": "bearer", "expires_in": self.token_lasts})

    @route("GET", "/refresh_access_token")
    def refresh(self, request):
        self.user(request)
        if request.query.get("grant_type") != "th_refresh_token":
            return graph_error(400, 100, "Unsupported grant_type")
        return Answer(200, {"access_token": self.grant("refresh"), "token_type": "bearer", "expires_in": self.token_lasts})

    @route("POST", "/test/expire")
    def expire(self, request):
        """Of the tests: these access tokens have ended, or these containers."""
        wish = request.json()
        with self.lock:
            self._expired.update(wish.get("access", []))
            if wish.get("containers"):
                for one in self._containers.values():
                    one["at"] -= self.lasts + 1
        return Answer(200, {})


if __name__ == "__main__":
    main(Threads, __doc__)
