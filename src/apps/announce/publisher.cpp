#include "apps/announce/publisher.hpp"

#include <algorithm>

#include "accounts/connections.hpp"
#include "accounts/spend.hpp"
#include "announce/sql.hpp"
#include "apps/announce/gate.hpp"
#include "apps/announce/images.hpp"
#include "apps/announce/queue.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/threads.hpp"
#include "apps/announce/way.hpp"
#include "base/random.hpp"
#include "store/guards.hpp"

namespace fencepost::announce {

using store::EffectResult;
using store::guard;
using store::Verdict;

namespace {

std::int64_t id_of(const std::string& item) { return std::stoll(item); }

// What a request may take beyond its own deadline before its credentials end.
constexpr base::Duration kSpare = std::chrono::seconds(30);
// What waits for its account is looked at again, whatever the platform said: a person may connect it anew.
constexpr base::Duration kLookAgain = std::chrono::minutes(5);

// Takes the claim back where the release lies ahead now: then its gate is refused.
void renew_release(store::Connection& connection, std::int64_t id) {
  store::Transaction transaction(connection);
  if (const auto episode = lock_parents(connection, id, false))
    release(connection, {.episode = episode, .announcement = id}, "publisher", "its episode was changed");
  transaction.commit();
}

// A post can be no older than its key, but for what two clocks may be apart and a request may take.
constexpr base::Micros kOlder = 3'600'000'000;

// A post that was found may be another announcement's of the account: one has it already, or says the same
// and nobody knows which post is its own. Asked behind the look, in one statement, so that of two who look at
// once one sees the other.
connect::Look told_apart(store::Connection& connection, const connect::Connector& way, std::int64_t id,
                         const store::Effect& sent, connect::Look found) {
  const auto said = way.told_by({sent.destination, sent.request});
  const auto post = found.remote_id.empty() ? store::Value() : store::Value(found.remote_id);
  for (const auto& row : connection.run(sql::rivals, {id, post, base::time_of(sent.key) - kOlder})) {
    const bool has_it = row[1].boolean();
    const bool says_it =
        !said.empty() && !row[2].is_null() && way.told_by({row[3].text(), row[2].text()}) == said;
    const auto other = "announcement " + std::to_string(row[0].integer());
    if (has_it && said.empty())
      found.remote_id = found.remote_url = "";
    else if (has_it || says_it)
      return {connect::Presence::cannot_tell, "", "",
              has_it ? "the post that says this is " + other + "'s"
                     : "a post says this, and it may be " + other + "'s, which says the same"};
  }
  return found;
}

}  // namespace

Publisher::Publisher(store::Database& database, accounts::FreshCredentials& credentials,
                     std::vector<connect::Connector*> connectors, ImageLinks links, const base::Clock& clock,
                     base::Duration timeout)
    : database_(database),
      credentials_(credentials),
      connectors_(std::move(connectors)),
      links_(std::move(links)),
      clock_(clock),
      timeout_(timeout) {}

connect::Connector* Publisher::connector(const std::string& platform) const {
  for (auto* one : connectors_)
    if (one->platform() == platform) return one;
  return nullptr;
}

std::variant<engine::Rendered, engine::NotNow> Publisher::render(store::Connection& connection,
                                                                 const store::Claim& claim,
                                                                 const std::string& key) {
  // What was being sent when its episode was moved has kept its time; tried again, it has to wait for the new
  // one.
  if (claim.attempt > 0) renew_release(connection, id_of(claim.item));
  // Read after the claim: it is this version that the claim's fence stands for, or a newer one, which the
  // gate refuses.
  const auto item = to_publish(connection, id_of(claim.item));
  if (!item) return engine::NotNow{"the announcement was deleted", {}};
  auto* way = connector(item->platform);
  if (way == nullptr) return engine::NotNow{"this server has no connector for " + item->platform, {}};
  // Approval may come, and the part before; nothing else that forbids it goes away by itself.
  if (const auto why = obstacle(*item)) {
    const std::string_view code = why->code;
    const bool may_come = code == "needs_approval" || code == "part_waits";
    return engine::NotNow{why->text,
                          may_come ? std::optional<base::Duration>(std::chrono::minutes(1)) : std::nullopt};
  }
  if (item->reply_to && item->reply_to->parent.id.empty())
    return engine::NotNow{"nobody knows what the platform calls the part before it, so it cannot answer that",
                          {}};
  const auto account = accounts::get_connection(connection, item->connection_id);
  if (!account || account->disconnected_at) return engine::NotNow{"the connection is disconnected", {}};
  auto [text, url] = words_of(*item);
  const connect::Account on{account->target, account->account_id, account->account_name, account->facts};
  const bool fetched = way->image_rules(on).fetched;
  Way out{.connector = way,
          .post = {.text = std::move(text),
                   .url = std::move(url),
                   .images = images_to_publish(connection, id_of(claim.item),
                                               [&](std::int64_t image) {
                                                 return fetched ? links_.url(id_of(claim.item), image,
                                                                             claim.claim)
                                                                : "";
                                               }),
                   .title = item->facts.title,
                   .description = item->facts.show,
                   .reply_to = item->reply_to},
          .account = on,
          .connection_id = item->connection_id};
  auto post = way->render(out.post, out.account, key);
  out.cost = post.cost;
  engine::Rendered rendered;
  rendered.request = std::move(post.request);
  rendered.destination = std::move(post.destination);
  rendered.timeout = timeout_;
  rendered.allowed = [item = *item](store::Connection& c) { return gate_allows(c, item); };
  rendered.context = std::move(out);
  return rendered;
}

std::optional<engine::NotNow> Publisher::prepare(const store::Claim& claim, const std::string& key,
                                                 engine::Rendered& rendered, base::BootTime until,
                                                 std::stop_token stop) {
  auto& way = std::any_cast<Way&>(rendered.context);
  auto fresh = credentials_.get(way.connection_id, timeout_ + kSpare);
  if (const auto* none = std::get_if<accounts::NotUsable>(&fresh))
    return engine::NotNow{none->why, none->again ? std::min(*none->again, kLookAgain) : none->again};
  auto& live = std::get<accounts::LiveConnection>(fresh);
  way.version = live.version;
  way.may_refresh = live.refreshable && !live.on_trial;
  way.credentials = {std::move(live.secret)};
  auto prepared = way.connector->prepare({rendered.destination, rendered.request, way.cost}, way.post,
                                         way.account, way.credentials, key, until, std::move(stop));
  if (const auto* outcome = std::get_if<connect::Outcome>(&prepared)) {
    database_.retrying([&](store::Connection& connection) {
      write(connection, learnt(way, *outcome), outcome->error);
      return 0;
    });
    return not_now(way, *outcome);
  }
  auto& ready = std::get<connect::Rendered>(prepared);
  rendered.destination = std::move(ready.destination);
  rendered.request = std::move(ready.request);
  if (ready.cost <= 0) return std::nullopt;
  way.cost = ready.cost;
  if (auto over = database_.retrying([&](store::Connection& connection) {
        return accounts::over_spend(connection, way.connection_id, way.cost);
      }))
    return engine::NotNow{std::move(*over), {}};
  // Asked again behind the locks of the gate, where it is taken.
  rendered.allowed = [before = std::move(rendered.allowed), item = claim.item, number = claim.claim,
                      id = way.connection_id, cost = way.cost](store::Connection& connection) {
    return before(connection) &&
           accounts::spend(connection, id, cost, announcement_queue().name, item, number);
  };
  return std::nullopt;
}

EffectResult Publisher::send(const store::Effect& effect, const engine::Rendered& rendered,
                             base::BootTime deadline) {
  const auto& way = std::any_cast<const Way&>(rendered.context);
  // What the gate wrote down is what is sent.
  return result_of(way, way.connector->send({effect.destination, effect.request, way.cost}, way.credentials,
                                            effect.key, deadline, {}));
}

EffectResult Publisher::look(const store::Reconcile& reconcile, std::stop_token stop) {
  const auto& effect = reconcile.effect;
  const auto item = to_publish(*database_.acquire(), id_of(effect.item));
  if (!item) return {Verdict::unknown, "", "", "the announcement was deleted", {}};
  auto* way = connector(item->platform);
  const auto cannot = [&](const std::string& why) {
    return result_of(connect::Look{connect::Presence::cannot_tell, "", "", why}, item->detail);
  };
  if (way == nullptr) return cannot("this server has no connector for its platform");
  auto fresh = credentials_.get(item->connection_id, timeout_ + kSpare, accounts::FreshCredentials::To::ask);
  if (const auto* none = std::get_if<accounts::NotUsable>(&fresh))
    return cannot("the platform cannot be asked: " + none->why);
  const connect::Rendered sent{effect.destination, effect.request};
  auto found = way->look(sent, {std::get<accounts::LiveConnection>(fresh).secret}, effect.key,
                         clock_.boot() + timeout_, std::move(stop));
  if (found.presence == connect::Presence::present && guard("look_whose"))
    found = told_apart(*database_.acquire(), *way, id_of(effect.item), effect, std::move(found));
  return result_of(found, item->detail);
}

bool Publisher::refuses_second_arrival(const store::Effect& effect, base::Duration age) {
  try {
    auto connection = database_.acquire();
    const auto item = to_publish(*connection, id_of(effect.item));
    const auto* way = item ? connector(item->platform) : nullptr;
    return way != nullptr && age < way->refuses_second_arrival();
  } catch (const base::InfraError&) {
    return false;  // the careful answer: it stays unknown, and is asked about again
  }
}

void Publisher::settled(store::Connection& connection, const store::Effect& effect,
                        const EffectResult& result) {
  const auto id = id_of(effect.item);
  const bool happened = result.verdict == Verdict::happened;
  if (happened) {
    set_posted(connection, id, result.remote_id, result.remote_url);
    release_thread(connection, id);
  }
  // Written behind the item, against the order of locks: nobody holds a connection's row while waiting for an
  // item that is being settled, since an item's gate comes before its settlement.
  if (const auto item = to_publish(connection, id))
    accounts::set_connection_error(connection, item->connection_id,
                                   happened ? std::nullopt : std::optional(result.detail));
  if (const auto* news = std::any_cast<Learnt>(&result.own)) write(connection, *news, result.detail);
}

}  // namespace fencepost::announce
