#pragma once
// From a request to an answer: who asks, whether they may, whether it makes sense; and what an exception
// means to a client. No sockets.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "http/credentials.hpp"
#include "http/message.hpp"
#include "http/rate_limit.hpp"
#include "http/routes.hpp"

namespace fencepost::http {

// Who that is, or nobody: unknown, revoked, expired, disabled. Called on any worker thread, like the others
// here; they may throw like a handler.
using accounts::Principal;
using Authenticator = std::function<std::optional<Principal>(const Credential&)>;
// What somebody is to the thing that a path names by `key`, as it came; none also where there is no such
// thing.
using Relate = std::function<Relation(const Principal&, Thing, const std::string& key)>;
// Takes one request of the bucket `key` from what several servers share. `decided` false: it could not say,
// and this process's own limiter does.
struct SharedTake {
  bool decided = false;
  std::optional<std::chrono::nanoseconds> wait = std::nullopt;  // refused, for so long
};
using Limiter = std::function<SharedTake(const std::string& key, const RateLimit& limit, base::BootTime now)>;

// Thread-safe once made. Routes, clock and options are fixed.
class Dispatcher {
 public:
  struct Options {
    // Proxies that may say whom they speak for: the address is then the last of X-Forwarded-For that is not
    // theirs. Without them everybody behind a proxy would share one limit.
    std::vector<std::string> trusted_proxies = {};
    Relate relate = {};          // needed where a rule names a thing
    Limiter limiter = {};        // of those who are signed in; none: this process alone
    bool secure_cookies = true;  // see session_cookie_name()
    std::string origin = {};     // where our own pages come from; see site_of()
    // Statuses of further UserError codes, over the common ones of status_of().
    std::map<std::string, int> statuses = {};
  };
  // The clock must outlive the dispatcher.
  Dispatcher(std::vector<Route> routes, Authenticator authenticator, const base::Clock& clock,
             Options options);
  Dispatcher(std::vector<Route> routes, Authenticator authenticator, const base::Clock& clock);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Needs method, target, headers, body and peer; fills in the rest. The body of a streamed route goes to the
  // Response's intake, which must not outlive the dispatcher. Never throws: UserError becomes a 4xx, a
  // retryable InfraError 503 with Retry-After, anything else 500 with nothing but the request id. Logs one
  // line a request, without token, query, parameters or body.
  Response handle(Request request) const;

  // How long that request's body may be: its route's own limit, or 1 MiB where there is no such route. Never
  // throws.
  std::uint64_t body_limit(std::string_view method, std::string_view target) const noexcept;
  // Whether its handler is asked before its body is read. Never throws.
  bool streamed(std::string_view method, std::string_view target) const noexcept;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  class Guarded;
  template <typename F>
  Response translated(const Request& request, const F& run) const;
  Response finished(const Request& request, const Route* route, base::BootTime begun,
                    Response response) const;
  Response run(Request& request, const Route*& route) const;
  std::optional<Response> authenticate(Request& request, const Route& route) const;
  std::optional<Response> authorise(const Request& request, const Route& route) const;
  std::optional<Response> over_limit(const Request& request, const Route& route) const;
  std::optional<Response> check(Request& request, const Route& route,
                                std::map<std::string, std::string> query) const;
  int status_of(const std::string& code) const;

  std::vector<Route> routes_;
  Router router_;
  Authenticator authenticator_;
  const base::Clock& clock_;
  Options options_;
  mutable RateLimiter people_;  // apart, so that a crowd of strangers cannot crowd out those who have a token
  mutable RateLimiter strangers_;
};

// The address that a request counts for; see Options::trusted_proxies.
std::string client_address(const Request& request, const std::vector<std::string>& trusted_proxies);

}  // namespace fencepost::http
