#include "connect/bluesky/session.hpp"

#include <sodium.h>

#include <nlohmann/json.hpp>

#include "connect/bluesky/xrpc.hpp"
#include "connect/exchange.hpp"

namespace fencepost::connect::bluesky {

namespace {

using Json = nlohmann::json;

// Longer than text_at() allows: tokens have 300 bytes and more.
std::string member(const Json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// What both ways to a session answer.
std::variant<Session, Outcome> read(const HttpResult& result, Session session, const base::Secret& secret,
                                    base::Micros now) {
  const auto outcome = nothing_posted(classify(result, secret, now));
  if (outcome.verdict != Verdict::accepted) return outcome;
  session.access = base::Secret(answer_text(result, "accessJwt"));
  session.refresh = base::Secret(answer_text(result, "refreshJwt"));
  session.did = answer_text(result, "did");
  session.handle = answer_text(result, "handle");
  if (session.access.empty() || session.refresh.empty() || session.did.empty())
    return certain(Reason::temporary, "Bluesky's answer cannot be read");
  return session;
}

std::variant<Session, Outcome> opened(HttpClient& http, const std::string& service, const Session& session,
                                      base::BootTime deadline, const std::stop_token& stop) {
  const Json login = {{"identifier", session.identifier}, {"password", session.password.reveal()}};
  const auto result =
      call(http, {.service = service, .name = "com.atproto.server.createSession", .body = login.dump()},
           deadline, stop);
  if (error_name(result) == "AuthFactorTokenRequired")
    return certain(Reason::credentials, "this account has a second factor: use an app password");
  return read(result, session, session.password, http.clock().wall());
}

}  // namespace

std::variant<Session, Outcome> renewed(HttpClient& http, const std::string& service, Session session,
                                       base::BootTime deadline, const std::stop_token& stop) {
  const bool has_password = !session.identifier.empty() && !session.password.empty();
  if (!session.refresh.empty()) {
    const auto result = call(http,
                             {.service = service,
                              .name = "com.atproto.server.refreshSession",
                              .token = &session.refresh,
                              .body = ""},
                             deadline, stop);
    auto answer = read(result, session, session.refresh, http.clock().wall());
    const auto* outcome = std::get_if<Outcome>(&answer);
    if (outcome == nullptr || outcome->reason != Reason::credentials || !has_password) return answer;
  }
  if (!has_password) return certain(Reason::credentials, "the session is over, and no app password is known");
  return opened(http, service, session, deadline, stop);
}

Session session_of(const Credentials& credentials) {
  const auto json = Json::parse(credentials.secret.reveal(), nullptr, /*allow_exceptions=*/false);
  Session session;
  if (json.is_object())
    session = {member(json, "identifier"),
               base::Secret(member(json, "password")),
               base::Secret(member(json, "access")),
               base::Secret(member(json, "refresh")),
               member(json, "did"),
               member(json, "handle")};
  if (session.did.empty()) session.access = base::Secret();  // whose would it be?
  const bool can_begin = !session.identifier.empty() && !session.password.empty();
  if (!can_begin && session.access.empty())
    throw base::UserError(
        "invalid_credentials",
        "write {\"identifier\": \"your handle\", \"password\": \"an app password\"}; Bluesky makes "
        "app passwords under Settings, Privacy and security");
  return session;
}

Credentials stored(const Session& session) {
  Json json = {{"identifier", session.identifier},
               {"password", session.password.reveal()},
               {"access", session.access.reveal()},
               {"refresh", session.refresh.reveal()},
               {"did", session.did},
               {"handle", session.handle}};
  return {base::Secret(json.dump())};
}

std::optional<base::Micros> ends_at(const base::Secret& token) {
  const auto& text = token.reveal();
  const auto first = text.find('.');
  const auto second = text.find('.', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos) return std::nullopt;
  std::string claims(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(claims.data()), claims.size(),
                        text.data() + first + 1, second - first - 1, nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return std::nullopt;
  claims.resize(size);
  const auto json = Json::parse(claims, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto exp = json.find("exp");
  // Seconds; what would overflow as microseconds is no time.
  if (exp == json.end() || !exp->is_number_integer() || *exp < 0 || *exp > 9'999'999'999) return std::nullopt;
  return exp->get<std::int64_t>() * 1'000'000;
}

}  // namespace fencepost::connect::bluesky
