#include "apps/upload/channels.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "accounts/connections.hpp"
#include "accounts/text.hpp"
#include "core/window.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

using base::UserError;
using store::guard;

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string limits_text(const std::map<std::string, std::int64_t>& limits) {
  std::vector<std::string> words;
  for (const auto& [kind, limit] : limits) words.push_back(kind + "=" + std::to_string(limit));
  return joined(words);
}

std::map<std::string, std::int64_t> limits_of(const std::string& text) {
  std::map<std::string, std::int64_t> limits;
  for (const auto& word : words_of(text)) {
    const auto at = word.find('=');
    if (at != std::string::npos)
      limits[word.substr(0, at)] = std::strtoll(word.c_str() + at + 1, nullptr, 10);
  }
  return limits;
}

bool is_time(const std::string& text) {
  if (text.size() != 5 || text[2] != ':') return false;
  for (const auto at : {0, 1, 3, 4})
    if (text[static_cast<std::size_t>(at)] < '0' || text[static_cast<std::size_t>(at)] > '9') return false;
  return text < "24:00" && text[3] < '6';
}

bool is_kind(const std::string& text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_youtube_channel(const std::string& text) {
  return text.size() == 24 && text.starts_with("UC") && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_';
         });
}

void refuse(const std::string& why) { throw UserError("invalid_field", why); }

void check_range(std::int64_t value, const char* field, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    refuse(std::string(field) + " must be " + std::to_string(least) + " to " + std::to_string(most));
}

void check_limits(const std::map<std::string, std::int64_t>& limits) {
  if (limits.empty() || limits.size() > 20) refuse("limits names 1 to 20 types of video: {\"short\": 5}");
  for (const auto& [kind, limit] : limits) {
    if (!is_kind(kind)) refuse("a type of video is 1 to 40 of a-z, 0-9, - and _");
    check_range(limit, "a limit", 0, 1000);
  }
}

void check_slot_times(std::vector<std::string>& times) {
  if (times.empty() || times.size() > 96) refuse("slot_times holds 1 to 96 times of the day: [\"10:00\"]");
  for (const auto& time : times)
    if (!is_time(time)) refuse("a slot time is written as 09:30");
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
}

// Without the people, who have a table of their own.
void apply(Channel& channel, const ChannelChange& change) {
  if (change.name) accounts::check_name(*change.name);
  if (change.zone) core::require_zone(*change.zone);
  if (change.youtube_channel && *change.youtube_channel && !is_youtube_channel(**change.youtube_channel))
    throw UserError("invalid_channel", "a YouTube channel id is UC and 22 characters behind it");
  if (change.daily_max && *change.daily_max) check_range(**change.daily_max, "daily_max", 0, 1000);
  if (change.limits) check_limits(*change.limits);
  channel.name = change.name.value_or(channel.name);
  channel.zone = change.zone.value_or(channel.zone);
  channel.youtube_channel = change.youtube_channel.value_or(channel.youtube_channel);
  channel.connection_id = change.connection_id.value_or(channel.connection_id);
  channel.project_id = change.project_id.value_or(channel.project_id);
  channel.daily_max = change.daily_max.value_or(channel.daily_max);
  channel.limits = change.limits.value_or(channel.limits);
  channel.slot_times = change.slot_times.value_or(channel.slot_times);
  check_slot_times(channel.slot_times);
  const auto number = [](const std::optional<std::int64_t>& wanted, int& value, const char* field,
                         std::int64_t least, std::int64_t most) {
    if (wanted) check_range(*wanted, field, least, most);
    value = static_cast<int>(wanted.value_or(value));
  };
  number(change.capacity, channel.capacity, "capacity", 1, 100);
  number(change.horizon_days, channel.horizon_days, "horizon_days", 1, 366);
  number(change.lead_minutes, channel.lead_minutes, "lead_minutes", 0, 20'160);
  channel.enabled = change.enabled.value_or(channel.enabled);
}

void check_parents(store::Connection& connection, const Channel& channel) {
  const auto account = accounts::get_connection(connection, channel.connection_id);
  if (!account || !accounts::share_connected(connection, channel.connection_id))
    throw UserError("unknown_connection", "there is no such connection, or it is disconnected");
  if (account->platform != "youtube")
    throw UserError("invalid_platform", "videos are uploaded over a connection to youtube");
  if (!get_project(connection, channel.project_id))
    throw UserError("unknown_project", "there is no such quota project");
}

store::Params columns_of(const Channel& c) {
  return {c.name,
          c.connection_id,
          c.youtube_channel,
          c.zone,
          limits_text(c.limits),
          c.daily_max,
          joined(c.slot_times),
          c.capacity,
          c.horizon_days,
          c.lead_minutes,
          c.project_id,
          c.enabled};
}

void set_people(store::Connection& connection, std::int64_t channel, std::vector<std::int64_t> people) {
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
  if (people.size() > 200) refuse("people names at most 200");
  connection.run(sql::drop_people_of_channel, {channel});
  for (const auto person : people)
    if (connection.run(sql::add_person_of_channel, {channel, person}).empty())
      throw UserError("unknown_person", "there is no person " + std::to_string(person));
}

// What a change of caps does to buckets that exist: of days that are not over, in the order of locks.
void set_limits(store::Connection& connection, const Channel& before, const Channel& after) {
  const auto now = connection.run(store::sql::now)[0][0].integer();
  const auto today = core::day_window(now, after.zone);
  std::vector<store::BucketKey> keys;
  for (const auto& row : connection.run(sql::channel_days, {std::to_string(after.id), today, "9999-12-31"}))
    keys.push_back({row[0].text(), std::to_string(after.id), row[1].text()});
  for (const auto& row : connection.run(sql::channel_slots_from, {seat_channel(after.id), now}))
    keys.push_back(store::slot_key(seat_channel(after.id), row[0].integer()));
  store::lock_buckets(connection, keys);
  store::set_quota_from(connection, day_key(after.id, today), after.daily_max.value_or(kNoLimit));
  std::set<std::string> kinds;
  for (const auto& [kind, limit] : before.limits) kinds.insert(kind);
  for (const auto& [kind, limit] : after.limits) kinds.insert(kind);
  for (const auto& kind : kinds) {
    const auto limit = after.limits.find(kind);
    store::set_quota_from(connection, kind_key(after.id, kind, today),
                          limit == after.limits.end() ? 0 : limit->second);
  }
  store::set_quota_from(connection, store::slot_key(seat_channel(after.id), now), after.capacity);
}

}  // namespace

Channel channel_of(const store::Row& row) {
  Channel c;
  c.id = row[0].integer();
  c.name = row[1].text();
  c.connection_id = row[2].integer();
  c.connection = row[3].text();
  c.youtube_channel = row[4].maybe_text();
  c.zone = row[5].text();
  c.limits = limits_of(row[6].text());
  c.daily_max = row[7].maybe_integer();
  c.slot_times = words_of(row[8].text());
  c.capacity = static_cast<int>(row[9].integer());
  c.horizon_days = static_cast<int>(row[10].integer());
  c.lead_minutes = static_cast<int>(row[11].integer());
  c.project_id = row[12].integer();
  c.enabled = row[13].boolean();
  c.version = row[14].integer();
  c.created_at = row[15].integer();
  return c;
}

std::optional<Channel> get_channel(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::channel, {id});
  if (rows.empty()) return std::nullopt;
  auto channel = channel_of(rows[0]);
  for (const auto& row : connection.run(sql::people_of_channel, {id}))
    channel.people.push_back(row[0].integer());
  return channel;
}

std::vector<Channel> page_of_channels(store::Connection& connection, std::optional<std::int64_t> person,
                                      std::int64_t after, int limit) {
  std::vector<Channel> channels;
  for (const auto& row : connection.run(sql::channels_page, {after, limit, person}))
    channels.push_back(channel_of(row));
  if (channels.empty()) return channels;
  for (const auto& row : connection.run(sql::people_of_channels, {channels.front().id, channels.back().id}))
    for (auto& channel : channels)
      if (channel.id == row[0].integer()) channel.people.push_back(row[1].integer());
  return channels;
}

std::vector<std::pair<std::int64_t, std::int64_t>> channels_of_people(
    store::Connection& connection, const std::vector<store::Params>& people) {
  return store::id_pairs(connection.run_batch(sql::channels_of_people, people));
}

bool may_schedule(store::Connection& connection, std::int64_t channel, std::int64_t person) {
  return !connection.run(sql::is_of_channel, {channel, person}).empty();
}

Channel add_channel(store::Connection& connection, const ChannelChange& wanted) {
  if (!wanted.name) throw UserError("invalid_name", "a channel has a name");
  if (!wanted.connection_id) throw UserError("unknown_connection", "a channel names its connection_id");
  store::Transaction transaction(connection);
  Channel channel;
  if (!wanted.project_id) {
    const auto rows = connection.run(sql::project_named, {"default"});
    if (rows.empty()) throw UserError("unknown_project", "name a quota project: there is none by default");
    channel.project_id = rows[0][0].integer();
  }
  apply(channel, wanted);
  check_parents(connection, channel);
  const auto rows = connection.run(sql::add_channel, columns_of(channel));
  if (rows.empty()) throw UserError("duplicate_name", "there is a channel of this name");
  set_people(connection, rows[0][0].integer(), wanted.people.value_or(std::vector<std::int64_t>{}));
  auto made = get_channel(connection, rows[0][0].integer()).value();
  transaction.commit();
  return made;
}

std::optional<Channel> edit_channel(store::Connection& connection, std::int64_t id, std::int64_t version,
                                    const ChannelChange& change) {
  store::Transaction transaction(connection);
  const auto before = lock_channel(connection, id);
  if (!before || before->version != version) return std::nullopt;
  auto after = *before;
  apply(after, change);
  if (change.connection_id || change.project_id) check_parents(connection, after);
  if (after.zone != before->zone && !connection.run(sql::channel_waits, {id}).empty())
    throw UserError("channel_has_uploads",
                    "videos wait for their day in the channel's zone: cancel them first, or make another "
                    "channel");
  const auto named = connection.run(sql::channel_named, {after.name});
  if (!named.empty() && named[0][0].integer() != id)
    throw UserError("duplicate_name", "there is a channel of this name");
  auto columns = columns_of(after);
  columns.emplace_back(id);
  connection.run(sql::write_channel, columns);
  if (change.people) set_people(connection, id, *change.people);
  if (guard("channel_limits")) set_limits(connection, *before, after);
  auto edited = get_channel(connection, id);
  transaction.commit();
  return edited;
}

std::optional<Channel> lock_channel(store::Connection& connection, std::int64_t id) {
  FENCEPOST_ASSERT(connection.in_transaction());
  // A statement of its own: what is read behind it is what whoever had the lock has committed.
  if (connection.run(sql::lock_channel, {id}).empty()) return std::nullopt;
  return get_channel(connection, id);
}

bool share_channel(store::Connection& connection, std::int64_t id, std::int64_t connection_id) {
  const auto rows = connection.run(sql::share_channel, {id});
  if (rows.empty()) return false;
  if (!rows[0][0].boolean() && guard("gate_channel")) return false;
  return rows[0][1].integer() == connection_id || !guard("gate_channel_connection");
}

}  // namespace fencepost::upload
