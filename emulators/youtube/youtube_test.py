#!/usr/bin/env python3
"""python3 emulators/youtube/youtube_test.py"""

import http.client
import json
import pathlib
import sys
import threading
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from emulator import Server  # pylint: disable=wrong-import-position
from youtube import YouTube  # pylint: disable=wrong-import-position

CHANNEL = "UC" + "a" * 22
OTHER = "UC" + "b" * 22
PART = "part=snippet,liveStreamingDetails"


class YouTubeTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(YouTube())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.control("/_channels", {"channels": [{"id": CHANNEL, "title": "Talk & Co"}, {"id": OTHER}]})

    def tearDown(self):
        self.server.emulator.ending.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if "json" in answer.headers["Content-Type"] else text.decode(), \
                answer.headers
        finally:
            connection.close()

    def control(self, path, body=None):
        status, answer, _ = self.call("GET" if body is None else "POST", path, body)
        self.assertEqual(status, 200, answer)
        return answer

    def api(self, rest, key="key"):
        status, answer, _ = self.call("GET", "/youtube/v3/" + rest, headers={"X-Goog-Api-Key": key})
        return status, answer

    def add(self, **wish):
        return self.control("/_streams", {"streams": [{"channel": CHANNEL, **wish}]})["ids"][0]

    def used(self):
        return self.control("/_units")["used"]

    def reason(self, rest, key="key"):
        status, answer = self.api(rest, key)
        return status, answer["error"]["errors"][0]["reason"]

    def test_the_life_of_a_stream(self):
        stream = self.add(title="Night talk", scheduled=1_790_000_000)

        def seen():
            item = self.api(f"videos?{PART}&id={stream}")[1]["items"][0]
            return item["snippet"]["liveBroadcastContent"], sorted(item["liveStreamingDetails"])

        self.assertEqual(seen(), ("upcoming", ["scheduledStartTime"]))
        self.control("/_state", {"id": stream, "state": "live"})
        self.assertEqual(seen(), ("live", ["actualStartTime", "scheduledStartTime"]))
        again = self.control("/_state", {"id": stream, "state": "restarted"})["id"]
        self.assertEqual(seen(), ("none", ["actualEndTime", "actualStartTime", "scheduledStartTime"]))
        items = self.api(f"videos?{PART}&id={stream},{again},nothing")[1]["items"]
        self.assertEqual([item["snippet"]["liveBroadcastContent"] for item in items], ["none", "live"])
        self.control("/_state", {"id": again, "state": "gone"})
        self.assertEqual(self.api(f"videos?{PART}&id={again}")[1]["items"], [])

    def test_quota_is_of_a_bucket_and_a_pacific_day(self):
        self.control("/_set", {"now": 1_772_956_799, "limits": {"units": 3, "search": 1, "uploads": 1}})
        for rest in (f"videos?{PART}&id=x", "playlistItems?part=snippet&playlistId=UU" + "a" * 22):
            self.assertEqual(self.api(rest)[0], 200)
        self.assertEqual(self.reason("videos?id=x"), (400, "missingRequiredParameter"))  # costs one too
        self.assertEqual(self.used(), {"units": 3})
        self.assertEqual(self.reason(f"videos?{PART}&id=x"), (403, "quotaExceeded"))
        self.assertEqual(self.api(f"search?{PART}&channelId={CHANNEL}")[0], 200)
        self.assertEqual(self.reason(f"search?{PART}&channelId={CHANNEL}"), (403, "quotaExceeded"))
        self.control("/_set", {"now": 1_772_956_800})  # midnight in Los Angeles: 08:00 UTC before the clocks change
        self.assertEqual(self.api(f"videos?{PART}&id=x")[0], 200)
        self.assertEqual(self.used(), {"units": 1})
        self.assertEqual(self.control("/_units")["ever"], {"units": 4, "search": 1})

    def test_what_is_refused(self):
        self.assertEqual(self.reason(f"videos?{PART}&id=x", key="wrong"), (400, "badRequest"))
        self.assertEqual(self.used(), {})
        self.assertEqual(self.reason(f"videos?{PART}&id=" + ",".join(["x"] * 51)), (400, "invalidParameter"))
        self.assertEqual(self.reason("playlistItems?part=snippet&playlistId=UUx"), (404, "playlistNotFound"))
        self.assertEqual(self.call("POST", "/_channels", {"channels": [{"id": "UCshort"}]})[0], 400)
        self.assertEqual(self.call("POST", "/_state", {"id": "nothing", "state": "live"})[0], 400)

    def test_the_feed_has_the_newest(self):
        for number in range(17):
            self.add(id=f"video{number:06}", title=f"{number} < {number + 1} & so on", published=1000 + number)
        status, text, headers = self.call("GET", f"/feeds/videos.xml?channel_id={CHANNEL}")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/xml; charset=UTF-8"))
        feed = xml.etree.ElementTree.fromstring(text)
        names = {"a": "http://www.w3.org/2005/Atom", "yt": "http://www.youtube.com/xml/schemas/2015"}
        ids = [entry.find("yt:videoId", names).text for entry in feed.findall("a:entry", names)]
        self.assertEqual((len(ids), ids[0], ids[-1]), (15, "video000016", "video000002"))
        self.assertEqual(feed.find("a:entry", names).find("a:title", names).text, "16 < 17 & so on")
        self.assertEqual(self.call("GET", "/feeds/videos.xml?channel_id=UC" + "z" * 22)[0], 404)
        listed = self.api("playlistItems?part=snippet&maxResults=2&playlistId=UU" + "a" * 22)[1]["items"]
        self.assertEqual([item["snippet"]["resourceId"]["videoId"] for item in listed], ["video000016", "video000015"])

    def test_pages(self):
        page = lambda path: self.call("GET", path)
        self.assertIn(f'href="https://www.youtube.com/channel/{CHANNEL}"', page(f"/channel/{CHANNEL}/live")[1])
        stream = self.add(title="Night talk")
        self.assertIn('"isLiveNow":false', page(f"/channel/{CHANNEL}/live")[1])
        self.control("/_state", {"id": stream, "state": "live"})
        for path in (f"/channel/{CHANNEL}/live", f"/watch?v={stream}"):
            self.assertIn('"isLiveNow":true', page(path)[1])
            self.assertIn(f'rel="canonical" href="https://www.youtube.com/watch?v={stream}"', page(path)[1])
        self.control("/_set", {"live_page": "redirect"})
        status, _, headers = page(f"/channel/{CHANNEL}/live")
        self.assertEqual((status, headers["Location"]), (303, f"/watch?v={stream}"))
        self.control("/_state", {"id": stream, "state": "ended"})
        self.assertIn("endTimestamp", page(f"/watch?v={stream}")[1])

    def test_a_sick_channel_is_sick_alone(self):
        for mode, status in (("500", 500), ("404", 404)):
            self.control("/_sick", {"channels": [CHANNEL], "mode": mode})
            self.assertEqual(self.call("GET", f"/feeds/videos.xml?channel_id={CHANNEL}")[0], status)
            self.assertEqual(self.call("GET", f"/feeds/videos.xml?channel_id={OTHER}")[0], 200)
        self.control("/_sick", {"channels": [CHANNEL], "mode": "consent"})
        status, _, headers = self.call("GET", f"/channel/{CHANNEL}/live")
        self.assertEqual(status, 302)
        self.assertTrue(headers["Location"].startswith("https://consent.youtube.com/"))
        self.control("/_sick", {"channels": [CHANNEL], "mode": "slow", "seconds": 3600})
        answers = []
        caller = threading.Thread(target=lambda: answers.append(
            self.call("GET", f"/feeds/videos.xml?channel_id={CHANNEL}")[0]))
        caller.start()
        self.assertEqual(self.call("GET", f"/feeds/videos.xml?channel_id={OTHER}")[0], 200)
        self.assertEqual(answers, [])
        self.server.emulator.ending.set()
        caller.join()
        self.assertEqual(answers, [200])

    def test_what_a_caller_says_is_in_the_log(self):
        self.api(f"videos?{PART}&id=a,b")
        entry = self.control("/_log")[-1]
        self.assertEqual((entry["path"], entry["query"]["id"]), ("/youtube/v3/videos", "a,b"))
        self.assertLess(abs(entry["at"] - time.time()), 3600)


if __name__ == "__main__":
    unittest.main()
