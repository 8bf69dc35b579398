#pragma once
// From notices to deliveries, and from deliveries to whoever subscribed.
//
// A notice is a row that the transaction of what happened has written. gather() takes notices and deletes
// them in the transaction that writes deliveries of them, so that each goes into one delivery of each
// subscription: none is lost and none is counted twice, whenever the process dies and however many of them
// gather. A delivery is an item of a repeatable queue: it arrives at least once, with the same id every time.

#include <functional>
#include <optional>

#include "accounts/vault.hpp"
#include "apps/notify/subscriptions.hpp"
#include "connect/connector.hpp"
#include "connect/mail/mailer.hpp"
#include "core/state.hpp"
#include "engine/handler_work.hpp"
#include "store/database.hpp"

namespace fencepost::notify {

// The queue of deliveries: repeatable; 13 attempts over about half a day, then it is failed.
core::Queue delivery_queue();

struct Options {
  // How long a delivery waits for more to tell, from its first notice.
  base::Duration window = std::chrono::seconds(60);
  base::Duration timeout = std::chrono::seconds(30);  // of one attempt
};

// One step of gathering, in the caller's transaction or in one of its own: takes up to `most` notices and
// writes what is to be delivered of them, `window` after the first of each. Answers how many it took.
int gather(store::Connection& connection, int most, base::Duration window);

// Thread-safe. Everything named outlives it. `mailer` may be null: then this process sends no mail.
class Service {
 public:
  Service(store::Database& database, const accounts::Vault& vault, connect::Connector& webhook,
          const connect::mail::Mailer* mailer, const base::Clock& clock, Options options = {});

  // One step, again after a deadlock or a lost connection. Any number of processes may gather at once.
  int gather(int most = 500);

  // The handler of the queue: sends one delivery, where its subscription still wants it.
  engine::Outcome deliver(const engine::Attempt& attempt);

 private:
  store::Database& database_;
  const accounts::Vault& vault_;
  connect::Connector& webhook_;
  const connect::mail::Mailer* const mailer_;
  const base::Clock& clock_;
  const Options options_;
};

}  // namespace fencepost::notify
