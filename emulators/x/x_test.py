#!/usr/bin/env python3
"""python3 emulators/x/x_test.py"""

import base64
import hashlib
import pathlib
import sys
import unittest
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import testing  # pylint: disable=wrong-import-position
from x import X, oauth1_signature  # pylint: disable=wrong-import-position


class XTest(testing.EmulatorTest):
    kind = X

    def post(self, text, **more):
        return self.call("POST", "/2/tweets", {"text": text, **more})

    def test_posts_and_lists(self):
        status, made, headers = self.post("a & b https://example.com/x")
        self.assertEqual((status, headers["x-rate-limit-remaining"]), (201, "99"))
        listed = self.call("GET", "/2/users/1001/tweets", max_results=100)[1]["data"]
        self.assertEqual([one["id"] for one in listed], [made["data"]["id"]])
        self.assertIn("a &amp; b https://t.co/", listed[0]["text"])
        self.assertEqual(listed[0]["entities"]["urls"][0]["expanded_url"], "https://example.com/x")
        self.assertEqual(len(self.accepted()), 1)

    def test_refuses_what_x_refuses(self):
        self.assertEqual(self.post("x", secret=1)[0], 400)
        self.assertEqual(self.call("POST", "/2/tweets", {"text": "x"}, token="nobody")[0], 401)
        self.assertEqual(self.post("once")[0], 201)
        status, answer, _ = self.post("once")
        self.assertEqual((status, answer["detail"]), (403, "You are not allowed to create a Tweet with duplicate content."))
        self.assertEqual(len(self.accepted()), 1)

    def test_limits(self):
        self.emulator.limit = 2
        self.assertEqual([self.post(f"{n}")[0] for n in range(3)], [201, 201, 429])
        self.assertEqual(self.post("more")[2]["x-rate-limit-remaining"], "0")

    def test_pictures(self):
        data = bytes(range(256)) * 3 + b"\r\n--\r\n"
        _, begun, _ = self.call("POST", "/2/media/upload/initialize", {"media_type": "image/gif", "total_bytes": len(data), "media_category": "tweet_gif"})
        one = begun["data"]["id"]
        body = (b"--b\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n0\r\n--b\r\nContent-Disposition: form-data; "
                b"name=\"media\"; filename=\"p\"\r\nContent-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--b--\r\n")
        self.assertEqual(self.call("POST", f"/2/media/upload/{one}/append", body, headers={"Content-Type": "multipart/form-data; boundary=b"})[0], 200)
        self.assertEqual(self.call("POST", f"/2/media/upload/{one}/finalize")[1]["data"]["processing_info"]["state"], "pending")
        self.assertEqual(self.post("early", media={"media_ids": [one]})[0], 400)
        self.assertEqual(self.call("GET", "/2/media/upload", command="STATUS", media_id=one)[1]["data"]["processing_info"]["state"], "succeeded")
        self.call("POST", "/2/media/metadata", {"id": one, "metadata": {"alt_text": {"text": "a cat"}}})
        self.assertEqual(self.post("with a cat", media={"media_ids": [one]})[0], 201)
        self.assertEqual(self.accepted()[0]["media"], ["a cat"])

    def test_refresh_tokens_are_good_for_once(self):
        verifier = "v" * 43
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        _, _, headers = self.call("GET", "/i/oauth2/authorize", redirect_uri="http://127.0.0.1/cb", state="s", client_id="c",
                                  code_challenge=challenge, code_challenge_method="S256")
        code = dict(parse_qsl(urlsplit(headers["Location"]).query))["code"]
        form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "http://127.0.0.1/cb"), ("client_id", "c")]
        self.assertEqual(self.call("POST", "/2/oauth2/token", form + [("code_verifier", "wrong")])[0], 400)
        code = dict(parse_qsl(urlsplit(self.call("GET", "/i/oauth2/authorize", redirect_uri="http://127.0.0.1/cb", state="s", client_id="c",
                                                 code_challenge=challenge, code_challenge_method="S256")[2]["Location"]).query))["code"]
        form[1] = ("code", code)
        status, tokens, _ = self.call("POST", "/2/oauth2/token", form + [("code_verifier", verifier)])
        self.assertEqual(status, 200)
        again = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"])]
        self.assertEqual([self.call("POST", "/2/oauth2/token", again)[0] for _ in range(2)], [200, 400])

    def test_oauth1_signature_is_the_specifications(self):
        # RFC 5849, section 1.2: the request for the photo.
        header = {"oauth_consumer_key": "dpf43f3p2l4k3l03", "oauth_token": "nnch734d00sl2jdk", "oauth_signature_method": "HMAC-SHA1",
                  "oauth_timestamp": "137131202", "oauth_nonce": "chapoH"}
        got = oauth1_signature("GET", "http://photos.example.net/photos", [("file", "vacation.jpg"), ("size", "original")], header,
                               "kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
        self.assertEqual(got, "MdpQcU8iPSUjWoN/UDMsK2sui9I=")


if __name__ == "__main__":
    unittest.main()
