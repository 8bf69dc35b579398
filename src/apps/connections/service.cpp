#include "apps/connections/service.hpp"

#include <nlohmann/json.hpp>

#include "accounts/connection_import.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "connect/oauth/oauth2.hpp"

namespace fencepost::connections {

namespace {

using connect::oauth::Client;
using connect::oauth::Proof;
using nlohmann::json;

// A person waits for it.
constexpr base::Duration kAsk = std::chrono::seconds(20);
// Best effort, and a person waits for it.
constexpr base::Duration kTell = std::chrono::seconds(5);

base::UserError unavailable(const std::string& why) {
  return {"platform_unavailable", "the platform could not be asked (" + why + "): try again later"};
}

// Nothing was accepted: whose matter is it?
base::UserError refusal(const connect::Outcome& outcome, const char* code) {
  const bool later = outcome.verdict != connect::Verdict::certain_failure ||
                     (outcome.retryable && outcome.reason != connect::Reason::credentials);
  return later ? unavailable(outcome.error) : base::UserError(code, outcome.error);
}

// The client goes with the state: Mastodon's servers each know us by another one.
base::Secret kept(const base::Secret& verifier, const Client& client) {
  const json all = {{"verifier", verifier.reveal()},    {"token_url", client.token_url},
                    {"revoke_url", client.revoke_url},  {"id", client.id},
                    {"secret", client.secret.reveal()}, {"proof", static_cast<int>(client.proof)},
                    {"scopes", client.scopes},          {"of_account", client.of_account}};
  return base::Secret(all.dump());
}

struct Kept {
  base::Secret verifier;
  Client client;
};

Kept unkept(const base::Secret& text) {
  const auto all = json::parse(text.reveal());
  Kept kept{base::Secret(all.at("verifier").get<std::string>()), {}};
  kept.client.token_url = all.at("token_url");
  kept.client.revoke_url = all.at("revoke_url");
  kept.client.id = all.at("id");
  kept.client.secret = base::Secret(all.at("secret").get<std::string>());
  kept.client.proof = static_cast<Proof>(all.at("proof").get<int>());
  kept.client.scopes = all.at("scopes").get<std::vector<std::string>>();
  kept.client.of_account = all.at("of_account");
  return kept;
}

}  // namespace

Known Service::known(const Wish& wish, connect::Connector& connector, connect::Credentials credentials) {
  const auto until = clock_.boot() + kAsk;
  connect::Account account{wish.target};
  // Where what is typed in only opens a session (Bluesky), the session is what is kept.
  if (const auto end = connector.expires_at(credentials); end && *end <= clock_.wall()) {
    auto refreshed = connector.refresh(account, credentials, until, {});
    if (!refreshed.credentials) throw refusal(refreshed.outcome, "invalid_credentials");
    credentials = std::move(*refreshed.credentials);
  }
  auto verified = connector.verify(account, credentials, until, {});
  if (verified.outcome.verdict != connect::Verdict::accepted)
    throw refusal(verified.outcome, "invalid_credentials");
  return {credentials.secret,
          life_of(connector, credentials),
          {verified.account.id, verified.account.name, verified.account.facts}};
}

Known Service::ask(const Wish& wish) {
  auto& connector = outside_.connector(wish.platform);
  const connect::Credentials credentials{wish.secret};
  connector.check(wish.target, credentials);
  return known(wish, connector, credentials);
}

accounts::ConnectionInfo Service::create(store::Connection& connection, const Wish& wish, const Known& known,
                                         std::optional<std::int64_t> person) {
  store::Transaction transaction(connection);
  const auto made = accounts::create_connection(connection, vault_, wish.name, wish.platform, wish.target,
                                                known.secret, person);
  accounts::learn(connection, made.id, known.life);
  accounts::learn(connection, made.id, known.account);
  accounts::claim_account(connection, made.id);
  auto info = accounts::get_connection(connection, made.id);
  transaction.commit();
  return *info;
}

std::optional<accounts::ConnectionInfo> Service::reconnect(store::Connection& connection, std::int64_t id,
                                                           const Known& known) {
  store::Transaction transaction(connection);
  const auto made = accounts::reconnect(connection, vault_, id, known.secret);
  if (!made) return std::nullopt;
  // What waits for this connection was meant for that account.
  if (!made->account_id.empty() && made->account_id != known.account.id)
    throw base::UserError("other_account",
                          "this is another account than " +
                              (made->account_name.empty() ? made->account_id : made->account_name) +
                              ": make a connection of its own for it");
  accounts::learn(connection, id, known.life);
  accounts::learn(connection, id, known.account);
  accounts::claim_account(connection, id);
  auto info = accounts::get_connection(connection, id);
  transaction.commit();
  return info;
}

Begun Service::begin(const accounts::Principal& who, accounts::Authorising what,
                     const std::string& redirect_uri) {
  if (what.connection) {
    const auto there = database_.retrying([&](store::Connection& connection) {
      return accounts::get_connection(connection, *what.connection);
    });
    if (!there) throw base::UserError("not_found", "there is no such connection");
    what.name = there->name;
    what.platform = there->platform;
    what.target = there->target;
  }
  auto& connector = outside_.connector(what.platform);
  const auto way = connector.authorisation({.target = what.target}, redirect_uri, clock_.boot() + kAsk, {});
  if (!way.client) throw refusal(way.outcome, "not_authorisable");
  const auto proof = connect::oauth::new_proof_key();
  what.kept = kept(proof.verifier, *way.client);
  const auto begun = database_.retrying([&](store::Connection& connection) {
    return accounts::begin_authorisation(connection, vault_, who, what);
  });
  return {
      connect::oauth::authorization_link(*way.client, redirect_uri, begun.state.reveal(), proof.challenge),
      begun.expires_at};
}

accounts::ConnectionInfo Service::finish(const accounts::Principal& who, const std::string& state,
                                         const std::string& code, const std::string& refused,
                                         const std::string& redirect_uri) {
  const auto what = database_.retrying([&](store::Connection& connection) {
    return accounts::take_authorisation(connection, vault_, who, state);
  });
  if (!what)
    throw base::UserError("authorisation_unknown",
                          "this authorisation has expired, was finished before, or was begun in another "
                          "session: begin again");
  if (!refused.empty() || code.empty())
    throw base::UserError("authorisation_refused", "the platform was not told yes: begin again");
  auto [verifier, client] = unkept(what->kept);
  auto& connector = outside_.connector(what->platform);
  auto got =
      connector.exchange(client, {base::Secret(code), verifier, redirect_uri}, clock_.boot() + kAsk, {});
  if (!got.credentials) throw refusal(got.outcome, "authorisation_refused");
  const Wish wish{what->name, what->platform, what->target};
  try {
    const auto all = known(wish, connector, *got.credentials);
    return database_.retrying([&](store::Connection& connection) {
      if (!what->connection) return create(connection, wish, all, what->person);
      auto made = reconnect(connection, *what->connection, all);
      if (!made) throw base::UserError("not_found", "the connection was removed meanwhile");
      return *made;
    });
  } catch (const base::UserError&) {
    connector.revoke({what->target}, *got.credentials, clock_.boot() + kTell, {});
    throw;
  }
}

std::optional<accounts::ConnectionInfo> Service::verify(std::int64_t id) {
  const auto there = database_.retrying(
      [&](store::Connection& connection) { return accounts::get_connection(connection, id); });
  if (!there) return std::nullopt;
  if (there->disconnected_at)
    throw base::UserError("connection_disconnected",
                          "the connection is disconnected: connect it again first");
  auto& connector = outside_.connector(there->platform);
  auto fresh = credentials_.get(id, kAsk, accounts::FreshCredentials::To::ask);
  if (const auto* none = std::get_if<accounts::NotUsable>(&fresh)) {
    if (none->again) throw unavailable(none->why);
    throw base::UserError("invalid_credentials", none->why);
  }
  const auto& live = std::get<accounts::LiveConnection>(fresh);
  const auto verified = connector.verify(account_of(live), {live.secret}, clock_.boot() + kAsk, {});
  const bool known = verified.outcome.verdict == connect::Verdict::accepted;
  const bool refused = !known && verified.outcome.verdict == connect::Verdict::certain_failure &&
                       verified.outcome.reason == connect::Reason::credentials;
  auto info = database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    if (known) {
      accounts::credentials_verified(connection, id, live.version);
      accounts::learn(
          connection, id,
          accounts::AccountFacts{verified.account.id, verified.account.name, verified.account.facts});
    }
    if (refused) accounts::credentials_refused(connection, id, live.version, verified.outcome.error);
    auto now = accounts::get_connection(connection, id);
    transaction.commit();
    return now;
  });
  if (!known) throw refusal(verified.outcome, "invalid_credentials");
  return info;
}

bool Service::disconnect(std::int64_t id, const Within& within) {
  std::optional<accounts::ConnectionInfo> was;
  const auto forgotten = database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    was = accounts::get_connection(connection, id);
    auto sealed = was ? accounts::disconnect_forgetting(connection, id) : std::nullopt;
    if (was) within(connection);
    transaction.commit();
    return sealed;
  });
  if (!was) return false;
  auto* connector = outside_.find(was->platform);
  if (connector == nullptr || !forgotten) return true;
  try {
    connector->revoke({was->target, was->account_id, was->account_name, was->facts},
                      {accounts::unseal_for(vault_, id, *forgotten)}, clock_.boot() + kTell, {});
  } catch (const base::UserError& error) {
    // Its key is lost: there is nothing to give back.
    base::log(base::LogLevel::warn, "credentials not revoked", {{"connection", id}, {"error", error.what()}});
  }
  return true;
}

}  // namespace fencepost::connections
