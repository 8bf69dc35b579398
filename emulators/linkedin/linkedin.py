#!/usr/bin/env python3
"""LinkedIn's versioned API, as far as Fencepost uses it: a member's posts, pictures, who he is, tokens.

    linkedin.py --port 0

Each behaviour has its source:
    posts       learn.microsoft.com/linkedin "Posts API": 201, the URN in x-restli-id; LinkedIn-Version is needed
    text        "little text format": reserved characters stand behind a backslash (here: else 422; in truth the text may
                also be cut at them, github.com/ComposioHQ/composio issue 2710)
    duplicates  422 with "Content is a duplicate of URN" and DUPLICATE_POST: github.com/Arisamiga/Linkedin-RSS issue 5
    lists       "Posts API", finder author: for partners alone (403 elsewhere), see `reads`
    limits      "Rate limits": 429 with "Resource level throttle ... DAY limit", reset at midnight UTC
    pictures    "Images API": initializeUpload, then PUT of the bytes

A member is made by POST /_set {"users": {ACCESS_TOKEN: {"id", "name"}}}; "demo-access" is there from the start.
"""

import base64
import hashlib
import itertools
import pathlib
import re
import secrets
import sys
import time
from urllib.parse import unquote, urlencode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from emulator import Answer, Emulator, main, route  # pylint: disable=wrong-import-position

TEMPLATE = re.compile(r"\{hashtag\|\\#\|((?:[^\\|{}@\[\]()<>#*_~]|\\.)+)\}")
PLAIN = re.compile(r"(?:[^\\|{}@\[\]()<>#*_~]|\\[\\|{}@\[\]()<>#*_~])*")
LONGEST = 3000


def refused(status, code, message, **more):
    return Answer(status, {"status": status, "code": code, "message": message, **more})


class LinkedIn(Emulator):
    settings = ("users", "limit", "reads", "versions", "token_lasts")

    def __init__(self):
        super().__init__()
        self.users = {"demo-access": {"id": "Demo_1", "name": "Demo Person"}}
        self.limit, self.reads, self.token_lasts = 150, False, 60 * 86400
        self.versions = 12  # months that a version lives; 0: any
        self._posts, self._images, self._codes, self._refresh, self._expired = [], {}, {}, set(), set()
        self._numbers = itertools.count(7_141_138_937_766_391_808)

    def user(self, request):
        with self.lock:
            user = None if request.bearer() in self._expired else self.users.get(request.bearer())
        if not user:
            raise refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token", serviceErrorCode=65600)
        return user

    def versioned(self, request):
        user, version = self.user(request), request.headers.get("LinkedIn-Version", "")
        if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", version):
            raise refused(400, "VERSION_MISSING", "A version must be present. Please specify a version by adding the LinkedIn-Version header.")
        if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
            raise refused(400, "ILLEGAL_ARGUMENT", "Rest.li protocol 2.0.0 is needed")
        now = time.gmtime()
        if self.versions and now.tm_year * 12 + now.tm_mon - int(version[:4]) * 12 - int(version[4:]) > self.versions:
            raise refused(426, "NONEXISTENT_VERSION", f"Requested version {version}01 is not active")
        return user

    # -- posts

    @route("POST", "/rest/posts")
    def create(self, request):
        user, body = self.versioned(request), request.json()
        author = "urn:li:person:" + user["id"]
        if body.get("author") != author:
            return refused(403, "ACCESS_DENIED", "Organization permissions must be used when using organization as author")
        text = body.get("commentary", "")
        if not text or not PLAIN.fullmatch(TEMPLATE.sub("", text)):
            return refused(422, "INVALID_COMMENTARY", "commentary is not valid little text")
        if len(text) > 2 * LONGEST or len(re.sub(r"\\(.)", r"\1", text)) > LONGEST + 400:
            return refused(422, "FIELD_LENGTH_TOO_LONG", "commentary is too long")
        content = body.get("content", {})
        images = [content["media"]] if "media" in content else content.get("multiImage", {}).get("images", [])
        with self.lock:
            if any(not self._images.get(one["id"]) for one in images):
                return refused(400, "ILLEGAL_ARGUMENT", "an image is not there")
            today = time.time() // 86400
            if sum(one["user"] == user["id"] and one["at"] // 86400 == today for one in self._posts) >= self.limit:
                return refused(429, "TOO_MANY_REQUESTS", "Resource level throttle MEMBER DAY limit for calls to this resource is reached.")
            same = next((one for one in self._posts if one["user"] == user["id"] and one["commentary"] == text), None)
            if same:
                return Answer(422, {"errorDetailType": "com.linkedin.common.error.BadRequest", "status": 422,
                                    "message": "com.linkedin.content.common.exception.BadRequestResponseException: "
                                               f"Content is a duplicate of {same['id']}",
                                    "errorDetails": {"inputErrors": [{"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}]}})
            post = {"id": f"urn:li:share:{next(self._numbers)}", "user": user["id"], "commentary": text, "at": time.time()}
            self._posts.append(post)
            self.accept("post", id=post["id"], user=user["id"], text=re.sub(r"\\(.)", r"\1", TEMPLATE.sub(r"#\1", text)),
                        images=[one.get("altText", "") for one in images], article=content.get("article", {}).get("source"))
        return Answer(201, None, {"x-restli-id": post["id"], "Content-Length": "0"})

    @route("GET", "/rest/posts")
    def list(self, request):
        self.versioned(request)
        if not self.reads:
            return refused(403, "ACCESS_DENIED", "Not enough permissions to access: partnerApiPostsExternal.FINDER-author")
        if request.query.get("q") != "author" or request.headers.get("X-RestLi-Method") != "FINDER":
            return refused(400, "ILLEGAL_ARGUMENT", "q=author and X-RestLi-Method: FINDER are needed")
        with self.lock:
            mine = [{"id": one["id"], "author": request.query["author"], "commentary": one["commentary"], "lifecycleState": "PUBLISHED",
                     "createdAt": int(one["at"] * 1000), "publishedAt": int(one["at"] * 1000)}
                    for one in reversed(self._posts) if "urn:li:person:" + one["user"] == request.query.get("author")]
        count = int(request.query.get("count", 10))
        return Answer(200, {"elements": mine[:count], "paging": {"start": 0, "count": count, "total": len(mine)}})

    @route("GET", "/v2/userinfo")
    def userinfo(self, request):
        user = self.user(request)
        return Answer(200, {"sub": user["id"], "name": user["name"]})

    # -- pictures

    @route("POST", "/rest/images")
    def initialize(self, request):
        user = self.versioned(request)
        if request.query.get("action") != "initializeUpload" or \
                request.json().get("initializeUploadRequest", {}).get("owner") != "urn:li:person:" + user["id"]:
            return refused(400, "ILLEGAL_ARGUMENT", "initializeUploadRequest.owner is needed")
        one = "urn:li:image:" + secrets.token_hex(10)
        with self.lock:
            self._images[one] = b""
        return Answer(200, {"value": {"uploadUrl": f"{self.url}/dms-uploads/{one}/uploaded-image/0?ca=vector", "image": one,
                                      "uploadUrlExpiresAt": int(time.time() + 86400) * 1000}})

    @route("PUT", r"/dms-uploads/(?P<image>[^/]+)/uploaded-image/0")
    def upload(self, request, image):
        with self.lock:
            if self._images.get(unquote(image)) is None:
                return Answer(404, None)
            self._images[unquote(image)] = request.body
        return Answer(201, None)

    # -- letting somebody in

    @route("GET", "/oauth/v2/authorization")
    def authorize(self, request):
        """The person says yes at once."""
        code, wish = secrets.token_urlsafe(24), request.query
        with self.lock:
            self._codes[code] = (wish["redirect_uri"], wish.get("code_challenge"), wish.get("scope", ""))
        return Answer(302, None, {"Location": wish["redirect_uri"] + "?" + urlencode({"state": wish["state"], "code": code})})

    @route("POST", "/oauth/v2/accessToken")
    def token(self, request):
        form = request.form()
        wrong = Answer(400, {"error": "invalid_request", "error_description": "Unable to retrieve access token: it is expired or was used"})
        with self.lock:
            if form.get("grant_type") == "refresh_token":
                if form.get("refresh_token") not in self._refresh:
                    return wrong
                scope = ""
            else:
                redirect, challenge, scope = self._codes.pop(form.get("code"), (None, None, None))
                proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
                if redirect is None or redirect != form.get("redirect_uri") or (challenge and challenge != proof) or not form.get("client_secret"):
                    return wrong
            access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
            self.users[access] = {"id": "Demo_1", "name": "Demo Person"}
            self._refresh.add(refresh)
            self.accept("token", grant=form.get("grant_type"))
        return Answer(200, {"access_token": access, "expires_in": self.token_lasts, "refresh_token": refresh,
                            "refresh_token_expires_in": 365 * 86400, "scope": scope, "token_type": "Bearer"})

    @route("POST", "/oauth/v2/revoke")
    def revoke(self, request):
        with self.lock:
            self._expired.add(request.form().get("token"))
            self.accept("revoked")
        return Answer(200, None)

    @route("POST", "/test/expire")
    def expire(self, request):
        """Of the tests: these access tokens have ended."""
        with self.lock:
            self._expired.update(request.json().get("access", []))
        return Answer(200, {})


if __name__ == "__main__":
    main(LinkedIn, __doc__)
