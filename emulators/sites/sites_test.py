#!/usr/bin/env python3
"""python3 emulators/sites/sites_test.py"""

import http.client
import pathlib
import sys
import unittest
from urllib.parse import urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from sites import Sites  # noqa: E402
from testing import EmulatorTest  # noqa: E402


class SitesTest(EmulatorTest):
    kind = Sites

    def get(self, url, method="GET"):
        connection = http.client.HTTPConnection(urlsplit(self.emulator.url).netloc, timeout=60)
        try:
            connection.request(method, url)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def test_each_host_is_a_site_of_its_own(self):
        self.assertIn("Bar Central", self.get("http://bar-central.example/")[1])
        self.assertIn("info@cafe.example", self.get("http://cafe.example/contact")[1])
        self.assertIn("http://cafe.example/sitemap.xml", self.get("http://cafe.example/robots.txt")[1])
        self.assertIn("<loc>http://cafe.example/contact</loc>", self.get("http://cafe.example/sitemap.xml")[1])

    def test_what_is_not_there_is_404(self):
        self.assertEqual(self.get("http://gone.example/")[0], 404)
        self.assertEqual(self.get("http://cafe.example/nothing")[0], 404)

    def test_there_is_no_tls(self):
        self.assertGreaterEqual(self.get("cafe.example:443", "CONNECT")[0], 400)


if __name__ == "__main__":
    unittest.main()
