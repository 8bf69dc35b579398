#!/usr/bin/env python3
"""python3 emulators/places/places_test.py"""

import http.client
import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from emulator import Server  # noqa: E402
from places import Places  # noqa: E402

MASK = {"X-Goog-FieldMask": "id,displayName,websiteUri"}
LEGACY = "/maps/api/place/details/json"


class PlacesTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(Places())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def tearDown(self):
        self.server.emulator.ending.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def call(self, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.request("POST" if body is not None else "GET", path, json.dumps(body or {}) if body is not None
                               else None, headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def charged(self):
        return len(self.call("/_accepted")[1])

    def test_answers_the_fields_of_the_mask_and_charges(self):
        self.call("/_set", body={"places": {"p": {"name": "Bar", "website": "https://bar.example", "phone": "+1"}}})
        status, place = self.call("/v1/places/p", MASK)
        self.assertEqual(status, 200)
        self.assertEqual(place, {"id": "p", "displayName": {"text": "Bar", "languageCode": "en"},
                                 "websiteUri": "https://bar.example"})
        self.assertEqual(self.call(LEGACY + "?place_id=p&fields=name")[1]["result"], {"name": "Bar"})
        self.assertEqual(self.charged(), 2)

    def test_needs_a_mask_and_a_key(self):
        self.assertEqual(self.call("/v1/places/p")[0], 400)
        self.call("/_set", body={"keys": ["k"]})
        self.assertEqual(self.call("/v1/places/p", MASK)[0], 403)
        self.assertEqual(self.call(LEGACY + "?place_id=p")[1]["status"], "REQUEST_DENIED")
        self.assertEqual(self.charged(), 0)

    def test_knows_what_it_does_not_know(self):
        self.assertEqual(self.call("/v1/places/none", MASK)[0], 404)
        self.assertEqual(self.call(LEGACY + "?place_id=none")[1]["status"], "NOT_FOUND")
        self.assertEqual(self.call("/v1/places/made-7", MASK)[1]["websiteUri"], "https://w7.example.com")

    def test_has_a_quota(self):
        self.call("/_set", body={"quota": 1})
        self.assertEqual(self.call("/v1/places/made-1", MASK)[0], 200)
        self.assertEqual(self.call("/v1/places/made-1", MASK)[0], 429)
        self.assertEqual(self.call(LEGACY + "?place_id=made-1")[1]["status"], "OVER_QUERY_LIMIT")


if __name__ == "__main__":
    unittest.main()
