#!/usr/bin/env python3
"""Faults of the predecessors of curate that only a whole server shows; the others stand beside the sources
(docs/guides/pipelines.md has the list).

usage: curate_faults_test.py PATH/TO/fencepost [PART OF A NAME]
"""

import functools
import http.server
import ssl
import subprocess
import sys
import threading
import urllib.request

from curate_crew import BINARY, Crew, Database, on
from curate_world import SMALL
from harness import Server, check, eventually, run_all

HELD = 3  # at work at once


def a_whole_batch_is_not_processing_while_its_first_items_run(kind):
    with on(kind) as (url, path, stack):
        crew = Crew(stack, path, url, 1, size=SMALL, fetch_time="2m", words=f"interval=100ms delay=0 concurrency={HELD} batch=20")
        hosts = [f"b{n}.people.example" for n in range(20)]
        values = ", ".join(f"('{host}')" for host in hosts)
        tricks = crew.world.tricks
        tricks.gate(False)
        crew.database.write(f"INSERT INTO fencepost_domains (host) VALUES {values}; "
                            "INSERT INTO fencepost_pages (domain_id, host, url, curation_status) "
                            "SELECT id, host, 'http://' || host || '/contact', 'Selected' FROM fencepost_domains")
        eventually(lambda: len(tricks.holds()) == HELD, f"{HELD} pages are asked for")
        count = lambda word: crew.database.rows("SELECT count(*) AS n FROM fencepost_pages "
                                                f"WHERE processing_status = '{word}'")[0]["n"]
        check((count("Processing"), count("Queued")) == (HELD, len(hosts) - HELD),
              f"{count('Processing')} are Processing, {count('Queued')} are Queued")
        tricks.gate(True)
        crew.settled()
        check(count("Completed") == len(hosts) and not tricks.twice, f"{count('Completed')} are Completed")


class Secure(http.server.ThreadingHTTPServer):
    """A site with a certificate that nobody has signed."""

    def __init__(self, path):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(path / "site.key"),
             "-out", str(path / "site.pem")], check=True, capture_output=True)
        self.asked = []
        super().__init__(("127.0.0.1", 0), functools.partial(self.Answer, self.asked))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path / "site.pem", path / "site.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Answer(http.server.BaseHTTPRequestHandler):
        def __init__(self, asked, *more):
            self.asked = asked
            super().__init__(*more)

        def do_GET(self):  # pylint: disable=invalid-name
            self.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>info@localhost.example")

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    def handle_error(self, *_):  # pylint: disable=arguments-differ
        pass  # a client that refused the certificate


def tls_verification_is_not_off(kind):
    with on(kind) as (url, path, stack):
        site = Secure(path)
        stack.callback(site.server_close)
        stack.callback(site.shutdown)
        page = f"https://localhost:{site.server_address[1]}/contact"
        # Who trusts the certificate is served: what follows is about nothing else.
        trusting = ssl.create_default_context(cafile=path / "site.pem")
        with urllib.request.urlopen(page, context=trusting, timeout=60) as answer:
            check(b"info@" in answer.read(), "the site works")
        server = Server(BINARY, url, path, "server", "--curate", "--curate-page-curation",
                        "interval=100ms delay=0 retries=1 backoff=100ms")
        stack.callback(server.close)
        database = Database(url)
        database.write("INSERT INTO fencepost_domains (host) VALUES ('localhost'); INSERT INTO fencepost_pages "
                       f"(domain_id, host, url, curation_status) SELECT id, host, '{page}', 'Selected' FROM fencepost_domains")
        row = lambda: database.rows("SELECT processing_status, last_error FROM fencepost_pages")[0]
        eventually(lambda: row()["processing_status"] not in ("Queued", "Processing"), "the page is over")
        check(row()["processing_status"] == "Error" and "certificate" in row()["last_error"], f"the page: {row()}")
        check(site.asked == ["/contact"], f"nothing is asked of who cannot show who he is: {site.asked}")
        check(not database.rows("SELECT id FROM fencepost_contacts"), "there is no contact")


def main():
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [(f"{test.__name__.replace('_', ' ')}, on {kind}", functools.partial(test, kind))
             for test in (a_whole_batch_is_not_processing_while_its_first_items_run, tls_verification_is_not_off)
             for kind in ("sqlite", "postgres")]
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
