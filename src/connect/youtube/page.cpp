// Pages of YouTube. Where the canonical link leads says what a page is of; the player's own data says whether
// it is live now. That a page speaks of a broadcast at all ("liveBroadcastDetails") says nothing: ended ones
// do too.

#include <libxml/HTMLparser.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/youtube/parse.hpp"

namespace fencepost::connect::youtube {

namespace {

struct Head {
  std::string canonical;
  std::string title;
};

std::string attribute(const xmlChar** attributes, std::string_view name) {
  for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2)
    if (reinterpret_cast<const char*>(attributes[0]) == name)
      return attributes[1] == nullptr ? "" : reinterpret_cast<const char*>(attributes[1]);
  return "";
}

void on_element(void* context, const xmlChar* tag, const xmlChar** attributes) {
  auto& head = *static_cast<Head*>(context);
  const std::string_view name = reinterpret_cast<const char*>(tag);
  if (name == "link" && attribute(attributes, "rel") == "canonical" && head.canonical.empty())
    head.canonical = attribute(attributes, "href");
  if (name == "meta" && attribute(attributes, "property") == "og:title" && head.title.empty())
    head.title = attribute(attributes, "content");
}

// By events, without a tree: links and titles are all that is wanted of a megabyte.
Head head_of(const std::string& html) {
  static const bool kReady = (xmlInitParser(), true);
  FENCEPOST_ASSERT(kReady);
  Head head;
  htmlSAXHandler events{};
  events.startElement = on_element;
  const std::unique_ptr<htmlParserCtxt, decltype(&htmlFreeParserCtxt)> parser(
      htmlCreatePushParserCtxt(&events, &head, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8),
      htmlFreeParserCtxt);
  if (!parser) return head;
  htmlCtxtUseOptions(parser.get(), HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
  htmlParseChunk(parser.get(), html.data(), static_cast<int>(html.size()), 1);
  return head;
}

// The player's {"isLiveNow": …, "startTimestamp": …, "endTimestamp": …}, which has no objects inside.
nlohmann::json broadcast_of(const std::string& html) {
  const auto at = html.find("\"liveBroadcastDetails\"");
  if (at == std::string::npos) return nullptr;
  const auto begin = html.find('{', at), end = html.find('}', at);
  if (begin == std::string::npos || end == std::string::npos || end < begin || begin - at > 30)
    return nullptr;
  return nlohmann::json::parse(html.substr(begin, end - begin + 1), nullptr, /*allow_exceptions=*/false);
}

std::optional<base::Micros> time_in(const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_string()) return std::nullopt;
  try {
    return base::parse_utc(at->get<std::string>());
  } catch (const base::UserError&) {
    return std::nullopt;
  }
}

void read_broadcast(const nlohmann::json& details, Video& video) {
  if (details.is_null()) return;  // a plain video
  video.stage = Stage::unclear;
  if (!details.is_object()) return;
  const auto now = details.find("isLiveNow");
  const auto start = time_in(details, "startTimestamp");
  video.ended_at = time_in(details, "endTimestamp");
  const bool live = now != details.end() && now->is_boolean() && now->get<bool>();
  if (video.ended_at) {
    video.stage = Stage::ended;
    video.live_at = start;
  } else if (live) {
    video.stage = Stage::live;
    video.live_at = start;
  } else if (now != details.end() && start) {
    video.stage = Stage::upcoming;
    video.scheduled_at = start;
  }
}

}  // namespace

Page parse_page(const std::string& html) {
  const auto head = head_of(html);
  const std::string watch = "/watch?v=";
  if (const auto at = head.canonical.find(watch); at != std::string::npos) {
    Video video;
    video.id = head.canonical.substr(at + watch.size());
    video.id = video.id.substr(0, video.id.find('&'));
    video.title = shown_text(head.title);
    if (!is_video(video.id)) return {Trouble{Trouble::Kind::malformed, "the page names no video"}, {}};
    read_broadcast(broadcast_of(html), video);
    return {{}, std::move(video)};
  }
  const bool consent = head.canonical.find("consent.") != std::string::npos ||
                       (head.canonical.empty() && html.find("consent.youtube.com") != std::string::npos);
  if (consent) return {Trouble{Trouble::Kind::blocked, "YouTube shows a consent page"}, {}};
  if (head.canonical.empty())
    return {Trouble{Trouble::Kind::malformed, "the page does not say what it is"}, {}};
  return {};
}

}  // namespace fencepost::connect::youtube
