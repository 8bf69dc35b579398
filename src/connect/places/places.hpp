#pragma once
// Google Place Details: the new API (GET /v1/places/{id} with a field mask; developers.google.com/maps/
// documentation/places/web-service/place-details, 2026-11) and the one before it
// (/maps/api/place/details/json; …/places/web-service/legacy/details). Every call that is answered costs
// money, and one that was cut may have: whoever calls draws it from a budget first. Nothing is ever sent
// twice by the client itself.

#include <optional>
#include <stop_token>
#include <string>

#include "base/secret.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

enum class PlacesApi { current, legacy };

struct PlacesOptions {
  PlacesApi api = PlacesApi::current;
  std::string base_url = {};  // empty: Google's own
  base::Secret key;
};

// What is known of a place; empty: nothing. UTF-8.
struct PlaceDetails {
  std::string name, website, phone, address;
  bool operator==(const PlaceDetails&) const = default;
};

struct PlaceAnswer {
  enum class Kind {
    found,      // `body` has it
    not_found,  // final: there is no such place, or the id is none
    denied,     // the key is refused: a person has to see to it
    temporary,  // an error that may pass (429, OVER_QUERY_LIMIT, 5xx, not JSON)
    lost,       // cut after the request may have left: nobody knows whether it is charged
    not_sent,   // certain: no byte of the request left
  };
  Kind kind = Kind::temporary;
  std::string body;   // found: valid JSON, fit to be kept; see read_place()
  std::string error;  // not found: one short sentence, safe to show
  std::optional<base::Duration> retry_after;
};

// Thread-safe. The client must outlive it.
class Places {
 public:
  // Throws UserError("invalid_places_url").
  Places(HttpClient& http, PlacesOptions options);
  // Blocks until the answer, a failure, `deadline`, or about 0.1 s after `stop`.
  PlaceAnswer details(const std::string& place_id, base::BootTime deadline, std::stop_token stop = {});
  PlacesApi api() const { return options_.api; }

 private:
  HttpClient& http_;
  PlacesOptions options_;
};

// From `PlaceAnswer::body`, of either API. Pure. nullopt: it names no place.
std::optional<PlaceDetails> read_place(const std::string& body);

}  // namespace fencepost::connect
