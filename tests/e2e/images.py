"""Images for the tests: real ones, made here, and how they are added to an announcement."""

import http.server
import json
import struct
import threading
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


def forwards(front):
    """What answers for a Front: whatever its server says."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            with front.known:
                front.known.wait_for(lambda: front.server is not None, PATIENCE)
                url = front.server.url
            try:
                answer = urllib.request.urlopen(url + self.path, timeout=PATIENCE)
            except urllib.error.HTTPError as error:
                answer = error
            except OSError:  # it has just died
                return self.send_error(502)
            with answer:
                content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            return self.wfile.write(content)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    return Handler


class Front:
    """What stands before a server, at an address that stays while servers come and go."""

    def __init__(self):
        self.server, self.known = None, threading.Condition()
        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), forwards(self))
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        self.thread = threading.Thread(target=self.listener.serve_forever, args=(0.01,))

    def to(self, server):
        """The server that it speaks for from now on; None: whoever comes waits for the next one."""
        with self.known:
            self.server = server
            self.known.notify_all()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.thread.join()
        self.listener.server_close()


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
