#!/usr/bin/env python3
"""python3 emulators/mastodon/mastodon_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from testing import EmulatorTest  # noqa: E402
from mastodon import Mastodon, length, rendered  # noqa: E402

TOKEN = "token-of-alice"


class MastodonTest(EmulatorTest):
    kind = Mastodon

    def post(self, text, key=None, token=TOKEN, **more):
        return self.call("POST", "/api/v1/statuses", {"status": text, **more}, token,
                         {"Idempotency-Key": key} if key else {})

    def test_the_same_key_is_the_same_status_for_as_long_as_it_is_kept(self):
        first = self.post("one", "k")[1]
        self.assertEqual(self.post("other words", "k")[1]["id"], first["id"])
        self.assertNotEqual(self.post("one", "l")[1]["id"], first["id"])
        self.emulator.key_lasts = 0
        short = self.post("two", "m")[1]
        self.assertNotEqual(self.post("two", "m")[1]["id"], short["id"])

    def test_a_server_that_died_behind_its_commit_forgets_the_key(self):
        self.emulator.forget_keys = 1
        self.assertNotEqual(self.post("one", "k")[1]["id"], self.post("one", "k")[1]["id"])

    def test_refusals(self):
        self.assertEqual(self.post("")[0], 422)
        self.assertEqual(self.post("x" * 501)[0], 422)
        self.assertEqual(self.post("x", in_reply_to_id="1")[0], 404)
        self.assertEqual(self.post("x", media_ids=["1"])[0], 422)
        self.assertEqual(self.post("x", token="wrong")[0], 401)
        self.assertEqual(self.accepted("status"), [])

    def test_lists_newest_first_by_pages(self):
        ids = [self.post(f"status {number}")[1]["id"] for number in range(5)][::-1]
        ask = lambda query: [one["id"] for one in self.call(
            "GET", f"/api/v1/accounts/{self.emulator.account}/statuses?limit=2{query}", token=TOKEN)[1]]
        self.assertEqual(ask(""), ids[:2])
        self.assertEqual(ask("&max_id=" + ids[1]), ids[2:4])
        self.assertEqual(ask("&since_id=" + ids[1]), ids[:1])

    def test_shows_html(self):
        self.assertEqual(rendered("a <b>\nc\n\nd"), "<p>a &lt;b&gt;<br />c</p><p>d</p>")
        self.assertIn('<span class="invisible">https://</span><span class="">example.com/x</span>', rendered("https://example.com/x."))
        self.assertIn("@<span>bob</span>", rendered("hi @bob@elsewhere.example"))
        self.assertIn("#<span>live</span>", rendered("#live"))

    def test_counts(self):
        self.assertEqual(length("x https://example.com/" + "y" * 100), 25)
        self.assertEqual(length("@bob@elsewhere.example"), 4)


if __name__ == "__main__":
    unittest.main()
