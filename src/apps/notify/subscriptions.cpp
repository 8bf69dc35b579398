#include "apps/notify/subscriptions.hpp"

#include <sodium.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "accounts/people.hpp"
#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "notify/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::notify {

namespace {

constexpr std::size_t kMostQueues = 50;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

void check_kinds(const std::vector<std::string>& kinds) {
  const bool known = std::all_of(kinds.begin(), kinds.end(), [](const auto& word) {
    return accounts::notice_kind_named(word).has_value();
  });
  if (kinds.empty() || !known)
    throw base::UserError("invalid_kinds",
                          "name one or more of item_failed, item_unknown, credentials_expiring, "
                          "credentials_refused and quota_low");
}

// As the queue's descriptor allows them.
void check_queues(const std::vector<std::string>& queues) {
  const auto is_name = [](const std::string& text) {
    return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
  };
  if (queues.size() > kMostQueues || !std::all_of(queues.begin(), queues.end(), is_name))
    throw base::UserError("invalid_queues", "queues are at most 50 names, as GET /queues shows them");
}

Subscription subscription_of(const store::Row& row) {
  Subscription s;
  s.id = row[0].integer();
  s.person = row[1].maybe_integer();
  s.name = row[2].text();
  s.channel = row[3].text() == "email" ? Channel::email : Channel::webhook;
  s.url = row[4].maybe_text().value_or("");
  s.address = row[5].maybe_text().value_or("");
  s.kinds = split(row[6].text());
  s.queues = split(row[7].text());
  s.enabled = row[8].boolean();
  s.version = row[9].integer();
  s.created_at = row[10].integer();
  const bool email = s.channel == Channel::email;
  s.confirmed = !email || !row[11].is_null();
  s.address_is_current = !email || row[12].maybe_text() == s.address;
  return s;
}

std::int64_t add_delivery(store::Connection& connection, std::int64_t subscription, const char* kind) {
  const auto id = connection.run(sql::add_delivery, {"msg_" + base::random_hex(16), subscription, kind, "{}"})
                      .rows.at(0)[0]
                      .integer();
  connection.run(store::sql::notify, {"deliveries"});
  return id;
}

std::string address_of(store::Connection& connection, std::int64_t person) {
  const auto found = accounts::get_person(connection, person);
  if (!found) throw base::UserError("forbidden", "this person was removed meanwhile");
  return found->email;
}

}  // namespace

std::string secret_context(std::int64_t id) { return "subscription:" + std::to_string(id); }

base::Secret new_code() { return base::Secret(base::random_hex(16)); }

accounts::Sealed sealed_subscriptions() {
  return {sql::subscription_secrets_page, sql::reseal_subscriptions, {0}, [](const store::Row& row) {
            return secret_context(row[0].integer());
          }};
}

bool any_secret(store::Connection& connection) { return !connection.run(sql::any_secret).empty(); }

Subscription subscribe(store::Connection& connection, const accounts::Vault& vault, const Draft& draft) {
  accounts::check_name(draft.name);
  check_kinds(draft.kinds);
  check_queues(draft.queues);
  const bool email = draft.channel == Channel::email;
  FENCEPOST_ASSERT(!email || draft.person);
  store::Transaction transaction(connection);
  // Locked: two at once must not both be the twentieth.
  if (draft.person) {
    const auto rows = connection.run(accounts::sql::lock_person, {*draft.person});
    if (rows.empty() || !rows[0][6].is_null())
      throw base::UserError("forbidden", "this person was disabled or removed meanwhile");
  }
  if (draft.person && connection.run(sql::subscriptions_of, {draft.person})[0][0].integer() >= kMostOfOne)
    throw base::UserError("too_many_subscriptions", "you have 20 subscriptions: delete one first");
  const auto id = connection
                      .run(sql::add_subscription,
                           {draft.person, draft.name, email ? "email" : "webhook",
                            email ? store::Value() : store::Value(draft.url),
                            email ? store::Value(address_of(connection, *draft.person)) : store::Value(),
                            joined(draft.kinds), joined(draft.queues)})
                      .rows.at(0)[0]
                      .integer();
  connection.run(sql::set_subscription_secret, {id, vault.seal(draft.secret, secret_context(id))});
  if (email) add_delivery(connection, id, "confirm");
  auto made = get_subscription(connection, id);
  transaction.commit();
  return std::move(made).value();
}

std::optional<Subscription> get_subscription(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::subscription, {id});
  if (rows.empty()) return std::nullopt;
  return subscription_of(rows[0]);
}

std::vector<Subscription> page_of_subscriptions(store::Connection& connection,
                                                std::optional<std::int64_t> person, std::int64_t after,
                                                int limit) {
  std::vector<Subscription> page;
  for (const auto& row : connection.run(sql::subscriptions_page, {after, limit, person}))
    page.push_back(subscription_of(row));
  return page;
}

bool edit_subscription(store::Connection& connection, std::int64_t id, std::int64_t version,
                       const Edit& edit) {
  if (edit.name) accounts::check_name(*edit.name);
  if (edit.kinds) check_kinds(*edit.kinds);
  if (edit.queues) check_queues(*edit.queues);
  store::Transaction transaction(connection);
  const auto seen = get_subscription(connection, id);
  if (!seen) return false;
  const bool enabled = edit.enabled.value_or(seen->enabled);
  // The write names the version: where the row is another one by now, nothing of what was read is written.
  if (connection
          .run(sql::edit_subscription,
               {id, version, edit.name.value_or(seen->name), joined(edit.kinds.value_or(seen->kinds)),
                joined(edit.queues.value_or(seen->queues)), enabled})
          .empty())
    return false;
  if (!enabled) connection.run(sql::stop_deliveries, {id});
  transaction.commit();
  return true;
}

bool unsubscribe(store::Connection& connection, std::int64_t id) {
  store::Transaction transaction(connection);
  // Takes the row's lock first: who makes deliveries for it waits, and then finds it deleted.
  if (connection.run(sql::delete_subscription, {id}).empty()) return false;
  connection.run(sql::stop_deliveries, {id});
  transaction.commit();
  return true;
}

Confirmed confirm(store::Connection& connection, const accounts::Vault& vault, std::int64_t id,
                  const std::string& code) {
  const auto rows = connection.run(sql::subscription, {id});
  if (rows.empty()) return Confirmed::not_found;
  const auto seen = subscription_of(rows[0]);
  if (seen.channel != Channel::email || !seen.address_is_current || rows[0][13].is_null())
    return Confirmed::wrong;
  const auto wanted = vault.unseal(rows[0][13].text(), secret_context(id));
  const auto& text = wanted.reveal();
  if (text.size() != code.size() || sodium_memcmp(text.data(), code.data(), text.size()) != 0)
    return Confirmed::wrong;
  return connection.run(sql::confirm_subscription, {id}).empty() ? Confirmed::not_found
                                                                 : Confirmed::confirmed;
}

std::int64_t send_test(store::Connection& connection, std::int64_t id) {
  store::Transaction transaction(connection);
  if (connection.run(sql::lock_subscription, {id}).empty())
    throw base::UserError("not_found", "there is no such subscription");
  const auto delivery = add_delivery(connection, id, "test");
  transaction.commit();
  return delivery;
}

std::vector<Delivery> page_of_deliveries(store::Connection& connection, std::int64_t subscription,
                                         std::optional<std::int64_t> before, int limit) {
  constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
  std::vector<Delivery> page;
  for (const auto& row : connection.run(sql::deliveries_page, {subscription, before.value_or(kAll), limit})) {
    // Claimed is the engine's matter.
    const auto status = row[4].text() == "claimed" ? "queued" : row[4].text();
    page.push_back({row[0].integer(), row[1].text(), row[2].text(), row[3].integer(), status,
                    static_cast<int>(row[5].integer()), row[6].maybe_text(), row[7].integer(),
                    row[8].integer()});
  }
  return page;
}

}  // namespace fencepost::notify
