#include "connect/oauth/tokens.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fencepost::connect::oauth {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestToken = 8192;

// What can stand in a header without being anything but a token.
bool is_token(const std::string& text) {
  return !text.empty() && text.size() <= kLongestToken &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

std::string text_of(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

std::optional<Tokens> tokens_of(const Credentials& credentials) {
  const auto& text = credentials.secret.reveal();
  if (text.empty() || text.front() != '{')
    return is_token(text) ? std::optional(Tokens{.access = base::Secret(text)}) : std::nullopt;
  const auto object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !is_token(text_of(object, "access_token"))) return std::nullopt;
  Tokens tokens{.access = base::Secret(text_of(object, "access_token")),
                .refresh = base::Secret(text_of(object, "refresh_token")),
                .scope = text_of(object, "scope")};
  if (const auto at = object.find("expires_at"); at != object.end() && at->is_number_integer())
    tokens.expires_at = at->get<base::Micros>();
  if (const auto client = object.find("client"); client != object.end() && client->is_object()) {
    tokens.client_id = text_of(*client, "id");
    tokens.client_secret = base::Secret(text_of(*client, "secret"));
  }
  return tokens;
}

Credentials stored(const Tokens& tokens) {
  json object = {{"access_token", tokens.access.reveal()}};
  if (!tokens.refresh.empty()) object["refresh_token"] = tokens.refresh.reveal();
  if (tokens.expires_at) object["expires_at"] = *tokens.expires_at;
  if (!tokens.scope.empty()) object["scope"] = tokens.scope;
  if (!tokens.client_id.empty())
    object["client"] = {{"id", tokens.client_id}, {"secret", tokens.client_secret.reveal()}};
  return {base::Secret(object.dump())};
}

std::optional<base::Micros> expires_at(const Credentials& credentials) {
  const auto tokens = tokens_of(credentials);
  return tokens ? tokens->expires_at : std::nullopt;
}

bool refreshable(const Credentials& credentials) {
  const auto tokens = tokens_of(credentials);
  return tokens && !tokens->refresh.empty();
}

std::pair<std::string, std::string> bearer(const Credentials& credentials) {
  const auto tokens = tokens_of(credentials);
  return {"Authorization", "Bearer " + (tokens ? tokens->access.reveal() : std::string())};
}

Client client_of(const Credentials& credentials, Client client) {
  const auto tokens = tokens_of(credentials);
  if (!tokens || tokens->client_id.empty()) return client;
  client.id = tokens->client_id;
  client.secret = tokens->client_secret;
  client.of_account = true;
  return client;
}

}  // namespace fencepost::connect::oauth
