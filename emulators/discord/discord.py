#!/usr/bin/env python3
"""A Discord channel's webhook: messages, with files and without.

usage: discord.py [--port N] [--webhook ID/TOKEN]

Sources: https://discord.com/developers/docs/resources/webhook (execute, get with token), /topics/rate-limits,
/topics/opcodes-and-status-codes (codes), /reference#uploading-files. What takes effect is "message". POST /_set:
"rate_left" (messages that are left in the window; null: any number), "retry_after" (seconds, with decimals).
"""

import email.parser
import email.policy
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from emulator import Answer, Emulator, main, route  # noqa: E402

LENGTH = 2000
FILES = 10
UPLOAD_BYTES = 10 << 20


def error(status, code, message, **more):
    return Answer(status, {"message": message, "code": code, **more})


def invalid(field, code, message):
    return error(400, 50035, "Invalid Form Body", errors={field: {"_errors": [{"code": code, "message": message}]}})


def parts_of(request):
    """{name: (file name or None, bytes)} of a multipart body."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    return {part.get_param("name", header="content-disposition"): (part.get_filename(), part.get_payload(decode=True))
            for part in message.iter_parts()}


class Discord(Emulator):
    settings = ("rate_left", "retry_after")

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--webhook", default="1180000000000000001/token-of-the-webhook_1", metavar="ID/TOKEN")

    def __init__(self, webhook="1180000000000000001/token-of-the-webhook_1"):
        super().__init__()
        self.id, _, self.token = webhook.partition("/")
        self.channel, self.guild = "1180000000000000002", "1180000000000000003"
        self.rate_left, self.retry_after = None, 0.65
        self.messages = 0

    def _check(self, number, token):
        if number != self.id:
            raise error(404, 10015, "Unknown Webhook")
        if token != self.token:
            raise error(401, 50027, "Invalid Webhook Token")

    def _rate(self):
        """The headers that say what is left; raises a 429 where it is nothing."""
        left = 5 if self.rate_left is None else max(self.rate_left - 1, 0)
        headers = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": str(left),
                   "X-RateLimit-Reset-After": str(self.retry_after), "X-RateLimit-Bucket": "abcd1234"}
        if self.rate_left is not None:
            if self.rate_left <= 0:
                raise Answer(429, {"message": "You are being rate limited.", "retry_after": self.retry_after,
                                   "global": False}, {**headers, "Retry-After": "1"})
            self.rate_left = left
        return headers

    @route("GET", r"/api(?:/v\d+)?/webhooks/(?P<number>\d+)/(?P<token>[^/]+)")
    def get(self, request, number, token):
        self._check(number, token)
        return Answer(200, {"id": self.id, "type": 1, "guild_id": self.guild, "channel_id": self.channel,
                            "name": "Captain Hook", "avatar": None, "application_id": None, "token": self.token})

    @route("POST", r"/api(?:/v\d+)?/webhooks/(?P<number>\d+)/(?P<token>[^/]+)")
    def execute(self, request, number, token):
        with self.lock:
            self._check(number, token)
            headers = self._rate()
            files = {}
            if request.headers.get("Content-Type", "").startswith("multipart/form-data"):
                parts = parts_of(request)
                body = json.loads(parts.pop("payload_json")[1])
                files = {name: part for name, part in parts.items() if name.startswith("files[")}
            else:
                body = request.json()
            content = body.get("content", "")
            if not content and not files:
                return error(400, 50006, "Cannot send an empty message")
            if len(content) > LENGTH:
                return invalid("content", "BASE_TYPE_MAX_LENGTH", f"Must be {LENGTH} or fewer in length.")
            if len(files) > FILES:
                return error(400, 30015, "Maximum number of attachments in a message reached (10)")
            if sum(len(data) for _, data in files.values()) > UPLOAD_BYTES:
                return error(413, 40005, "Request entity too large")
            for described in body.get("attachments", []):
                if f"files[{described['id']}]" not in files:
                    return invalid("attachments", "ATTACHMENT_NOT_FOUND", "Unknown attachment")
            self.messages += 1
            made = str(1190000000000000000 + self.messages)
            described = {one["id"]: one.get("description", "") for one in body.get("attachments", [])}
            self.accept("message", id=made, text=content, thread=request.query.get("thread_id"),
                        pings=body.get("allowed_mentions", {}).get("parse", ["everyone"]),
                        files=[{"name": part[0], "bytes": len(part[1]), "alt": described.get(int(name[6:-1]), "")}
                               for name, part in files.items()])
            if request.query.get("wait", "").lower() != "true":
                return Answer(204, None, headers)
            return Answer(200, {"id": made, "type": 0, "content": content, "channel_id": self.channel,
                                "webhook_id": self.id, "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00",
                                                                                  time.gmtime())}, headers)


if __name__ == "__main__":
    main(Discord, __doc__)
