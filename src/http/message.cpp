#include "http/message.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::http {

namespace {
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool alphanumeric(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string one_line(std::string_view value) {
  std::string out(value);
  for (char& c : out)
    if (c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) c = ' ';
  return out;
}
}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

Headers::Headers(std::initializer_list<Entry> entries) {
  for (const auto& [name, value] : entries) add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
  FENCEPOST_ASSERT(is_token(name));
  entries_.emplace_back(std::string(name), one_line(value));
}

void Headers::set(std::string_view name, std::string_view value) {
  erase(name);
  add(name, value);
}

void Headers::erase(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return iequals(entry.first, name); });
}

const std::string* Headers::find(std::string_view name) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return iequals(entry.first, name); });
  return at == entries_.end() ? nullptr : &at->second;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [&](const Entry& entry) { return iequals(entry.first, name); }));
}

const std::string& Request::param(const std::string& name) const {
  const auto at = path_params.find(name);
  FENCEPOST_ASSERT(at != path_params.end());
  return at->second;
}

bool announces_body(const Headers& headers) {
  const auto* length = headers.find("Content-Length");
  return headers.find("Transfer-Encoding") != nullptr ||
         (length != nullptr && length->find_first_not_of('0') != std::string::npos);
}

Response json_response(int status, const nlohmann::json& body) {
  // Texts of foreign tables may hold broken UTF-8: show U+FFFD rather than fail the whole answer.
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  return {status, {{"Content-Type", "application/json"}}, body.dump(-1, ' ', false, kReplace)};
}

Response problem(const Request& request, int status, std::string_view code, std::string_view detail) {
  return problem(request, status, code, detail, nlohmann::json::object());
}

Response problem(const Request& request, int status, std::string_view code, std::string_view detail,
                 const nlohmann::json& extra) {
  nlohmann::json body = extra;
  body["type"] = "about:blank";
  body["title"] = reason_phrase(status);
  body["status"] = status;
  body["detail"] = detail;
  body["code"] = code;
  body["request_id"] = request.request_id;
  Response response = json_response(status, body);
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

std::string_view reason_phrase(int status) {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {423, "Locked"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {460, "Checksum Mismatch"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {507, "Insufficient Storage"},
  };
  for (const auto& [known, phrase] : kPhrases)
    if (known == status) return phrase;
  return "Error";
}

std::string request_id_for(const Headers& headers) {
  const std::string* given = headers.find("X-Request-Id");
  const bool sane = given != nullptr && !given->empty() && given->size() <= 64 &&
                    std::all_of(given->begin(), given->end(),
                                [](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
  return sane && headers.count("X-Request-Id") == 1 ? *given : base::random_hex(16);
}

}  // namespace fencepost::http
