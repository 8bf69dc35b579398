"""Images for the tests: real ones, made here, and how they are added to an announcement."""

import json
import struct
import urllib.error
import urllib.request
import zlib

from harness import PATIENCE, Failed


def png(width=16, height=9, shade=0):
    """A PNG of one colour (W3C PNG, section 5): gray, 8 bits."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + bytes([shade]) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def send(server, method, path, data=None, headers=None):
    """(status, bytes, headers) of a request whose body or answer is no JSON."""
    request = urllib.request.Request(server.url + path, method=method, data=data)
    request.add_header("Authorization", f"Bearer {server.token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        content = answer.read()
        server.contract.check(method, path, answer.status, dict(answer.headers), content)
        return answer.status, content, dict(answer.headers)


def add_image(server, announcement, version, image, alt=""):
    """The announcement with the image behind its others."""
    path = f"/api/v1/announcements/{announcement}/images?alt={urllib.request.quote(alt)}"
    status, content, _ = send(server, "POST", path, image, {"Content-Type": "image/png", "If-Match": f'"{version}"'})
    if status != 201:
        raise Failed(f"POST {path}: {status} {content[:300]!r}")
    return json.loads(content)


def announce_with_image(server, connection, text, image, alt, url=""):
    """Makes an announcement that goes out only when its image is there; its id."""
    made = server.expect(201, "POST", "/api/v1/announcements", {
        "connection_id": connection, "text": text, "run_at": "2037-01-01T00:00:00Z", **({"url": url} if url else {})})
    made = add_image(server, made["id"], made["version"], image, alt)
    return made["id"], made["version"]
