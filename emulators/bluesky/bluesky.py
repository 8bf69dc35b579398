#!/usr/bin/env python3
"""A PDS of Bluesky as far as a publisher sees it: sessions, records under chosen keys, blobs, handles.

usage: bluesky.py [--port N] [--account HANDLE:PASSWORD ...]

Statuses, names of errors and messages are those of npm @atproto/pds 0.4.217; tests/pds/compare_test.py asks both
the same questions. What takes effect is "post" (a new record; not a repeated identical put), "delete" and "blob".
POST /_set: "access_lasts" and "refresh_lasts" (seconds), "rate_left" (writes that are left; null: any number).
"""

import base64
import hashlib
import json
import pathlib
import re
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from emulator import Answer, Emulator, main, route  # noqa: E402

POST = "app.bsky.feed.post"
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
BLOB_LIMIT = 1_000_000  # app.bsky.embed.images, looked at when a record names the blob
RATE_WINDOW = 3600


def error(status, name, message):
    return Answer(status, {"error": name, "message": message})


def bad(message, name="InvalidRequest"):
    return error(400, name, message)


def token(kind, did, lasts):
    """In a JWT's form, so that clients can read when it ends; signed by nobody."""
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    claims = {"scope": kind, "sub": did, "exp": int(time.time() + lasts), "jti": secrets.token_hex(8)}
    return ".".join([part({"alg": "none"}), part(claims), secrets.token_urlsafe(16)])


def cid_of(value):
    """A name by content, in the form of a CID; not the real one, which needs DAG-CBOR."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode() if not isinstance(value, bytes) else value).digest()
    kind = b"\x01\x55\x12\x20" if isinstance(value, bytes) else b"\x01\x71\x12\x20"
    return "b" + base64.b32encode(kind + digest).decode().lower().rstrip("=")


def graphemes(text):
    """Near enough for tests: combining marks, joiners, modifiers and flags' second halves join the one before."""
    import unicodedata
    count, joined, flags = 0, False, 0
    for char in text:
        flag = "\U0001F1E6" <= char <= "\U0001F1FF"
        flags = flags + 1 if flag else 0
        extends = (unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me") or char == "\u200d"
                   or "\U0001F3FB" <= char <= "\U0001F3FF" or (flag and flags % 2 == 0))
        count += not (extends or joined)
        joined = char == "\u200d"
    return count


class Bluesky(Emulator):
    settings = ("access_lasts", "refresh_lasts", "rate_left")

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--account", action="append", default=None, metavar="HANDLE:PASSWORD",
                            help="an account and its app password; default alice.test:app-pass-word")

    def __init__(self, account=None):
        super().__init__()
        self.access_lasts, self.refresh_lasts, self.rate_left = 7200, 90 * 86400, None
        self.accounts = {}  # DID → {"handle", "password"}
        for text in account or ["alice.test:app-pass-word"]:
            handle, _, password = text.partition(":")
            name = base64.b32encode(hashlib.sha256(handle.encode()).digest()).decode().lower()[:24]
            self.accounts["did:plc:" + name] = {"handle": handle, "password": password}
        self.tokens = {}   # token → {"kind", "did", "ends", "next", "revoked"}
        self.records = {}  # (did, collection, rkey) → record
        self.blobs = {}    # (did, cid) → {"mimeType", "size"}
        self.commits = 0

    # -- sessions (com.atproto.server)

    def _did_of(self, identifier):
        for did, account in self.accounts.items():
            if identifier.lower().lstrip("@") in (did, account["handle"]):
                return did
        return None

    def _session(self, did):
        made = {}
        for kind, lasts in (("access", self.access_lasts), ("refresh", self.refresh_lasts)):
            made[kind] = token("com.atproto." + kind, did, lasts)
            self.tokens[made[kind]] = {"kind": kind, "did": did, "ends": time.time() + lasts, "next": None,
                                       "revoked": False}
        return {"accessJwt": made["access"], "refreshJwt": made["refresh"], **self._about(did)}

    def _about(self, did):
        return {"did": did, "handle": self.accounts[did]["handle"], "email": "someone@example.com",
                "emailConfirmed": False, "active": True}

    def _who(self, request, kind="access"):
        """The account of a request's token; raises what the real one answers without a good one."""
        header = request.headers.get("Authorization")
        if not header:
            raise error(401, "AuthMissing", "Authentication Required")
        text = request.bearer()
        if not text:
            raise bad("Unexpected authorization type", "InvalidToken")
        known = self.tokens.get(text)
        if not known:
            raise bad("Token could not be verified", "InvalidToken")
        if known["revoked"]:
            raise bad("Token has been revoked", "ExpiredToken")
        if known["ends"] <= time.time():
            raise bad("Token has expired", "ExpiredToken")
        if known["kind"] != kind:
            raise bad("Invalid token type" if kind == "refresh" else "Bad token scope", "InvalidToken")
        return known["did"]

    @route("POST", r"/xrpc/com\.atproto\.server\.createSession")
    def create_session(self, request):
        body = request.json()
        for name in ("identifier", "password"):
            if name not in body:
                return bad(f'Input must have the property "{name}"')
        with self.lock:
            did = self._did_of(body["identifier"])
            if not did or self.accounts[did]["password"] != body["password"]:
                return error(401, "AuthenticationRequired", "Invalid identifier or password")
            self.accept("session", did=did)
            return Answer(200, self._session(did))

    @route("POST", r"/xrpc/com\.atproto\.server\.refreshSession")
    def refresh_session(self, request):
        with self.lock:
            did = self._who(request, "refresh")
            known = self.tokens[request.bearer()]
            # The real one gives the same successor again within its grace of two hours.
            if known["next"] is None:
                known["next"] = self._session(did)
                self.accept("refresh", did=did)
            return Answer(200, known["next"])

    @route("POST", r"/xrpc/com\.atproto\.server\.deleteSession")
    def delete_session(self, request):
        with self.lock:
            self._who(request, "refresh")
            self.tokens[request.bearer()]["revoked"] = True  # its access token lives on until it ends
            return Answer(200)

    @route("GET", r"/xrpc/com\.atproto\.server\.getSession")
    def get_session(self, request):
        with self.lock:
            return Answer(200, self._about(self._who(request)))

    @route("GET", r"/xrpc/com\.atproto\.identity\.resolveHandle")
    def resolve_handle(self, request):
        did = self._did_of(request.query.get("handle", ""))
        return Answer(200, {"did": did}) if did else bad("Unable to resolve handle")

    # -- records (com.atproto.repo)

    def _rate(self):
        """The headers that say what is left; raises a 429 where it is nothing."""
        if self.rate_left is None:
            return {}
        reset = (int(time.time()) // RATE_WINDOW + 1) * RATE_WINDOW
        left = max(self.rate_left - 1, 0)
        headers = {"RateLimit-Limit": "5000", "RateLimit-Remaining": str(left), "RateLimit-Reset": str(reset),
                   "RateLimit-Policy": f"5000;w={RATE_WINDOW}"}
        if self.rate_left <= 0:
            raise Answer(429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, headers)
        self.rate_left = left
        return headers

    def _refuse_record(self, did, record):
        """What the lexicon of a post forbids."""
        wrong = lambda what: bad(f"Invalid {POST} record: {what}")
        if not isinstance(record, dict) or record.get("$type") != POST:
            return wrong("the record's $type")
        text = record.get("text")
        if not isinstance(text, str) or not isinstance(record.get("createdAt"), str):
            return wrong("text and createdAt are needed")
        if len(text.encode()) > 3000:
            return wrong(f"string too big (maximum 3000, got {len(text.encode())}) at $.text")
        if graphemes(text) > 300:
            return wrong(f"grapheme too big (maximum 300, got {graphemes(text)}) at $.text")
        for facet in record.get("facets", []):
            index = facet["index"]
            if not 0 <= index["byteStart"] < index["byteEnd"] <= len(text.encode()):
                return wrong("a facet's index")
        for image in record.get("embed", {}).get("images", []):
            blob = image["image"]
            known = self.blobs.get((did, blob["ref"]["$link"]))
            if not known:
                return bad(f"Could not find blob: {blob['ref']['$link']}", "BlobNotFound")
            if blob["size"] > BLOB_LIMIT:
                return wrong(f"blob too big (maximum {BLOB_LIMIT}, got {blob['size']}) at $.embed.images[0].image")
        return None

    @route("POST", r"/xrpc/com\.atproto\.repo\.putRecord")
    def put_record(self, request):
        with self.lock:
            did = self._who(request)
            headers = self._rate()
            body = request.json()
            for name in ("repo", "collection", "rkey", "record"):
                if name not in body:
                    return bad(f'Input must have the property "{name}"')
            owner = self._did_of(body["repo"])
            if not owner:
                return error(403, "AccountNotFound", "Could not find account: " + body["repo"])
            if owner != did:
                return error(401, "AuthenticationRequired", "Authentication Required")
            if body["collection"] == POST and not TID.fullmatch(body["rkey"]):
                return bad(f"Invalid {POST} record: the key is no TID")
            refused = self._refuse_record(did, body["record"])
            if refused:
                return refused
            key = (did, body["collection"], body["rkey"])
            uri = f"at://{did}/{body['collection']}/{body['rkey']}"
            current = self.records.get(key)
            answer = {"uri": uri, "cid": cid_of(body["record"]), "validationStatus": "valid"}
            if current == body["record"]:
                return Answer(200, answer, headers)  # without a commit: nothing has changed
            if "swapRecord" in body and body["swapRecord"] != (cid_of(current) if current else None):
                was = cid_of(current) if current else "null"
                return bad(f"Record was at {was}", "InvalidSwap")
            self.records[key] = body["record"]
            self.commits += 1
            self.accept("post", did=did, uri=uri, text=body["record"]["text"], record=body["record"],
                        resurrected=any(one["what"] == "delete" and one["uri"] == uri for one in self.accepted()))
            return Answer(200, {**answer, "commit": {"cid": cid_of(self.commits), "rev": str(self.commits)}}, headers)

    @route("GET", r"/xrpc/com\.atproto\.repo\.getRecord")
    def get_record(self, request):
        query = request.query
        for name in ("repo", "collection", "rkey"):
            if name not in query:
                return bad(f'Params must have the property "{name}"')
        with self.lock:
            did = self._did_of(query["repo"])
            if not did:
                return bad("Could not locate record")
            key = (did, query["collection"], query["rkey"])
            uri = f"at://{did}/{query['collection']}/{query['rkey']}"
            if key not in self.records:
                return bad(f"Could not locate record: {uri}", "RecordNotFound")
            return Answer(200, {"uri": uri, "cid": cid_of(self.records[key]), "value": self.records[key]})

    @route("GET", r"/xrpc/com\.atproto\.repo\.listRecords")
    def list_records(self, request):
        with self.lock:
            did = self._did_of(request.query.get("repo", ""))
            if not did:
                return bad("Could not find repo: " + request.query.get("repo", ""))
            collection = request.query.get("collection", "")
            found = [{"uri": f"at://{did}/{collection}/{rkey}", "cid": cid_of(record), "value": record}
                     for (owner, kind, rkey), record in sorted(self.records.items(), reverse=True)
                     if (owner, kind) == (did, collection)]
            return Answer(200, {"records": found})

    @route("POST", r"/xrpc/com\.atproto\.repo\.deleteRecord")
    def delete_record(self, request):
        with self.lock:
            did = self._who(request)
            body = request.json()
            gone = self.records.pop((did, body["collection"], body["rkey"]), None)
            if gone is None:
                return Answer(200, {})
            self.accept("delete", did=did, uri=f"at://{did}/{body['collection']}/{body['rkey']}")
            self.commits += 1
            return Answer(200, {"commit": {"cid": cid_of(self.commits), "rev": str(self.commits)}})

    @route("POST", r"/xrpc/com\.atproto\.repo\.uploadBlob")
    def upload_blob(self, request):
        with self.lock:
            did = self._who(request)
            if not request.headers.get("Content-Type"):
                return bad("Request encoding (Content-Type) required but not provided")
            cid = cid_of(request.body)
            blob = {"mimeType": request.headers["Content-Type"], "size": len(request.body)}
            self.blobs[did, cid] = blob
            self.accept("blob", did=did, cid=cid)
            return Answer(200, {"blob": {"$type": "blob", "ref": {"$link": cid}, **blob}})


if __name__ == "__main__":
    main(Bluesky, __doc__)
