// What people see: uploads, histories, the next slot, calendars.

#include <algorithm>

#include "apps/upload/places.hpp"
#include "core/window.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

namespace {

// The canonical states in the users' words; an event of the trigger has them already.
std::optional<std::string> users_word(const std::optional<std::string>& state) {
  if (!state || state->empty()) return std::nullopt;
  for (const auto& [canonical, word] : {std::pair{"queued", "scheduled"},
                                        {"claimed", "uploading"},
                                        {"sending", "uploading"},
                                        {"finishing", "uploading"},
                                        {"done", "uploaded"},
                                        {"stopped", "cancelled"}})
    if (*state == canonical) return word;
  return state;
}

Channel channel_or_refuse(store::Connection& connection, std::int64_t id) {
  auto channel = get_channel(connection, id);
  if (!channel) throw base::UserError("unknown_channel", "there is no channel " + std::to_string(id));
  return std::move(*channel);
}

CalendarDay empty_day(const Channel& channel, const std::string& day) {
  CalendarDay one;
  one.day = day;
  one.all = {0, channel.daily_max.value_or(kNoLimit)};
  for (const auto& [kind, limit] : channel.limits) one.kinds[kind] = {0, limit};
  for (const auto at : slots_of_day(channel, day)) one.slots.push_back({at, 0, channel.capacity, {}});
  return one;
}

CalendarDay::Slot& slot_of(CalendarDay& day, base::Micros at, int capacity) {
  const auto place =
      std::find_if(day.slots.begin(), day.slots.end(), [&](const auto& slot) { return slot.at >= at; });
  if (place != day.slots.end() && place->at == at) return *place;
  return *day.slots.insert(place, {at, 0, capacity, {}});
}

}  // namespace

std::optional<Upload> Service::get(std::int64_t id) {
  return database_.retrying([&](store::Connection& connection) { return get_upload(connection, id); });
}

std::vector<Upload> Service::list(std::int64_t before, int limit, const UploadFilter& filter) {
  return database_.retrying(
      [&](store::Connection& connection) { return page_of_uploads(connection, before, limit + 1, filter); });
}

std::vector<store::Event> Service::history(std::int64_t id, std::int64_t after, int limit) {
  return database_.retrying([&](store::Connection& connection) {
    auto events = store::history_of(connection, kQueue, std::to_string(id), after, limit);
    for (auto& event : events) {
      event.from = users_word(event.from);
      event.to = users_word(event.to);
    }
    return events;
  });
}

std::optional<Place> Service::next_slot(std::int64_t channel, const std::string& kind, base::Micros from) {
  return database_.retrying([&](store::Connection& connection) {
    auto places = Places::look(connection, channel);
    if (!places) throw base::UserError("unknown_channel", "there is no channel " + std::to_string(channel));
    if (!places->channel().limits.contains(kind))
      throw base::UserError("unknown_kind",
                            "the channel has no limit for videos of the type " + core::quoted(kind));
    return places->planner().next_free(kind, from);
  });
}

std::vector<CalendarDay> Service::calendar(std::int64_t id, const std::string& from, int days) {
  if (days < 1 || days > 62) throw base::UserError("invalid_field", "a calendar has 1 to 62 days");
  return database_.retrying([&](store::Connection& connection) {
    const auto channel = channel_or_refuse(connection, id);
    std::vector<CalendarDay> calendar;
    auto day = from;
    const auto begin = core::day_bounds(from, channel.zone).first;
    auto end = begin;
    for (int n = 0; n < days; ++n, day = next_day(day, channel.zone)) {
      calendar.push_back(empty_day(channel, day));
      end = core::day_bounds(day, channel.zone).second;
    }
    for (const auto& row :
         connection.run(sql::channel_days, {std::to_string(id), calendar.front().day, calendar.back().day}))
      for (auto& one : calendar)
        if (one.day == row[1].text()) {
          const auto& scope = row[0].text();
          const Use use{row[3].integer(), row[2].integer()};
          if (scope == kDay)
            one.all = use;
          else
            one.kinds[scope.substr(std::string_view(kDay).size() + 1)] = use;
        }
    for (auto& upload : uploads_between(connection, id, begin, end))
      for (auto& one : calendar)
        if (one.day == core::day_window(upload.slot_at, channel.zone)) {
          auto& slot = slot_of(one, upload.slot_at, channel.capacity);
          ++slot.taken;
          slot.uploads.push_back(std::move(upload));
          break;
        }
    return calendar;
  });
}

QueueNow Service::summary() {
  return database_.retrying([](store::Connection& connection) {
    const auto row = connection.run(sql::uploads_now).rows.at(0);
    return QueueNow{row[0].integer(), row[1].integer(), row[2].integer(), row[3].integer(),
                    row[4].maybe_integer()};
  });
}

}  // namespace fencepost::upload
