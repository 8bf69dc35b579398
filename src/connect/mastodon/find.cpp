// Whether a status went out: what the account has posted since its key was made.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "connect/exchange.hpp"
#include "connect/mastodon/api.hpp"
#include "connect/mastodon/html.hpp"
#include "connect/oauth/encode.hpp"

namespace fencepost::connect::mastodon {

namespace {

using nlohmann::json;

// Nobody posts more pages of 40 between a key and the look for it.
constexpr int kPages = 5;

Look cannot_tell(const std::string& why) { return {Presence::cannot_tell, "", "", why}; }

// nullopt: not a time.
std::optional<base::Micros> time_at(const json& status) try {
  return base::parse_utc(text_at(status, "created_at"));
} catch (const base::UserError&) {
  return std::nullopt;
}

std::string content_of(const json& status) {
  const auto& content = member(status, "content");
  return content.is_string() ? content.get<std::string>() : "";
}

}  // namespace

Look find(const Api& api, const std::string& account, const json& status, const std::string& key,
          std::int64_t page_size) {
  const auto wanted = seen(member(status, "status").get<std::string>());
  const auto answers = text_at(status, "in_reply_to_id");
  if (wanted.empty()) return cannot_tell("an image without a text cannot be told from another");
  if (base::time_of(key) == 0) return cannot_tell("it is not known since when the server would have it");
  const auto since = base::time_of(key) - kClockSkew.count();
  const auto path = "/api/v1/accounts/" + oauth::percent(account) +
                    "/statuses?exclude_reblogs=true&limit=" + std::to_string(page_size);
  Look found{Presence::absent, "", "", "the account shows no such status since " + base::format_utc(since)};
  std::string last;
  for (int page = 0; page < kPages; ++page) {
    const auto result = api.get(last.empty() ? path : path + "&max_id=" + oauth::percent(last));
    const auto listed = json_of(result);
    if (result.status != 200)
      return cannot_tell("the server could not be asked: " + api.refusal(result).error);
    if (!listed.is_array()) return cannot_tell("the server's list of statuses could not be read");
    if (listed.empty()) return found;
    for (const auto& one : listed) {
      const auto at = time_at(one);
      if (!at) return cannot_tell("the server's list of statuses could not be read");
      // Newest first: the last that fits is the first that was made.
      if (*at < since) return found;
      if (seen(plain(content_of(one))) == wanted && text_at(one, "in_reply_to_id") == answers)
        found = {Presence::present, text_at(one, "id"), text_at(one, "url"), "the account shows it"};
    }
    last = text_at(listed.back(), "id");
    if (last.empty()) return cannot_tell("the server's list of statuses could not be read");
  }
  return found.presence == Presence::present ? found : cannot_tell("the account has posted too much since");
}

}  // namespace fencepost::connect::mastodon
