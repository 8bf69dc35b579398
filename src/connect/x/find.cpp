#include "connect/x/find.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/random.hpp"
#include "connect/oauth/encode.hpp"

namespace fencepost::connect::x {

namespace {

// Pages of 100 posts; nobody posts more between a key and the look for it.
constexpr int kPages = 5;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) return;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

Look cannot_tell(const std::string& why) { return {Presence::cannot_tell, "", "", why}; }

// Whole seconds, as X wants them (RFC 3339).
std::string since(const std::string& key) {
  const auto at = base::time_of(key) - kClockSkew.count();
  return base::format_utc(at - at % 1'000'000).substr(0, 19) + "Z";
}

std::string path_of(const std::string& user, const nlohmann::json& post, const std::string& key,
                    const Api& api) {
  return "/2/users/" + oauth::percent(user) +
         "/tweets?max_results=" + std::to_string(api.limits().number("listed-posts")) +
         "&start_time=" + oauth::percent(since(key)) + "&tweet.fields=created_at%2Centities&exclude=" +
         (member(post, "reply").is_null() ? "replies%2Cretweets" : "retweets");
}

}  // namespace

std::string written(const nlohmann::json& listed) {
  const auto& given = member(listed, "text");
  auto text = given.is_string() ? given.get<std::string>() : "";
  const auto& urls = member(member(listed, "entities"), "urls");
  if (urls.is_array())
    for (const auto& url : urls) {
      // The link that X adds for a picture has no counterpart in what was written.
      const bool picture = !member(url, "media_key").is_null();
      replace_all(text, text_at(url, "url"), picture ? "" : text_at(url, "expanded_url"));
    }
  for (const auto& [from, to] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}})
    replace_all(text, from, to);
  return text;
}

Look find(const Api& api, const std::string& user, const nlohmann::json& post, const std::string& key,
          const Call& call) {
  const auto wanted = comparable(member(post, "text").get<std::string>());
  if (wanted.empty()) return cannot_tell("a picture without a text cannot be told from another");
  if (base::time_of(key) == 0) return cannot_tell("it is not known since when X would have it");
  const auto path = path_of(user, post, key, api);
  std::string next;
  Look found = {Presence::absent, "", "", "X lists no such post since " + since(key)};
  for (int page = 0; page < kPages; ++page) {
    const auto result =
        api.get(next.empty() ? path : path + "&pagination_token=" + oauth::percent(next), call);
    const auto body = json_of(result);
    if (result.status != 200 || !body.is_object())
      return cannot_tell(result.status == 200
                             ? "X's list of posts could not be read"
                             : "X could not be asked: " + api.refusal(result, call.credentials).error);
    const auto& data = member(body, "data");  // left out where there is none
    if (data.is_array())
      for (const auto& listed : data)
        // Newest first: the last that fits is the first that was made.
        if (comparable(written(listed)) == wanted)
          found = {Presence::present, text_at(listed, "id"), "", "X lists it"};
    next = text_at(member(body, "meta"), "next_token");
    if (next.empty()) return found;
  }
  return found.presence == Presence::present ? found : cannot_tell("the account has posted too much since");
}

}  // namespace fencepost::connect::x
