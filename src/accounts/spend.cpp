#include "accounts/spend.hpp"

#include <algorithm>

#include "accounts/connections.hpp"
#include "accounts/sql.hpp"
#include "store/budget.hpp"
#include "store/sql.hpp"

namespace fencepost::accounts {

namespace {

// Without a limit it is counted all the same: a billion dollars.
constexpr std::int64_t kNoLimit = 1'000'000'000'000'000;

struct Windows {
  store::BucketKey day, month;
};

// Of the database's time.
Windows windows_of(store::Connection& connection, std::int64_t id) {
  const auto now = base::format_utc(connection.run(store::sql::now)[0][0].integer());
  const auto name = "connection:" + std::to_string(id);
  return {{"spend.day", name, now.substr(0, 10)}, {"spend.month", name, now.substr(0, 7)}};
}

std::int64_t used(store::Connection& connection, const store::BucketKey& key) {
  const auto bucket = store::bucket(connection, key);
  return bucket ? bucket->used : 0;
}

}  // namespace

Spend spend_of(store::Connection& connection, std::int64_t id) {
  const auto windows = windows_of(connection, id);
  return {used(connection, windows.day), used(connection, windows.month)};
}

bool set_spend_limits(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> daily,
                      std::optional<std::int64_t> monthly) {
  for (const auto& limit : {daily, monthly})
    if (limit && (*limit < 0 || *limit > kNoLimit))
      throw base::UserError("invalid_field", "a limit is an amount from 0 to a billion dollars");
  store::Transaction transaction(connection);
  // The row first: a gate holds it while it takes by the limits that it read there.
  if (connection.run(sql::set_spend_limits, {id, daily, monthly}).empty()) return false;
  const auto windows = windows_of(connection, id);
  // In the order of locks.
  store::set_quota_from(connection, windows.month, monthly.value_or(kNoLimit));
  store::set_quota_from(connection, windows.day, daily.value_or(kNoLimit));
  transaction.commit();
  return true;
}

std::optional<std::string> over_spend(store::Connection& connection, std::int64_t id, std::int64_t cost) {
  const auto info = get_connection(connection, id);
  if (!info || cost <= 0) return std::nullopt;
  const auto spent = spend_of(connection, id);
  const auto over = [&](std::optional<std::int64_t> limit, std::int64_t gone, const char* of) {
    if (!limit || gone + cost <= *limit) return std::optional<std::string>();
    return std::optional("this post costs " + dollars(cost) + ", and " + dollars(gone) +
                         " of the connection's " + dollars(*limit) + " a " + of +
                         " are spent: raise the limit, or wait for the next " + of);
  };
  if (auto why = over(info->spend_daily, spent.today, "day")) return why;
  return over(info->spend_monthly, spent.month, "month");
}

bool spend(store::Connection& connection, std::int64_t id, std::int64_t cost, const std::string& queue,
           const std::string& item, std::int64_t claim) {
  if (cost <= 0) return true;
  const auto info = get_connection(connection, id);
  if (!info) return false;
  const auto windows = windows_of(connection, id);
  const auto purpose = "post:" + std::to_string(claim);
  const auto take = [&](const store::BucketKey& key, std::optional<std::int64_t> limit) {
    return store::TakeRequest{key, limit.value_or(kNoLimit), cost, queue, item, purpose, 0};
  };
  const auto taken = store::take_all(
      connection, {take(windows.day, info->spend_daily), take(windows.month, info->spend_monthly)});
  if (taken.full) return false;
  store::mark_spent(connection, queue, item, purpose, 0);
  return true;
}

std::string dollars(std::int64_t millionths) {
  auto digits = std::to_string(millionths);
  if (digits.size() < 7) digits.insert(0, 7 - digits.size(), '0');
  auto text = "$" + digits.substr(0, digits.size() - 6) + "." + digits.substr(digits.size() - 6);
  // Cents always, and what is behind them where it says something.
  while (text.ends_with('0') && text[text.size() - 3] != '.') text.pop_back();
  return text;
}

}  // namespace fencepost::accounts
