#include "http/api/event_viewers.hpp"

#include <charconv>
#include <map>

#include "accounts/alive.hpp"
#include "accounts/shows.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/queue.hpp"
#include "apps/upload/channels.hpp"
#include "apps/upload/queue.hpp"
#include "apps/upload/uploads.hpp"

namespace fencepost::http {

namespace {
using Kind = Room::Kind;

// The ids of a queue's items in a page of events, and at which places they stand.
using Places = std::map<std::int64_t, std::vector<std::size_t>>;

Places places_of(const std::vector<store::Event>& events, const std::string& queue) {
  Places places;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& item = events[i].item;
    std::int64_t id = 0;
    if (events[i].queue != queue) continue;
    if (std::from_chars(item.data(), item.data() + item.size(), id).ec == std::errc())
      places[id].push_back(i);
  }
  return places;
}

std::vector<store::Params> ids_of(const Places& places) {
  std::vector<store::Params> ids;
  for (const auto& [id, at] : places) ids.push_back({id});
  return ids;
}

class Viewers final : public EventViewers {
 public:
  explicit Viewers(bool uploads) : uploads_(uploads) {}

  std::vector<std::optional<Principal>> alive(store::Connection& connection,
                                              const std::vector<Principal>& who) override {
    auto now = accounts::alive(connection, who);
    for (auto& one : now)
      if (one && !one->scopes.has(accounts::Scope::read)) one.reset();
    return now;
  }

  std::vector<Rooms> rooms_of_people(store::Connection& connection,
                                     const std::vector<std::int64_t>& people) override {
    std::vector<store::Params> ids;
    for (const auto person : people) ids.push_back({person});
    std::map<std::int64_t, Rooms> of;
    for (const auto& [person, show] : accounts::memberships_of(connection, ids))
      of[person].insert({Kind::show, show});
    if (uploads_)
      for (const auto& [person, channel] : upload::channels_of_people(connection, ids))
        of[person].insert({Kind::channel, channel});
    std::vector<Rooms> out;
    for (const auto person : people) {
      out.push_back(of[person]);
      out.back().insert({Kind::person, person});
    }
    return out;
  }

  std::vector<Rooms> rooms_of_events(store::Connection& connection,
                                     const std::vector<store::Event>& events) override {
    std::vector<Rooms> out(events.size());
    const auto announcements = places_of(events, announce::kQueue);
    for (const auto& one : announce::readers_of(connection, ids_of(announcements)))
      for (const auto at : announcements.at(one.announcement)) {
        if (one.owner) out[at].insert({Kind::person, *one.owner});
        if (one.show) out[at].insert({Kind::show, *one.show});
      }
    if (!uploads_) return out;
    const auto uploads = places_of(events, upload::kQueue);
    for (const auto& [upload, channel] : upload::channels_of_uploads(connection, ids_of(uploads)))
      for (const auto at : uploads.at(upload)) out[at].insert({Kind::channel, channel});
    return out;
  }

 private:
  const bool uploads_;
};

}  // namespace

std::unique_ptr<EventViewers> event_viewers(Uploads uploads) {
  return std::make_unique<Viewers>(uploads == Uploads::heard);
}

}  // namespace fencepost::http
