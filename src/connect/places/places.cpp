#include "connect/places/places.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/address_guard.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect {

namespace {
using nlohmann::json;
using Kind = PlaceAnswer::Kind;

constexpr const char* kFields =
    "id,displayName,formattedAddress,websiteUri,internationalPhoneNumber,nationalPhoneNumber,businessStatus,"
    "types";
constexpr const char* kLegacyFields =
    "place_id,name,formatted_address,website,international_phone_number,formatted_phone_number,"
    "business_status,types";
constexpr base::Duration kLongestWait = std::chrono::hours(24);

std::string percent_encoded(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

std::string text_at(const json& object, const char* name) {
  const auto at = object.find(name);
  auto text = at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
  std::erase(text, '\0');  // which PostgreSQL keeps in no text
  return text;
}

std::string first_of(std::string one, std::string other) { return one.empty() ? other : one; }

PlaceAnswer failed(const Failure& failure) {
  if (failure.sent == Sent::maybe) return {Kind::lost, {}, failure.reason, {}};
  return {Kind::not_sent, {}, failure.reason, {}};
}

PlaceAnswer answer_of(Kind kind, std::string error) { return {kind, {}, std::move(error), {}}; }

// What the status in the body of the API before says; it answers 200 to nearly everything.
PlaceAnswer legacy_answer(const json& body) {
  const auto status = text_at(body, "status");
  if (status == "OK") return {Kind::found, body.dump(), {}, {}};
  if (status == "NOT_FOUND" || status == "ZERO_RESULTS")
    return answer_of(Kind::not_found, "the provider knows no such place");
  if (status == "INVALID_REQUEST")
    return answer_of(Kind::not_found, "the provider takes this for no place id");
  if (status == "REQUEST_DENIED") return answer_of(Kind::denied, "the provider refuses the key");
  if (status == "OVER_QUERY_LIMIT")
    return answer_of(Kind::temporary, "the provider wants fewer requests (OVER_QUERY_LIMIT)");
  return answer_of(Kind::temporary, "the provider answered with an error");
}

PlaceAnswer current_answer(int status, const json& body) {
  switch (status) {
    case 400:
      return answer_of(Kind::not_found, "the provider takes this for no place id");
    case 401:
    case 403:
      return answer_of(Kind::denied, "the provider refuses the key");
    case 404:
      return answer_of(Kind::not_found, "the provider knows no such place");
    default:
      break;
  }
  if (status != 200) return answer_of(Kind::temporary, "the provider answered " + std::to_string(status));
  if (!body.is_object()) return answer_of(Kind::temporary, "the provider's answer could not be read");
  return {Kind::found, body.dump(), {}, {}};
}
}  // namespace

Places::Places(HttpClient& http, PlacesOptions options) : http_(http), options_(std::move(options)) {
  if (options_.base_url.empty())
    options_.base_url =
        options_.api == PlacesApi::current ? "https://places.googleapis.com" : "https://maps.googleapis.com";
  if (const auto problem = url_problem(options_.base_url, http_.addresses()))
    throw base::UserError("invalid_places_url", *problem);
}

PlaceAnswer Places::details(const std::string& place_id, base::BootTime deadline, std::stop_token stop) {
  HttpRequest request;
  request.deadline = deadline;
  // Never `repeatable`: libcurl asks such a question twice on a stale connection, and each is paid for.
  if (options_.api == PlacesApi::current) {
    request.url = options_.base_url + "/v1/places/" + percent_encoded(place_id);
    request.headers = {{"X-Goog-Api-Key", options_.key.reveal()}, {"X-Goog-FieldMask", kFields}};
  } else {
    request.url = options_.base_url + "/maps/api/place/details/json?place_id=" + percent_encoded(place_id) +
                  "&fields=" + kLegacyFields + "&key=" + percent_encoded(options_.key.reveal());
  }
  const auto result = http_.call(request, std::move(stop));
  if (result.failure) return failed(*result.failure);
  const auto body = json::parse(result.body, nullptr, /*allow_exceptions=*/false);
  auto answer = options_.api == PlacesApi::legacy && result.status == 200 && body.is_object()
                    ? legacy_answer(body)
                    : current_answer(result.status, body);
  if (const auto wait = result.header("Retry-After"))
    answer.retry_after = parse_retry_after(*wait, http_.clock().wall(), kLongestWait);
  return answer;
}

std::optional<PlaceDetails> read_place(const std::string& body) {
  const auto answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) return std::nullopt;
  PlaceDetails found;
  if (const auto legacy = answer.find("result"); legacy != answer.end() && legacy->is_object()) {
    found = {
        text_at(*legacy, "name"), text_at(*legacy, "website"),
        first_of(text_at(*legacy, "international_phone_number"), text_at(*legacy, "formatted_phone_number")),
        text_at(*legacy, "formatted_address")};
  } else {
    const auto name = answer.find("displayName");
    found = {name != answer.end() && name->is_object() ? text_at(*name, "text") : std::string(),
             text_at(answer, "websiteUri"),
             first_of(text_at(answer, "internationalPhoneNumber"), text_at(answer, "nationalPhoneNumber")),
             text_at(answer, "formattedAddress")};
  }
  if (found.name.empty()) return std::nullopt;
  return found;
}

}  // namespace fencepost::connect
