#!/usr/bin/env python3
"""python3 emulators/youtube/uploads_test.py"""

import base64
import hashlib
import http.client
import json
import pathlib
import resource
import sys
import threading
import unittest
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from emulator import Server  # pylint: disable=wrong-import-position
from youtube import YouTube  # pylint: disable=wrong-import-position

CHANNEL = "UC" + "a" * 22
OTHER = "UC" + "b" * 22
UNIT = 256 * 1024
NOON = 1_790_000_000  # 2026-09-21, 13:33 UTC


def body(title="A video", **status):
    return {"snippet": {"title": title}, "status": {"privacyStatus": "private", **status}}


class UploadsTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(YouTube())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.control("/_channels", {"channels": [{"id": CHANNEL, "title": "Talk & Co"}, {"id": OTHER}]})
        self.control("/_set", {"now": NOON})

    def tearDown(self):
        self.server.emulator.ending.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def call(self, method, path, data=None, headers=None, token="owner-" + CHANNEL):
        """(status, JSON or text, headers); None: cut."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            data = json.dumps(data) if isinstance(data, (dict, list)) else data
            connection.request(method, path, data, {"Authorization": "Bearer " + token, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if "json" in answer.headers["Content-Type"] else text.decode(), \
                answer.headers
        except (http.client.HTTPException, ConnectionError):
            return None
        finally:
            connection.close()

    def control(self, path, data=None):
        status, answer, _ = self.call("GET" if data is None else "POST", path, data)
        self.assertEqual(status, 200, answer)
        return answer

    def open(self, total, wish=None, **more):
        return self.call("POST", "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status", wish or body(),
                         {"X-Upload-Content-Length": str(total), "X-Upload-Content-Type": "video/mp4"}, **more)

    def session(self, total, wish=None):
        status, _, headers = self.open(total, wish)
        self.assertEqual(status, 200)
        parts = urlsplit(headers["Location"])
        return f"{parts.path}?{parts.query}"

    def put(self, session, begin, data, total, **more):
        return self.call("PUT", session, data, {"Content-Range": f"bytes {begin}-{begin + len(data) - 1}/{total}"}, **more)

    def ask(self, session, total):
        status, answer, headers = self.call("PUT", session, b"", {"Content-Range": f"bytes */{total}"})
        return status, headers.get("Range"), answer

    def reason(self, answer):
        return answer[0], answer[1]["error"]["errors"][0]["reason"]

    def test_a_video_in_pieces(self):
        data = bytes(UNIT) + b"x" * UNIT + b"the end"
        session = self.session(len(data))
        self.assertEqual(self.ask(session, len(data))[:2], (308, None))
        status, _, headers = self.put(session, 0, data[:UNIT], len(data))
        self.assertEqual((status, headers["Range"]), (308, f"bytes=0-{UNIT - 1}"))
        self.assertEqual(self.put(session, UNIT, data[UNIT:UNIT + 100], len(data))[0], 400)  # no multiple of 256 KiB
        self.assertEqual(self.ask(session, len(data))[1], f"bytes=0-{UNIT - 1}")
        status, video, _ = self.put(session, UNIT, data[UNIT:], len(data))
        self.assertEqual((status, video["status"]["privacyStatus"]), (201, "private"))
        self.assertEqual(self.ask(session, len(data))[2]["id"], video["id"])
        seen = self.control("/_videos")
        self.assertEqual([(one["id"], one["sha256"]) for one in seen], [(video["id"], hashlib.sha256(data).hexdigest())])

    def test_what_is_kept_of_a_piece_that_is_cut(self):
        total = 3 * UNIT
        session = self.session(total)
        self.control("/_set", {"takes": [1000]})
        self.assertIsNone(self.put(session, 0, bytes(2 * UNIT), total))
        self.assertEqual(self.ask(session, total)[:2], (308, "bytes=0-999"))
        self.assertEqual(self.put(session, 0, bytes(total), total)[0], 201)  # what it has it skips
        self.control("/_fault", {"mode": "accept_then_cut", "path": ".*videos", "method": "PUT"})
        session = self.session(5)
        self.assertIsNone(self.put(session, 0, b"whole", 5))
        self.assertEqual(self.ask(session, 5)[0], 201)

    def test_sessions_end(self):
        session = self.session(5)
        self.control("/_sessions", {"lose": 1})
        self.assertEqual(self.ask(session, 5)[0], 404)
        session = self.session(5)
        self.control("/_set", {"now": NOON + 8 * 86400})
        self.assertEqual(self.ask(session, 5)[0], 404)
        self.assertEqual(self.control("/_videos"), [])

    def test_limits_are_told_apart(self):
        self.control("/_set", {"limits": {"uploads": 1, "units": 10_000, "search": 100}})
        self.session(5)
        self.assertEqual(self.reason(self.open(5)), (403, "quotaExceeded"))
        self.control("/_set", {"upload_limit": 0, "limits": {"uploads": 9, "units": 10_000, "search": 100}})
        self.assertEqual(self.reason(self.open(5)), (400, "uploadLimitExceeded"))
        self.assertEqual(self.control("/_units")["used"]["uploads"], 2)
        self.assertEqual(self.reason(self.open(5, token="nobody's")), (401, "authError"))
        self.assertEqual(self.reason(self.open(5, body(privacyStatus="public", publishAt="2026-09-22T00:00:00Z"))),
                         (400, "invalidPublishAt"))

    def privacy(self, video):
        return self.call("GET", f"/youtube/v3/videos?part=status&id={video}")[1]["items"][0]["status"]

    def test_videos_become_public_by_the_clock(self):
        self.control("/_set", {"processing": 60})
        session = self.session(4, body(publishAt="2026-09-21T14:00:00Z"))
        video = self.put(session, 0, b"late", 4)[1]["id"]
        self.assertEqual((self.privacy(video)["uploadStatus"], self.privacy(video)["privacyStatus"]), ("uploaded", "private"))
        self.control("/_set", {"now": NOON + 3600, "audited": False})
        self.assertEqual(self.privacy(video)["privacyStatus"], "private")
        self.control("/_set", {"audited": True})
        self.assertEqual(self.privacy(video)["privacyStatus"], "public")
        past = self.put(self.session(4, body(publishAt="2026-09-01T00:00:00Z")), 0, b"past", 4)[1]["id"]
        self.control("/_set", {"now": NOON + 3700})
        self.assertEqual(self.privacy(past)["privacyStatus"], "public")  # at once

    def test_update_and_thumbnail(self):
        video = self.put(self.session(4, body(publishAt="2026-09-21T14:00:00Z")), 0, b"data", 4)[1]["id"]
        self.assertEqual(self.call("PUT", "/youtube/v3/videos?part=snippet,status", {"id": video, **body("New")})[0], 200)
        self.assertNotIn("publishAt", self.privacy(video))
        thumbnail = f"/upload/youtube/v3/thumbnails/set?uploadType=media&videoId={video}"
        self.assertEqual(self.call("POST", thumbnail, b"png", {"Content-Type": "image/png"})[0], 200)
        self.assertEqual(self.call("POST", thumbnail, b"gif", {"Content-Type": "image/gif"})[0], 400)
        self.assertEqual(self.call("POST", thumbnail, b"png", {"Content-Type": "image/png"}, "owner-" + OTHER)[0], 400)
        seen = self.control("/_videos")[0]
        self.assertEqual((seen["title"], seen["thumbnail"]), ("New", hashlib.sha256(b"png").hexdigest()))

    def test_letting_a_program_in(self):
        verifier = "v" * 43
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        _, _, headers = self.call("GET", "/o/oauth2/v2/auth?" + urlencode(
            {"response_type": "code", "client_id": "c", "redirect_uri": "http://here/back", "state": "s", "scope": "all",
             "code_challenge": challenge, "code_challenge_method": "S256", "access_type": "offline"}))
        code = parse_qs(urlsplit(headers["Location"]).query)["code"][0]
        ask = lambda form: self.call("POST", "/token", urlencode(form))
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": "http://here/back"}
        first = ask(form)[1]
        self.assertEqual(ask(form)[0], 400)
        mine = lambda token: self.call("GET", "/youtube/v3/channels?part=snippet&mine=true", token=token)
        self.assertEqual(mine(first["access_token"])[1]["items"][0]["id"], CHANNEL)
        again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = ask(again)[1]
        self.assertEqual(ask(again)[0], 400)  # it rotates
        self.control("/_set", {"now": NOON + 3600})
        self.assertEqual(mine(second["access_token"])[0], 401)

    def test_a_large_piece_takes_no_memory(self):
        total = 300 << 20
        session = self.session(total)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        connection.request("PUT", session, (bytes(1 << 20) for _ in range(300)), {
            "Authorization": "Bearer owner-" + CHANNEL, "Content-Length": str(total),
            "Content-Range": f"bytes 0-{total - 1}/{total}"})
        self.assertEqual(connection.getresponse().status, 201)
        connection.close()
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 150 << 10)


if __name__ == "__main__":
    unittest.main()
