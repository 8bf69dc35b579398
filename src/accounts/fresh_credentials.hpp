#pragma once
// Credentials that are valid: refreshed before they end and after the platform refused them, by one process
// at a time over all instances.
//
// Who refreshes holds a lease in the connection's row, and no connection, transaction or lock while he asks
// the platform. Others are told to come back, and never refresh themselves: refresh tokens may be single-use.
// The new secret is stored, in one statement, before it is used.
//
// A process that dies between the platform's answer and that statement takes the answer with it. Its lease
// lapses, the next one finds a refresh in doubt and tries the old token; where the platform took it as used,
// the connection is broken, and says that a person has to connect anew. Nothing better can be known.
//
// Times are the database's, but for the call's deadline: that is counted on the own clock from before the
// lease was asked for, and ends before it, so that a process which was paused refreshes nothing late.

#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "accounts/connections.hpp"
#include "accounts/vault.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "engine/context.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

// What a platform's connector needs of a connection. `version` names the secret: what is learnt of it is said
// with it (refused, accepted).
struct LiveConnection {
  std::int64_t id = 0;
  std::string name, platform, target;
  std::string account_id, account_name, facts;
  base::Secret secret{};
  std::int64_t version = 0;
  bool refreshable = false;
  // The secret before this one was refused, and this one was not yet accepted.
  bool on_trial = false;
};

// When a secret ends, as the platform said when it gave it.
struct SecretLife {
  std::optional<base::Micros> expires_at{};
  bool refreshable = false;
};

// Why there is none. With `again` it is worth asking then; else a person has to do something.
struct NotUsable {
  std::string why;  // safe to show
  std::optional<base::Duration> again{};
};

struct RefreshAnswer {
  // fresh: `secret` and `life`. refused: a person has to connect anew. later: certainly nothing happened.
  // unknown: the old secret may be used up.
  enum class Kind { fresh, refused, later, unknown };
  Kind kind = Kind::unknown;
  base::Secret secret{};
  SecretLife life{};
  std::string why{};                     // safe to show
  std::optional<base::Duration> wait{};  // later: not before
};

// The outside, which accounts cannot see: apps/connections puts the connectors behind it. Thread-safe; both
// end by `deadline` and throw nothing for what a platform does.
class Refresher {
 public:
  virtual ~Refresher() = default;
  virtual RefreshAnswer refresh(const LiveConnection& connection, base::BootTime deadline) = 0;
  // Of a secret that came too late: nobody will use it.
  virtual void discard(const LiveConnection& connection, const base::Secret& secret,
                       base::BootTime deadline) = 0;
};

// Thread-safe. Everything named outlives it.
class FreshCredentials {
 public:
  FreshCredentials(const engine::Context& context, const Vault& vault, Refresher& refresher)
      : context_(context), vault_(vault), refresher_(refresher) {}

  // The connection with a secret that is good for `valid_for` at least. May ask the platform for a new one:
  // takes half a minute at most, and cannot be cut short, since an answer that is cut is a token that is
  // lost. Throws InfraError; UserError("secret_unreadable").
  // Who only asks (who he is, what became of a post) gets them though the platform wants a rest, and though
  // they were refused: it may know them by now.
  enum class To { send, ask };
  std::variant<LiveConnection, NotUsable> get(std::int64_t id, base::Duration valid_for,
                                              To purpose = To::send);

  // One round of upkeep: refreshes what ends soon, tells people once of what ends soon and cannot be
  // refreshed, and marks what has ended. Any number of instances may. A stop ends it behind the connection
  // that it is at. Answers how many were due.
  int upkeep(const std::stop_token& stop = {});

 private:
  struct Life;
  std::optional<Life> read(store::Connection& connection, std::int64_t id) const;
  std::variant<LiveConnection, NotUsable> refresh(Life life, base::Duration valid_for);
  std::variant<LiveConnection, NotUsable> settle(Life life, RefreshAnswer answer, std::int64_t number,
                                                 base::Duration valid_for);
  void tell_of_ends();

  store::Database& database() const { return context_.database; }
  const base::Clock& clock() const { return context_.clock; }

  const engine::Context& context_;
  const Vault& vault_;
  Refresher& refresher_;
};

// -- what sends learn, in the transaction that settles them

// The platform refused the secret of this version. A first refusal of one that can be refreshed only asks for
// that; any other breaks the connection, and people are told once. Of an older version: nothing happens.
void credentials_refused(store::Connection& connection, std::int64_t id, std::int64_t version,
                         const std::string& why);
void credentials_accepted(store::Connection& connection, std::int64_t id, std::int64_t version);
// The platform wants nothing of this account for so long.
void rest_connection(store::Connection& connection, std::int64_t id, base::Duration rest);

// -- what connecting learns, in the transaction that wrote the secret

struct AccountFacts {
  std::string id, name;
  std::string facts = "{}";  // JSON of the connector's own
};
void learn(store::Connection& connection, std::int64_t id, const AccountFacts& account);
void learn(store::Connection& connection, std::int64_t id, const SecretLife& life);
// In the transaction that connects it, behind what was learnt: nobody else connects this account. Throws
// UserError("duplicate_account"): then roll back.
void claim_account(store::Connection& connection, std::int64_t id);
// The platform knows the secret of this version: whatever was wrong is over.
void credentials_verified(store::Connection& connection, std::int64_t id, std::int64_t version);

}  // namespace fencepost::accounts
