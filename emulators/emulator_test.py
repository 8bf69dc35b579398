#!/usr/bin/env python3
"""python3 emulators/emulator_test.py: what all emulated platforms have of emulator.py."""

import http.client
import json
import unittest

from emulator import Answer, Emulator, route
from testing import EmulatorTest


class Echo(Emulator):
    settings = ("greeting",)

    def __init__(self):
        super().__init__()
        self.greeting = "hello"

    @route("POST", r"/echo/(?P<name>\w+)")
    def echo(self, request, name):
        text = request.json().get("text", "")
        self.accept("echo", name=name, text=text)
        return Answer(201, {"said": f"{self.greeting} {name}", "text": text}, {"X-Name": name})

    @route("GET", r"/page")
    def page(self, request):
        if request.query.get("secret") and not request.bearer():
            raise Answer(401, {"error": "who?"})
        return Answer(200, "<p>page</p>")

    @route("POST", r"/form")
    def form(self, request):
        return Answer(200, request.form())

    @route("GET", r"/nothing")
    def nothing(self, request):
        return Answer(204)


class BaseTest(EmulatorTest):
    kind = Echo

    def fault(self, mode, **more):
        status, answer, _ = self.call("POST", "/_fault", {"mode": mode, **more})
        self.assertEqual(status, 200, answer)

    def took(self):
        return self.call("GET", "/_accepted")[1]

    def echo(self, name="bob"):
        return self.call("POST", f"/echo/{name}", {"text": "ü"})

    def test_routes(self):
        status, body, headers = self.echo()
        self.assertEqual((status, body, headers["X-Name"]), (201, {"said": "hello bob", "text": "ü"}, "bob"))
        self.assertEqual(self.call("GET", "/page")[1], b"<p>page</p>")
        self.assertEqual(self.call("GET", "/page?secret=1", token="")[0], 401)
        self.assertEqual(self.call("GET", "/page?secret=1", token="x")[0], 200)
        self.assertEqual(self.call("POST", "/form", b"a=1&b=%C3%BC&a=2")[1], {"a": "2", "b": "ü"})
        self.assertEqual(self.call("GET", "/nothing")[:2], (204, b""))
        self.assertEqual(self.call("GET", "/echo/bob")[0], 405)
        self.assertEqual(self.call("GET", "/elsewhere")[0], 404)
        self.assertEqual(self.call("POST", "/echo/bob", b"not JSON")[0], 400)
        self.assertEqual(self.call("PUT", "/page")[0], 405)

    def test_remembers_what_was_asked_and_what_took_effect(self):
        self.echo("bob")
        self.call("GET", "/page?a=1")
        took = self.took()
        self.assertEqual([(one["what"], one["name"], one["text"]) for one in took], [("echo", "bob", "ü")])
        asked = self.call("GET", "/_log")[1]
        self.assertEqual([(one["method"], one["path"], one["query"], one["status"]) for one in asked],
                         [("POST", "/echo/bob", {}, 201), ("GET", "/page", {"a": "1"}, 200)])
        self.assertEqual(json.loads(asked[0]["body"]), {"text": "ü"})
        self.call("POST", "/_reset", b"")
        self.assertEqual((self.took(), self.call("GET", "/_log")[1]), ([], []))

    def test_settings(self):
        self.assertEqual(self.call("POST", "/_set", {"greeting": "bye"})[0], 200)
        self.assertEqual(self.echo()[1]["said"], "bye bob")
        self.assertEqual(self.call("POST", "/_set", {"lock": 1})[0], 400)
        self.assertEqual(self.call("POST", "/_fault", {"mode": "nonsense"})[0], 400)

    def test_faults_behind_the_effect(self):
        for mode in ("accept_then_cut", "garbage"):
            self.fault(mode)
            with self.assertRaises((http.client.HTTPException, ConnectionError), msg=mode):
                self.echo(mode)
        self.fault("status_after")
        self.assertEqual(self.echo("status_after")[0], 500)
        self.fault("slow", seconds=0.01)
        self.assertEqual(self.echo("slow")[0], 201)
        self.fault("malformed")
        with self.assertRaises(ValueError):
            self.echo("malformed")
        self.assertEqual([one["name"] for one in self.took()],
                         ["accept_then_cut", "garbage", "status_after", "slow", "malformed"])

    def test_faults_before_the_effect(self):
        for mode in ("cut_before", "close_before_read"):
            self.fault(mode)
            with self.assertRaises((http.client.HTTPException, ConnectionError), msg=mode):
                self.echo(mode)
        self.fault("status", status=429, body={"wait": 1}, headers={"Retry-After": "7"})
        status, body, headers = self.echo()
        self.assertEqual((status, body, headers["Retry-After"]), (429, {"wait": 1}, "7"))
        self.assertEqual(self.took(), [])
        self.fault("slow_before", seconds=0.01)
        self.assertEqual(self.echo()[0], 201)

    def test_a_fault_meets_so_many_requests_of_its_path_and_method(self):
        self.fault("status", times=2, path="/echo/.*", method="POST")
        self.assertEqual(self.call("GET", "/page")[0], 200)
        self.assertEqual([self.echo()[0] for _ in range(3)], [503, 503, 201])
        self.fault("status", times=9)
        self.fault("none")
        self.assertEqual(self.echo()[0], 201)

    def test_requests_about_the_emulator_meet_no_fault(self):
        self.fault("close_before_read", times=9)
        self.assertEqual(self.took(), [])

    def test_chunked_bodies_and_bad_lengths(self):
        status, body, _ = self.call("POST", "/echo/bob", iter([b'{"te', b'xt": "x"}']))
        self.assertEqual((status, body["text"]), (201, "x"))
        self.assertEqual(self.call("POST", "/echo/bob", headers={"Content-Length": "x"})[0], 413)


if __name__ == "__main__":
    unittest.main()
