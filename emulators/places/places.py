#!/usr/bin/env python3
"""Google Place Details, the new API and the one before it: emulators/places/places.py [--port N]

Sources (2026-11): developers.google.com/maps/documentation/places/web-service/place-details and
.../legacy/details. A field mask is needed, and only its fields are answered; the key is checked; a place that is
not known is 404 NOT_FOUND, in the API before 200 with status NOT_FOUND.

    POST /_set {"places": {PLACE_ID: {"name", "website", "phone", "address"}}, "keys": ["k"], "quota": 100}

A place whose id begins with "made-" exists without having been set: "made-7" has the website
https://w7.example.com. `_accepted` has one entry for every call that is charged. Beyond `quota` calls: 429, or
OVER_QUERY_LIMIT.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from emulator import Answer, Emulator, main, route  # noqa: E402


def error(code, status, message):
    return Answer(code, {"error": {"code": code, "status": status, "message": message}})


class Places(Emulator):
    settings = ("places", "keys", "quota")

    def __init__(self):
        super().__init__()
        self.places, self.keys, self.quota = {}, [], None

    def find(self, place_id):
        with self.lock:
            if place_id in self.places:
                return self.places[place_id]
        made = re.fullmatch(r"made-(\d+)", place_id)
        if made:
            number = made.group(1)
            return {"name": f"Shop {number}", "website": f"https://w{number}.example.com",
                    "phone": f"+49 30 555 {number}", "address": f"{number} High Street"}
        return None

    def over(self):
        return self.quota is not None and len(self.accepted()) >= self.quota

    def refuses(self, key):
        return bool(self.keys) and key not in self.keys

    @route("GET", r"/v1/places/(?P<place_id>[^/]+)")
    def details(self, request, place_id):
        mask = request.headers.get("X-Goog-FieldMask", "")
        if self.refuses(request.headers.get("X-Goog-Api-Key", "")):
            return error(403, "PERMISSION_DENIED", "the key is not valid")
        if not mask:
            return error(400, "INVALID_ARGUMENT", "FieldMask is a required parameter")
        if self.over():
            return error(429, "RESOURCE_EXHAUSTED", "quota exceeded")
        self.accept("details", place=place_id)
        place = self.find(place_id)
        if place is None:
            return error(404, "NOT_FOUND", "the place was not found")
        full = {"id": place_id, "displayName": {"text": place.get("name", ""), "languageCode": "en"},
                "formattedAddress": place.get("address"), "websiteUri": place.get("website"),
                "internationalPhoneNumber": place.get("phone"), "businessStatus": "OPERATIONAL", "types": ["store"]}
        wanted = {field.strip() for field in mask.split(",")}
        return Answer(200, {name: value for name, value in full.items()
                            if value is not None and (name in wanted or "*" in wanted)})

    @route("GET", r"/maps/api/place/details/json")
    def legacy(self, request):
        if self.refuses(request.query.get("key", "")):
            return Answer(200, {"status": "REQUEST_DENIED", "error_message": "the key is not valid"})
        place_id = request.query.get("place_id", "")
        if not place_id:
            return Answer(200, {"status": "INVALID_REQUEST"})
        if self.over():
            return Answer(200, {"status": "OVER_QUERY_LIMIT"})
        self.accept("details", place=place_id)
        place = self.find(place_id)
        if place is None:
            return Answer(200, {"status": "NOT_FOUND"})
        full = {"place_id": place_id, "name": place.get("name"), "website": place.get("website"),
                "international_phone_number": place.get("phone"), "formatted_address": place.get("address")}
        wanted = set(request.query.get("fields", "").split(","))
        return Answer(200, {"status": "OK", "html_attributions": [],
                            "result": {name: value for name, value in full.items()
                                       if value is not None and (name in wanted or wanted == {""})}})


if __name__ == "__main__":
    main(Places, __doc__)
