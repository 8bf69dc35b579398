#!/usr/bin/env python3
"""python3 emulators/webhook/receiver_test.py"""

import http.client
import json
import threading
import time
import unittest

from receiver import Receiver, decode_secret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the specification's example


class ReceiverTest(unittest.TestCase):
    def setUp(self):
        self.key = decode_secret(SECRET)
        self.receiver = Receiver(0, self.key)
        self.thread = threading.Thread(target=self.receiver.serve_forever, args=(0.01,))
        self.thread.start()

    def tearDown(self):
        self.receiver.state.end()
        self.receiver.shutdown()
        self.thread.join()
        self.receiver.server_close()

    def call(self, method, path, body=b"", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.receiver.server_port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers
        finally:
            connection.close()

    def hook(self, key="k", path="/hook", age=0, signature=None):
        body, at = b'{"text":"live"}', str(int(time.time()) - age)
        signature = signature or "v1,AAAA " + sign(self.key, key, at, body)
        return self.call("POST", path, body,
                         {"webhook-id": key, "webhook-timestamp": at, "webhook-signature": signature})

    def fault(self, mode, **more):
        self.assertEqual(self.call("POST", "/fault", json.dumps({"mode": mode, **more}))[0], 200)

    def counts(self):
        return self.call("GET", "/count")[1]

    def test_signature_matches_the_specifications_example(self):
        self.assertEqual(sign(self.key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'),
                         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")

    def test_bad_secrets(self):
        for text in ("", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_" + "A" * 31, "whsec_" + "A" * 88,
                     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa$w"):
            with self.assertRaises(ValueError):
                decode_secret(text)

    def test_counts_arrivals_by_key(self):
        self.assertEqual(self.hook("a")[1], {"id": "arrival-1"})
        self.hook("a")
        self.hook("b")
        self.assertEqual(self.counts(), {"total": 3, "by_key": {"a": 2, "b": 1}, "refused": 0})
        self.assertEqual([one["key"] for one in self.call("GET", "/arrivals")[1]], ["a", "a", "b"])
        self.assertEqual(json.loads(self.call("GET", "/arrivals")[1][0]["body"]), {"text": "live"})

    def test_refuses_wrong_and_old_signatures(self):
        self.assertEqual(self.hook(signature="v1,AAAA")[0], 401)
        self.assertEqual(self.hook(age=3600)[0], 401)
        self.assertEqual(self.call("POST", "/hook", b"{}")[0], 401)
        self.assertEqual(self.counts(), {"total": 0, "by_key": {}, "refused": 3})

    def test_answers_that_fail(self):
        self.fault("500")
        self.assertEqual(self.hook()[0], 500)
        self.fault("429", seconds=7)
        status, _, headers = self.hook()
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        self.assertEqual(self.hook()[0], 200)
        self.assertEqual(self.hook(path="/hook?fault=500")[0], 500)
        self.assertEqual(self.counts(), {"total": 3, "by_key": {"k": 3}, "refused": 1})

    def test_connections_that_break(self):
        for mode, counted in (("accept_then_cut", 2), ("garbage", 2), ("close_before_read", 0)):
            before = self.counts()["total"]
            self.fault(mode, times=2)
            for _ in range(2):
                with self.assertRaises((http.client.HTTPException, OSError), msg=mode):
                    self.hook()
            self.assertEqual(self.counts()["total"], before + counted, mode)
        self.assertEqual(self.hook()[0], 200)

    def test_slow_counts_before_it_answers(self):
        self.fault("slow", seconds=3600)
        done = []
        caller = threading.Thread(target=lambda: done.append(self.hook()[0]))
        caller.start()
        while self.counts()["total"] == 0:
            self.assertTrue(caller.is_alive())
        self.assertEqual(done, [])
        self.fault("none")
        caller.join()
        self.assertEqual(done, [200])

    def test_none_ends_a_fault_and_nonsense_is_refused(self):
        self.fault("500", times=9)
        self.fault("none")
        self.assertEqual(self.hook()[0], 200)
        for body in (b"", b"[]", b'{"mode":"x"}', b'{"mode":"500","times":"many"}'):
            self.assertEqual(self.call("POST", "/fault", body)[0], 400)


if __name__ == "__main__":
    unittest.main()
