#!/usr/bin/env python3
"""python3 emulators/threads/threads_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import testing  # pylint: disable=wrong-import-position
from threads import Threads  # pylint: disable=wrong-import-position

TOKEN = ("access_token", "demo-access")


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
