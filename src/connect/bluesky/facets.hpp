#pragma once
// What is more than plain text in a Bluesky post: links, hashtags and mentions, which a post says by the
// bytes they stand at (https://docs.bsky.app/docs/advanced-guides/post-richtext).

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connect/limits.hpp"
#include "connect/text.hpp"

namespace fencepost::connect::bluesky {

struct Facet {
  enum class Kind { link, tag, mention };
  Kind kind = Kind::link;
  Span at;            // bytes of UTF-8
  std::string value;  // the URL, with its scheme; the tag without #; the handle without @, in lower case
};

// From left to right, none over another. A mention needs a handle, a domain with a dot; whether it is
// somebody's only the network knows. Pure.
std::vector<Facet> facets_in(std::string_view text, const PlatformLimits& limits);

// As app.bsky.richtext.facet. `did`: of a mention; not looked at otherwise.
nlohmann::ordered_json json_of(const Facet& facet, const std::string& did);

}  // namespace fencepost::connect::bluesky
