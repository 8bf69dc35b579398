#!/usr/bin/env python3
"""Language models: OpenAI's chat completions (as many servers speak them) and Anthropic's messages.

    POST /v1/chat/completions   Authorization: Bearer KEY          -> choices[0].message.content
    POST /v1/messages           x-api-key: KEY, anthropic-version  -> content[].text; max_tokens is a must

`says` is what they write; {facts} in it stands for what the user's message was. An answer counts in /_accepted as
"text" (it is paid for). `spent`: the money is used up, and each says so in its own way (429 insufficient_quota;
400 "credit balance is too low"). `cut`: the answer ends at max_tokens. `overloaded`: 529 of Anthropic's, 503 of
OpenAI's; `limited`: 429 with Retry-After, in seconds. Sources: platform.openai.com/docs/guides/error-codes,
docs.anthropic.com/en/api/errors.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from emulator import Answer, Emulator, main, route  # pylint: disable=wrong-import-position


class Model(Emulator):
    settings = ("key", "says", "spent", "cut", "overloaded", "limited")

    def __init__(self):
        super().__init__()
        self.key = "sk-demo"
        self.says = "We are on the air!"
        self.spent = self.cut = self.overloaded = False
        self.limited = 0

    @route("POST", "/v1/chat/completions")
    def chat(self, request):
        def error(status, kind, code, message, **headers):
            return Answer(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers)
        if request.bearer() != self.key:
            return error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
        if self.spent:
            return error(429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota.")
        if self.limited:
            return error(429, "requests", "rate_limit_exceeded", "Rate limit reached.", **{"Retry-After": str(self.limited)})
        if self.overloaded:
            return error(503, "server_error", None, "The server is overloaded.")
        body = request.json()
        roles = [message.get("role") for message in body.get("messages", [])]
        if not body.get("model") or roles != ["system", "user"]:
            return error(400, "invalid_request_error", None, "You must provide a model and messages.")
        text = self._write(body, body["messages"][-1]["content"])
        return Answer(200, {"id": "chatcmpl-1", "object": "chat.completion", "model": body["model"], "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "length" if self.cut else "stop"}]})

    @route("POST", "/v1/messages")
    def messages(self, request):
        def error(status, kind, message, **headers):
            return Answer(status, {"type": "error", "error": {"type": kind, "message": message}}, headers)
        if request.headers.get("x-api-key") != self.key:
            return error(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") != "2023-06-01":
            return error(400, "invalid_request_error", "anthropic-version: header is required")
        if self.spent:
            return error(400, "invalid_request_error", "Your credit balance is too low to access the API.")
        if self.limited:
            return error(429, "rate_limit_error", "Number of requests has exceeded your rate limit.", **{"Retry-After": str(self.limited)})
        if self.overloaded:
            return error(529, "overloaded_error", "Overloaded")
        body = request.json()
        roles = [message.get("role") for message in body.get("messages", [])]
        if not body.get("model") or not isinstance(body.get("max_tokens"), int) or roles != ["user"]:
            return error(400, "invalid_request_error", "max_tokens: Field required")
        text = self._write(body, body["messages"][-1]["content"])
        half = len(text) // 2  # in two blocks, as it may come
        return Answer(200, {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [
            {"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}],
            "stop_reason": "max_tokens" if self.cut else "end_turn"})

    def _write(self, body, facts):
        self.accept("text", model=body["model"], max_tokens=body.get("max_tokens"))
        return self.says.replace("{facts}", facts)


if __name__ == "__main__":
    main(Model, __doc__)
