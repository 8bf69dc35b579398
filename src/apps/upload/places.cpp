#include "apps/upload/places.hpp"

#include <map>

#include "core/window.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

using base::Micros;
using store::guard;

namespace {

constexpr Micros kDayLong = 24LL * 3'600'000'000;

std::string code_of(const std::string& limit) {
  if (limit == "slot") return "slot_taken";
  if (limit == "past") return "slot_past";
  if (limit == "horizon") return "beyond_horizon";
  return limit + "_full";
}

// Of a bucket of a channel's videos of one type and day.
std::optional<std::string> kind_of(const std::string& scope) {
  const auto prefix = std::string(kDay) + ".";
  return scope.starts_with(prefix) ? std::optional(scope.substr(prefix.size())) : std::nullopt;
}

// What is taken of a channel from now on, as these statements said it.
struct Reads {
  const store::Rows &days, &seats, &calls;
};

Load load_of(const Reads& reads, const Project& project) {
  Load load;
  for (const auto& row : reads.days) {
    const auto& scope = row[0].text();
    const Use use{row[3].integer(), row[2].integer()};
    if (const auto kind = kind_of(scope))
      load.kinds[{row[1].text(), *kind}] = use;
    else
      load.days[row[1].text()] = use;
  }
  for (const auto& row : reads.seats) load.seats[row[0].integer()] = row[1].integer();
  for (const auto& row : reads.calls)
    if (row[0].text() == cost_of(project, Call::insert).scope)
      load.quota[row[1].text()] = {row[3].integer(), row[2].integer()};
  return load;
}

}  // namespace

Places::Places(store::Connection& connection, std::unique_ptr<Channel> channel, Project project, Load load,
               Micros now)
    : connection_(connection),
      channel_(std::move(channel)),
      project_(std::move(project)),
      planner_(*channel_, cost_of(project_, Call::insert), std::move(load), now) {}

std::optional<Places> Places::read(store::Connection& connection, std::int64_t channel,
                                   std::vector<store::Connection::Call> calls,
                                   const std::vector<store::Params>& videos) {
  // Days and slots that are over are nobody's wish; all the rest is read behind the wait for the locks
  // (rule 17). A day is over in every zone when the day before it is over in UTC.
  const auto before = connection.run(store::sql::now)[0][0].integer();
  const auto yesterday = core::day_window(before - kDayLong, "UTC");
  const auto project_at = calls.size() - 1;
  calls.insert(calls.end(), {{store::sql::now},
                             {sql::channel, {channel}},
                             {sql::channel_days, {std::to_string(channel), yesterday, "9999-12-31"}},
                             {sql::channel_seats, {seat_channel(channel), before}},
                             {sql::channel_calls, {channel, yesterday}}});
  if (!videos.empty()) calls.push_back({sql::videos_scheduled, {channel}, videos});
  const auto rows = connection.run_together(calls);
  const auto* at = &rows[project_at];
  if (at[0].empty()) return std::nullopt;
  auto project = project_of(at[0][0]);
  auto load = load_of({at[3], at[4], at[5]}, project);
  Places places(connection, std::make_unique<Channel>(channel_of(at[2][0])), std::move(project),
                std::move(load), at[1][0][0].integer());
  if (!videos.empty())
    for (const auto& row : at[6]) places.videos_[row[0].integer()] = row[1].integer();
  return places;
}

std::optional<Places> Places::open(store::Connection& connection, std::int64_t channel,
                                   const std::vector<store::Params>& videos) {
  return read(connection, channel,
              {{sql::take_turn, {channel}},
               {sql::lock_channel, {channel}},
               {sql::share_project_of_channel, {channel}}},
              videos);
}

std::optional<Places> Places::look(store::Connection& connection, std::int64_t channel) {
  return read(connection, channel, {{sql::project_of_channel, {channel}}}, {});
}

std::variant<Place, Refused> Places::choose(const std::string& kind, const std::optional<Micros>& at) {
  if (!channel_->limits.contains(kind))
    return Refused{"unknown_kind", "the channel has no limit for videos of the type " + core::quoted(kind)};
  if (!at) {
    const auto place = planner_.next_free(kind);
    if (!place)
      return Refused{"no_free_slot", "every slot of the next " + std::to_string(channel_->horizon_days) +
                                         " days is taken, or its day is full"};
    planner_.take(kind, *place);
    return *place;
  }
  if (*at % 1'000'000 != 0) return Refused{"invalid_time", "a slot begins at a whole second"};
  const auto place = planner_.place_at(*at);
  if (const auto refusal = planner_.refusal(kind, place)) {
    const auto next = planner_.next_free(kind);
    return Refused{code_of(refusal->limit), refusal->text,
                   next ? std::optional(next->slot_at) : std::nullopt};
  }
  planner_.take(kind, place);
  return place;
}

void Places::give_back(const std::vector<store::LedgerEntry>& held) {
  const auto own = std::to_string(channel_->id), seats = seat_channel(channel_->id);
  Load back;
  for (const auto& [key, purpose, attempt, amount, spent] : held) {
    if (spent) continue;
    if (key.name == seats && key.scope == store::kSlotScope)
      back.seats[base::parse_utc(key.window.substr(1))] += amount;
    else if (key.name == own && key.scope == kDay)
      back.days[key.window].used += amount;
    else if (const auto kind = kind_of(key.scope); key.name == own && kind)
      back.kinds[{key.window, *kind}].used += amount;
    else if (key == call_key(project_, Call::insert, key.window) || !guard("give_back_held"))
      back.quota[key.window].used += amount;
  }
  planner_.give_back(back);
}

std::vector<store::TakeRequest> Places::takes_of(const Taking& taking) const {
  const auto& day = taking.place.publish_day;
  return {reserve(project_, Call::insert, taking.place.quota_day, taking.item, taking.attempt),
          {day_key(channel_->id, day), channel_->daily_max.value_or(kNoLimit), 1, kQueue, taking.item,
           kPublish, 0},
          {kind_key(channel_->id, taking.kind, day), channel_->limits.at(taking.kind), 1, kQueue, taking.item,
           kPublish, 0}};
}

store::SeatRequest Places::seat_of(const Taking& taking) const {
  return {seat_channel(channel_->id), taking.place.slot_at, channel_->capacity, kQueue, taking.item};
}

void Places::open_buckets(const std::vector<Taking>& takings, std::vector<store::BucketKey> held) {
  std::vector<store::BucketLimit> buckets;
  for (const auto& taking : takings) {
    for (const auto& request : takes_of(taking)) buckets.push_back({request.key, request.quota});
    buckets.push_back(
        {store::slot_key(seat_channel(channel_->id), taking.place.slot_at), channel_->capacity});
  }
  // These exist, so that no limit is needed.
  for (auto& key : held) buckets.push_back({std::move(key), 0});
  store::open_buckets(connection_, std::move(buckets));
}

Places::Asked Places::asked_of(const std::vector<Taking>& takings) const {
  Asked asked;
  for (const auto& taking : takings) {
    for (auto& request : takes_of(taking)) asked.takes.push_back(std::move(request));
    asked.seats.push_back(seat_of(taking));
  }
  return asked;
}

void Places::take(const std::vector<Taking>& takings) {
  const auto asked = asked_of(takings);
  taken(asked, store::take_all(connection_, asked.takes, asked.seats));
}

void Places::take_new(const std::vector<Taking>& takings, std::vector<store::Connection::Call> beside) {
  const auto asked = asked_of(takings);
  taken(asked, store::take_all_of_new(connection_, asked.takes, asked.seats, std::move(beside)));
}

void Places::taken(const Asked& asked, const store::TakeAll& all) {
  if (all.full && guard("take_full")) throw Filled{};
  std::map<store::BucketKey, store::Take> calls;
  for (std::size_t n = 0; n < asked.takes.size(); ++n)
    if (asked.takes[n].purpose == name(Call::insert)) calls[asked.takes[n].key] = all.takes[n];
  for (const auto& [key, take] : calls)
    warn(connection_, project_, key, take.used, take.limit, channel_->connection_id);
}

}  // namespace fencepost::upload
