#include "http/routes.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"

namespace fencepost::http {

namespace {
constexpr std::string_view kParam = "{";

bool is_param(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string> shape_of(std::string_view pattern) {
  auto segments = pattern_segments(pattern);
  for (auto& segment : segments)
    if (is_param(segment)) segment = kParam;
  return segments;
}

bool more_specific(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  for (std::size_t i = 0; i < a.size(); ++i)
    if ((a[i] == kParam) != (b[i] == kParam)) return b[i] == kParam;
  return a < b;
}

bool matches(const std::vector<std::string>& shape, const std::vector<std::string>& segments) {
  return std::equal(shape.begin(), shape.end(), segments.begin(), segments.end(),
                    [](const std::string& wanted, const std::string& got) {
                      return wanted == kParam ? !got.empty() : wanted == got;
                    });
}

void check(const Route& route) {
  static const std::set<std::string> methods = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  FENCEPOST_ASSERT(methods.contains(route.method));
  FENCEPOST_ASSERT(route.pattern.starts_with('/'));
  FENCEPOST_ASSERT(route.handler != nullptr);
  FENCEPOST_ASSERT(route.limit.count > 0 && route.limit.per.count() > 0);
  FENCEPOST_ASSERT(route.raw_body.empty() || route.fields.empty());
  FENCEPOST_ASSERT(!route.streamed || !route.raw_body.empty());
  const auto names = pattern_params(route.pattern);
  FENCEPOST_ASSERT(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  FENCEPOST_ASSERT(route.access.thing == Thing::nothing ||
                   std::find(names.begin(), names.end(), route.access.param) != names.end());
  for (const auto& segment : pattern_segments(route.pattern)) {
    const bool braced = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    FENCEPOST_ASSERT(braced || segment.find_first_of("{}%") == std::string::npos);
  }
}
}  // namespace

std::vector<std::string> pattern_segments(std::string_view pattern) {
  std::vector<std::string> out;
  for (std::size_t from = 1; from <= pattern.size();) {
    const auto to = std::min(pattern.find('/', from), pattern.size());
    out.emplace_back(pattern.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

std::vector<std::string> pattern_params(std::string_view pattern) {
  std::vector<std::string> out;
  for (const auto& segment : pattern_segments(pattern))
    if (is_param(segment)) out.push_back(segment.substr(1, segment.size() - 2));
  return out;
}

Router::Router(const std::vector<Route>& routes) {
  for (const auto& route : routes) {
    check(route);
    const auto shape = shape_of(route.pattern);
    auto at = std::find_if(patterns_.begin(), patterns_.end(),
                           [&](const Pattern& p) { return p.segments == shape; });
    if (at == patterns_.end()) at = patterns_.insert(at, Pattern{shape, {}});
    for (const Route* other : at->routes)
      FENCEPOST_ASSERT(other->method != route.method && other->pattern == route.pattern);
    at->routes.push_back(&route);
  }
  std::sort(patterns_.begin(), patterns_.end(),
            [](const Pattern& a, const Pattern& b) { return more_specific(a.segments, b.segments); });
}

Router::Match Router::find(std::string_view method, const Target& target) const {
  const auto pattern = std::find_if(patterns_.begin(), patterns_.end(),
                                    [&](const Pattern& p) { return matches(p.segments, target.segments); });
  Match match;
  if (pattern == patterns_.end()) return match;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::set<std::string> methods;
  for (const Route* route : pattern->routes) {
    methods.insert(route->method);
    if (route->method == "GET") methods.insert("HEAD");
    if (route->method == wanted) match.route = route;
  }
  for (const auto& each : methods) match.allow += (match.allow.empty() ? "" : ", ") + each;
  if (match.route == nullptr) return match;
  const auto segments = pattern_segments(match.route->pattern);
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (is_param(segments[i]))
      match.params[segments[i].substr(1, segments[i].size() - 2)] = target.segments[i];
  return match;
}

}  // namespace fencepost::http
