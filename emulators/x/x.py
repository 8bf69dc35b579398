#!/usr/bin/env python3
"""X's API v2, as far as Fencepost uses it: posts, pictures, lists, rate limits, and OAuth 2 with PKCE.

    x.py --port 0

Each behaviour has its source:
    posts      docs.x.com "Create Post": 201 {"data": {"id", "text"}}; unknown members 400; a duplicate 403 with problem
               details (github.com/akrherz/iembot, issue 163, has one from 2026)
    lists      docs.x.com "Get Posts": newest first, t.co links in the text, "entities", "data" left out when there is none
    limits     docs.x.com "Rate limits": x-rate-limit-{limit,remaining,reset} on each answer, 429 with problem details
    tokens     docs.x.com "OAuth 2.0": two hours; a refresh token is good for once, a used one gets 400 invalid_request
    pictures   docs.x.com "Chunked media upload", "Create Media metadata"

A user is made by POST /_set {"users": {ACCESS_TOKEN: {"id", "username"}}}; "demo-access" is there from the start. OAuth
1.0a requests are taken by their token, "demo-token"; signatures are checked where --consumer-secret and --token-secret
are given.
"""

import base64
import binascii
import calendar
import email.parser
import email.policy
import hashlib
import hmac
import html
import itertools
import pathlib
import re
import secrets
import sys
import time
from urllib.parse import quote, unquote, urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from emulator import Answer, Emulator, main, route  # pylint: disable=wrong-import-position

URL = re.compile(r"https?://\S+")
TOP = {"text", "media", "reply"}
EPOCH_MS = 1288834974657  # snowflake ids: developer.x.com "X IDs"
DUPLICATE_SECONDS = 3600 * 12


def problem(status, title, detail, **more):
    return Answer(status, {"title": title, "detail": detail, "type": "about:blank", "status": status, **more},
                  {"Content-Type": "application/problem+json"})


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".000Z"


def oauth1_signature(method, url, query, header, consumer_secret, token_secret):
    """RFC 5849, section 3.4, of a request whose body is no form."""
    quoted = lambda text: quote(text, safe="-._~")
    pairs = sorted((quoted(k), quoted(v)) for k, v in list(query) + [p for p in header.items() if p[0] != "oauth_signature"])
    base = "&".join([method, quoted(url), quoted("&".join(f"{k}={v}" for k, v in pairs))])
    key = f"{quoted(consumer_secret)}&{quoted(token_secret)}".encode()
    return base64.b64encode(hmac.new(key, base.encode(), hashlib.sha1).digest()).decode()


class X(Emulator):
    settings = ("users", "limit", "window", "day_limit", "token_lasts", "gif_polls", "list_lag")

    def __init__(self, consumer_secret="", token_secret=""):
        super().__init__()
        self.consumer_secret, self.token_secret = consumer_secret, token_secret
        self.users = {"demo-access": {"id": "1001", "username": "demo"}, "demo-token": {"id": "1001", "username": "demo"}}
        self.limit, self.window, self.day_limit = 100, 900, 10_000
        self.token_lasts, self.gif_polls, self.list_lag = 7200, 1, 0
        self._posts, self._media, self._counts, self._codes = [], {}, {}, {}
        self._refresh, self._expired = {}, set()
        self._numbers = itertools.count(1)

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--consumer-secret", default="")
        parser.add_argument("--token-secret", default="")

    def id(self):
        return str((int(time.time() * 1000) - EPOCH_MS) << 22 | next(self._numbers) & 0x3FFFFF)

    # -- who asks

    def user(self, request):
        header = request.headers.get("Authorization", "")
        token = request.bearer()
        if header.startswith("OAuth "):
            token = self._oauth1(request, header)
        with self.lock:
            user = None if token in self._expired else self.users.get(token)
        if not user:
            raise problem(401, "Unauthorized", "Unauthorized")
        return user

    def _oauth1(self, request, header):
        fields = {k: unquote(v.strip('"')) for k, v in (p.strip().split("=", 1) for p in header[6:].split(","))}
        if self.consumer_secret:
            fields.pop("realm", None)
            query = list(request.query.items())
            wanted = oauth1_signature(request.method, self.url + request.path, query, fields, self.consumer_secret, self.token_secret)
            if not hmac.compare_digest(wanted, fields.get("oauth_signature", "")):
                raise problem(401, "Unauthorized", "Unauthorized")
        return fields.get("oauth_token")

    # -- limits

    def counted(self, user):
        """The headers of this request's windows; raises 429 where one is used up."""
        now = int(time.time())
        with self.lock:
            headers, full = {}, False
            for name, key, size, most in (("x-rate-limit", user["id"], self.window, self.limit),
                                          ("x-app-limit-24hour", "app", 86400, self.day_limit)):
                reset, used = self._counts.get((name, key), (now + size, 0))
                if now >= reset:
                    reset, used = now + size, 0
                full = full or used >= most
                used = min(used + 1, most)
                self._counts[(name, key)] = (reset, used)
                headers.update({f"{name}-limit": str(most), f"{name}-remaining": str(most - used), f"{name}-reset": str(reset)})
        if full:
            answer = problem(429, "Too Many Requests", "Too Many Requests")
            answer.headers.update(headers)
            raise answer
        return headers

    # -- posts

    @route("POST", "/2/tweets")
    def create(self, request):
        user = self.user(request)
        headers = self.counted(user)
        body = request.json()
        unknown = set(body) - TOP
        if unknown or not (isinstance(body.get("text", ""), str) and (body.get("text") or body.get("media"))):
            return Answer(400, {"errors": [{"message": f"unknown or missing members: {sorted(unknown)}"}], "title": "Invalid Request",
                                "detail": "One or more parameters to your request was invalid.", "type": "https://api.x.com/2/problems/invalid-request"})
        text, parent = body.get("text", ""), body.get("reply", {}).get("in_reply_to_tweet_id")
        media = body.get("media", {}).get("media_ids", [])
        with self.lock:
            if any(self._media.get(one, {}).get("state") != "ready" for one in media):
                return problem(400, "Invalid Request", "Your media IDs are invalid.")
            if parent and not any(one["id"] == parent for one in self._posts):
                return problem(400, "Invalid Request", "The post that this answers does not exist.")
            if text and any(one["user"] == user["id"] and one["written"] == text and one["parent"] == parent
                            and time.time() - one["at"] < DUPLICATE_SECONDS for one in self._posts):
                return problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
            post = {"id": self.id(), "user": user["id"], "written": text, "parent": parent, "media": media, "at": time.time()}
            self._posts.append(post)
            self.accept("post", id=post["id"], user=user["id"], text=text, reply_to=parent,
                        media=[self._media[one]["alt"] for one in media])
        return Answer(201, {"data": {"id": post["id"], "text": self.listed(post)["text"], "edit_history_tweet_ids": [post["id"]]}}, headers)

    def listed(self, post):
        """As X gives it back: links shortened, and HTML's three characters as entities."""
        text, urls = html.escape(post["written"], quote=False), []
        for n, found in enumerate(URL.findall(post["written"])):
            short = "https://t.co/" + hashlib.sha1(f"{post['id']}{n}".encode()).hexdigest()[:10]
            text = text.replace(html.escape(found, quote=False), short, 1)
            urls.append({"url": short, "expanded_url": found, "display_url": found.split("//")[1]})
        if post["media"]:
            short = "https://t.co/" + hashlib.sha1(f"{post['id']}m".encode()).hexdigest()[:10]
            text = (text + " " + short).strip()
            urls.append({"url": short, "expanded_url": f"https://x.com/u/status/{post['id']}/photo/1", "media_key": "3_" + post["media"][0]})
        return {"id": post["id"], "text": text, "created_at": rfc3339(post["at"]), **({"entities": {"urls": urls}} if urls else {})}

    @route("GET", r"/2/users/(?P<user>\d+)/tweets")
    def list(self, request, user):
        self.user(request)
        since = time.strptime(request.query.get("start_time", "1970-01-01T00:00:00Z"), "%Y-%m-%dT%H:%M:%SZ")
        limit = int(request.query.get("max_results", 10))
        if not 5 <= limit <= 100:
            return problem(400, "Invalid Request", "max_results is not between 5 and 100")

        with self.lock:
            mine = [one for one in reversed(self._posts) if one["user"] == user and one["at"] >= calendar.timegm(since)
                    and one["at"] <= time.time() - self.list_lag
                    and not (one["parent"] and "replies" in request.query.get("exclude", ""))]
        begin = int(request.query.get("pagination_token", 0))
        page, meta = mine[begin:begin + limit], {"result_count": len(mine[begin:begin + limit])}
        if begin + limit < len(mine):
            meta["next_token"] = str(begin + limit)
        return Answer(200, {**({"data": [self.listed(one) for one in page]} if page else {}), "meta": meta})

    @route("GET", "/2/users/me")
    def me(self, request):
        return Answer(200, {"data": {**self.user(request), "name": "Demo"}})

    # -- pictures

    @route("POST", "/2/media/upload/initialize")
    def initialize(self, request):
        self.user(request)
        wish = request.json()
        with self.lock:
            one = self.id()
            self._media[one] = {"state": "open", "type": wish["media_type"], "total": wish["total_bytes"], "pieces": {}, "alt": "", "polls": 0}
        return Answer(200, {"data": {"id": one, "media_key": "3_" + one, "expires_after_secs": 86400}})

    @route("POST", r"/2/media/upload/(?P<media>\d+)/append")
    def append(self, request, media):
        self.user(request)
        head = f"Content-Type: {request.headers.get('Content-Type')}\r\n\r\n".encode()
        parts = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
                 for part in email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body).iter_parts()}
        with self.lock:
            if media not in self._media or set(parts) != {"segment_index", "media"}:
                return problem(400, "Invalid Request", "segment_index and media of an open upload are needed")
            self._media[media]["pieces"][int(parts["segment_index"])] = parts["media"]
        return Answer(200, {"data": {"expires_at": int(time.time()) + 86400}})

    @route("POST", r"/2/media/upload/(?P<media>\d+)/finalize")
    def finalize(self, request, media):
        self.user(request)
        with self.lock:
            one = self._media.get(media)
            size = sum(map(len, one["pieces"].values())) if one else -1
            if not one or size != one["total"] or sorted(one["pieces"]) != list(range(len(one["pieces"]))):
                return problem(400, "Invalid Request", "the pieces are not whole")
            one["state"] = "ready" if one["type"] != "image/gif" else "pending"
            return Answer(200, {"data": {"id": media, "size": size, **self._processing(one)}})

    def _processing(self, one):
        if one["type"] != "image/gif":
            return {}
        if one["polls"] >= self.gif_polls:
            one["state"] = "ready"
            return {"processing_info": {"state": "succeeded", "progress_percent": 100}}
        one["polls"] += 1
        return {"processing_info": {"state": "pending" if one["polls"] == 1 else "in_progress", "check_after_secs": 0}}

    @route("GET", "/2/media/upload")
    def status(self, request):
        self.user(request)
        media = request.query.get("media_id", "")
        with self.lock:
            if request.query.get("command") != "STATUS" or media not in self._media:
                return problem(400, "Invalid Request", "no such upload")
            return Answer(200, {"data": {"id": media, **self._processing(self._media[media])}})

    @route("POST", "/2/media/metadata")
    def metadata(self, request):
        self.user(request)
        wish = request.json()
        with self.lock:
            if wish.get("id") not in self._media:
                return problem(400, "Invalid Request", "no such upload")
            self._media[wish["id"]]["alt"] = wish["metadata"]["alt_text"]["text"]
        return Answer(200, {"data": {"id": wish["id"]}})

    # -- letting somebody in

    @route("GET", "/i/oauth2/authorize")
    def authorize(self, request):
        """The person says yes at once."""
        wish = request.query
        if wish.get("code_challenge_method") != "S256" or not wish.get("code_challenge"):
            return problem(400, "Invalid Request", "code_challenge and S256 are needed")
        code = secrets.token_urlsafe(24)
        with self.lock:
            self._codes[code] = (wish["code_challenge"], wish["redirect_uri"], wish["client_id"], wish.get("scope", ""))
        return Answer(302, None, {"Location": wish["redirect_uri"] + "?" + urlencode({"state": wish["state"], "code": code})})

    @route("POST", "/2/oauth2/token")
    def token(self, request):
        form = request.form()
        refused = Answer(400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."})
        with self.lock:
            if form.get("grant_type") == "refresh_token":
                scope = self._refresh.pop(form.get("refresh_token"), None)  # single-use
                if scope is None:
                    return refused
            elif form.get("grant_type") == "authorization_code":
                challenge, redirect, client, scope = self._codes.pop(form.get("code"), (None, None, None, None))
                proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
                if challenge != proof or redirect != form.get("redirect_uri") or client != self._client(request, form):
                    return refused
            else:
                return Answer(400, {"error": "unsupported_grant_type"})
            access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
            self.users[access] = {"id": "1001", "username": "demo"}
            self._refresh[refresh] = scope
            self.accept("token", grant=form["grant_type"])
        return Answer(200, {"token_type": "bearer", "expires_in": self.token_lasts, "access_token": access, "refresh_token": refresh, "scope": scope})

    def _client(self, request, form):
        header = request.headers.get("Authorization", "")
        if not header.startswith("Basic "):
            return form.get("client_id")
        try:
            return unquote(base64.b64decode(header[6:]).decode().split(":")[0])
        except (binascii.Error, UnicodeDecodeError):
            return None

    @route("POST", "/2/oauth2/revoke")
    def revoke(self, request):
        token = request.form().get("token", "")
        with self.lock:
            self._refresh.pop(token, None)
            self._expired.add(token)
            self.accept("revoked")
        return Answer(200, {"revoked": True})

    @route("POST", "/test/expire")
    def expire(self, request):
        """Of the tests: this access token has ended, or this refresh token is good."""
        wish = request.json()
        with self.lock:
            self._expired.update(wish.get("access", []))
            self._refresh.update({one: "tweet.read tweet.write users.read media.write offline.access" for one in wish.get("refresh", [])})
        return Answer(200, {})


if __name__ == "__main__":
    main(X, __doc__)
