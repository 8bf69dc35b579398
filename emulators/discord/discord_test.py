#!/usr/bin/env python3
"""python3 emulators/discord/discord_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from testing import EmulatorTest  # noqa: E402
from discord import Discord  # noqa: E402

HOOK = "/api/v10/webhooks/1180000000000000001/token-of-the-webhook_1"


class DiscordTest(EmulatorTest):
    kind = Discord

    def test_with_and_without_waiting(self):
        status, body, _ = self.call("POST", HOOK + "?wait=true", {"content": "one"})
        self.assertEqual((status, body["content"]), (200, "one"))
        self.assertEqual(self.call("POST", HOOK, {"content": "two"})[:2], (204, b""))
        self.assertEqual([one["text"] for one in self.accepted("message")], ["one", "two"])

    def test_whom_a_message_pings(self):
        self.call("POST", HOOK, {"content": "@everyone"})
        self.call("POST", HOOK, {"content": "@everyone", "allowed_mentions": {"parse": []}})
        self.assertEqual([one["pings"] for one in self.accepted("message")], [["everyone"], []])

    def test_refusals(self):
        self.assertEqual(self.call("POST", HOOK + "x", {"content": "x"})[1]["code"], 50027)
        self.assertEqual(self.call("POST", HOOK.replace("1180", "2180"), {"content": "x"})[1]["code"], 10015)
        self.assertEqual(self.call("POST", HOOK, {"content": ""})[1]["code"], 50006)
        self.assertEqual(self.call("POST", HOOK, {"content": "\U0001F408" * 2000})[0], 204)
        self.assertEqual(self.call("POST", HOOK, {"content": "x" * 2001})[1]["code"], 50035)

    def test_rate_limits(self):
        self.emulator.rate_left = 1
        self.assertEqual(self.call("POST", HOOK, {"content": "x"})[2]["X-RateLimit-Remaining"], "0")
        status, body, headers = self.call("POST", HOOK, {"content": "x"})
        self.assertEqual((status, body["retry_after"], headers["Retry-After"]), (429, 0.65, "1"))

    def test_files(self):
        boundary = "b"
        part = lambda head, content: f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n"
        body = (part('name="payload_json"', '{"content": "x", "attachments": [{"id": 0, "description": "a cat"}]}')
                + part('name="files[0]"; filename="cat.png"', "PNG") + f"--{boundary}--\r\n")
        status, _, _ = self.call("POST", HOOK, body.encode(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
        self.assertEqual(status, 204)
        self.assertEqual(self.accepted("message")[0]["files"], [{"name": "cat.png", "bytes": 3, "alt": "a cat"}])


if __name__ == "__main__":
    unittest.main()
