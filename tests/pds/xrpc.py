"""A small client of a PDS, for the tests beside it."""

import json
import struct
import urllib.error
import urllib.parse
import urllib.request
import zlib


class Pds:
    """One server, real or emulated, and one of its accounts: {"handle", "did", "app_password"}."""

    def __init__(self, url, account):
        self.url, self.account, self.token = url, account, None

    def call(self, method, name, body=None, token=None, headers=None, **query):
        """(status, body, headers) of one request. `token`: "" sends none, None the session's."""
        url = f"{self.url}/xrpc/{name}" + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, method=method)
        token = self.token if token is None else token
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if isinstance(body, (dict, list)):
            request.add_header("Content-Type", "application/json")
            body = json.dumps(body).encode()
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        request.data = body
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
            try:
                content = json.loads(content)
            except ValueError:
                pass
            return answer.status, content, dict(answer.headers)

    def login(self):
        """Opens a session and keeps its token."""
        status, session, _ = self.call("POST", "com.atproto.server.createSession", token="", body={
            "identifier": self.account["handle"], "password": self.account["app_password"]})
        assert status == 200, session
        self.token = session["accessJwt"]
        return session

    def put(self, rkey, record, **more):
        return self.call("POST", "com.atproto.repo.putRecord", {
            "repo": self.account["did"], "collection": "app.bsky.feed.post", "rkey": rkey, "record": record,
            "swapRecord": None, **more})

    def get(self, rkey):
        return self.call("GET", "com.atproto.repo.getRecord", repo=self.account["did"], collection="app.bsky.feed.post",
                         rkey=rkey)

    def delete(self, rkey):
        return self.call("POST", "com.atproto.repo.deleteRecord", {
            "repo": self.account["did"], "collection": "app.bsky.feed.post", "rkey": rkey})

    def posts(self):
        """All records, newest first."""
        status, answer, _ = self.call("GET", "com.atproto.repo.listRecords", repo=self.account["did"],
                                      collection="app.bsky.feed.post", limit=100)
        assert status == 200, answer
        return answer["records"]


def png(width=16, height=9, noise=b""):
    """A real image; `noise` is kept behind its pixels, to make it as large as wanted."""
    chunk = lambda kind, data: (struct.pack(">I", len(data)) + kind + data
                                + struct.pack(">I", zlib.crc32(kind + data)))
    pixels = b"".join(b"\0" + bytes((x * 16 % 256, 128, 64)) * width for x in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(pixels)) + (chunk(b"tEXt", b"Comment\0" + noise) if noise else b"")
            + chunk(b"IEND", b""))
