#include "apps/notify/digest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "accounts/text.hpp"

namespace fencepost::notify {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestText = 500;

// Whatever the names of queues are, a letter goes out.
std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string words_of(const Group& group) {
  const auto n = std::to_string(group.count);
  const auto of = [&](const char* one, const char* many) {
    return n + " " + (group.count == 1 ? one : many);
  };
  const std::string in = group.queue.empty() ? "" : " in " + group.queue;
  if (group.kind == "item_failed") return of("item failed", "items failed") + in;
  if (group.kind == "item_unknown") return of("item is unknown", "items are unknown") + in;
  if (group.kind == "credentials_expiring")
    return of("connection expires soon", "connections expire soon") + in;
  if (group.kind == "credentials_refused")
    return of("connection was refused", "connections were refused") + in;
  if (group.kind == "quota_low") return of("quota is nearly used up", "quotas are nearly used up") + in;
  return of("notice", "notices") + " of " + group.kind + in;
}

const char* advice_of(const std::string& kind) {
  if (kind == "item_failed") return "Nothing more is tried. Look at them, then retry or leave them.";
  if (kind == "item_unknown") return "They may have gone out. Look at the platform, then resolve them.";
  if (kind == "credentials_expiring" || kind == "credentials_refused") return "Connect again.";
  return "";
}

Json json_of(const Group& group) {
  Json first = Json::array();
  for (const auto& one : group.first)
    first.push_back({{"item", one.item}, {"at", base::format_utc(one.at)}, {"detail", one.detail}});
  return {{"kind", group.kind}, {"queue", group.queue}, {"count", group.count}, {"first", std::move(first)}};
}

}  // namespace

Digest Digest::parse(const std::string& text) try {
  Digest digest;
  const auto json = Json::parse(text);
  for (const auto& one : json.at("groups")) {
    Group group{one.at("kind"), one.at("queue"), one.at("count"), {}};
    for (const auto& told : one.at("first"))
      group.first.push_back({told.at("item"), told.at("detail"), told.at("at")});
    digest.groups_.push_back(std::move(group));
  }
  return digest;
} catch (const Json::exception&) {
  return {};
}

std::string Digest::text() const {
  Json groups = Json::array();
  for (const auto& group : groups_) {
    Json first = Json::array();
    for (const auto& one : group.first)
      first.push_back({{"item", one.item}, {"detail", one.detail}, {"at", one.at}});
    groups.push_back(
        {{"kind", group.kind}, {"queue", group.queue}, {"count", group.count}, {"first", std::move(first)}});
  }
  return dumped({{"groups", std::move(groups)}});
}

void Digest::add(const std::string& kind, const std::string& queue, Told told) {
  const auto find = [&](const std::string& of) {
    return std::find_if(groups_.begin(), groups_.end(),
                        [&](const Group& g) { return g.kind == kind && g.queue == of; });
  };
  auto at = find(queue);
  if (at == groups_.end() && groups_.size() >= kGroups) at = find("");
  if (at == groups_.end()) at = groups_.insert(at, {kind, groups_.size() >= kGroups ? "" : queue, 0, {}});
  ++at->count;
  if (at->first.size() >= kExamples) return;
  // A foreign program may have written anything into the row that this is about.
  told.item = accounts::printable(told.item, kLongestText);
  told.detail = accounts::printable(told.detail, kLongestText);
  at->first.push_back(std::move(told));
}

std::int64_t Digest::count() const {
  std::int64_t sum = 0;
  for (const auto& group : groups_) sum += group.count;
  return sum;
}

std::string headline(const Digest& digest) {
  std::string out;
  for (const auto& group : digest.groups()) {
    if (out.size() > 120) return out + ", and more";
    out += (out.empty() ? "" : ", ") + words_of(group);
  }
  return out;
}

std::string letter(const Digest& digest) {
  std::string out;
  for (const auto& group : digest.groups()) {
    out += words_of(group) + "\n";
    for (const auto& one : group.first)
      out += "  " + base::format_utc(one.at) + "  " + one.item +
             (one.detail.empty() ? "" : ": " + one.detail) + "\n";
    if (const auto more = group.count - static_cast<std::int64_t>(group.first.size()); more > 0)
      out += "  and " + std::to_string(more) + " more\n";
    if (const std::string advice = advice_of(group.kind); !advice.empty()) out += advice + "\n";
    out += "\n";
  }
  return out;
}

std::string webhook_body(const std::string& id, base::Micros created_at, const std::string& kind,
                         const Digest& digest) {
  Json groups = Json::array();
  for (const auto& group : digest.groups()) groups.push_back(json_of(group));
  return dumped({{"type", kind == "test" ? "test" : "notification"},
                 {"id", id},
                 {"created_at", base::format_utc(created_at)},
                 {"text", kind == "test" ? "This is a test: notifications arrive here." : headline(digest)},
                 {"count", digest.count()},
                 {"groups", std::move(groups)}});
}

}  // namespace fencepost::notify
