#pragma once
// The one route table: what the router, the authorisation check, the rate limits, the check of bodies and the
// OpenAPI document are all made from.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/access.hpp"
#include "http/fields.hpp"
#include "http/message.hpp"
#include "http/url.hpp"

namespace fencepost::http {

// `count` requests in any `per`, for each principal (or address) and route. All of them may come at once.
// There is no default: a route without a limit does not compile.
struct RateLimit {
  constexpr RateLimit(int requests, std::chrono::seconds in) : count(requests), per(in) {}
  int count;
  std::chrono::seconds per;
};

// One answer of a route, for its readers: the first of a route is its success.
struct Answer {
  int status = 200;
  std::string description = {};
  std::vector<Field> fields = {};  // the members of a JSON answer, or of a stream's data
  std::string media = "application/json";
};

constexpr std::uint64_t kBodyBytes = 1 << 20;

struct Route {
  std::string method = {};   // GET, POST, PUT, PATCH, DELETE or OPTIONS; GET answers HEAD too
  std::string pattern = {};  // "/api/v1/announcements/{id}/disable": a name in braces is one whole segment
  Access access;
  RateLimit limit;
  std::vector<Field> fields = {};   // of the JSON body; none: the body must be empty or {}
  std::vector<Field> query = {};    // strings, numbers, booleans; others are refused
  std::vector<Field> headers = {};  // checked where present; a missing required one is 400, If-Match 428
  std::vector<Answer> answers = {};
  std::string summary = {};
  Handler handler = {};
  std::uint64_t body_bytes = kBodyBytes;       // longer bodies get 413
  std::optional<RateLimit> person_limit = {};  // of a person; the instance's own tokens have `limit`
  std::string raw_body =
      {};  // a media type such as "text/csv" or "image/*": the handler takes the bytes as they come
  // The handler is asked when the headers are there, and answers with a Response::intake where it wants the
  // body. Needs raw_body.
  bool streamed = false;
  bool any_query = false;  // a page: what stands behind its "?" is its script's
};

// Finds the route of a request. Immutable, so that any number of threads may ask.
//
// A pattern is chosen first, then the method: at the first segment in which two matching patterns differ, the
// one that names it wins over the one with a parameter. So with "/a/{x}" and "/a/b" a request for /a/b never
// reaches {x}; not even with a method that only {x} has.
class Router {
 public:
  // Asserts that patterns are well-formed, that routes of one shape name its parameters alike, and that no
  // two of them have the same method. The routes must outlive the router.
  explicit Router(const std::vector<Route>& routes);

  struct Match {
    const Route* route = nullptr;  // null: 404 if `allow` is empty, else 405
    std::map<std::string, std::string> params = {};
    std::string allow = {};  // the methods of that path: "GET, HEAD, POST"
  };
  Match find(std::string_view method, const Target& target) const;

 private:
  struct Pattern {
    std::vector<std::string> segments;  // parameters as "{"
    std::vector<const Route*> routes;
  };
  std::vector<Pattern> patterns_;  // the more specific first
};

// "/a/{id}" as {"a", "{id}"}; and the names of its parameters.
std::vector<std::string> pattern_segments(std::string_view pattern);
std::vector<std::string> pattern_params(std::string_view pattern);

}  // namespace fencepost::http
