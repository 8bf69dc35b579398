#include "http/dispatch.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "accounts/sessions.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace fencepost::http {

namespace {
using base::LogLevel;

constexpr std::string_view kInternal =
    "something failed here; the request id leads to it in the server's log";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The essence of a media type: "application/json" of "application/json; charset=utf-8".
std::string_view media_type(const Headers& headers) {
  const std::string* value = headers.find("Content-Type");
  if (value == nullptr) return {};
  return trim(std::string_view(*value).substr(0, value->find(';')));
}

// "image/*" stands for every type of images.
bool is_type(std::string_view type, std::string_view wanted) {
  if (!wanted.ends_with("/*")) return iequals(type, wanted);
  const auto family = wanted.size() - 1;
  return type.size() > family && iequals(type.substr(0, family), wanted.substr(0, family));
}

Response with_retry(Response response, std::chrono::nanoseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.set("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  return response;
}

Response refused(const Request& request, const Refusal& refusal) {
  auto errors = nlohmann::json::array();
  for (const auto& [field, detail] : refusal.errors) errors.push_back({{"field", field}, {"detail", detail}});
  const auto extra = errors.empty() ? nlohmann::json::object() : nlohmann::json{{"errors", errors}};
  return problem(request, refusal.status, refusal.code, refusal.detail, extra);
}

Response infrastructure(const Request& request, const base::InfraError& error) {
  base::log(LogLevel::error, "request failed", {{"request_id", request.request_id}, {"error", error.what()}});
  // Not "try again": the first try may have taken effect.
  if (error.in_doubt())
    return problem(request, 500, "in_doubt",
                   "the database was lost while it stored this, so nobody knows whether it did: look before "
                   "you repeat it");
  if (!error.retryable()) return problem(request, 500, "internal", kInternal);
  const std::chrono::seconds wait(error.poisoned() ? 5 : 1);
  return with_retry(
      error.poisoned()
          ? problem(request, 503, "unavailable", "the database cannot be reached: try again soon")
          : problem(request, 503, "busy", "others are working on the same: try again"),
      wait);
}

Response internal(const Request& request, std::string_view what) {
  base::log(LogLevel::error, "request failed", {{"request_id", request.request_id}, {"error", what}});
  return problem(request, 500, "internal", kInternal);
}

Response no_route(const Request& request, const std::string& allow) {
  if (allow.empty())
    return problem(request, 404, "not_found", "there is nothing at this path; see /api/v1/openapi.json");
  Response response = problem(request, 405, "method_not_allowed", "this path knows only: " + allow);
  response.headers.set("Allow", allow);
  return response;
}

Response unauthorized(const Request& request, bool token, bool session) {
  Response response = problem(request, 401, "unauthorized",
                              token     ? "this token is unknown, expired or revoked: take another one"
                              : session ? "this session has ended: sign in again"
                                        : "sign in, or send a token: Authorization: Bearer …");
  response.headers.set("WWW-Authenticate", token ? "Bearer realm=\"fencepost\", error=\"invalid_token\""
                                                 : "Bearer realm=\"fencepost\"");
  return response;
}

Response foreign(const Request& request) {
  return problem(request, 403, "foreign_origin",
                 "this was sent by a page of another site, or one that does not say where it is from; behind "
                 "a proxy that changes Host, set --public-url");
}

std::string principal_text(const Request& request) {
  if (!request.principal) return "-";
  const auto& who = *request.principal;
  return who.person ? "person:" + std::to_string(*who.person) : "token:" + std::to_string(who.token_id);
}

std::string known_method(const std::string& method) {
  for (const auto* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (method == known) return method;
  return "other";
}
}  // namespace

Dispatcher::Dispatcher(std::vector<Route> routes, Authenticator authenticator, const base::Clock& clock,
                       Options options)
    : routes_(std::move(routes)),
      router_(routes_),
      authenticator_(std::move(authenticator)),
      clock_(clock),
      options_(std::move(options)) {}

Dispatcher::Dispatcher(std::vector<Route> routes, Authenticator authenticator, const base::Clock& clock)
    : Dispatcher(std::move(routes), std::move(authenticator), clock, Options{}) {}

// What a handler or an intake says, in an answer's words.
template <typename F>
Response Dispatcher::translated(const Request& request, const F& run) const try {
  return run();
} catch (const base::UserError& error) {
  return problem(request, status_of(error.code()), error.code(), error.what());
} catch (const base::InfraError& error) {
  return infrastructure(request, error);
} catch (const std::exception& error) {
  return internal(request, error.what());
} catch (...) {
  return internal(request, "something that is no std::exception was thrown");
}

// An intake that never throws, and whose answer is finished like any other.
class Dispatcher::Guarded : public Intake {
 public:
  Guarded(const Dispatcher& dispatcher, Request request, const Route* route, base::BootTime begun,
          std::shared_ptr<Intake> inner)
      : dispatcher_(dispatcher),
        request_(std::move(request)),
        route_(route),
        begun_(begun),
        inner_(std::move(inner)) {}
  ~Guarded() override {
    if (!answered_)
      base::log(LogLevel::info, "request cut",
                {{"route", route_->pattern},
                 {"request_id", request_.request_id},
                 {"principal", principal_text(request_)}});
  }
  std::optional<Response> take(std::string_view piece) override {
    bool more = false;
    auto response = dispatcher_.translated(request_, [&] {
      auto early = inner_->take(piece);
      more = !early;
      return std::move(early).value_or(Response());
    });
    return more ? std::nullopt : std::optional(ended(std::move(response)));
  }
  Response finish() override {
    return ended(dispatcher_.translated(request_, [&] { return inner_->finish(); }));
  }

 private:
  Response ended(Response response) {
    answered_ = true;
    inner_.reset();
    return dispatcher_.finished(request_, route_, begun_, std::move(response));
  }

  const Dispatcher& dispatcher_;
  const Request request_;
  const Route* const route_;
  const base::BootTime begun_;
  std::shared_ptr<Intake> inner_;
  bool answered_ = false;
};

Response Dispatcher::handle(Request request) const {
  const auto begun = clock_.boot();
  if (request.request_id.empty()) request.request_id = request_id_for(request.headers);
  const Route* route = nullptr;
  Response response = translated(request, [&] { return run(request, route); });
  if (response.intake == nullptr) return finished(request, route, begun, std::move(response));
  FENCEPOST_ASSERT(route != nullptr && route->streamed);
  response.intake =
      std::make_shared<Guarded>(*this, std::move(request), route, begun, std::move(response.intake));
  return response;
}

Response Dispatcher::finished(const Request& request, const Route* route, base::BootTime begun,
                              Response response) const {
  response.headers.set("X-Request-Id", request.request_id);
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (response.headers.find("Cache-Control") == nullptr) response.headers.set("Cache-Control", "no-store");
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.boot() - begun);
  base::log(LogLevel::info, "request",
            {{"method", known_method(request.method)},
             {"route", route != nullptr ? route->pattern : std::string("-")},
             {"status", response.status},
             {"request_id", request.request_id},
             {"duration_us", static_cast<std::int64_t>(took.count())},
             {"principal", principal_text(request)}});
  return response;
}

std::uint64_t Dispatcher::body_limit(std::string_view method, std::string_view target) const noexcept try {
  const auto match = router_.find(method, parse_target(target));
  return match.route != nullptr ? match.route->body_bytes : kBodyBytes;
} catch (...) {
  return kBodyBytes;
}

bool Dispatcher::streamed(std::string_view method, std::string_view target) const noexcept try {
  const auto match = router_.find(method, parse_target(target));
  return match.route != nullptr && match.route->streamed;
} catch (...) {
  return false;
}

Response Dispatcher::run(Request& request, const Route*& route) const {
  request.client = client_key(client_address(request, options_.trusted_proxies));
  Target target = parse_target(request.target);
  auto match = router_.find(request.method, target);
  request.path = std::move(target.path);
  if (match.route == nullptr) return no_route(request, match.allow);
  route = match.route;
  request.path_params = std::move(match.params);
  if (auto refusal = authenticate(request, *route)) return std::move(*refusal);
  if (auto refusal = over_limit(request, *route)) return std::move(*refusal);
  if (auto refusal = authorise(request, *route)) return std::move(*refusal);
  if (auto refusal = check(request, *route, std::move(target.query))) return std::move(*refusal);
  return route->handler(request);
}

// Who it is. A refused token costs its sender a token of the address's bucket, so that guessing is as slow as
// the route itself.
std::optional<Response> Dispatcher::authenticate(Request& request, const Route& route) const {
  const bool acts = route.method != "GET";
  // Also before anybody is signed in: a foreign page must not sign its visitor in as somebody else.
  if (route.access.open)
    return acts && site_of(request.headers, options_.origin) == Site::foreign
               ? std::optional(foreign(request))
               : std::nullopt;
  const auto token = bearer_token(request.headers);
  const auto session = cookie(request.headers, session_cookie_name(options_.secure_cookies));
  if (session && request.headers.find("Authorization") != nullptr)
    return problem(request, 400, "ambiguous_credentials",
                   "this has a session's cookie and an Authorization: send one of the two");
  if (authenticator_ && token) request.principal = authenticator_({Credential::Kind::token, *token});
  if (authenticator_ && session) request.principal = authenticator_({Credential::Kind::session, *session});
  if (!request.principal) {
    if (auto slow_down = over_limit(request, route)) return slow_down;
    return unauthorized(request, token.has_value(), session.has_value());
  }
  if (!session || !acts) return std::nullopt;
  // A browser sends the cookie with whatever page asks; only a page of ours knows the session's other secret.
  const std::string* shown = request.headers.find("X-CSRF-Token");
  if (site_of(request.headers, options_.origin) != Site::same) return foreign(request);
  if (shown == nullptr || !accounts::csrf_matches(session->reveal(), *shown))
    return problem(
        request, 403, "csrf",
        "send the csrf_token of GET /api/v1/session as X-CSRF-Token: a cookie alone changes nothing");
  return std::nullopt;
}

// Whether they may; see http/access.hpp.
std::optional<Response> Dispatcher::authorise(const Request& request, const Route& route) const {
  const Access& access = route.access;
  if (access.open) return std::nullopt;
  const Principal& who = *request.principal;
  if (!who.scopes.has(access.scope)) {
    const std::string scope(accounts::name(access.scope));
    Response response = problem(request, 403, "insufficient_scope",
                                "this token is not for that: take one with the scope " + scope);
    response.headers.set("WWW-Authenticate",
                         "Bearer realm=\"fencepost\", error=\"insufficient_scope\", scope=\"" + scope + "\"");
    return response;
  }
  if (who.role >= access.least) return std::nullopt;
  if (access.thing == Thing::nothing)
    return problem(
        request, 403, "forbidden",
        "this is for those with the role " + std::string(accounts::name(access.least)) + " or above");
  FENCEPOST_ASSERT(options_.relate != nullptr);
  const auto relation = options_.relate(who, access.thing, request.param(access.param));
  if (relation >= access.relation) return std::nullopt;
  if (relation == Relation::none)
    return problem(request, 404, "not_found", "there is no such thing here, or it is none of yours");
  return problem(request, 403, "forbidden",
                 access.relation == Relation::self ? "this is for whoever it belongs to"
                                                   : "this is for admins of the show");
}

std::optional<Response> Dispatcher::over_limit(const Request& request, const Route& route) const {
  const std::string who = request.principal ? std::to_string(request.principal->account()) : request.client;
  const auto key = who + ' ' + route.method + ' ' + route.pattern;
  const auto now = clock_.boot();
  const auto& limit = request.principal && request.principal->person && route.person_limit
                          ? *route.person_limit
                          : route.limit;
  // Strangers are this process's own matter: a flood of addresses must not reach the database.
  const auto shared =
      request.principal && options_.limiter ? options_.limiter(key, limit, now) : SharedTake{};
  auto& own = request.principal ? people_ : strangers_;
  const auto wait = shared.decided ? shared.wait : own.take(key, limit, now);
  if (!wait) return std::nullopt;
  const auto detail = "at most " + std::to_string(limit.count) + " such requests in " +
                      std::to_string(limit.per.count()) + " s: wait as long as Retry-After says";
  return with_retry(problem(request, 429, "rate_limited", detail), *wait);
}

std::optional<Response> Dispatcher::check(Request& request, const Route& route,
                                          std::map<std::string, std::string> query) const {
  if (!route.any_query) {
    if (const auto refusal = check_texts(route.query, query, "query parameter", true))
      return refused(request, *refusal);
    request.query = std::move(query);
  }
  std::map<std::string, std::string> headers;
  for (const auto& field : route.headers) {
    if (const auto* value = request.headers.find(field.name))
      headers[field.name] = *value;
    else if (field.required)
      return iequals(field.name, "If-Match")
                 ? problem(request, 428, "precondition_required",
                           "send If-Match with the ETag that you have seen")
                 : problem(request, 400, "missing_header", "send the header " + field.name);
  }
  for (const auto& [name, value] : headers)
    if (!valid_utf8(value)) return problem(request, 400, "bad_utf8", "the header " + name + " is not UTF-8");
  if (const auto refusal = check_texts(route.headers, headers, "header", false))
    return refused(request, *refusal);
  const std::string_view wanted =
      route.raw_body.empty() ? std::string_view("application/json") : route.raw_body;
  // Also a wall against forms of foreign pages: no form can send this type (Fetch, §2.2.2).
  const bool has_body = route.streamed ? announces_body(request.headers) : !request.body.empty();
  if (has_body && !is_type(media_type(request.headers), wanted))
    return problem(request, 415, "unsupported_media_type",
                   "send the body with Content-Type: " + std::string(wanted));
  if (!route.raw_body.empty()) return std::nullopt;
  auto body = std::make_shared<nlohmann::json>();
  if (const auto refusal = parse_body(route.fields, request.body, *body)) return refused(request, *refusal);
  request.json = std::move(body);
  return std::nullopt;
}

int Dispatcher::status_of(const std::string& code) const {
  static const std::map<std::string, int> common = {
      {"bad_target", 400},
      {"invalid_cursor", 400},
      {"unauthorized", 401},
      {"forbidden", 403},
      {"not_found", 404},
      {"conflict", 409},
      {"already_exists", 409},
      {"already_running", 409},
      {"already_posted", 409},
      {"outcome_unknown", 409},
      {"disabled", 409},
      {"in_flight", 409},
      {"idempotency_key_reused", 422},
      {"version_mismatch", 412},
      {"too_large", 413},
      {"precondition_required", 428},
      {"rate_limited", 429},
  };
  if (const auto at = options_.statuses.find(code); at != options_.statuses.end()) return at->second;
  const auto at = common.find(code);
  return at != common.end() ? at->second : 422;
}

std::string client_address(const Request& request, const std::vector<std::string>& trusted_proxies) {
  const auto trusted = [&](std::string_view address) {
    return std::find(trusted_proxies.begin(), trusted_proxies.end(), address) != trusted_proxies.end();
  };
  // Each proxy appends the address it was called from, so the list is believed only from its end, and only as
  // far as the speakers are ours.
  std::string who = request.peer;
  std::string chain;
  for (const auto& [name, value] : request.headers)
    if (iequals(name, "X-Forwarded-For")) chain += (chain.empty() ? "" : ",") + value;
  while (trusted(who) && !chain.empty()) {
    const auto comma = chain.rfind(',');
    const auto last = trim(std::string_view(chain).substr(comma == std::string::npos ? 0 : comma + 1));
    if (last.empty() || last.size() > 45) break;
    who = last;
    chain.resize(comma == std::string::npos ? 0 : comma);
  }
  return who;
}

}  // namespace fencepost::http
