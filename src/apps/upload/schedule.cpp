// Scheduling: everything that an upload needs is taken in the transaction that makes it.

#include <algorithm>
#include <map>
#include <set>

#include "apps/upload/describe.hpp"
#include "apps/upload/media/videos.hpp"
#include "apps/upload/places.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

using store::guard;

namespace {

// How often a plan is made anew because a bucket filled before it was taken.
constexpr int kRounds = 8;

struct Planned {
  std::size_t wish;
  Place place;
};

// What is read before anybody waits for this one: the titles of the videos that can be had, which nobody
// removes from here on, and the channel's templates.
struct Material {
  std::map<std::int64_t, std::string> titles;
  Describer describer;
};

Material gather(store::Connection& connection, std::int64_t channel, const std::vector<Wish>& wishes,
                std::optional<std::int64_t> videos_of) {
  Material material;
  std::set<std::int64_t> wanted;
  for (const auto& wish : wishes) wanted.insert(wish.video_id);
  for (auto& video : media::hold_videos(connection, wanted))
    if (!videos_of || !video.person || video.person == videos_of)
      material.titles[video.id] = std::move(video.title);
  for (const auto& wish : wishes) material.describer.read(connection, channel, wish.metadata.language);
  return material;
}

// Refuses those whose video cannot be had.
void check_videos(const Material& material, const std::map<std::int64_t, std::int64_t>& there,
                  const std::vector<Wish>& wishes, std::vector<Scheduled>& answers) {
  std::set<std::int64_t> seen;
  for (std::size_t n = 0; n < wishes.size(); ++n) {
    const auto video = wishes[n].video_id;
    if (!material.titles.contains(video))
      answers[n].refused = {"unknown_video", "there is no video " + std::to_string(video)};
    else if (const auto at = there.find(video); at != there.end())
      answers[n].refused = {"duplicate_upload",
                            "the channel has this video: it is upload " + std::to_string(at->second)};
    else if (!seen.insert(video).second)
      answers[n].refused = {"duplicate_upload", "the video is named twice"};
  }
}

std::vector<store::Params> rows_of(const Channel& channel, const std::vector<Planned>& planned,
                                   const std::vector<Wish>& wishes, const Material& material) {
  std::vector<store::Params> rows;
  for (const auto& [n, place] : planned) {
    const auto& wish = wishes[n];
    const auto m = material.describer.describe(channel, wish.metadata, material.titles.at(wish.video_id),
                                               place, wish.number);
    rows.push_back({wish.video_id, wish.kind, place.slot_at, place.publish_day, place.quota_day, place.run_at,
                    m.title, m.description, m.tags, m.category, m.language, m.thumbnail_folder,
                    m.thumbnail_path, m.made_for_kids});
  }
  return rows;
}

std::vector<store::Params> events_of(const std::vector<Places::Taking>& takings, const std::string& actor) {
  std::vector<store::Params> events;
  for (const auto& one : takings)
    events.push_back({kQueue, one.item, "created", store::Value(), "queued", 0, store::Value(), actor,
                      "for " + base::format_utc(one.place.slot_at)});
  return events;
}

// Whether one is due before a queue looks by itself, which it does once a second. `run_at` is never before
// the transaction, so that both callers see the same.
bool is_soon(const std::vector<Scheduled>& answers) {
  return std::any_of(answers.begin(), answers.end(), [](const Scheduled& one) {
    return one.upload && one.upload->run_at < one.upload->created_at + kMinute;
  });
}

// What is written while others wait for their turn: a new connection learns it before.
void prepare_writes(store::Connection& connection) {
  store::prepare_takes(connection);
  connection.prepare_only(sql::add_uploads);
  connection.prepare_only(store::sql::add_events);
}

// Throws Filled.
std::vector<Scheduled> schedule_in(store::Connection& connection, std::int64_t id,
                                   const std::vector<Wish>& wishes, Mode mode,
                                   std::optional<std::int64_t> person, const std::string& actor,
                                   const Service::Within& within, std::optional<std::int64_t> videos_of) {
  prepare_writes(connection);
  store::Transaction transaction(connection);
  const auto material = gather(connection, id, wishes, videos_of);
  std::vector<store::Params> videos;
  for (const auto& [video, title] : material.titles) videos.push_back({video});
  auto places = Places::open(connection, id, videos);
  if (!places) throw base::UserError("unknown_channel", "there is no channel " + std::to_string(id));
  if (!places->channel().enabled)
    throw base::UserError("channel_disabled", "the channel is switched off: nothing is scheduled there");
  std::vector<Scheduled> answers(wishes.size());
  check_videos(material, places->videos(), wishes, answers);
  std::vector<Planned> planned;
  bool refused = false;
  for (std::size_t n = 0; n < wishes.size(); ++n) {
    if (!answers[n].refused) {
      auto choice = places->choose(wishes[n].kind, wishes[n].at);
      if (auto* place = std::get_if<Place>(&choice)) {
        planned.push_back({n, *place});
        answers[n].place = *place;
      } else {
        answers[n].refused = std::get<Refused>(choice);
      }
    }
    refused = refused || answers[n].refused;
  }
  if (planned.empty() || mode == Mode::dry_run || (refused && mode == Mode::all_or_nothing)) {
    // Nothing is written but what the caller keeps of the answer.
    if (within) within(connection, answers);
    transaction.commit();
    return answers;
  }
  // By video: a channel has one once.
  std::map<std::int64_t, Upload> made;
  for (auto& one : add_uploads(connection, id, person, rows_of(places->channel(), planned, wishes, material)))
    made.emplace(one.video_id, std::move(one));
  std::vector<Places::Taking> takings;
  for (const auto& [n, place] : planned)
    takings.push_back({std::to_string(made.at(wishes[n].video_id).id), wishes[n].kind, place, 0});
  places->take_new(takings, {{store::sql::add_events, {}, events_of(takings, actor)}});
  for (const auto& one : planned) answers[one.wish].upload = std::move(made.at(wishes[one.wish].video_id));
  if (within) within(connection, answers);
  if (is_soon(answers)) connection.run(store::sql::notify, {kQueue});
  transaction.commit();
  return answers;
}

}  // namespace

std::vector<Scheduled> Service::schedule(std::int64_t channel, const std::vector<Wish>& wishes, Mode mode,
                                         std::optional<std::int64_t> person, const std::string& actor,
                                         const Within& within, std::size_t most,
                                         std::optional<std::int64_t> videos_of) {
  if (wishes.empty() || wishes.size() > most)
    throw base::UserError("invalid_field", "name 1 to " + std::to_string(most) + " videos");
  for (int round = 1;; ++round) {
    try {
      auto answers = without_waiting_twice(database_, [&](store::Connection& connection) {
        return schedule_in(connection, channel, wishes, mode, person, actor, within, videos_of);
      });
      if (wake_ && is_soon(answers)) wake_();
      return answers;
    } catch (const Filled&) {
      if (round == kRounds)
        throw base::InfraError("the quota of a project filled again and again", {.retryable = true});
    }
  }
}

}  // namespace fencepost::upload
