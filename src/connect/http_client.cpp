#include "connect/http_client.hpp"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>

#include "base/error.hpp"
#include "connect/http_transfer.hpp"

namespace fencepost::connect {

namespace {

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// A line break in a value would forge a header; NUL would cut one.
bool is_field(const std::pair<std::string, std::string>& field) {
  constexpr std::string_view kForbidden("\r\n\0", 3);
  return is_token(field.first) && field.second.find_first_of(kForbidden) == std::string::npos;
}

std::optional<std::string> problem_of(const HttpRequest& request, const AddressPolicy& policy) {
  if (!std::all_of(request.headers.begin(), request.headers.end(), is_field)) return "a header is malformed";
  return url_problem(request.url, policy);
}

}  // namespace

std::optional<std::string_view> HttpResult::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
  return std::nullopt;
}

HttpClient::HttpClient(HttpOptions options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  FENCEPOST_ASSERT(ready);
}

HttpClient::~HttpClient() = default;

HttpResult HttpClient::call(const HttpRequest& request, std::stop_token stop) {
  FENCEPOST_ASSERT(is_token(request.method));
  if (auto problem = problem_of(request, options_.addresses)) {
    HttpResult refused;
    refused.failure = Failure{Failure::Kind::url, Sent::no_byte_left, std::move(*problem)};
    return refused;
  }
  auto transfer = idle_.with([](auto& idle) -> std::unique_ptr<HttpTransfer> {
    if (idle.empty()) return nullptr;
    auto last = std::move(idle.back());
    idle.pop_back();
    return last;
  });
  if (!transfer) transfer = std::make_unique<HttpTransfer>(options_, clock_);
  auto result = transfer->run(request, std::move(stop));
  // A handle that met a failure is thrown away with all its connections: they may be half used.
  if (!result.failure)
    idle_.with([&](auto& idle) {
      if (idle.size() < options_.idle_handles) idle.push_back(std::move(transfer));
    });
  return result;
}

}  // namespace fencepost::connect
