#!/usr/bin/env python3
"""Notifications end to end: a real server, a real receiver, a real mail server, on both databases.

usage: notify_test.py PATH/TO/fencepost
"""

import contextlib
import functools
import re
import sys

from harness import Receiver, Server, check, eventually, folder, postgres_database, run_all, show_logs
from mail_server import PASSWORD, USER, MailServer
from people_test import BINARY, fencepost, first_code, first_owner

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
ROUTE = "/api/v1/notifications/subscriptions"


@contextlib.contextmanager
def scene(kind):
    """A database, a place for announcements that are cut, one for notifications, and a mail server."""
    with folder() as path, contextlib.ExitStack() as stack:
        database = f"sqlite:{path}/fencepost.db" if kind == "sqlite" else stack.enter_context(postgres_database())
        posts, told = Receiver(SECRET), Receiver(OTHER)
        mail = MailServer(path)
        servers = []

        def serve(*more):
            servers.append(Server(BINARY, database, path, f"server{len(servers)}", "--notify-window", "1s", *more))
            return servers[-1]

        try:
            yield serve, posts, told, mail, path
        except BaseException:
            show_logs(path)
            raise
        finally:
            for server in servers:
                server.close()
            for one in (posts, told, mail):
                one.close()


def lose(server, posts):
    """Announces, and cuts the connection after it took effect: nobody knows."""
    made = server.expect(201, "POST", "/api/v1/connections",
                         {"name": f"c{posts.arrivals()['total']}", "platform": "webhook", "url": posts.url, "secret": SECRET})
    posts.fault("accept_then_cut")
    made = server.expect(201, "POST", "/api/v1/announcements", {"connection_id": made["id"], "text": "On air"})
    path = f"/api/v1/announcements/{made['id']}"
    eventually(lambda: server.expect(200, "GET", path)["status"] == "unknown", "the announcement is unknown")


def webhooks(kind):
    """Told once; again with the same id after a kill between sending and saving; not at all once deleted."""
    with scene(kind) as (serve, posts, told, _mail, path):
        server = serve()
        (path / "secret").write_text(OTHER + "\n")
        made = fencepost(server, "notify", "create", "--name", "ops", "--webhook", told.url, "--secret-file", str(path / "secret"),
                         "--kind", "item_unknown,item_failed", "--json")
        check("secret" not in made and OTHER not in fencepost(server, "notify", "list"), "the secret is not told")
        lose(server, posts)
        eventually(lambda: told.arrivals()["total"] == 1, "somebody was told")
        check(told.arrivals()["refused"] == 0, "signed well")
        deliveries = lambda: server.expect(200, "GET", f"{ROUTE}/{made['id']}/deliveries")["items"]
        eventually(lambda: deliveries()[0]["status"] == "delivered", "it is known to have arrived")

        # Sent, counted, and never saved: the process is killed while the receiver keeps it waiting.
        told.fault("slow", seconds=120)
        lose(server, posts)
        eventually(lambda: told.arrivals()["total"] == 2, "the second was sent")
        server.kill()
        server = serve()
        counts = eventually(lambda: (lambda c: c["total"] == 3 and c)(told.arrivals()), "it was sent again")
        check(sorted(counts["by_key"].values()) == [1, 2], f"with the same id: {counts}")
        eventually(lambda: deliveries()[0]["status"] == "delivered", "it is known to have arrived")

        check("queued" in fencepost(server, "notify", "test", str(made["id"])), "a test is queued")
        eventually(lambda: told.arrivals()["total"] == 4, "a test arrives")
        told.fault("429", times=1000, seconds=3600)
        lose(server, posts)
        eventually(lambda: deliveries()[0]["attempts"] == 1, "tried once, and to be tried again")
        check("deleted" in fencepost(server, "notify", "delete", str(made["id"])), "deleted")
        server.expect(404, "GET", f"{ROUTE}/{made['id']}")
        check(fencepost(server, "verify", "--database", "sqlite:" + str(path / "fencepost.db")) if kind == "sqlite" else True, "sound")
        check(server.stop() == 0, "ended well")
        logs = "".join(log.read_text() for log in path.glob("*.log"))
        check(OTHER not in logs and OTHER[6:] not in logs, "no secret is logged")


def mails(kind):
    """To a confirmed address alone; again with the same Message-ID where the server said later."""
    with scene(kind) as (serve, posts, _told, mail, path):
        (path / "password").write_text(PASSWORD + "\n")
        server = serve("--smtp-host", f"127.0.0.1:{mail.port}", "--smtp-user", USER, "--smtp-password-file", str(path / "password"),
                       "--smtp-from", "fencepost@example.com", "--smtp-ca-file", str(mail.certificate))
        ada = first_owner(server, first_code(server))
        answer = server.expect(409, "POST", ROUTE, {"name": "me", "channel": "email", "kinds": ["item_unknown"]})
        check(answer["code"] == "no_person", f"the instance has no address: {answer}")
        mail.refuse = 1
        made = ada.expect(201, server, "POST", ROUTE, {"name": "me", "channel": "email", "kinds": ["item_unknown"]})
        check(made["status"] == "unconfirmed" and "secret" not in made, f"not yet: {made}")
        eventually(lambda: len(mail.mails) == 1, "the code comes, at the second attempt")
        recipients, letter = mail.mails[0]
        check(recipients == ["ada@example.org"] and mail.refused == 1, f"to her alone: {recipients}")
        code = re.search(r"Code: (\S+)", letter.get_content()).group(1)
        one = f"{ROUTE}/{made['id']}"
        check(ada.expect(409, server, "POST", one + "/test")["code"] == "not_confirmed", "not before it is confirmed")
        check(ada.expect(409, server, "POST", one + "/confirm", {"code": "0" * 32})["code"] == "wrong_code", "a guess")
        ada.expect(200, server, "POST", one + "/confirm", {"code": code})
        lose(server, posts)
        eventually(lambda: len(mail.mails) == 2, "she is told")
        recipients, letter = mail.mails[1]
        check(recipients == ["ada@example.org"], f"her: {recipients}")
        check(letter["Subject"] == "Fencepost: 1 item is unknown in announcements", f"subject: {letter['Subject']}")
        check(letter["Date"] and letter["Message-ID"].endswith("@example.com>"), f"headers: {letter.items()}")
        listed = ada.expect(200, server, "GET", one + "/deliveries")["items"]
        check(letter["Message-ID"] == f"<{listed[0]['webhook_id']}@example.com>", "the id is the delivery's")
        logs = "".join(log.read_text() for log in path.glob("*.log"))
        for secret in (code, PASSWORD):
            check(secret not in logs and secret not in str(listed), "no secret is shown")


def settings(_kind):
    """What makes no sense is said before anything starts."""
    with folder() as path:
        (path / "password").write_text("x\n")
        check_config = functools.partial(fencepost, type("None", (), {"url": "http://127.0.0.1:9", "token": "x"}), "config", "check",
                                         "--database", f"sqlite:{path}/fencepost.db")
        said = check_config("--smtp-host", "mail.example.org:587", fails=True)
        check("smtp-from" in said, f"an address is missing: {said}")
        good = ["--smtp-host", "mail.example.org:587", "--smtp-from", "fp@example.org"]
        check_config(*good)
        said = check_config(*good, "--smtp-tls", "none", "--smtp-user", "me", "--smtp-password-file", str(path / "password"), fails=True)
        check("TLS" in said, f"no password in the open: {said}")


def main():
    tests = [(f"{name.__name__} on {kind}", functools.partial(name, kind))
             for kind in ("sqlite", "postgres") for name in (webhooks, mails)]
    tests.append(("settings", functools.partial(settings, None)))
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    return run_all([entry for entry in tests if chosen in entry[0]])


if __name__ == "__main__":
    sys.exit(main())
