#pragma once
// Who wants to be told of what, and where. A subscription is a person's, or the instance's own.
//
// All functions throw InfraError, are one transaction (or a part of the caller's), and are as thread-safe as
// the connection is. After an `in_doubt` one: repeat them.

#include <optional>
#include <string>
#include <vector>

#include "accounts/notices.hpp"
#include "accounts/rotation.hpp"
#include "accounts/vault.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/database.hpp"

namespace fencepost::notify {

using accounts::NoticeKind;

enum class Channel { webhook, email };

struct Subscription {
  std::int64_t id = 0;
  std::optional<std::int64_t> person{};  // nullopt: the instance's own, which is told of everything
  std::string name;
  Channel channel = Channel::webhook;
  std::string url;      // webhook
  std::string address;  // email: the person's, as it was when this was made
  std::vector<std::string> kinds;
  std::vector<std::string> queues;  // none: all
  bool enabled = true;
  std::int64_t version = 1;  // grows with every edit; the ETag
  base::Micros created_at = 0;
  // email: the code that was sent there came back, and it is still the person's address. Others: true.
  bool confirmed = true;
  bool address_is_current = true;
  bool live() const { return enabled && confirmed && address_is_current; }
};

struct Draft {
  std::string name;
  Channel channel = Channel::webhook;
  std::string url{};  // webhook: checked by the connector before
  std::vector<std::string> kinds;
  std::vector<std::string> queues{};
  std::optional<std::int64_t> person{};  // needed for email
  base::Secret secret;                   // webhook: the signing secret; email: a code, drawn by new_code()
};

struct Edit {
  std::optional<std::string> name{};
  std::optional<std::vector<std::string>> kinds{};
  std::optional<std::vector<std::string>> queues{};
  std::optional<bool> enabled{};
};

constexpr int kMostOfOne = 20;  // subscriptions of one person

base::Secret new_code();

// Throws UserError: invalid_name, invalid_kinds, invalid_queues, too_many_subscriptions; forbidden: the
// person is gone or disabled. An email one begins unconfirmed; with it the mail with its code is queued.
Subscription subscribe(store::Connection& connection, const accounts::Vault& vault, const Draft& draft);
std::optional<Subscription> get_subscription(store::Connection& connection, std::int64_t id);
// Behind `after`, by id. `person` nullopt: everybody's.
std::vector<Subscription> page_of_subscriptions(store::Connection& connection,
                                                std::optional<std::int64_t> person, std::int64_t after,
                                                int limit);
// What is switched off loses what waits for it, in the same transaction. False: it is another version by now,
// or gone. Throws UserError as subscribe() does.
bool edit_subscription(store::Connection& connection, std::int64_t id, std::int64_t version,
                       const Edit& edit);
// Forgets the secret, and stops what waits for it, in the same transaction. What is on its way arrives.
// False: there never was such a one.
bool unsubscribe(store::Connection& connection, std::int64_t id);
// wrong: another code, or there is nothing to confirm.
enum class Confirmed { confirmed, wrong, not_found };
Confirmed confirm(store::Connection& connection, const accounts::Vault& vault, std::int64_t id,
                  const std::string& code);

// Queues a delivery that says only that it works; its id.
std::int64_t send_test(store::Connection& connection, std::int64_t id);

struct Delivery {
  std::int64_t id = 0;
  std::string message_id;
  std::string kind;  // "digest", "test", "confirm"
  std::int64_t notices = 0;
  std::string status;  // "queued", "delivered", "failed", "stopped"
  int attempts = 0;
  std::optional<std::string> last_error;
  base::Micros run_at = 0;
  base::Micros created_at = 0;
};
// The newest first.
std::vector<Delivery> page_of_deliveries(store::Connection& connection, std::int64_t subscription,
                                         std::optional<std::int64_t> before, int limit);

// Whether secrets are sealed here: then a new key would be the wrong one.
bool any_secret(store::Connection& connection);
// For the rotation of the key.
accounts::Sealed sealed_subscriptions();
// What a subscription's secret is sealed with.
std::string secret_context(std::int64_t id);

}  // namespace fencepost::notify
