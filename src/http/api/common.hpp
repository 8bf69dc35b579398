#pragma once
// What the nouns of the API share. Inside api/ only.

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/api/api.hpp"
#include "http/api/cursor.hpp"

namespace fencepost::http {

// Each adds its routes.
void add_announcements(std::vector<Route>& routes, Services& services);
void add_announcement_acts(std::vector<Route>& routes, Services& services);
void add_announcement_images(std::vector<Route>& routes, Services& services);
void add_texts(std::vector<Route>& routes, Services& services);
void add_connections(std::vector<Route>& routes, Services& services);
void add_connection_life(std::vector<Route>& routes, Services& services);
void add_tokens(std::vector<Route>& routes, Services& services);
void add_sessions(std::vector<Route>& routes, Services& services);
void add_me(std::vector<Route>& routes, Services& services);
void add_users(std::vector<Route>& routes, Services& services);
void add_invitations(std::vector<Route>& routes, Services& services);
void add_shows(std::vector<Route>& routes, Services& services);
void add_show_members(std::vector<Route>& routes, Services& services);
void add_episodes(std::vector<Route>& routes, Services& services);
void add_scheduler(std::vector<Route>& routes, Services& services);
void add_subscriptions(std::vector<Route>& routes, Services& services);
void add_queues(std::vector<Route>& routes, Services& services);
void add_queue_items(std::vector<Route>& routes, Services& services);
void add_live(std::vector<Route>& routes, Services& services);
void add_files(std::vector<Route>& routes, Services& services);
void add_videos(std::vector<Route>& routes, Services& services);
void add_templates(std::vector<Route>& routes, Services& services);
void add_curate(std::vector<Route>& routes, Services& services);
void add_channels(std::vector<Route>& routes, Services& services);
void add_uploads(std::vector<Route>& routes, Services& services);
void add_upload_acts(std::vector<Route>& routes, Services& services);
void add_quota_projects(std::vector<Route>& routes, Services& services);
void add_events(std::vector<Route>& routes, Services& services);
void add_history(std::vector<Route>& routes, Services& services);
void add_system(std::vector<Route>& routes, Services& services);
void add_pages(std::vector<Route>& routes);
// The page of the whole table: call it last.
void add_docs(std::vector<Route>& routes, const std::string& version);

// -- Idempotency-Key (idempotent.cpp): a request that is repeated with its key gets the first one's answer.
// Only what took effect (2xx) is kept: what was refused changed nothing, and is judged anew.
using Make = std::function<Response(store::Connection&)>;
using Keep = std::function<void(store::Connection&, const Response&)>;
using Act = std::function<Response()>;
// What makes something and the keeping of its answer are one transaction: either both happened or neither.
// Either `make` runs in a transaction that is begun here, or it has its own and calls `keep` last in it,
// once, or answers why nothing was made.
Response make_once(Services& services, const Request& request, const Make& make);
Response make_keeping(Services& services, const Request& request,
                      const std::function<std::optional<Response>(const Keep&)>& make);
// For what has transactions of its own. Where the process dies after the act and before its answer is kept, a
// repetition acts again: only for what the protocol makes harmless to repeat (rules 7 and 8).
Response act_once(Services& services, const Request& request, const Act& act);
Field idempotency_key();

// Who that is, or nobody (guard.cpp).
std::optional<Principal> known(Services& services, const Credential& credential);
// What somebody is to a thing; see http/access.hpp.
Relation relation_to(Services& services, const Principal& who, Thing thing, const std::string& key);
Limiter shared_limiter(accounts::RateLimits& limits);
// Whose things a list shows: nullopt, everybody's; else a person's.
std::optional<std::int64_t> whose(const Request& request);
// The person who asks; throws UserError("no_person") for a token of the instance itself.
std::int64_t person_of(const Request& request);

// Generous: a script may work through a long list, and a page may poll.
constexpr RateLimit kReads{6000, std::chrono::seconds(60)};
constexpr RateLimit kWrites{1200, std::chrono::seconds(60)};
// What makes or tries credentials, and what nobody does often.
constexpr RateLimit kSeldom{60, std::chrono::seconds(60)};

// The {id} (or another parameter) of the path; throws UserError("not_found") for what is no number of ours.
std::int64_t id_of(const Request& request, const char* param = "id");
// The same of any text; nullopt: it is none.
std::optional<std::int64_t> positive(const std::string& text);
// The actor of what this request does, as the history shows it.
const std::string& actor_of(const Request& request);
// ?limit= (1–200, default 50) and ?wait= (seconds up to 30); ?cursor=: cursor.hpp.
int limit_of(const Request& request);
base::Duration wait_of(const Request& request, base::Duration otherwise);
std::vector<Field> paging();
Field wait_field(const std::string& what);

// RFC 3339, or null.
nlohmann::json time_or_null(const std::optional<base::Micros>& at);
nlohmann::json text_or_null(const std::optional<std::string>& text);
nlohmann::json number_or_null(const std::optional<std::int64_t>& number);
// A member of a checked body, where it is given and not null.
std::optional<std::string> text_member(const Request& request, const char* name);
std::optional<std::string> text_member(const nlohmann::json& body, const char* name);
// Removed in the body by null: an empty text.
std::optional<std::string> clearable_member(const Request& request, const char* name);
std::optional<base::Micros> time_member(const Request& request, const char* name);
std::optional<std::int64_t> number_member(const Request& request, const char* name);
std::optional<std::int64_t> number_member(const nlohmann::json& body, const char* name);
std::optional<bool> flag_member(const Request& request, const char* name);
std::optional<std::vector<std::string>> texts_member(const Request& request, const char* name);

// Members that an answer always has.
Field id_field();
Field whole_field(const char* name, const char* description = "", const char* example = "1");
// From 0.
Field count_field(const char* name, const char* description);
Field time_field(const char* name, const char* description = "");
// The same, or null.
Field nullable(Field field);

// {"items": [...], "next": cursor or null}, described.
std::vector<Field> page_fields(std::vector<Field> item);

// The queue of the path's {name}; null: there is none.
const store::Fence* queue_of(const Services& services, const Request& request);

// A page of what was loaded with one row more than limit_of(): `json` makes an item of a row, `id` gives a
// row's place in the list.
template <typename T, typename Json, typename Id = std::int64_t T::*>
Response page_of(const Request& request, std::vector<T> loaded, const Json& json, Id id = &T::id) {
  const auto limit = static_cast<std::size_t>(limit_of(request));
  std::optional<std::int64_t> next;
  if (loaded.size() > limit) {
    loaded.resize(limit);
    next = std::invoke(id, loaded.back());
  }
  auto items = std::decay_t<std::invoke_result_t<Json, const T&>>::array();
  for (const auto& row : loaded) items.push_back(json(row));
  return page_response(std::move(items), next);
}

Response no_content();
Response not_found(const Request& request, const std::string& what);

}  // namespace fencepost::http
