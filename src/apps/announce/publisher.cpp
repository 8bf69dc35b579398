#include "apps/announce/publisher.hpp"

#include "accounts/connections.hpp"
#include "apps/announce/gate.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/threads.hpp"

namespace fencepost::announce {

using store::EffectResult;
using store::Verdict;

namespace {

// What send() needs and nobody keeps: the secret goes no further than this.
struct Way {
  connect::Connector* connector;
  connect::Credentials credentials;
};

std::int64_t id_of(const std::string& item) { return std::stoll(item); }

EffectResult result_of(const connect::Outcome& outcome) {
  switch (outcome.verdict) {
    case connect::Verdict::accepted:
      return {Verdict::happened, outcome.remote_id, outcome.remote_url, "", {}};
    case connect::Verdict::certain_failure: {
      EffectResult result{Verdict::did_not_happen, "", "", outcome.error, {}};
      // Without a time of the platform's own, the engine's back-off is the wait.
      if (outcome.retryable) result.retry_after = outcome.retry_after.value_or(base::Duration(0));
      return result;
    }
    case connect::Verdict::unknown:
      break;
  }
  return {Verdict::unknown, "", "", outcome.error, {}};
}

EffectResult result_of(const connect::Look& look, const std::string& why_unknown) {
  switch (look.presence) {
    case connect::Presence::present:
      return {Verdict::happened, look.remote_id, look.remote_url, "", {}};
    case connect::Presence::absent:
      return {Verdict::did_not_happen, "", "", look.evidence, {}};
    case connect::Presence::cannot_tell:
      break;
  }
  // A person decides by why it is unknown; that nobody can be asked is said beside it, not in its place.
  return {
      Verdict::unknown, "", "", why_unknown.empty() ? look.evidence : why_unknown + "; " + look.evidence, {}};
}

}  // namespace

Publisher::Publisher(store::Database& database, const accounts::Vault& vault,
                     std::vector<connect::Connector*> connectors, const base::Clock& clock,
                     base::Duration timeout)
    : database_(database),
      vault_(vault),
      connectors_(std::move(connectors)),
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
    return engine::NotNow{
        why->text, may_come ? std::optional<base::Duration>(std::chrono::minutes(1)) : std::nullopt};
  }
  if (item->reply_to && item->reply_to->parent.id.empty())
    return engine::NotNow{"nobody knows what the platform calls the part before it, so it cannot answer that",
                          {}};
  auto secret = accounts::connection_secret(connection, vault_, item->connection_id);
  if (!secret) return engine::NotNow{"the connection is disconnected", {}};
  auto [text, url] = words_of(*item);
  auto post = way->render({.text = std::move(text), .url = std::move(url), .reply_to = item->reply_to},
                          {item->target}, key);
  engine::Rendered rendered;
  rendered.request = std::move(post.request);
  rendered.destination = std::move(post.destination);
  rendered.timeout = timeout_;
  rendered.allowed = [item = *item](store::Connection& c) { return gate_allows(c, item); };
  rendered.context = Way{way, {std::move(*secret)}};
  return rendered;
}

EffectResult Publisher::send(const store::Effect& effect, const engine::Rendered& rendered,
                             base::BootTime deadline) {
  const auto& way = std::any_cast<const Way&>(rendered.context);
  // What the gate wrote down is what is sent.
  return result_of(
      way.connector->send({effect.destination, effect.request}, way.credentials, effect.key, deadline, {}));
}

EffectResult Publisher::look(const store::Reconcile& reconcile, std::stop_token stop) {
  const auto& effect = reconcile.effect;
  std::optional<ToPublish> item;
  std::optional<base::Secret> secret;
  {
    auto connection = database_.acquire();
    item = to_publish(*connection, id_of(effect.item));
    if (item) secret = accounts::connection_secret(*connection, vault_, item->connection_id);
  }
  if (!item) return {Verdict::unknown, "", "", "the announcement was deleted", {}};
  auto* way = connector(item->platform);
  const auto cannot = [&](const char* why) {
    return result_of(connect::Look{connect::Presence::cannot_tell, "", "", why}, item->detail);
  };
  if (way == nullptr) return cannot("this server has no connector for its platform");
  if (!secret) return cannot("the connection is disconnected, so its platform cannot be asked");
  return result_of(way->look({effect.destination, effect.request}, {std::move(*secret)}, effect.key,
                             clock_.boot() + timeout_, std::move(stop)),
                   item->detail);
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
}

}  // namespace fencepost::announce
