#!/usr/bin/env python3
"""python3 emulators/model/model_test.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import testing  # pylint: disable=wrong-import-position
from model import Model  # pylint: disable=wrong-import-position

USER = {"role": "user", "content": "Pilot"}


class ModelTest(testing.EmulatorTest):
    kind = Model

    def chat(self, key="sk-demo", **more):
        body = {"model": "small", "messages": [{"role": "system", "content": "Write."}, USER], **more}
        return self.call("POST", "/v1/chat/completions", body, token=key)

    def messages(self, key="sk-demo", version="2023-06-01", **more):
        body = {"model": "small", "max_tokens": 9, "system": "Write.", "messages": [USER], **more}
        return self.call("POST", "/v1/messages", body, headers={"x-api-key": key, "anthropic-version": version})

    def test_both_write(self):
        self.emulator.says = "On air: {facts}"
        status, answer, _ = self.chat()
        self.assertEqual((status, answer["choices"][0]["message"]["content"]), (200, "On air: Pilot"))
        status, answer, _ = self.messages()
        self.assertEqual((status, "".join(block["text"] for block in answer["content"])), (200, "On air: Pilot"))
        self.assertEqual(len(self.accepted("text")), 2)

    def test_refuse_what_the_real_ones_refuse(self):
        self.assertEqual(self.chat(key="sk-other")[0], 401)
        self.assertEqual(self.chat(messages=[])[0], 400)
        self.assertEqual(self.messages(key="sk-other")[0], 401)
        self.assertEqual(self.messages(version="")[0], 400)
        self.assertEqual(self.messages(max_tokens=None)[0], 400)
        self.assertEqual(self.accepted("text"), [])

    def test_temporary_and_not(self):
        self.emulator.limited = 7
        for status, _, headers in (self.chat(), self.messages()):
            self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        self.emulator.limited, self.emulator.overloaded = 0, True
        self.assertEqual((self.chat()[0], self.messages()[0]), (503, 529))
        self.emulator.spent = True
        self.assertEqual(self.chat()[1]["error"]["code"], "insufficient_quota")
        self.assertEqual(self.messages()[0], 400)

    def test_cut(self):
        self.emulator.cut = True
        self.assertEqual(self.chat()[1]["choices"][0]["finish_reason"], "length")
        self.assertEqual(self.messages()[1]["stop_reason"], "max_tokens")


if __name__ == "__main__":
    unittest.main()
