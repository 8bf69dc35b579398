"""What the workers of a race talk to: it counts what arrives, and holds a worker where the race wants it."""
import collections
import http.server
import threading

PATIENCE = 90  # seconds that only a broken build needs


class Receiver:
    """POST /WHAT/ITEM, with WHAT begin, gated, effect or after. While WHAT is held, its answers wait."""

    def __init__(self):
        self.arrived = collections.Counter()  # by (what, item)
        self.held = set()
        self.changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                _, what, item = self.path.split("/")
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.arrive(what, item)
                try:
                    self.send_response(204)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # its worker was killed meanwhile

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.release()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def arrive(self, what, item):
        with self.changed:
            self.arrived[what, item] += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: what not in self.held, PATIENCE)

    def count(self, what):
        return sum(times for (of, _), times in self.arrived.items() if of == what)

    def items(self, what):
        return sum(1 for of, _ in self.arrived if of == what)

    def hold(self, what):
        with self.changed:
            self.held.add(what)

    def release(self):
        with self.changed:
            self.held.clear()
            self.changed.notify_all()

    def wait(self, what, items, patience=PATIENCE):
        """Whether that many items have arrived at `what`."""
        with self.changed:
            return self.changed.wait_for(lambda: self.items(what) >= items, patience)

    def wait_until_quiet(self, seconds=2):
        """Until nothing has come for a while: for peers, which cannot be asked whether they are at rest."""
        with self.changed:
            while True:
                before = sum(self.arrived.values())
                if not self.changed.wait_for(lambda: sum(self.arrived.values()) > before, seconds):
                    return
