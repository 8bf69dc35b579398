#!/usr/bin/env python3
"""YouTube, as far as Fencepost asks it: the Data API v3, the feed of a channel, and its pages.

    youtube.py --port 0 [--key KEY]

API (key in X-Goog-Api-Key or ?key=; developers.google.com/youtube/v3/docs):
    GET /youtube/v3/videos?part=&id=          50 ids, 1 unit
    GET /youtube/v3/playlistItems?playlistId= the uploads of a channel, newest first, 1 unit
    GET /youtube/v3/channels?id=              50 ids, 1 unit
    GET /youtube/v3/search?channelId=&eventType=   from a bucket of its own: 100 calls a day
Quota is counted for each bucket and day of America/Los_Angeles; a refused (invalid) request costs 1. Nothing left:
403 quotaExceeded.

Uploads, with a channel's token: uploads.py.

Feed and pages, without a key:
    GET /feeds/videos.xml?channel_id=         the 15 newest; 404 for a channel that is not there
    GET /channel/ID/live                      the channel's live or next stream: its page, or a redirect there
    GET /watch?v=ID

Beside the controls of every emulator (emulator.py):
    POST /_channels {"channels": [{"id", "title"}]}
    POST /_streams  {"streams": [{"channel", "id"?, "title"?, "state"?, "scheduled"?, "started"?, "published"?}]}
                    state: video, upcoming (default), live, ended; times in seconds; answers the ids
    POST /_state    {"id", "state"}: as above, or "restarted": it ends, and another one is live; answers its id
                    "gone": deleted or private
    POST /_sick     {"channels": [ID], "mode": slow | 500 | 404 | consent | none, "seconds": s}: feed and pages
                    of these channels, for as long as it is so
    GET  /_units    {"day", "used": {bucket: n}, "ever": {bucket: n}}; of today, and of all days
    POST /_set      now (seconds; null: real time), limits, live_page ("canonical" or "redirect")
"""

import collections
import datetime
import html
import pathlib
import re
import secrets
import sys
import time
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from emulator import Answer, Emulator, main, route  # pylint: disable=wrong-import-position
from uploads import Uploads  # pylint: disable=wrong-import-position

PACIFIC = zoneinfo.ZoneInfo("America/Los_Angeles")
CHANNEL = re.compile(r"UC[\w-]{22}")
STATES = {"video", "upcoming", "live", "ended", "gone"}
SICK = {"slow", "500", "404", "consent", "none"}
FEED = 15  # entries
CONSENT = "https://consent.youtube.com/m?continue="


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def offset(seconds):
    """As feed and pages write it."""
    return rfc3339(seconds).replace("Z", "+00:00")


class Video:
    def __init__(self, number, channel, now, wish):
        self.number, self.channel = number, channel
        self.id = wish.get("id") or secrets.token_urlsafe(8)[:11]
        self.title = wish.get("title", "A stream")
        self.published = wish.get("published", now)
        self.scheduled = wish.get("scheduled", now)
        self.started = wish.get("started")
        self.ended = None
        self.state = "upcoming"
        self.become(wish.get("state", "upcoming"), now)

    def become(self, state, now):
        if state not in STATES:
            raise Answer(400, {"error": f"state is one of {sorted(STATES)}"})
        self.state = state
        if state in ("live", "ended") and self.started is None:
            self.started = now
        if state == "live":
            self.ended = None
        if state == "ended":
            self.ended = now

    def streams(self):
        """liveStreamingDetails, or None of a plain video. developers.google.com/youtube/v3/docs/videos"""
        if self.state == "video":
            return None
        times = {"scheduledStartTime": self.scheduled, "actualStartTime": self.started, "actualEndTime": self.ended}
        return {name: rfc3339(at) for name, at in times.items() if at is not None}

    def resource(self, parts):
        content = {"live": "live", "upcoming": "upcoming"}.get(self.state, "none")
        item = {"kind": "youtube#video", "id": self.id}
        if "snippet" in parts:
            item["snippet"] = {"publishedAt": rfc3339(self.published), "channelId": self.channel, "title": self.title,
                               "liveBroadcastContent": content}
        if "liveStreamingDetails" in parts and self.streams() is not None:
            item["liveStreamingDetails"] = self.streams()
        return item


class YouTube(Uploads, Emulator):
    settings = ("now", "limits", "live_page") + Uploads.upload_settings

    def __init__(self, key="key", folder=""):
        super().__init__()
        self.prepare_uploads(folder)
        self.key = key
        self.now = None
        self.limits = {"units": 10_000, "search": 100, "uploads": 100}  # per quota day since 2026-06-01
        self.live_page = "canonical"
        self.used = {}  # (bucket, day): n
        self.channels = {}  # id: title
        self.videos = {}  # id: Video
        self.by_channel = {}  # id: [Video], oldest first
        self.sick = {}  # id: (mode, seconds)

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--key", default="key", help="the API key that is accepted")
        parser.add_argument("--folder", default="", help="where uploads are kept; a new one that goes with the process")

    # -- what tests do to it

    def control(self, request):
        known = {**self.upload_controls(), ("POST", "/_channels"): self._add_channels, ("POST", "/_streams"): self._add_streams,
                 ("POST", "/_state"): self._set_state, ("POST", "/_sick"): self._set_sick,
                 ("GET", "/_units"): self._units}
        act = known.get((request.method, request.path))
        if act is None:
            return super().control(request)
        try:
            with self.lock:
                return act(request)
        except Answer as answer:
            return answer
        except (KeyError, TypeError, AttributeError) as error:
            return Answer(400, {"error": f"{type(error).__name__}: {error}"})

    def _add_channels(self, request):
        for wish in request.json()["channels"]:
            if not CHANNEL.fullmatch(wish["id"]):
                raise Answer(400, {"error": "a channel's id is UC and 22 characters"})
            self.channels[wish["id"]] = wish.get("title", wish["id"])
            self.by_channel.setdefault(wish["id"], [])
        return Answer(200, {})

    def _add_streams(self, request):
        return Answer(200, {"ids": [self._add(wish["channel"], wish) for wish in request.json()["streams"]]})

    def _add(self, channel, wish):
        video = Video(len(self.videos), channel, self.time(), wish)
        self.by_channel[channel].append(video)
        self.videos[video.id] = video
        return video.id

    def _set_state(self, request):
        wish = request.json()
        video = self.videos[wish["id"]]
        if wish["state"] != "restarted":
            video.become(wish["state"], self.time())
            return Answer(200, {"id": video.id})
        video.become("ended", self.time())
        again = {"title": video.title, "state": "live", "scheduled": video.scheduled}
        return Answer(200, {"id": self._add(video.channel, again)})

    def _set_sick(self, request):
        wish = request.json()
        if wish["mode"] not in SICK:
            raise Answer(400, {"error": f"mode is one of {sorted(SICK)}"})
        for channel in wish["channels"]:
            self.sick[channel] = (wish["mode"], wish.get("seconds", 30))
        return Answer(200, {})

    def _units(self, _):
        today, ever = self.day(), collections.Counter()
        for (bucket, _), n in self.used.items():
            ever[bucket] += n
        return Answer(200, {"day": today, "used": {bucket: n for (bucket, day), n in self.used.items() if day == today},
                            "ever": ever})

    # -- quota

    def time(self):
        return time.time() if self.now is None else self.now

    def day(self):
        return datetime.datetime.fromtimestamp(self.time(), PACIFIC).date().isoformat()

    def charge(self, bucket, amount):
        with self.lock:
            key = (bucket, self.day())
            if self.used.get(key, 0) + amount > self.limits[bucket]:
                raise self.error(403, "quotaExceeded", "The request cannot be completed because you have exceeded "
                                                       "your <a href=\"/youtube/v3/getting-started#quota\">quota</a>.")
            self.used[key] = self.used.get(key, 0) + amount

    @staticmethod
    def error(status, reason, message):
        return Answer(status, {"error": {"code": status, "message": message, "errors": [
            {"message": message, "domain": "youtube.quota" if reason == "quotaExceeded" else "youtube.api",
             "reason": reason}]}})

    def invalid(self, reason, message):
        self.charge("units", 1)
        raise self.error(400, reason, message)

    def called(self, request):
        """Checks whose call it is; what is asked for without a key is not counted for anybody."""
        if request.headers.get("X-Goog-Api-Key", request.query.get("key")) != self.key:
            raise self.error(400, "badRequest", "API key not valid. Please pass a valid API key.")
        if "part" not in request.query:
            self.invalid("missingRequiredParameter", "No filter selected: part")
        return request.query["part"].split(",")

    def ids(self, request):
        ids = request.query.get("id", "").split(",")
        if ids == [""] or len(ids) > 50:
            self.invalid("invalidParameter", "id: 1 to 50 of them")
        return ids

    # -- the API

    @route("GET", "/youtube/v3/videos")
    def list_videos(self, request):
        if request.bearer():
            return self.list_own_videos(request)
        parts, ids = self.called(request), self.ids(request)
        self.charge("units", 1)
        with self.lock:
            found = [self.videos[i] for i in ids if i in self.videos and self.videos[i].state != "gone"]
            return self.items("video", [video.resource(parts) for video in found])

    @route("GET", "/youtube/v3/playlistItems")
    def list_playlist_items(self, request):
        self.called(request)
        playlist, most = request.query.get("playlistId", ""), request.query.get("maxResults", "5")
        if not most.isdigit() or not 0 <= int(most) <= 50:
            self.invalid("invalidParameter", "maxResults: 0 to 50")
        self.charge("units", 1)
        channel = "UC" + playlist[2:]
        if not playlist.startswith("UU") or channel not in self.channels:
            raise self.error(404, "playlistNotFound", "The playlist cannot be found.")
        with self.lock:
            return self.items("playlistItem", [
                {"snippet": {"publishedAt": rfc3339(video.published), "channelId": channel, "title": video.title,
                             "resourceId": {"kind": "youtube#video", "videoId": video.id}}}
                for video in self.newest(channel, int(most))])

    @route("GET", "/youtube/v3/channels")
    def list_channels(self, request):
        if request.bearer():
            return self.list_own_channels(request)
        self.called(request)
        ids = self.ids(request)
        self.charge("units", 1)
        return self.items("channel", [{"id": i, "snippet": {"title": self.channels[i]}, "contentDetails": {
            "relatedPlaylists": {"uploads": "UU" + i[2:]}}} for i in ids if i in self.channels])

    @route("GET", "/youtube/v3/search")
    def search(self, request):
        self.called(request)
        self.charge("search", 1)
        kind = request.query.get("eventType")
        with self.lock:
            found = [video for video in self.by_channel.get(request.query.get("channelId"), [])
                     if kind in (None, video.state if video.state != "ended" else "completed")]
            return self.items("searchResult", [{"id": {"kind": "youtube#video", "videoId": video.id},
                                                "snippet": video.resource(["snippet"])["snippet"]} for video in found])

    @staticmethod
    def items(kind, items):
        return Answer(200, {"kind": f"youtube#{kind}ListResponse", "items": items,
                            "pageInfo": {"totalResults": len(items), "resultsPerPage": len(items)}})

    # -- feed and pages

    def newest(self, channel, most):
        seen = [video for video in self.by_channel[channel] if video.state != "gone"]
        return sorted(seen, key=lambda video: (video.published, video.number), reverse=True)[:most]

    def ail(self, channel):
        """What is wrong with this channel's feed and pages."""
        with self.lock:
            mode, seconds = self.sick.get(channel, ("none", 0))
        if mode == "slow":
            self.ending.wait(seconds)
        elif mode in ("500", "404"):
            raise Answer(int(mode), "<html><title>Error</title></html>")
        return mode

    @route("GET", "/feeds/videos.xml")
    def feed(self, request):
        channel = request.query.get("channel_id", "")
        self.ail(channel)
        if channel not in self.channels:
            raise Answer(404, "<html><title>Error 404 (Not Found)!!1</title></html>")
        with self.lock:
            entries = "".join(
                f"<entry><id>yt:video:{v.id}</id><yt:videoId>{v.id}</yt:videoId><yt:channelId>{channel}</yt:channelId>"
                f"<title>{html.escape(v.title)}</title><author><name>{html.escape(self.channels[channel])}</name></author>"
                f"<published>{offset(v.published)}</published><updated>{offset(v.published)}</updated>"
                f"<media:group><media:title>{html.escape(v.title)}</media:title></media:group></entry>"
                for v in self.newest(channel, FEED))
        text = ('<?xml version="1.0" encoding="UTF-8"?><feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" '
                'xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">'
                f"<id>yt:channel:{channel[2:]}</id><yt:channelId>{channel}</yt:channelId>"
                f"<title>{html.escape(self.channels[channel])}</title>{entries}</feed>")
        return Answer(200, text, {"Content-Type": "text/xml; charset=UTF-8"})

    @route("GET", r"/channel/(?P<channel>[\w-]+)/live")
    def live_now(self, _, channel):
        if self.ail(channel) == "consent":
            raise Answer(302, "", {"Location": CONSENT + f"{self.url}/channel/{channel}/live"})
        if channel not in self.channels:
            raise Answer(404, "<html><title>404 Not Found</title></html>")
        with self.lock:
            video = self.shown(channel)
            if video is None:
                return self.page(f"https://www.youtube.com/channel/{channel}", self.channels[channel], "")
            if self.live_page == "redirect":
                return Answer(303, "", {"Location": f"/watch?v={video.id}"})
            return self.watch_page(video)

    def shown(self, channel):
        """One that is live, else the one that begins next."""
        live = [video for video in self.by_channel[channel] if video.state == "live"]
        upcoming = [video for video in self.by_channel[channel] if video.state == "upcoming"]
        return live[-1] if live else min(upcoming, key=lambda video: video.scheduled, default=None)

    @route("GET", "/watch")
    def watch(self, request):
        with self.lock:
            video = self.videos.get(request.query.get("v"))
        if video is None or video.state == "gone":
            return self.page("https://www.youtube.com/", "", "")
        if self.ail(video.channel) == "consent":
            raise Answer(302, "", {"Location": CONSENT + f"{self.url}/watch?v={video.id}"})
        with self.lock:
            return self.watch_page(video)

    def watch_page(self, video):
        if video.state == "video":
            details = ""
        else:
            start = video.started if video.started is not None else video.scheduled
            end = f',"endTimestamp":"{offset(video.ended)}"' if video.ended is not None else ""
            details = (f'"liveBroadcastDetails":{{"isLiveNow":{"true" if video.state == "live" else "false"},'
                       f'"startTimestamp":"{offset(start)}"{end}}},')
        player = (f'var ytInitialPlayerResponse = {{"microformat":{{{details}"externalChannelId":"{video.channel}"}}}};')
        return self.page(f"https://www.youtube.com/watch?v={video.id}", video.title, player)

    @staticmethod
    def page(canonical, title, script):
        return Answer(200, f'<!DOCTYPE html><html><head><title>{html.escape(title)} - YouTube</title>'
                           f'<link rel="canonical" href="{canonical}">'
                           f'<meta property="og:title" content="{html.escape(title)}"></head>'
                           f"<body><script>{script}</script></body></html>")


if __name__ == "__main__":
    main(YouTube, __doc__)
