#pragma once
// Channels that videos are uploaded to: which account, whose day, how many videos of a type, at which times.
//
// Functions run in the caller's transaction where it has one, throw InfraError, and are as thread-safe as the
// connection is.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/upload/quota.hpp"

namespace fencepost::upload {

struct Channel {
  std::int64_t id = 0;
  std::string name;
  std::int64_t connection_id = 0;  // its uploads use this account's credentials, always
  std::string connection;          // its name
  std::optional<std::string> youtube_channel{};
  std::string zone = "UTC";                                                // IANA
  std::map<std::string, std::int64_t> limits{{"final", 2}, {"short", 5}};  // videos of a type and day
  std::optional<std::int64_t> daily_max{};                                 // of all types
  std::vector<std::string> slot_times{"10:00", "14:00", "18:00"};  // of the day, in its zone; ascending
  int capacity = 1;                                                // of a slot
  int horizon_days = 14;
  int lead_minutes = 120;
  std::int64_t project_id = 0;
  bool enabled = true;
  std::int64_t version = 1;
  base::Micros created_at = 0;
  std::vector<std::int64_t> people{};  // who may schedule there, beside operators; ascending
};
struct ChannelChange {  // empty members stay as they are
  std::optional<std::string> name{}, zone{};
  std::optional<std::int64_t> connection_id{};
  std::optional<std::optional<std::string>> youtube_channel{};
  std::optional<std::map<std::string, std::int64_t>> limits{};
  std::optional<std::optional<std::int64_t>> daily_max{};
  std::optional<std::vector<std::string>> slot_times{};
  std::optional<std::int64_t> capacity{}, horizon_days{}, lead_minutes{}, project_id{};
  std::optional<bool> enabled{};
  std::optional<std::vector<std::int64_t>> people{};
};

std::optional<Channel> get_channel(store::Connection& connection, std::int64_t id);
// A row of the statement `channel`, without its people.
Channel channel_of(const store::Row& row);
// By id, behind `after`. `person`: those that he may schedule on; nullopt: all.
std::vector<Channel> page_of_channels(store::Connection& connection, std::optional<std::int64_t> person,
                                      std::int64_t after, int limit);
// Of each of these people the channels that he may schedule on: (person, channel), in no order. One
// statement.
std::vector<std::pair<std::int64_t, std::int64_t>> channels_of_people(
    store::Connection& connection, const std::vector<store::Params>& people);
bool may_schedule(store::Connection& connection, std::int64_t channel, std::int64_t person);

// Throws UserError: invalid_name, duplicate_name, invalid_zone, invalid_channel, invalid_field,
// unknown_connection, invalid_platform, unknown_project, unknown_person. Without a project: `default`.
Channel add_channel(store::Connection& connection, const ChannelChange& wanted);
// Also channel_has_uploads: the zone stays while videos wait there, because their days are counted in it.
// What a cap or a capacity becomes is in force from the commit on, for buckets that exist too; lowered below
// what is taken it closes them and moves nothing. Other slot times move nothing either. nullopt: it is
// another version by now, or there is none.
std::optional<Channel> edit_channel(store::Connection& connection, std::int64_t id, std::int64_t version,
                                    const ChannelChange& change);

// Locks the channel for an act that plans on it: those of one channel follow each other (parents come first
// in the order of locks). nullopt: there is none.
std::optional<Channel> lock_channel(store::Connection& connection, std::int64_t id);
// For gates: locks it FOR SHARE; false: it is gone, disabled, or of another connection than was rendered.
bool share_channel(store::Connection& connection, std::int64_t id, std::int64_t connection_id);

}  // namespace fencepost::upload
