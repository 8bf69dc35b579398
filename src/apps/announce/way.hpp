#pragma once
// The way of one announcement to its platform, from render() to settled(): nothing of it is kept. Inside
// announce/ only.

#include <any>
#include <optional>
#include <string>

#include "accounts/fresh_credentials.hpp"
#include "connect/connector.hpp"
#include "engine/effect_work.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {

// The secret goes no further than this.
struct Way {
  connect::Connector* connector = nullptr;
  connect::Post post{};
  connect::Account account{};
  std::int64_t connection_id = 0;
  std::int64_t cost = 0;  // what the platform charges, in millionths of a US dollar
  // From prepare() on.
  connect::Credentials credentials{};
  std::int64_t version = 0;  // of the secret
  bool may_refresh = false;  // a refusal is worth one more try, with new credentials
};

// What is learnt of a connection by what a platform answered; `own` of a result. Written in the transaction
// that settles it.
struct Learnt {
  std::int64_t connection_id = 0;
  std::int64_t version = 0;
  bool accepted = false, refused = false;
  std::optional<base::Duration> rest{};
};
Learnt learnt(const Way& way, const connect::Outcome& outcome);
// On the caller's connection, in its transaction.
void write(store::Connection& connection, const Learnt& learnt, const std::string& why);

// What the engine makes of an answer. A refusal of who we are is tried again where the credentials can be
// refreshed, once: what was refreshed because of a refusal is on trial.
store::EffectResult result_of(const Way& way, const connect::Outcome& outcome);
// The same before the gate, where nothing was posted whatever happened.
engine::NotNow not_now(const Way& way, const connect::Outcome& outcome);
store::EffectResult result_of(const connect::Look& look, const std::string& why_unknown);

}  // namespace fencepost::announce
