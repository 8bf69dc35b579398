#!/usr/bin/env python3
"""python3 emulators/threads/threads_test.py"""

import contextlib
import http.server
import pathlib
import struct
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import testing  # pylint: disable=wrong-import-position
from threads import Threads  # pylint: disable=wrong-import-position

TOKEN = ("access_token", "demo-access")


def png(width, height):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\0\0\0\0"


PNG = png(16, 9)
FILES = {"/a.png": ("image/png", PNG), "/wide.png": ("image/png", png(161, 16)), "/a.txt": ("text/plain", PNG),
         "/large.png": ("image/png", PNG + bytes(8_000_000))}


class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        kind, data = FILES.get(self.path, (None, b""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def pictures():
    """The address of a server that has FILES."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class ThreadsTest(testing.EmulatorTest):
    kind = Threads

    def container(self, text="hello", *more):
        return self.call("POST", "/v1.0/me/threads", [("media_type", "TEXT"), ("text", text), TOKEN, *more])

    def publish(self, one):
        return self.call("POST", "/v1.0/2001/threads_publish", [("creation_id", one), TOKEN])

    def status(self, one):
        return self.call("GET", f"/v1.0/{one}", access_token="demo-access", fields="status")[1]["status"]

    def test_a_container_is_published_once(self):
        one = self.container()[1]["id"]
        self.assertEqual((self.status(one), self.accepted()), ("FINISHED", []))
        status, made, _ = self.publish(one)
        self.assertEqual((status, self.status(one)), (200, "PUBLISHED"))
        self.assertNotEqual(made["id"], one)
        self.assertEqual(self.publish(one)[0], 400)
        self.assertEqual(len(self.accepted()), 1)
        listed = self.call("GET", "/v1.0/me/threads", access_token="demo-access", fields="id,text,permalink")[1]["data"]
        self.assertEqual([(post["id"], post["text"]) for post in listed], [(made["id"], "hello")])

    def test_states(self):
        self.emulator.polls = 1
        one = self.container()[1]["id"]
        self.assertEqual([self.status(one), self.status(one)], ["IN_PROGRESS", "FINISHED"])
        self.emulator.next_status = "ERROR"
        two = self.container()[1]["id"]
        self.assertEqual([self.status(two), self.status(two)], ["IN_PROGRESS", "ERROR"])
        self.call("POST", "/test/expire", {"containers": True})
        self.assertEqual(self.status(one), "EXPIRED")
        self.assertEqual(self.publish(one)[1]["error"]["error_subcode"], 4279009)

    def picture(self, url, *more):
        return self.call("POST", "/v1.0/me/threads", [("media_type", "IMAGE"), ("image_url", url), TOKEN, *more])

    def test_pictures_are_fetched(self):
        with pictures() as base:
            status, one, _ = self.picture(base + "/a.png", ("text", "a cat"), ("alt_text", "Cat"))
            self.assertEqual(status, 200)
            self.publish(one["id"])
            post = self.accepted()[0]
            self.assertEqual([(image["alt"], image["type"], image["bytes"]) for image in post["images"]],
                             [("Cat", "image/png", len(PNG))])
            children = [self.picture(base + "/a.png", ("is_carousel_item", "true"))[1]["id"] for _ in range(2)]
            self.assertEqual(self.publish(children[0])[0], 400, "a child is no post")
            carousel = lambda *ids: self.call("POST", "/v1.0/me/threads",
                                              [("media_type", "CAROUSEL"), ("children", ",".join(ids)), TOKEN])
            self.assertEqual(carousel(children[0])[0], 400, "at least two")
            self.assertEqual(carousel(children[0], one["id"])[0], 400, "no child")
            self.publish(carousel(*children)[1]["id"])
            self.assertEqual(len(self.accepted()[1]["images"]), 2)

    def test_pictures_that_cannot_be_had(self):
        with pictures() as base:
            subcode = lambda path, *more: self.picture(base + path, *more)[1].get("error", {}).get("error_subcode")
            self.assertEqual(subcode("/none"), 2207052)
            self.assertEqual(subcode("/a.txt"), 2207005)
            self.assertEqual(subcode("/wide.png"), 2207009)
            self.assertEqual(subcode("/large.png"), 2207004)
            self.emulator.unfetchable = 1
            self.assertEqual([subcode("/a.png"), subcode("/a.png")], [2207052, None])
        self.assertEqual(self.picture("nothing")[0], 400)
        self.assertEqual(self.call("POST", "/v1.0/me/threads", [("media_type", "IMAGE"), TOKEN])[0], 400)

    def test_limits_and_lengths(self):
        self.assertEqual(self.container("a" * 501)[0], 400)
        self.assertEqual(self.container("\U0001F600" * 126)[0], 400)
        self.assertEqual(self.container("\U0001F600" * 125)[0], 200)
        self.emulator.limit = 0
        self.assertEqual(self.publish(self.container()[1]["id"])[1]["error"]["error_subcode"], 2207042)

    def test_tokens(self):
        status, granted, _ = self.call("GET", "/refresh_access_token", grant_type="th_refresh_token", access_token="demo-access")
        self.assertEqual((status, granted["expires_in"]), (200, 60 * 86400))
        self.call("POST", "/test/expire", {"access": ["demo-access"]})
        status, answer, _ = self.container()
        self.assertEqual((status, answer["error"]["code"]), (401, 190))


if __name__ == "__main__":
    unittest.main()
