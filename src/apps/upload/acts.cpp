// What people do to an upload: cancel, reschedule, edit, retry, resolve.

#include "apps/upload/item_acts.hpp"
#include "apps/upload/places.hpp"
#include "store/certain.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

using core::ResolveAnswer;
using core::StopAnswer;
using store::guard;

namespace {

constexpr int kRounds = 8;

// An act that takes places, again where a bucket fills before it is taken.
template <typename Act>
auto unless_filled(store::Database& database, Act&& act) {
  for (int round = 1;; ++round) {
    try {
      return store::until_certain(database, act);
    } catch (const Filled&) {
      if (round == kRounds)
        throw base::InfraError("the quota of a project filled again and again", {.retryable = true});
    }
  }
}

MoveResult result_of(core::EditAnswer answer) {
  switch (answer) {
    case core::EditAnswer::editable:
      return MoveResult::moved;
    case core::EditAnswer::in_flight:
      return MoveResult::in_flight;
    case core::EditAnswer::outcome_unknown:
      return MoveResult::outcome_unknown;
    case core::EditAnswer::already_done:
      return MoveResult::already_uploaded;
    case core::EditAnswer::not_found:
      break;
  }
  return MoveResult::not_found;
}

RetryResult result_of(store::RearmAnswer answer) {
  switch (answer) {
    case store::RearmAnswer::rearmed:
      return RetryResult::scheduled;
    case store::RearmAnswer::already_armed:
      return RetryResult::already_scheduled;
    case store::RearmAnswer::in_flight:
      return RetryResult::in_flight;
    case store::RearmAnswer::outcome_unknown:
      return RetryResult::outcome_unknown;
    case store::RearmAnswer::already_done:
      return RetryResult::already_uploaded;
    case store::RearmAnswer::not_found:
      break;
  }
  return RetryResult::not_found;
}

store::RearmAnswer rearmed_as(RetryResult result) {
  using store::RearmAnswer;
  for (const auto answer : {RearmAnswer::rearmed, RearmAnswer::already_armed, RearmAnswer::in_flight,
                            RearmAnswer::outcome_unknown, RearmAnswer::already_done})
    if (result_of(answer) == result) return answer;
  return RearmAnswer::not_found;
}

std::optional<std::int64_t> channel_of(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::channel_of_upload, {id});
  return rows.empty() ? std::nullopt : rows[0][0].maybe_integer();
}

std::vector<store::BucketKey> keys_of(const std::vector<store::LedgerEntry>& held) {
  std::vector<store::BucketKey> keys;
  for (const auto& entry : held)
    if (!entry.spent) keys.push_back(entry.key);
  return keys;
}

void add_event(store::Connection& connection, const std::string& item, const char* kind,
               const std::string& actor, const std::string& detail) {
  connection.run(store::sql::add_event, {kQueue, item, kind, "queued", "queued", 0, {}, actor, detail});
}

// Takes all of a place anew, for an item whose row is locked and scheduled.
void settle_in(store::Connection& connection, Places& places, std::int64_t id, const std::string& kind,
               const Place& place, const std::vector<store::LedgerEntry>& held) {
  const auto item = std::to_string(id);
  const Places::Taking taking{item, kind, place, next_attempt(connection, item, Call::insert)};
  places.open_buckets({taking}, keys_of(held));
  if (guard("move_releases")) store::release(connection, kQueue, item);
  places.take({taking});
  FENCEPOST_ASSERT(
      !connection.run(sql::move_upload, {id, place.slot_at, place.publish_day, place.quota_day, place.run_at})
           .empty());
}

Retried retried(store::Database& database, const store::Fence& fence, const store::Arming& one,
                const std::optional<When>& when) {
  const auto& item = one.item;
  const auto id = std::stoll(item);
  return unless_filled(database, [&](store::Connection& connection, bool doubt) -> Retried {
    store::Transaction transaction(connection);
    const auto channel = channel_of(connection, id);
    if (!channel) return {};
    auto places = Places::open(connection, *channel).value();
    const auto held = fence.hold(connection, {item});
    const auto before = get_upload(connection, id);
    if (held.empty() || !before) return {};
    if (!one.means(fence, held[0], doubt))
      return {RetryResult::refused, before, Refused{"changed", "it is no longer what was meant"}};
    // The table has a video once; asked here, because the answer of its index would be an error.
    const auto others = connection.run_batch(sql::videos_scheduled, {{before->video_id}}, {*channel});
    if (!others.empty() && others[0][1].integer() != id)
      return {RetryResult::refused, before,
              Refused{"duplicate_upload",
                      "the channel has this video: it is upload " + std::to_string(others[0][1].integer())}};
    const auto rearmed = fence.rearm(connection, held, one.actor).at(0);
    auto now = get_upload(connection, id);
    if (rearmed == store::RearmAnswer::already_armed && doubt) {
      store::Fence::confirm(connection);
      transaction.commit();
      return {RetryResult::scheduled, std::move(now), {}};
    }
    if (const auto result = result_of(rearmed); result != RetryResult::scheduled)
      return {result, std::move(now), {}};
    if (!places.channel().enabled)
      return {RetryResult::refused, before, Refused{"channel_disabled", "the channel is switched off", {}}};
    // Another program may have ended it where its trigger could not see: what it holds is taken anew.
    const auto taken = store::ledger_of(connection, kQueue, item);
    places.give_back(taken);
    auto choice = places.choose(now->kind, when ? when->at : std::optional(now->slot_at));
    if (auto* refused = std::get_if<Refused>(&choice))
      return {RetryResult::refused, before, std::move(*refused)};
    settle_in(connection, places, id, now->kind, std::get<Place>(choice), taken);
    connection.run(store::sql::notify, {kQueue});
    auto armed = get_upload(connection, id);
    if (!one.preview) transaction.commit();
    return {RetryResult::scheduled, std::move(armed), {}};
  });
}

}  // namespace

StopAnswer Service::cancel(std::int64_t id, const std::string& actor) {
  // Repeated after a doubt it finds its own stop, and already_stopped comes with a commit of its own. What it
  // held is given back by the table itself, in the same transaction.
  return store::until_certain(database_, [&](store::Connection& connection, bool) {
    return fence_.stop(connection, std::to_string(id), actor);
  });
}

Moved Service::reschedule(std::int64_t id, std::optional<std::int64_t> version, const When& when,
                          const std::string& actor) {
  // Where a commit was in doubt: where it would have moved to, and from which version.
  std::optional<std::pair<Place, std::int64_t>> tried;
  auto answer = unless_filled(database_, [&](store::Connection& connection, bool doubt) -> Moved {
    store::Transaction transaction(connection);
    const auto channel = channel_of(connection, id);
    if (!channel) return {};
    auto places = Places::open(connection, *channel).value();
    const auto item = std::to_string(id);
    const auto editable = fence_.edit(connection, item, actor);
    // Behind the lock that edit() took. Without a commit, what edit() did is undone.
    auto now = get_upload(connection, id);
    if (!now) return {};
    if (doubt && tried && now->slot_at == tried->first.slot_at && now->version == tried->second + 1) {
      store::Fence::confirm(connection);
      transaction.commit();
      return {MoveResult::moved, std::move(now), {}};
    }
    if (version && *version != now->version) return {MoveResult::version_conflict, std::move(now), {}};
    if (const auto result = result_of(editable); result != MoveResult::moved)
      return {result, std::move(now), {}};
    if (now->status != "scheduled") return {MoveResult::not_scheduled, std::move(now), {}};
    const auto held = store::ledger_of(connection, kQueue, item);
    places.give_back(held);
    auto choice = places.choose(now->kind, when.at);
    if (auto* refused = std::get_if<Refused>(&choice))
      return {MoveResult::refused, std::move(now), std::move(*refused)};
    const auto& place = std::get<Place>(choice);
    tried = {place, now->version};
    settle_in(connection, places, id, now->kind, place, held);
    add_event(connection, item, "rescheduled", actor,
              "from " + base::format_utc(now->slot_at) + " to " + base::format_utc(place.slot_at));
    connection.run(store::sql::notify, {kQueue});
    auto moved = get_upload(connection, id);
    transaction.commit();
    return {MoveResult::moved, std::move(moved), {}};
  });
  if (answer.result == MoveResult::moved && wake_) wake_();
  return answer;
}

Moved Service::edit(std::int64_t id, std::int64_t version, const Metadata& metadata,
                    const std::string& actor) {
  auto answer = store::until_certain(database_, [&](store::Connection& connection, bool doubt) -> Moved {
    store::Transaction transaction(connection);
    const auto editable = fence_.edit(connection, std::to_string(id), actor);
    auto now = get_upload(connection, id);
    if (!now) return {};
    if (doubt && now->version == version + 1 && now->metadata == metadata) {
      store::Fence::confirm(connection);
      transaction.commit();
      return {MoveResult::moved, std::move(now), {}};
    }
    if (now->version != version) return {MoveResult::version_conflict, std::move(now), {}};
    if (const auto result = result_of(editable); result != MoveResult::moved)
      return {result, std::move(now), {}};
    const auto& m = metadata;
    if (connection
            .run(sql::write_metadata, {id, version, m.title, m.description, m.tags, m.category, m.language,
                                       m.thumbnail_folder, m.thumbnail_path, m.made_for_kids})
            .empty())
      return {MoveResult::outcome_unknown, std::move(now), {}};
    connection.run(store::sql::notify, {kQueue});
    auto edited = get_upload(connection, id);
    transaction.commit();
    return {MoveResult::moved, std::move(edited), {}};
  });
  if (answer.result == MoveResult::moved && wake_) wake_();
  return answer;
}

Retried Service::retry(std::int64_t id, const std::optional<When>& when, const std::string& actor) {
  auto answer = retried(database_, fence_, {.item = std::to_string(id), .meant = {}, .actor = actor}, when);
  if (answer.result == RetryResult::scheduled && wake_) wake_();
  return answer;
}

std::string rearm(store::Database& database, const store::Fence& fence, const store::Arming& one) {
  const auto answer = retried(database, fence, one, std::nullopt);
  return answer.refused ? answer.refused->code : std::string(name(rearmed_as(answer.result)));
}

ResolveAnswer Service::resolve(std::int64_t id, bool happened, const std::string& actor,
                               const std::string& post_id, const std::string& post_url) {
  return store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
    return store::resolve(connection, fence_, std::to_string(id), happened, actor, post_url, doubt,
                          [&](store::Connection& within) {
                            if (happened) set_uploaded(within, id, post_id, post_url);
                            if (resolved_) resolved_(within, id, happened);
                          });
  });
}

}  // namespace fencepost::upload
