"""Whether an answer is what the OpenAPI document of its server says. Needs python3-jsonschema."""

import json
import re

import jsonschema

PREFIX = "/api/v1/"
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")

FORMATS = jsonschema.FormatChecker(())
FORMATS.checks("date-time")(lambda text: not isinstance(text, str) or DATE_TIME.fullmatch(text) is not None)
FORMATS.checks("uri")(lambda text: not isinstance(text, str) or re.match(r"[a-z][a-z0-9+.-]*:", text) is not None)


class Violation(AssertionError):
    pass


class Contract:
    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver.from_schema(document)
        # What names a segment wins over what has a parameter there, as in the server's router.
        self.paths = sorted(document["paths"], key=lambda path: [part.startswith("{") for part in path.split("/")])

    def template(self, path):
        for template in self.paths:
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
                return template
        return None

    def check(self, method, target, status, headers, body):
        """Raises Violation. `body`: bytes. What has no path in the document is not a part of the API."""
        path = target.split("?")[0]
        template = self.template(path)
        if template is None or method == "HEAD":
            return
        where = f"{method} {template} → {status}"
        operation = self.document["paths"][template].get(method.lower())
        if operation is None:
            if status != 405:
                raise Violation(f"{where}: the document has no such method")
            return
        response = operation["responses"].get(str(status))
        if response is None:
            raise Violation(f"{where}: the document has no such status; it answered {body[:300]!r}")
        if "$ref" in response:
            response = self.resolver.resolve(response["$ref"])[1]
        content = response.get("content", {})
        headers = {name.lower(): value for name, value in headers.items()}
        kind = headers.get("content-type", "").split(";")[0]
        if not content:
            if body:
                raise Violation(f"{where}: the document says nothing of a body, and there is one: {body[:300]!r}")
            return
        if kind not in content and kind.split("/")[0] + "/*" in content:
            kind = kind.split("/")[0] + "/*"  # a range (OpenAPI 3.1, Response Object)
        if kind not in content:
            raise Violation(f"{where}: {kind} is not one of {list(content)}")
        for name, header in response.get("headers", {}).items():
            if name.lower() not in headers:
                raise Violation(f"{where}: the header {name} is missing ({header.get('description')})")
        schema = content[kind].get("schema")
        if schema is None:
            return
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=FORMATS)
        errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                  for error in validator.iter_errors(json.loads(body))]
        if errors:
            raise Violation(f"{where}: {errors[:5]} in {body[:500]!r}")


def check_document(document):
    """The document's own form: what OpenAPI 3.1 demands of the parts that ours has, and that schemas are schemas."""
    if not re.fullmatch(r"3\.1\.\d+", document["openapi"]):
        raise Violation("not OpenAPI 3.1")
    ids = set()
    for template, item in document["paths"].items():
        if not template.startswith("/"):
            raise Violation(f"{template} does not begin with '/'")
        for method, operation in item.items():
            where = f"{method} {template}"
            if operation["operationId"] in ids:
                raise Violation(f"{where}: its operationId is not unique")
            ids.add(operation["operationId"])
            named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            if named != set(re.findall(r"{(\w+)}", template)):
                raise Violation(f"{where}: its path parameters are {named}")
            for one in operation.get("parameters", []):
                if one["in"] not in ("path", "query", "header", "cookie") or (one["in"] == "path" and not one["required"]):
                    raise Violation(f"{where}: {one}")
            if not any(status.startswith(("2", "3")) for status in operation["responses"]):
                raise Violation(f"{where}: no answer of success")
            for need in operation.get("security", []):
                for name in need:
                    if name not in document["components"]["securitySchemes"]:
                        raise Violation(f"{where}: security {name} is not described")
    resolver = jsonschema.RefResolver.from_schema(document)

    def walk(part, where):
        if isinstance(part, list):
            for number, inner in enumerate(part):
                walk(inner, f"{where}/{number}")
        if not isinstance(part, dict):
            return
        if isinstance(part.get("$ref"), str):
            resolver.resolve(part["$ref"])
        for key, inner in part.items():
            if key in ("schema", "x-data-schema") and isinstance(inner, dict):
                jsonschema.Draft202012Validator.check_schema(inner)
                check_examples(inner, f"{where}/{key}")
            walk(inner, f"{where}/{key}")

    def check_examples(schema, where):
        validator = jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=FORMATS)
        for example in schema.get("examples", []):
            for error in validator.iter_errors(example):
                raise Violation(f"{where}: its own example does not fit: {error.message}")
        for name, inner in schema.get("properties", {}).items():
            check_examples(inner, f"{where}/{name}")

    walk(document, "")
