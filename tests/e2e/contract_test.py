#!/usr/bin/env python3
"""The validator of the end-to-end tests sees what it should see."""

import copy
import sys

import contract
from harness import check, run_all

DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/api/v1/things/{id}": {"get": {"operationId": "get", "parameters": [{"name": "id", "in": "path", "required": True}], "responses": {
            "200": {"description": "it", "content": {"application/json": {"schema": {
                "type": "object", "required": ["at"], "additionalProperties": False,
                "properties": {"at": {"type": ["string", "null"], "format": "date-time", "examples": ["2026-11-22T18:00:00Z"]}}}}}},
            "204": {"description": "nothing"},
            "503": {"$ref": "#/components/responses/503"}}}},
        "/api/v1/things/mine": {"post": {"operationId": "mine", "responses": {"204": {"description": "nothing"}}}}},
    "components": {"responses": {"503": {"description": "busy", "headers": {"Retry-After": {}}, "content": {
        "application/problem+json": {"schema": {"type": "object", "required": ["code"]}}}}}, "securitySchemes": {}}}
JSON = {"content-type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json", "Retry-After": "1"}


def violates(action, *arguments):
    try:
        action(*arguments)
    except contract.Violation:
        return True
    return False


def answers():
    one = contract.Contract(DOCUMENT)
    path = "/api/v1/things/7?x=1"
    one.check("GET", path, 200, JSON, b'{"at": "2026-11-22T18:00:00.000001Z"}')
    one.check("GET", path, 200, JSON, b'{"at": null}')
    one.check("GET", path, 204, {}, b"")
    one.check("GET", path, 503, PROBLEM, b'{"code": "busy"}')
    one.check("DELETE", path, 405, PROBLEM, b"{}")
    one.check("GET", "/healthz", 200, JSON, b"[]")
    for method, status, headers, body in [
            ("GET", 200, JSON, b"{}"), ("GET", 200, JSON, b'{"at": 1}'), ("GET", 200, JSON, b'{"at": "soon"}'),
            ("GET", 200, JSON, b'{"at": null, "more": 1}'), ("GET", 200, {"Content-Type": "text/html"}, b'{"at": null}'),
            ("GET", 204, {}, b"x"), ("GET", 202, JSON, b'{"at": null}'), ("GET", 503, PROBLEM, b"{}"),
            ("GET", 503, JSON, b'{"code": "busy"}'), ("GET", 503, {"Content-Type": "application/problem+json"}, b'{"code": "busy"}'),
            ("DELETE", 200, JSON, b"{}")]:
        check(violates(one.check, method, path, status, headers, body), f"{method} {status} {headers} {body}")
    check(one.template("/api/v1/things/mine") == "/api/v1/things/mine", "a name wins over a parameter")


def documents():
    contract.check_document(DOCUMENT)
    for spoil in [lambda d: d.update(openapi="3.0.0"),
                  lambda d: d["paths"]["/api/v1/things/mine"]["post"].update(operationId="get"),
                  lambda d: d["paths"]["/api/v1/things/{id}"]["get"]["parameters"].clear(),
                  lambda d: d["paths"]["/api/v1/things/mine"]["post"]["responses"].pop("204"),
                  lambda d: d["paths"]["/api/v1/things/mine"]["post"].update(security=[{"none": []}]),
                  lambda d: schema(d)["properties"]["at"].update(examples=[1])]:
        spoilt = copy.deepcopy(DOCUMENT)
        spoil(spoilt)
        check(violates(contract.check_document, spoilt), f"{spoilt}")


def schema(document):
    return document["paths"]["/api/v1/things/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


if __name__ == "__main__":
    sys.exit(run_all([("answers", answers), ("documents", documents)]))
