#!/usr/bin/env python3
"""A Mastodon server as far as a publisher sees it: statuses with idempotency keys, media that take their time, what
the server allows, and OAuth with a client of one's own.

usage: mastodon.py [--port N] [--token TOKEN] [--username NAME]

Sources: https://docs.joinmastodon.org/methods/{statuses,media,accounts,instance,apps,oauth}/, /api/rate-limits/, and
github.com/mastodon/mastodon: app/services/post_status_service.rb (the key is kept 3,600 s, and only after the work),
app/controllers/concerns/api/{error_handling,rate_limit_headers}.rb. What takes effect is "status", "media", "delete".
POST /_set: "rate_left" (requests that are left; null: any number), "key_lasts" (seconds), "forget_keys" (so many of the
next statuses lose their key: the server died behind its commit), "media_polls" (how often an image is still being
read), "max_characters".
"""

import base64
import email.parser
import email.policy
import hashlib
import html
import pathlib
import re
import secrets
import sys
import time
from urllib.parse import urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from emulator import Answer, Emulator, main, route  # noqa: E402

URL = re.compile(r"https?://\S*[^\s.,!?)]")
MENTION = re.compile(r"(?<![\w/])@(\w+)(?:@([\w.-]*\w))?")
TAG = re.compile(r"(?<![\w&])#(\w+)")
TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"]
WINDOW = 300


def error(status, message, headers=None):
    return Answer(status, {"error": message}, headers)


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z"


def link(url):
    """As Mastodon shortens what is shown and keeps the whole in spans that are not."""
    scheme, rest = url.split("://", 1)
    shown, hidden = rest[:30], rest[30:]
    return (f'<a href="{url}" target="_blank" rel="nofollow noopener"><span class="invisible">{scheme}://</span>'
            f'<span class="{"ellipsis" if hidden else ""}">{shown}</span><span class="invisible">{hidden}</span></a>')


def rendered(text):
    def marked(line):
        out, at = "", 0
        for found in URL.finditer(line):
            out += words(line[at:found.start()]) + link(html.escape(found.group()))
            at = found.end()
        return out + words(line[at:])

    def words(piece):
        piece = html.escape(piece).replace("&#x27;", "&#39;")
        piece = MENTION.sub(r'<span class="h-card"><a href="https://x/@\1" class="u-url mention">@<span>\1</span></a></span>', piece)
        return TAG.sub(r'<a href="https://x/tags/\1" class="mention hashtag" rel="tag">#<span>\1</span></a>', piece)

    return "".join(f"<p>{'<br />'.join(marked(line) for line in paragraph.split(chr(10)))}</p>"
                   for paragraph in re.split(r"\n\n+", text.strip()))


def length(text):
    return len(MENTION.sub(r"@\1", URL.sub("x" * 23, text)))


def parts_of(request):
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    return {part.get_param("name", header="content-disposition"): (part.get_content_type(), part.get_payload(decode=True))
            for part in message.iter_parts()}


class Mastodon(Emulator):
    settings = ("rate_left", "key_lasts", "forget_keys", "media_polls", "max_characters")

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--token", default="token-of-alice", help="an access token with all scopes")
        parser.add_argument("--username", default="alice")

    def __init__(self, token="token-of-alice", username="alice"):
        super().__init__()
        self.username, self.account = username, "109876543210"
        self.tokens = {token: {"read", "write"}}
        self.clients, self.codes = {}, {}
        self.rate_left, self.key_lasts, self.forget_keys, self.media_polls, self.max_characters = None, 3600, 0, 1, 500
        self.statuses, self.keys, self.media = {}, {}, {}  # by id; key → (id, until); id → {...}
        self.last = 0

    # -- who asks, and how often

    def _who(self, request, scope):
        scopes = self.tokens.get(request.bearer())
        if scopes is None:
            raise error(401, "The access token is invalid")
        if not any(one == scope or scope.startswith(one + ":") for one in scopes):
            raise error(403, "This action is outside the authorized scopes")
        return self._rate()

    def _rate(self):
        reset = (int(time.time()) // WINDOW + 1) * WINDOW
        left = 299 if self.rate_left is None else max(self.rate_left - 1, 0)
        headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(left),
                   "X-RateLimit-Reset": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(reset))}
        if self.rate_left is not None:
            if self.rate_left <= 0:
                raise error(429, "Too many requests", headers)
            self.rate_left = left
        return headers

    def _id(self):
        """Ids are milliseconds and a counter, as Mastodon's."""
        self.last = max(self.last + 1, int(time.time() * 1000) << 16)
        return str(self.last)

    # -- accounts and the server

    @route("GET", r"/api/v1/accounts/verify_credentials")
    def verify_credentials(self, request):
        headers = self._who(request, "read:accounts")
        return Answer(200, {"id": self.account, "username": self.username, "acct": self.username,
                            "url": f"{self.url}/@{self.username}",
                            "source": {"privacy": "unlisted", "sensitive": False, "language": None}}, headers)

    @route("GET", r"/api/v2/instance")
    def instance(self, request):
        return Answer(200, {"domain": "mastodon.example", "version": "4.5.0", "configuration": {
            "statuses": {"max_characters": self.max_characters, "max_media_attachments": 4,
                         "characters_reserved_per_url": 23},
            "media_attachments": {"supported_mime_types": [*TYPES, "video/mp4"], "image_size_limit": 16777216,
                                  "description_limit": 1500}}})

    @route("GET", r"/api/v1/accounts/(?P<account>\d+)/statuses")
    def list_statuses(self, request, account):
        with self.lock:
            headers = self._who(request, "read:statuses")
            if account != self.account:
                return error(404, "Record not found")
            limit = min(int(request.query.get("limit", 20)), 40)
            below = int(request.query.get("max_id", 1 << 62))
            above = int(request.query.get("since_id", 0))
            ids = sorted((one for one in map(int, self.statuses) if above < one < below), reverse=True)[:limit]
            return Answer(200, [self.statuses[str(one)] for one in ids], headers)

    # -- media and statuses

    @route("POST", r"/api/v2/media")
    def upload(self, request):
        with self.lock:
            headers = self._who(request, "write:media")
            parts = parts_of(request)
            if "file" not in parts:
                return error(422, "Validation failed: File can't be blank")
            kind, data = parts["file"]
            if kind not in TYPES:
                return error(422, "Validation failed: File content type is invalid")
            description = parts["description"][1].decode() if "description" in parts else None
            made = self._id()
            self.media[made] = {"id": made, "type": "image", "description": description, "polls": self.media_polls}
            self.accept("media", id=made, bytes=len(data), description=description)
            return Answer(202 if self.media_polls else 200, self._shown(made), headers)

    def _shown(self, made):
        one = self.media[made]
        return {"id": made, "type": "image", "description": one["description"],
                "url": None if one["polls"] else f"{self.url}/media/{made}"}

    @route("GET", r"/api/v1/media/(?P<made>\d+)")
    def get_media(self, request, made):
        with self.lock:
            headers = self._who(request, "write:media")
            if made not in self.media:
                return error(404, "Record not found")
            self.media[made]["polls"] = max(self.media[made]["polls"] - 1, 0)
            return Answer(206 if self.media[made]["polls"] else 200, self._shown(made), headers)

    @route("POST", r"/api/v1/statuses")
    def post_status(self, request):
        with self.lock:
            headers = self._who(request, "write:statuses")
            body = request.json()
            key = request.headers.get("Idempotency-Key")
            known = self.keys.get(key)
            if known and known[1] > time.time() and known[0] in self.statuses:
                return Answer(200, self.statuses[known[0]], headers)
            text, media = body.get("status", ""), body.get("media_ids", [])
            if not text.strip() and not media:
                return error(422, "Validation failed: Text can't be blank")
            if length(text) > self.max_characters:
                return error(422, f"Validation failed: Text character limit of {self.max_characters} exceeded")
            if len(media) > 4:
                return error(422, "Cannot attach more than 4 files")
            for made in media:
                if made not in self.media:
                    return error(422, "Validation failed: Media attachments not found")
                if self.media[made]["polls"]:
                    return error(422, "Cannot attach files that have not finished processing. Try again in a moment!")
            answers = body.get("in_reply_to_id")
            if answers is not None and answers not in self.statuses:
                return error(404, "Record not found")
            made = self._id()
            self.statuses[made] = {
                "id": made, "created_at": iso(time.time()), "in_reply_to_id": answers,
                "visibility": body.get("visibility", "public"), "language": body.get("language"),
                "uri": f"{self.url}/users/{self.username}/statuses/{made}", "url": f"{self.url}/@{self.username}/{made}",
                "content": rendered(text), "reblog": None, "media_attachments": [self._shown(one) for one in media]}
            self.accept("status", id=made, text=text, visibility=body.get("visibility"), media=media, key=key)
            if self.forget_keys > 0:
                self.forget_keys -= 1
            elif key:
                self.keys[key] = (made, time.time() + self.key_lasts)
            return Answer(200, self.statuses[made], headers)

    @route("DELETE", r"/api/v1/statuses/(?P<made>\d+)")
    def delete_status(self, request, made):
        with self.lock:
            headers = self._who(request, "write:statuses")
            if made not in self.statuses:
                return error(404, "Record not found")
            self.accept("delete", id=made)
            return Answer(200, self.statuses.pop(made), headers)

    # -- OAuth (https://docs.joinmastodon.org/spec/oauth/)

    @route("POST", r"/api/v1/apps")
    def register(self, request):
        body = request.json() if "json" in request.headers.get("Content-Type", "") else request.form()
        if not body.get("client_name") or not body.get("redirect_uris"):
            return error(422, "Validation failed: Redirect URI must be an absolute URI.")
        with self.lock:
            client = secrets.token_urlsafe(24)
            self.clients[client] = {"secret": secrets.token_urlsafe(24), "redirect": body["redirect_uris"],
                                    "scopes": set(body.get("scopes", "read").split())}
            self.accept("client", id=client)
            return Answer(200, {"id": "1", "name": body["client_name"], "client_id": client,
                                "client_secret": self.clients[client]["secret"]})

    @route("GET", r"/oauth/authorize")
    def authorize(self, request):
        """The person says yes at once."""
        query = request.query
        client = self.clients.get(query.get("client_id"))
        if not client or query.get("redirect_uri") != client["redirect"] or query.get("response_type") != "code":
            return Answer(400, "<h1>An error has occurred</h1>")
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"client": query["client_id"], "challenge": query.get("code_challenge"),
                            "scopes": set(query.get("scope", "read").split())}
        back = urlencode({"code": code, **({"state": query["state"]} if "state" in query else {})})
        return Answer(302, None, {"Location": f"{client['redirect']}?{back}"})

    @route("POST", r"/oauth/token")
    def give_token(self, request):
        form = request.form()
        refused = lambda name: Answer(401 if name == "invalid_client" else 400, {"error": name, "error_description": "No."})
        with self.lock:
            client = self.clients.get(form.get("client_id"))
            if not client or not secrets.compare_digest(form.get("client_secret", ""), client["secret"]):
                return refused("invalid_client")
            code = self.codes.pop(form.get("code"), None)
            if not code or code["client"] != form["client_id"] or form.get("redirect_uri") != client["redirect"]:
                return refused("invalid_grant")
            if code["challenge"]:
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code["challenge"]:
                    return refused("invalid_grant")
            token = secrets.token_urlsafe(32)
            self.tokens[token] = code["scopes"]
            return Answer(200, {"access_token": token, "token_type": "Bearer", "scope": " ".join(sorted(code["scopes"])),
                                "created_at": int(time.time())})

    @route("POST", r"/oauth/revoke")
    def revoke(self, request):
        form = request.form()
        with self.lock:
            client = self.clients.get(form.get("client_id"))
            if not client or form.get("client_secret") != client["secret"]:
                return Answer(403, {"error": "unauthorized_client", "error_description": "No."})
            if self.tokens.pop(form.get("token"), None):
                self.accept("revoke")
            return Answer(200, {})


if __name__ == "__main__":
    main(Mastodon, __doc__)
