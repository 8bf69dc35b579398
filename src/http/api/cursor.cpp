#include "http/api/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/url.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

constexpr std::string_view kDigits = "0123456789abcdef";

[[noreturn]] void refuse() {
  throw base::UserError("invalid_cursor",
                        "this is no cursor: take `next` of the page before, or leave it out");
}

std::string cursor_for(const std::string& position) {
  std::string out = "c";
  for (const char c : position) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string decoded(std::string_view cursor) {
  if (cursor.size() < 3 || cursor.size() % 2 == 0 || cursor.front() != 'c') refuse();
  std::string out;
  for (std::size_t i = 1; i < cursor.size(); i += 2) {
    const auto high = kDigits.find(cursor[i]), low = kDigits.find(cursor[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) refuse();
    out += static_cast<char>(high * 16 + low);
  }
  if (!valid_utf8(out) || out.find('\0') != std::string::npos) refuse();
  return out;
}
}  // namespace

std::optional<std::string> position_of(const Request& request) {
  const auto at = request.query.find("cursor");
  if (at == request.query.end()) return std::nullopt;
  return decoded(at->second);
}

std::optional<std::int64_t> cursor_of(const Request& request) {
  const auto position = position_of(request);
  if (!position) return std::nullopt;
  const auto number = positive(*position);
  if (!number) refuse();
  return number;
}

Response page_response(json items, const std::optional<std::string>& position) {
  return json_response(
      200, {{"items", std::move(items)}, {"next", position ? json(cursor_for(*position)) : json()}});
}

Response page_response(json items, const std::optional<std::int64_t>& position) {
  return page_response(std::move(items), position ? std::optional(std::to_string(*position)) : std::nullopt);
}

Response page_of_whole(const Request& request, json items, const char* key) {
  std::sort(items.begin(), items.end(), [&](const json& a, const json& b) { return a.at(key) < b.at(key); });
  const bool numbers = !items.empty() && items.front().at(key).is_number();
  const json after = numbers ? json(cursor_of(request).value_or(0)) : json(position_of(request).value_or(""));
  const auto limit = static_cast<std::size_t>(limit_of(request));
  json page = json::array();
  std::optional<std::string> next;
  for (auto& item : items) {
    if (!(after < item.at(key))) continue;
    if (page.size() == limit) {
      const auto& last = page.back().at(key);
      next = numbers ? last.dump() : last.get<std::string>();
      break;
    }
    page.push_back(std::move(item));
  }
  return page_response(std::move(page), next);
}

}  // namespace fencepost::http
