#pragma once
// What a Mastodon server allows: Account::facts of its connections, JSON:
//
//   {"length", "url_length", "images", "image_bytes", "alt_length", "types": [media types], "visibility"}
//
// A member that is missing, or makes no sense, is Mastodon's own. Pure.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connect/connector.hpp"
#include "connect/images.hpp"
#include "connect/limits.hpp"

namespace fencepost::connect::mastodon {

struct Facts {
  TextRules text;
  ImageRules images;
  std::string visibility;  // empty: the server knows
};

Facts facts_of(const Account& account, const PlatformLimits& limits);
// From the answers of /api/v2/instance (or v1, which has the same part) and of verify_credentials.
std::string facts_in(const nlohmann::json& instance, const nlohmann::json& account);

}  // namespace fencepost::connect::mastodon
