#include "accounts/fresh_credentials.hpp"

#include "accounts/notices.hpp"
#include "accounts/sql.hpp"
#include "accounts/unique.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"

namespace fencepost::accounts {

namespace {
using namespace std::chrono_literals;

// The call ends well before its lease: nobody else may begin while this one's request can still leave.
constexpr base::Duration kCall = 30s, kLease = 60s;
// How long nobody tries again where the platform said nothing of it.
constexpr base::Duration kPause = 30s, kLongestPause = 1h;
// Those who wait for another's refresh come back this often.
constexpr base::Duration kComeBack = 500ms;
// How long a new secret is pressed upon a database that is away: it exists nowhere else.
constexpr base::Duration kInsist = 10min;
// The upkeep refreshes so long before the end (or a tenth of its life, see refresh_soon), and tells people so
// long before an end that nobody can put off.
constexpr base::Duration kAhead = 10min, kTold = 7 * 24h;
constexpr int kRound = 50;

NotUsable later(std::string why, base::Duration again) { return {std::move(why), again}; }

constexpr const char* kAnew = ": connect the account again";

void break_it(store::Connection& connection, std::int64_t id, std::int64_t version, const std::string& why,
              std::optional<std::int64_t> number) {
  store::Transaction transaction(connection);
  const auto broken = connection.run(sql::break_connection, {id, version, why, number});
  if (!broken.empty())
    raise(connection, {.kind = NoticeKind::credentials_refused,
                       .item = broken[0][0].text(),
                       .connection_id = id,
                       .detail = why});
  transaction.commit();
}
}  // namespace

struct FreshCredentials::Life {
  LiveConnection live;
  bool connected = false, broken = false, wanted = false, in_doubt = false;
  bool held = false;  // a refresh has the lease, or had it when it lapsed
  std::string broken_reason{};
  std::optional<base::Micros> expires_at{};
  std::optional<base::Duration> nobody_for{};  // nobody else refreshes for so long
  std::optional<base::Duration> rest{};
  base::Micros now = 0;

  bool valid_for(base::Duration span) const { return !expires_at || *expires_at > now + span.count(); }
};

std::optional<FreshCredentials::Life> FreshCredentials::read(store::Connection& connection,
                                                             std::int64_t id) const {
  const auto rows = connection.run(sql::connection_life, {id});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  const auto span = [](const store::Value& value) {
    const auto count = value.maybe_integer();
    return count ? std::optional(base::Duration(*count)) : std::nullopt;
  };
  Life life;
  life.live = {.id = id,
               .name = row[0].text(),
               .platform = row[1].text(),
               .target = row[2].text(),
               .account_id = row[3].text(),
               .account_name = row[4].text(),
               .facts = row[5].text(),
               .version = row[7].integer(),
               .refreshable = row[8].boolean(),
               .on_trial = row[9].boolean()};
  life.wanted = row[10].boolean();
  life.expires_at = row[11].maybe_integer();
  life.broken_reason = row[13].maybe_text().value_or("");
  life.in_doubt = row[14].boolean();
  life.broken = row[15].boolean();
  life.connected = row[16].boolean();
  life.held = row[17].boolean();
  life.nobody_for = span(row[18]);
  life.rest = span(row[19]);
  life.now = row[20].integer();
  if (!life.connected) return life;
  if (row[6].is_null())
    throw base::UserError("secret_unreadable", "the connection has no secret: connect again");
  life.live.secret = unseal_for(vault_, id, row[6].text());
  return life;
}

std::variant<LiveConnection, NotUsable> FreshCredentials::get(std::int64_t id, base::Duration valid_for,
                                                              To purpose) {
  auto life = database().retrying([&](store::Connection& connection) { return read(connection, id); });
  if (!life || !life->connected) return NotUsable{"the connection is disconnected"};
  if (life->broken && purpose == To::ask) return std::move(life->live);
  if (life->broken) return NotUsable{life->broken_reason};
  if (life->rest && purpose == To::send)
    return later("the platform wants a rest of this account", *life->rest);
  if (!life->wanted && life->valid_for(valid_for)) return std::move(life->live);
  if (!life->live.refreshable) {
    // Nobody can put this end off. Until it comes the secret is as good as it ever was.
    if (life->valid_for(base::Duration(0))) return std::move(life->live);
    const auto why = std::string("the credentials have expired") + kAnew;
    database().retrying([&](store::Connection& connection) {
      break_it(connection, id, life->live.version, why, std::nullopt);
      return 0;
    });
    return NotUsable{why};
  }
  if (life->nobody_for) {
    // Somebody is at it: what he gets may end what we have. Where the platform only was not to be had, what
    // we have is used as long as it lasts.
    if (!life->held && !life->wanted && life->valid_for(std::min(valid_for, kPause)))
      return std::move(life->live);
    return later(
        life->held ? "its credentials are being refreshed" : "its credentials cannot be refreshed just now",
        life->held ? kComeBack : *life->nobody_for);
  }
  return refresh(std::move(*life), valid_for);
}

std::variant<LiveConnection, NotUsable> FreshCredentials::refresh(Life life, base::Duration valid_for) {
  const auto deadline = clock().boot() + kCall;  // counted from before the lease
  const auto number = base::random_i63();
  const auto id = life.live.id;
  base::testpoint("refresh.begin");
  // After a commit in doubt nobody asks: the lease lapses, or was never there.
  const auto leased = database().retrying([&](store::Connection& connection) {
    return connection.run(sql::lease_refresh, {id, number, kLease.count(), life.live.version});
  });
  if (leased.empty()) return later("its credentials are being refreshed", kComeBack);
  life.in_doubt = leased[0][0].boolean();
  base::testpoint("refresh.leased");
  auto answer = refresher_.refresh(life.live, deadline);
  base::testpoint("refresh.answered");
  return settle(std::move(life), std::move(answer), number, valid_for);
}

std::variant<LiveConnection, NotUsable> FreshCredentials::settle(Life life, RefreshAnswer answer,
                                                                 std::int64_t number,
                                                                 base::Duration valid_for) {
  using Kind = RefreshAnswer::Kind;
  auto& live = life.live;
  const auto id = live.id, version = live.version;
  // Each of these writes the same again, or finds that it was overtaken.
  const auto write = [&](base::Duration until, const std::function<void(store::Connection&)>& work) {
    return engine::insist(context_, "credentials", clock().boot() + until,
                          [&](store::Connection& connection, bool) { work(connection); });
  };
  const char* const kinds[] = {"fresh", "refused", "later", "unknown"};
  base::log(answer.kind == Kind::fresh ? base::LogLevel::info : base::LogLevel::warn, "credentials refreshed",
            {{"connection", id},
             {"platform", live.platform},
             {"answer", kinds[static_cast<int>(answer.kind)]},
             {"detail", answer.why}});
  if (answer.kind == Kind::fresh) {
    const auto sealed = seal_for(vault_, id, answer.secret);
    bool stored = false;
    const bool written = write(kInsist, [&](store::Connection& c) {
      stored = !c.run(sql::store_refreshed,
                      {id, sealed, version, number, answer.life.expires_at, answer.life.refreshable})
                    .empty();
    });
    base::testpoint("refresh.stored");
    if (!written) return later("its new credentials could not be stored", kPause);
    if (!stored) {
      // Disconnected or connected anew meanwhile: that was a person's word.
      refresher_.discard(live, answer.secret, clock().boot() + kCall);
      return later("the connection was changed meanwhile", kComeBack);
    }
    live.secret = std::move(answer.secret);
    live.version = version + 1;
    live.refreshable = answer.life.refreshable;
    live.on_trial = life.wanted;
    return std::move(live);
  }
  if (answer.kind == Kind::refused) {
    const auto why =
        (life.in_doubt ? "the answer of an earlier refresh was lost, and the platform takes the old "
                         "credentials no more"
                       : answer.why) +
        kAnew;
    write(kCall, [&](store::Connection& c) { break_it(c, id, version, why, number); });
    return NotUsable{why};
  }
  const auto pause = std::clamp<base::Duration>(answer.wait.value_or(kPause), 1s, kLongestPause);
  write(kCall, [&](store::Connection& c) {
    c.run(sql::refresh_failed, {id, version, number, pause.count(), answer.kind == Kind::unknown,
                                "the credentials could not be refreshed: " + answer.why});
  });
  // Nothing happened to the old ones: good for as long as they last.
  if (answer.kind == Kind::later && !life.wanted && life.valid_for(std::min(valid_for, kPause)))
    return std::move(live);
  return later("its credentials cannot be refreshed just now: " + answer.why, pause);
}

int FreshCredentials::upkeep(const std::stop_token& stop) {
  const auto due = database().retrying([&](store::Connection& connection) {
    return connection.run(sql::refresh_soon, {kRound, kAhead.count()});
  });
  for (const auto& row : due) {
    if (stop.stop_requested()) return 0;
    const auto id = row[0].integer();
    try {
      auto life = database().retrying([&](store::Connection& connection) { return read(connection, id); });
      if (life && life->connected && !life->broken && life->live.refreshable && !life->nobody_for)
        refresh(std::move(*life), base::Duration(0));
    } catch (const std::exception& error) {
      // The others are not kept waiting for one whose key is lost.
      base::log(base::LogLevel::warn, "credentials not refreshed",
                {{"connection", id}, {"error", error.what()}});
    }
  }
  tell_of_ends();
  return static_cast<int>(due.size());
}

void FreshCredentials::tell_of_ends() {
  const auto ending = database().retrying([&](store::Connection& connection) {
    return connection.run(sql::expire_soon, {kRound, kTold.count()});
  });
  for (const auto& row : ending) {
    const auto id = row[0].integer(), version = row[1].integer();
    database().retrying([&](store::Connection& connection) {
      if (row[2].boolean()) {
        break_it(connection, id, version, std::string("the credentials have expired") + kAnew, std::nullopt);
        return 0;
      }
      store::Transaction transaction(connection);
      const auto told = connection.run(sql::tell_expiry, {id, version});
      if (!told.empty())
        raise(connection, {.kind = NoticeKind::credentials_expiring,
                           .item = told[0][0].text(),
                           .connection_id = id,
                           .detail = "the credentials expire at " + base::format_utc(told[0][1].integer()) +
                                     kAnew + " before that"});
      transaction.commit();
      return 0;
    });
  }
}

void credentials_refused(store::Connection& connection, std::int64_t id, std::int64_t version,
                         const std::string& why) {
  store::Transaction transaction(connection);
  if (connection.run(sql::want_refresh, {id, version}).empty())
    break_it(connection, id, version, why + kAnew, std::nullopt);
  transaction.commit();
}

void credentials_accepted(store::Connection& connection, std::int64_t id, std::int64_t version) {
  connection.run(sql::trust_credentials, {id, version});
}

void rest_connection(store::Connection& connection, std::int64_t id, base::Duration rest) {
  connection.run(sql::rest_connection, {id, rest.count()});
}

void learn(store::Connection& connection, std::int64_t id, const AccountFacts& account) {
  connection.run(sql::learn_account, {id, account.id, account.name, account.facts});
}

void claim_account(store::Connection& connection, std::int64_t id) try {
  connection.run(sql::claim_account, {id});
} catch (const base::InfraError& error) {
  if (!is_unique_violation(error)) throw;
  throw base::UserError("duplicate_account",
                        "this account is connected already, and everything would be posted there twice: use "
                        "that connection, or disconnect it first");
}

void learn(store::Connection& connection, std::int64_t id, const SecretLife& life) {
  connection.run(sql::learn_credentials, {id, life.expires_at, life.refreshable});
}

void credentials_verified(store::Connection& connection, std::int64_t id, std::int64_t version) {
  connection.run(sql::verified, {id, version});
}

}  // namespace fencepost::accounts
