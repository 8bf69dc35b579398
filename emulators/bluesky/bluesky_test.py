#!/usr/bin/env python3
"""python3 emulators/bluesky/bluesky_test.py: what the connector's tests do not see of the emulated PDS. That it answers
as a real one does: tests/pds/compare_test.py."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from testing import EmulatorTest  # noqa: E402
from bluesky import Bluesky, graphemes  # noqa: E402

COLLECTION = "app.bsky.feed.post"
RKEY = "3l6oveex3ii2l"


class BlueskyTest(EmulatorTest):
    kind = staticmethod(lambda: Bluesky(["alice.test:secret", "bob.test:other"]))

    def session(self, handle="alice.test", password="secret"):
        status, body, _ = self.call("POST", "/xrpc/com.atproto.server.createSession",
                                    {"identifier": handle, "password": password})
        self.assertEqual(status, 200, body)
        return body

    def write(self, name, session, **body):
        return self.call("POST", f"/xrpc/com.atproto.repo.{name}", {"repo": session["did"], "collection": COLLECTION, **body},
                         session["accessJwt"])

    def put(self, session, text, rkey=RKEY):
        return self.write("putRecord", session, rkey=rkey, swapRecord=None,
                          record={"$type": COLLECTION, "text": text, "createdAt": "2026-11-22T10:00:00Z"})

    def test_counts_posts_and_not_puts(self):
        alice = self.session()
        self.assertIn("commit", self.put(alice, "one")[1])
        self.assertNotIn("commit", self.put(alice, "one")[1])
        self.assertEqual(self.put(alice, "two")[1]["error"], "InvalidSwap")
        self.assertEqual([one["text"] for one in self.accepted()], ["one"])

    def test_says_when_a_post_was_brought_back(self):
        alice = self.session()
        self.put(alice, "one")
        self.write("deleteRecord", alice, rkey=RKEY)
        self.put(alice, "one")
        self.assertEqual([one["resurrected"] for one in self.accepted()], [False, True])

    def test_each_account_has_its_own_repository(self):
        alice, bob = self.session(), self.session("bob.test", "other")
        self.assertNotEqual(alice["did"], bob["did"])
        self.assertEqual(self.write("putRecord", bob, repo=alice["did"], rkey=RKEY, record={})[0], 401)

    def test_tokens_end(self):
        self.emulator.access_lasts = 0
        self.assertEqual(self.put(self.session(), "one")[1]["error"], "ExpiredToken")

    def test_counts_graphemes(self):
        for text, count in (("abc", 3), ("e\u0301", 1), ("\U0001F468\u200d\U0001F469\u200d\U0001F467", 1),
                            ("\U0001F1E9\U0001F1EA\U0001F1EB", 2), ("\U0001F44B\U0001F3FD!", 2)):
            self.assertEqual(graphemes(text), count, ascii(text))


if __name__ == "__main__":
    unittest.main()
