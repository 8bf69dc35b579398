#!/usr/bin/env python3
"""python3 emulators/linkedin/linkedin_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import testing  # pylint: disable=wrong-import-position
from linkedin import LinkedIn  # pylint: disable=wrong-import-position

HEADERS = {"LinkedIn-Version": "202511", "X-Restli-Protocol-Version": "2.0.0"}


class LinkedInTest(testing.EmulatorTest):
    kind = LinkedIn

    def setUp(self):
        super().setUp()
        self.emulator.versions = 0

    def post(self, text, headers=None, **more):
        return self.call("POST", "/rest/posts", {"author": "urn:li:person:Demo_1", "commentary": text, **more}, headers=headers or HEADERS)

    def test_posts(self):
        status, _, headers = self.post(r"Hello \(world\) {hashtag|\#|live}")
        self.assertEqual(status, 201)
        self.assertTrue(headers["x-restli-id"].startswith("urn:li:share:"))
        self.assertEqual(self.accepted()[0]["text"], "Hello (world) #live")

    def test_reserved_characters_stand_behind_a_backslash(self):
        for text in ("a (b)", "a_b", "#x", "{hashtag|#|x}", "*", "a\\b"):
            self.assertEqual(self.post(text)[0], 422, text)
        self.assertEqual(self.accepted(), [])

    def test_a_duplicate_names_the_post(self):
        urn = self.post("once")[2]["x-restli-id"]
        status, answer, _ = self.post("once")
        self.assertEqual((status, answer["errorDetails"]["inputErrors"][0]["code"]), (422, "DUPLICATE_POST"))
        self.assertIn(urn, answer["message"])

    def test_versions_and_limits(self):
        self.assertEqual(self.post("x", headers={"X-Restli-Protocol-Version": "2.0.0"})[0], 400)
        self.emulator.versions = 12
        self.assertEqual(self.post("x", headers={**HEADERS, "LinkedIn-Version": "202001"})[0], 426)
        self.emulator.versions, self.emulator.limit = 0, 1
        self.assertEqual([self.post(f"{n}")[0] for n in range(2)], [201, 429])

    def test_lists_are_for_partners(self):
        find = lambda: self.call("GET", "/rest/posts", headers={**HEADERS, "X-RestLi-Method": "FINDER"}, author="urn:li:person:Demo_1", q="author")
        self.post("listed")
        self.assertEqual(find()[0], 403)
        self.emulator.reads = True
        self.assertEqual([one["commentary"] for one in find()[1]["elements"]], ["listed"])

    def test_pictures(self):
        _, begun, _ = self.call("POST", "/rest/images?action=initializeUpload",
                                {"initializeUploadRequest": {"owner": "urn:li:person:Demo_1"}}, headers=HEADERS)
        place, urn = begun["value"]["uploadUrl"], begun["value"]["image"]
        media = {"media": {"id": urn, "altText": "a cat"}}
        self.assertEqual(self.post("early", content=media)[0], 400)
        self.assertEqual(self.call("PUT", place[len(self.emulator.url):], b"\x89PNG")[0], 201)
        self.assertEqual(self.post("with a cat", content=media)[0], 201)
        self.assertEqual(self.accepted()[0]["images"], ["a cat"])


if __name__ == "__main__":
    unittest.main()
