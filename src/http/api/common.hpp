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
void add_connections(std::vector<Route>& routes, Services& services);
void add_tokens(std::vector<Route>& routes, Services& services);
void add_queues(std::vector<Route>& routes, Services& services);
void add_queue_items(std::vector<Route>& routes, Services& services);
void add_events(std::vector<Route>& routes, Services& services);
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
// once.
Response make_once(Services& services, const Request& request, const Make& make);
Response make_keeping(Services& services, const Request& request,
                      const std::function<void(const Keep&)>& make);
// For what has transactions of its own. Where the process dies after the act and before its answer is kept, a
// repetition acts again: only for what the protocol makes harmless to repeat (rules 7 and 8).
Response act_once(Services& services, const Request& request, const Act& act);
Field idempotency_key();

// Whose token that is, or nobody's.
std::optional<Principal> token_owner(Services& services, const base::Secret& token);

// Generous: a script may work through a long list, and a page may poll.
constexpr RateLimit kReads{6000, std::chrono::seconds(60)};
constexpr RateLimit kWrites{1200, std::chrono::seconds(60)};
// What makes credentials, and what nobody does often.
constexpr RateLimit kSeldom{60, std::chrono::seconds(60)};

// The {id} of the path; throws UserError("not_found") for what is no number of ours.
std::int64_t id_of(const Request& request);
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
// A member of a checked body, where it is given and not null.
std::optional<std::string> text_member(const Request& request, const char* name);
// Removed in the body by null: an empty text.
std::optional<std::string> clearable_member(const Request& request, const char* name);
std::optional<base::Micros> time_member(const Request& request, const char* name);

// {"items": [...], "next": cursor or null}, described.
std::vector<Field> page_fields(std::vector<Field> item);

// The queue of the path's {name}; null: there is none.
const store::Fence* queue_of(const Services& services, const Request& request);

Response no_content();
Response not_found(const Request& request, const std::string& what);

}  // namespace fencepost::http
