"""YouTube's uploads: resumable sessions, what becomes of videos, and how channels let programs in.

Each behaviour has its source:
    sessions   developers.google.com/youtube/v3/guides/using_resumable_upload_protocol: 200 with Location; pieces of a
               multiple of 256 KiB get 308 with Range: bytes=0-k (without it: nothing is there); the last one 201 with the
               video; an empty PUT with "bytes */N" asks; 404 a session that is gone; 5xx: ask and go on
    refusals   …/docs/videos/insert "Errors": 400 uploadLimitExceeded, 400 invalidTitle, 400 invalidPublishAt;
               …/docs/errors: 403 quotaExceeded, 401 authError
    status     …/docs/videos "status": privacyStatus, publishAt (only while it is private; one that is past publishes at
               once), uploadStatus: uploaded, then processed; videos of unaudited projects stay private
    update     …/docs/videos/update: parts that are named are replaced whole: without publishAt it has none; 50 units
    thumbnails …/docs/thumbnails/set: 50 units, 2 MB, image/jpeg or image/png
    tokens     developers.google.com/identity/protocols/oauth2/web-server; here a refresh token is good for once, as it may
               be for others: a client that loses the new one is found out

Beside the controls of youtube.py:
    POST /_owners   {"owners": {ACCESS_TOKEN: CHANNEL}}: whose token it is; "owner-" + CHANNEL is there from the start
    POST /_expire   {"access": [TOKEN]}: refused with 401 from now on
    POST /_sessions {"lose": n}: the n sessions that were opened last are gone (404)
    GET  /_videos   [{"id", "channel", "title", "privacy", "publishAt", "public", "publicSince", "sha256", "bytes", ...}]
    GET  /_uploads  [{"session": n, "have", "total", "state": open | done | lost, "video"}]
    POST /_set      processing (seconds), upload_limit (videos of a channel and day; null: none), audited,
                    token_lasts, takes (bytes of the next pieces that are kept, then the connection is cut: [n, ...];
                    null in it: all), slow_piece (seconds to wait before each piece's answer), piece_rate (bytes/s or null)
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import re
import secrets
import tempfile
import threading
from urllib.parse import urlencode

from emulator import Answer, Cut, route

UNIT = 256 * 1024
BLOCK = 256 * 1024
SESSION_LIFE = 7 * 86400
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
ASKS = re.compile(r"bytes \*/(\d+)")
ZEROS = bytes(BLOCK)


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Session:
    def __init__(self, number, key, channel, total, body, path, now):
        self.number, self.key, self.channel, self.total, self.body, self.path = number, key, channel, total, body, path
        self.opened, self.have, self.state, self.video = now, 0, "open", None
        self.lock = threading.Lock()

    def store(self, piece):
        """At self.have. What is all zeros takes no room on the disk."""
        with open(self.path, "r+b") as file:
            if piece == ZEROS[:len(piece)]:
                file.truncate(max(os.fstat(file.fileno()).st_size, self.have + len(piece)))
            else:
                file.seek(self.have)
                file.write(piece)
        self.have += len(piece)

    def sha256(self):
        digest = hashlib.sha256()
        with open(self.path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()


class Uploaded:
    """A video that came by a session."""

    def __init__(self, session, now):
        self.id, self.channel, self.at, self.session = secrets.token_urlsafe(8)[:11], session.channel, now, session
        self.snippet, self.status = dict(session.body["snippet"]), dict(session.body["status"])
        self.public_since, self.thumbnail, self.failed = None, None, None


class Uploads:
    upload_settings = ("processing", "upload_limit", "audited", "token_lasts", "takes", "slow_piece", "piece_rate")

    def prepare_uploads(self, folder):
        self.processing, self.upload_limit, self.audited, self.token_lasts = 0, None, True, 3600
        self.takes, self.slow_piece, self.piece_rate = [], 0, None
        self._within, self._kept = folder or None, None
        self.owners, self.expired, self.refreshes, self.codes, self.ends = {}, set(), {}, {}, {}
        self.sessions, self.uploaded = [], {}

    def upload_controls(self):
        return {("POST", "/_owners"): self._set_owners, ("POST", "/_expire"): self._expire,
                ("POST", "/_sessions"): self._lose, ("GET", "/_videos"): self._videos, ("GET", "/_uploads"): self._states}

    def _set_owners(self, request):
        self.owners.update(request.json()["owners"])
        return Answer(200, {})

    def _expire(self, request):
        self.expired.update(request.json()["access"])
        return Answer(200, {})

    def _lose(self, request):
        for session in self.sessions[-request.json()["lose"]:]:
            session.state = "lost"
        return Answer(200, {})

    def _videos(self, _):
        return Answer(200, [{"id": one.id, "channel": one.channel, "title": one.snippet["title"], "snippet": one.snippet,
                             "privacy": self.privacy(one), "publishAt": one.status.get("publishAt"),
                             "public": self.privacy(one) == "public", "publicSince": one.public_since,
                             "sha256": one.session.sha256(), "bytes": one.session.have, "session": one.session.number,
                             "thumbnail": one.thumbnail} for one in self.uploaded.values()])

    def _states(self, _):
        return Answer(200, [{"session": one.number, "have": one.have, "total": one.total, "state": one.state,
                             "video": one.video, "body": one.body} for one in self.sessions])

    # -- who asks

    def owner(self, request):
        """The channel whose token it is."""
        token = request.bearer()
        with self.lock:
            channel = self.owners.get(token, token.removeprefix("owner-") if token.startswith("owner-") else None)
            late = token in self.ends and self.time() >= self.ends[token]
            if channel is None or channel not in self.channels or token in self.expired or late:
                raise self.error(401, "authError", "Invalid Credentials")
        return channel

    def list_own_channels(self, request):
        channel = self.owner(request)
        self.charge("units", 1)
        return self.items("channel", [{"id": channel, "snippet": {"title": self.channels[channel]}}])

    # -- sessions

    @route("POST", "/upload/youtube/v3/videos")
    def open_session(self, request):
        channel = self.owner(request)
        if request.query.get("uploadType") != "resumable" or request.query.get("part") != "snippet,status":
            self.invalid("badRequest", "uploadType or part")
        total = request.headers.get("X-Upload-Content-Length", "")
        if not total.isdigit() or not request.headers.get("X-Upload-Content-Type", "").startswith("video/"):
            self.invalid("badRequest", "X-Upload-Content-Length, X-Upload-Content-Type")
        with self.lock:
            self.charge("uploads", 1)
            body = self.checked(request.json())
            recent = [one for one in self.uploaded.values() if one.channel == channel and self.time() - one.at < 86400]
            if self.upload_limit is not None and len(recent) >= self.upload_limit:
                raise self.error(400, "uploadLimitExceeded", "The user has exceeded the number of videos they may upload.")
            key, number = secrets.token_urlsafe(24), len(self.sessions)
            if self._kept is None:
                self._kept = tempfile.TemporaryDirectory(prefix="fencepost-youtube-", dir=self._within)
            path = pathlib.Path(self._kept.name) / str(number)
            path.touch()
            self.sessions.append(Session(number, key, channel, int(total), body, path, self.time()))
            self.accept("session", number=number, channel=channel, total=int(total))
        query = urlencode({"uploadType": "resumable", "part": "snippet,status", "upload_id": key})
        return Answer(200, "", {"Location": f"{self.url}/upload/youtube/v3/videos?{query}"})

    def checked(self, body):
        snippet, status = body.get("snippet", {}), body.get("status", {})
        title = snippet.get("title", "")
        if not title or len(title) > 100 or "<" in title or ">" in title:
            raise self.error(400, "invalidTitle", "The request metadata specifies an invalid or empty video title.")
        if "publishAt" in status and status.get("privacyStatus") != "private":
            raise self.error(400, "invalidPublishAt", "The request metadata specifies an invalid scheduled publishing time.")
        return body

    def session(self, request):
        with self.lock:
            for one in self.sessions:
                gone = one.state == "lost" or (one.state == "open" and self.time() - one.opened > SESSION_LIFE)
                if one.key == request.query.get("upload_id") and not gone:
                    return one
        raise Answer(404, "Not Found")

    @route("PUT", "/upload/youtube/v3/videos", streams=True)
    def put(self, request):
        channel = self.owner(request)
        session = self.session(request)
        if session.channel != channel:
            raise Answer(404, "Not Found")
        said = request.headers.get("Content-Range", "")
        with session.lock:  # pieces of one session follow each other
            if asked := ASKS.fullmatch(said):
                if int(asked[1]) != session.total:
                    raise self.error(400, "badRequest", "the total differs")
            else:
                self.take(request, session, RANGE.fullmatch(said))
            return self.stand(session)

    def take(self, request, session, said):
        if session.state == "done":
            return
        if not said or int(said[3]) != session.total or int(said[2]) - int(said[1]) + 1 != request.length:
            raise self.error(400, "badRequest", "Content-Range and Content-Length differ")
        begin, last = int(said[1]), int(said[2]) + 1 == session.total
        if not last and request.length % UNIT:
            raise self.error(400, "badRequest", "a piece is a multiple of 256 KiB")
        with self.lock:
            keep = self.takes.pop(0) if self.takes else None
            self.accept("piece", session=session.number, begin=begin, length=request.length, have=session.have, last=last)
        if begin > session.have:
            return  # a hole: YouTube says where to go on
        skip, kept = session.have - begin, 0
        while piece := request.read(BLOCK):
            if skip >= len(piece):
                skip -= len(piece)
                continue
            piece, skip = piece[skip:], 0
            if keep is not None and kept + len(piece) > keep:
                session.store(piece[:keep - kept])
                break
            session.store(piece)
            kept += len(piece)
            if self.piece_rate:
                self.ending.wait(len(piece) / self.piece_rate)
        if session.have == session.total:
            self.finish(session)
        if keep is not None or request.unread:
            raise Cut
        if self.slow_piece:
            self.ending.wait(self.slow_piece)

    def finish(self, session):
        with self.lock:
            session.state = "done"
            video = Uploaded(session, self.time())
            session.video = video.id
            self.uploaded[video.id] = video
            self.accept("video", id=video.id, channel=session.channel, title=video.snippet["title"], session=session.number)

    def stand(self, session):
        if session.state == "done":
            return Answer(201, self.resource(self.uploaded[session.video]))
        return Answer(308, "", {"Range": f"bytes=0-{session.have - 1}"} if session.have else {})

    # -- videos

    def privacy(self, video):
        """By the clock: a video becomes public at its publishAt, however late that is seen."""
        at = video.status.get("publishAt")
        ready = self.time() >= video.at + self.processing
        if at and self.audited and ready and video.failed is None and self.time() >= seconds_of(at):
            video.status = {**video.status, "privacyStatus": "public"}
            video.status.pop("publishAt")
            video.public_since = max(seconds_of(at), video.at)
        return video.status["privacyStatus"]

    def resource(self, video):
        privacy = self.privacy(video)
        status = {"uploadStatus": "processed" if self.time() >= video.at + self.processing else "uploaded",
                  "privacyStatus": privacy, "madeForKids": video.status.get("selfDeclaredMadeForKids", False)}
        if video.failed:
            status.update({"uploadStatus": "rejected", "rejectionReason": video.failed})
        if "publishAt" in video.status:
            status["publishAt"] = video.status["publishAt"]
        return {"kind": "youtube#video", "id": video.id, "snippet": {**video.snippet, "channelId": video.channel},
                "status": status}

    def list_own_videos(self, request):
        channel, ids = self.owner(request), self.ids(request)
        self.charge("units", 1)
        with self.lock:
            return self.items("video", [self.resource(self.uploaded[i]) for i in ids
                                        if i in self.uploaded and self.uploaded[i].channel == channel])

    def own(self, request, video):
        channel = self.owner(request)
        if video not in self.uploaded or self.uploaded[video].channel != channel:
            self.invalid("videoNotFound", "The video cannot be found.")
        return self.uploaded[video]

    @route("PUT", "/youtube/v3/videos")
    def update(self, request):
        body = request.json()
        with self.lock:
            video = self.own(request, body.get("id"))
            self.charge("units", 50)
            self.checked(body)
            video.snippet, video.status = dict(body["snippet"]), dict(body["status"])
            self.accept("update", id=video.id, body=body)
            return Answer(200, self.resource(video))

    @route("POST", "/upload/youtube/v3/thumbnails/set")
    def set_thumbnail(self, request):
        with self.lock:
            video = self.own(request, request.query.get("videoId"))
            self.charge("units", 50)
            kind = request.headers.get("Content-Type", "")
            if kind not in ("image/jpeg", "image/png") or len(request.body) > 2 << 20:
                raise self.error(400, "invalidImage", "The provided image content is invalid.")
            video.thumbnail = hashlib.sha256(request.body).hexdigest()
            self.accept("thumbnail", id=video.id)
        return Answer(200, {"kind": "youtube#thumbnailSetResponse", "items": []})

    # -- how channels let programs in

    @route("GET", "/o/oauth2/v2/auth")
    def authorize(self, request):
        """A person who says yes at once, for the channel that was added first."""
        query = request.query
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            raise Answer(400, {"error": "invalid_request"})
        code = secrets.token_urlsafe(16)
        with self.lock:
            self.codes[code] = {**query, "channel": next(iter(self.channels))}
        return Answer(302, "", {"Location": query["redirect_uri"] + "?" +
                                urlencode({"code": code, "state": query["state"], "scope": query["scope"]})})

    @route("POST", "/token")
    def token(self, request):
        form = request.form()
        with self.lock:
            if form.get("grant_type") == "authorization_code":
                begun = self.codes.pop(form.get("code", ""), None)
                challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
                if not begun or challenge.rstrip(b"=").decode() != begun["code_challenge"] \
                        or form.get("redirect_uri") != begun["redirect_uri"]:
                    raise Answer(400, {"error": "invalid_grant", "error_description": "Malformed auth code."})
                channel, offline = begun["channel"], begun.get("access_type") == "offline"
            else:
                channel, offline = self.refreshes.pop(form.get("refresh_token", ""), None), True
                if channel is None:
                    raise Answer(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
            return Answer(200, self.grant(channel, offline))

    def grant(self, channel, offline):
        access, refresh = "ya29." + secrets.token_urlsafe(16), "1//" + secrets.token_urlsafe(16)
        self.owners[access], self.ends[access] = channel, self.time() + self.token_lasts
        if offline:
            self.refreshes[refresh] = channel
        self.accept("token", channel=channel)
        return {"access_token": access, "expires_in": self.token_lasts, "token_type": "Bearer",
                "scope": "https://www.googleapis.com/auth/youtube", **({"refresh_token": refresh} if offline else {})}

    @route("POST", "/_grant")
    def give(self, request):
        """For tests: tokens as a consent would give them."""
        with self.lock:
            return Answer(200, self.grant(json.loads(request.body)["channel"], True))

    @route("POST", "/revoke")
    def revoke(self, request):
        with self.lock:
            token = request.form().get("token", "")
            self.expired.add(token)
            self.refreshes.pop(token, None)
        return Answer(200, {})
