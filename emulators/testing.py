"""What the emulators' own tests share: one emulator in this process, and a client."""

import http.client
import json
import threading
import unittest
from urllib.parse import urlencode, urlsplit

from emulator import Server


class EmulatorTest(unittest.TestCase):
    kind = None  # the emulator's class

    def setUp(self):
        self.emulator = self.kind()
        self.server = Server(self.emulator)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def tearDown(self):
        self.emulator.ending.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def call(self, method, path, body=None, token="demo-access", headers=None, **query):
        """(status, JSON or bytes, headers); a dict is sent as JSON, a list of pairs as a form."""
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        if isinstance(body, dict):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        elif isinstance(body, list):
            body = urlencode(body).encode()
        connection = http.client.HTTPConnection(urlsplit(self.emulator.url).netloc, timeout=60)
        try:
            connection.request(method, path + ("?" + urlencode(query) if query else ""), body, sent)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if "json" in answer.headers.get("Content-Type", "") else data, answer.headers
        finally:
            connection.close()

    def accepted(self, what="post"):
        return [one for one in self.emulator.accepted() if one["what"] == what]
