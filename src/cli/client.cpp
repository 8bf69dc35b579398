#include "cli/client.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

// Longer than any ?wait= of the API.
constexpr std::chrono::seconds kPatience{60};

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line) || line.empty())
    throw base::UserError("no_token", "the token file '" + path + "' cannot be read, or is empty");
  return line;
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

connect::HttpOptions http_options() {
  // The operator names the server, and it often is this host.
  connect::HttpOptions options;
  options.addresses.allow_private = true;
  return options;
}
}  // namespace

std::string Refused::text() const {
  std::string out = std::string(what()) + " (" + code_ + ")";
  const auto body = json::parse(body_, nullptr, false);
  Table beside;
  if (body.is_object())
    for (const auto* name : {"post_url", "post_id", "url", "posted_at", "next_free"})
      if (const auto value = cell(body, name); value != "-")
        beside.push_back({std::string("  ") + name, value});
  if (!retry_after_.empty()) beside.push_back({"  again in", retry_after_ + " s"});
  if (beside.empty()) return out;
  auto below = sheet(beside);
  below.pop_back();
  return out + "\n" + below;
}

ClientOptions::ClientOptions(CLI::App& command)
    : command_(command),
      flags_(std::make_unique<SettingFlags>(command, std::vector<std::string_view>{"server", "token-file"})) {
  command
      .add_option("--token", "A token; better in FENCEPOST_TOKEN or a token file, where ps does not show it")
      ->type_name("TOKEN");
  add_switch(command, "--json", "Print JSON instead of a table");
}

ClientOptions::~ClientOptions() = default;

bool ClientOptions::json() const { return command_.get_option("--json")->count() > 0; }

std::string ClientOptions::server() const {
  auto url = without_slash(flags_->settings().text("server"));
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    throw UsageError("'" + url + "' is no server: write http://HOST:PORT");
  return url;
}

base::Secret ClientOptions::token() const {
  if (const auto* option = command_.get_option("--token"); option->count() > 0)
    return base::Secret(option->results().back());
  const auto file = flags_->settings().find("token-file");
  if (file.source == "--token-file") return base::Secret(first_line(file.value));
  if (const char* token = std::getenv("FENCEPOST_TOKEN"); token != nullptr && *token != '\0')
    return base::Secret(token);
  if (!file.value.empty()) return base::Secret(first_line(file.value));
  throw UsageError("say which token to use: FENCEPOST_TOKEN, FENCEPOST_TOKEN_FILE, --token-file or --token");
}

Client::Client(const ClientOptions& options)
    : server_(options.server()), token_(options.token()), http_(http_options(), base::system_clock()) {}

json Client::get(const std::string& path) {
  connect::HttpRequest request;
  request.url = path;
  request.repeatable = true;
  return call(std::move(request));
}

json Client::send(const std::string& method, const std::string& path, const json& body,
                  const connect::Headers& headers) {
  connect::HttpRequest request;
  request.method = method;
  request.url = path;
  request.headers = headers;
  if (!body.is_null()) {
    request.body = body.dump();
    request.headers.emplace_back("Content-Type", "application/json");
  }
  return call(std::move(request));
}

json Client::send_bytes(const std::string& method, const std::string& path, std::string bytes,
                        const std::string& media_type, const connect::Headers& headers) {
  connect::HttpRequest request;
  request.method = method;
  request.url = path;
  request.headers = headers;
  request.headers.emplace_back("Content-Type", media_type);
  request.body = std::move(bytes);
  return call(std::move(request));
}

json Client::call(connect::HttpRequest request) {
  request.url = server_ + "/api/v1" + request.url;
  request.headers.emplace_back("Authorization", "Bearer " + token_.reveal());
  request.deadline = base::system_clock().boot() + kPatience;
  const auto result = http_.call(request);
  if (result.failure) {
    const bool heard = request.method != "GET" && result.failure->sent == connect::Sent::maybe;
    throw base::UserError("no_server", "no answer from " + server_ + " (" + result.failure->reason + ")" +
                                           (heard ? ": it may have been heard, so look before you repeat it"
                                                  : ": is the server running, and --server right?"));
  }
  status_ = result.status;
  last_ = result;
  const auto body = json::parse(result.body, nullptr, false);
  if (result.status >= 200 && result.status < 300) return body.is_discarded() ? json() : body;
  if (body.is_object() && body.value("detail", json()).is_string())
    throw Refused(result.status, body.value("code", ""), body.value("detail", ""), body.dump(),
                  header("Retry-After"));
  throw Refused(
      result.status, "not_fencepost",
      "the answer is no fencepost's (HTTP " + std::to_string(result.status) + "): is --server right?",
      json{{"status", result.status}, {"code", "not_fencepost"}}.dump());
}

std::string Client::header(std::string_view name) const {
  return std::string(last_.header(name).value_or(""));
}

std::string encoded(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain)
      out += c;
    else
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

void add_query(std::string& path, std::string_view name, const std::string& value) {
  path += path.find('?') == std::string::npos ? '?' : '&';
  path.append(name).append("=").append(encoded(value));
}

}  // namespace fencepost::cli
