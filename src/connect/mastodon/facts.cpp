#include "connect/mastodon/facts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/exchange.hpp"

namespace fencepost::connect::mastodon {

namespace {

using nlohmann::json;

constexpr std::int64_t kMost = std::int64_t{1} << 40;  // beyond it no server means what it says

std::int64_t number_or(const json& object, const char* name, std::int64_t otherwise) {
  const auto& found = member(object, name);
  if (!found.is_number_integer()) return otherwise;
  const auto number = found.get<std::int64_t>();
  return number > 0 && number < kMost ? number : otherwise;
}

bool is_visibility(const std::string& word) {
  return word == "public" || word == "unlisted" || word == "private" || word == "direct";
}

}  // namespace

Facts facts_of(const Account& account, const PlatformLimits& limits) {
  const auto json = json::parse(account.facts, nullptr, /*allow_exceptions=*/false);
  Facts facts;
  facts.text = limits.text_rules();
  facts.text.limit =
      static_cast<int>(std::min<std::int64_t>(number_or(json, "length", facts.text.limit), 1'000'000));
  facts.text.url_length =
      static_cast<int>(std::min<std::int64_t>(number_or(json, "url_length", *facts.text.url_length), 10'000));
  auto& images = facts.images = image_rules("this server", limits);
  images.images = number_or(json, "images", images.images);
  images.bytes = number_or(json, "image_bytes", images.bytes);
  images.alt_length = number_or(json, "alt_length", images.alt_length);
  if (const auto& types = member(json, "types"); types.is_array() && !types.empty()) {
    images.types.clear();
    for (const auto& type : types)
      if (type.is_string()) images.types.push_back(type.get<std::string>());
  }
  facts.visibility = text_at(json, "visibility");
  if (!is_visibility(facts.visibility)) facts.visibility.clear();
  return facts;
}

std::string facts_in(const json& instance, const json& account) {
  const auto& configuration = member(instance, "configuration");
  const auto& statuses = member(configuration, "statuses");
  const auto& media = member(configuration, "media_attachments");
  auto facts = json::object();
  const auto keep = [&](const char* as, const json& object, const char* name) {
    if (const auto number = number_or(object, name, 0)) facts[as] = number;
  };
  keep("length", statuses, "max_characters");
  keep("url_length", statuses, "characters_reserved_per_url");
  keep("images", statuses, "max_media_attachments");
  keep("image_bytes", media, "image_size_limit");
  keep("alt_length", media, "description_limit");
  if (const auto& types = member(media, "supported_mime_types"); types.is_array())
    for (const auto& type : types)
      if (type.is_string() && type.get<std::string>().starts_with("image/")) facts["types"].push_back(type);
  const auto visibility = text_at(member(account, "source"), "privacy");
  if (is_visibility(visibility)) facts["visibility"] = visibility;
  return facts.dump();
}

}  // namespace fencepost::connect::mastodon
