// Test detection: every way there is, side by side, and what would be made of it.

#include <algorithm>

#include "apps/announce/live/binding.hpp"
#include "apps/announce/live/watcher.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "live/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::live {

using connect::youtube::Stage;
using connect::youtube::Trouble;
using connect::youtube::Video;
using connect::youtube::YouTube;

namespace {
constexpr std::int64_t kKnown =
    20;  // streams of the channel that are asked about beside those that are found now

struct Show {
  std::int64_t id = 0;
  std::string channel, zone, filter;
  bool filters = false;
};

const char* stage_text(Stage stage) {
  switch (stage) {
    case Stage::live:
      return "is live";
    case Stage::upcoming:
      return "is planned";
    case Stage::ended:
      return "has ended";
    case Stage::video:
      return "is a plain video";
    case Stage::unclear:
      break;
  }
  return "is in a state that contradicts itself";
}

// One look after the other, each at most a part of the time that is left.
class Detection {
 public:
  Detection(Watcher& watcher, Show show, base::BootTime deadline)
      : watcher_(watcher), youtube_(watcher.youtube()), show_(std::move(show)), deadline_(deadline) {}

  Report run() {
    feed();
    page();
    if (youtube_.has_key()) {
      if (!listed_ && ids_.empty()) uploads();
      api();
    }
    conclude();
    return std::move(report_);
  }

 private:
  WaySeen& begin(const char* way) {
    begun_ = youtube_.clock().boot();
    report_.channel = show_.channel;
    return report_.ways.emplace_back(WaySeen{.way = way, .why = {}});
  }
  void end(WaySeen& way) {
    way.took = std::chrono::duration_cast<Duration>(youtube_.clock().boot() - begun_);
  }
  base::BootTime until() const {
    return std::min(deadline_, youtube_.clock().boot() + watcher_.options().timeout);
  }

  void note(const std::string& video) {
    if (std::find(ids_.begin(), ids_.end(), video) == ids_.end() && ids_.size() < connect::youtube::kMostIds)
      ids_.push_back(video);
  }

  // A list says which streams there are, never whether one of them is live.
  void listed(WaySeen& way, const connect::youtube::Uploads& list) {
    way.why = list.trouble ? list.trouble->why
                           : "it lists " + std::to_string(list.entries.size()) +
                                 " videos; whether one of them is live it does not say";
    listed_ = listed_ || !list.trouble;
    for (const auto& entry : list.entries) note(entry.video);
    end(way);
  }

  void feed() {
    auto& way = begin("feed");
    listed(way, youtube_.feed(show_.channel, until(), {}));
  }

  void page() {
    auto& way = begin("page");
    const auto page = youtube_.live_page(show_.channel, until(), {});
    if (page.trouble) {
      way.why = page.trouble->why;
    } else if (!page.video) {
      way.answer = Answer::not_live;
      way.why = "it shows no stream";
    } else {
      way.answer = page.video->stage == Stage::live      ? Answer::live
                   : page.video->stage == Stage::unclear ? Answer::unknown
                                                         : Answer::not_live;
      way.why = "it shows " + page.video->id + ", which " + stage_text(page.video->stage);
      note(page.video->id);
      seen_.push_back(*page.video);
    }
    end(way);
  }

  // A call of the API within the budget; false: there is nothing left of the day.
  template <typename Call>
  bool paid(WaySeen& way, const char* what, const Call& call) {
    const auto units = take_units(watcher_.database(), watcher_.options().quota, channel_queue().name,
                                  "show " + std::to_string(show_.id), what + (" " + base::random_hex(8)));
    if (!units) {
      way.why = "the API's quota of today is used up";
      end(way);
      return false;
    }
    const std::optional<Trouble> trouble = call();
    settle_units(watcher_.database(), *units, trouble);
    way.units = !trouble || trouble->left ? connect::youtube::kListUnits : 0;
    return true;
  }

  void uploads() {
    auto& way = begin("uploads");
    connect::youtube::Uploads list;
    if (paid(way, "test playlistItems.list", [&] {
          list = youtube_.uploads(show_.channel, until(), {});
          return list.trouble;
        }))
      listed(way, list);
  }

  void api() {
    {
      const auto lease = watcher_.database().acquire();
      for (const auto& row : lease->run(sql::known_streams, {show_.channel, kKnown})) note(row[0].text());
    }
    auto& way = begin("api");
    if (ids_.empty()) {
      way.why = "no video is known that it could be asked about";
      end(way);
      return;
    }
    connect::youtube::Videos videos;
    if (!paid(way, "test videos.list", [&] {
          videos = youtube_.videos(ids_, until(), {});
          return videos.trouble;
        }))
      return;
    end(way);
    if (videos.trouble) {
      way.why = videos.trouble->why;
      return;
    }
    seen_.clear();  // it knows better than a page
    for (auto& video : videos.found)
      if (video.channel == show_.channel && video.stage != Stage::video) seen_.push_back(std::move(video));
    const auto live = std::count_if(seen_.begin(), seen_.end(),
                                    [](const Video& video) { return video.stage == Stage::live; });
    const bool unclear = std::any_of(seen_.begin(), seen_.end(),
                                     [](const Video& video) { return video.stage == Stage::unclear; });
    way.answer = live > 0 ? Answer::live : unclear ? Answer::unknown : Answer::not_live;
    way.why = "of " + std::to_string(ids_.size()) + " videos " + std::to_string(live) + " are live";
  }

  // The API where it has answered, else the page: whoever knows. Not live is only who was seen not to be.
  void conclude() {
    report_.answer = Answer::unknown;
    for (const auto& way : report_.ways)
      if (way.answer == Answer::live || (report_.answer == Answer::unknown && way.answer != Answer::unknown))
        report_.answer = way.answer;
    const auto lease = watcher_.database().acquire();
    const auto now = lease->run(store::sql::now)[0][0].integer();
    for (auto& video : seen_) report_.streams.push_back(judged(*lease, std::move(video), now));
  }

  Judged judged(store::Connection& connection, Video video, Micros now) const {
    const auto from = video.stage == Stage::upcoming ? video.scheduled_at.value_or(now) : began(video, now);
    const auto choice = choose(video, from, candidates(connection, show_.channel, video.id, from));
    Judged judged;
    judged.why = std::string("it ") + stage_text(video.stage);
    if (choice) {
      judged.episode = choice->episode.episode;
      judged.announces = choice->announces && video.stage == Stage::live;
      judged.why += "; the nearest start is that of \"" + choice->episode.title + "\", " +
                    base::format_utc(choice->episode.starts_at) + " (the show's zone is " +
                    choice->episode.zone + ")";
      if (!choice->announces) judged.why += ", which has its stream already: a restart announces nothing";
    } else if (show_.filters && !title_matches(video.title, show_.filter)) {
      judged.why += "; its title does not contain the show's filter \"" + show_.filter + "\"";
    } else {
      judged.why += "; no episode starts between 6 h before it and 2 h after it";
    }
    judged.video = std::move(video);
    return judged;
  }

  Watcher& watcher_;
  YouTube& youtube_;
  const Show show_;
  const base::BootTime deadline_;
  base::BootTime begun_{};
  Report report_;
  bool listed_ = false;  // some way has told which videos there are
  std::vector<std::string> ids_;
  std::vector<Video> seen_;
};

}  // namespace

std::optional<Report> test_detection(Watcher& watcher, std::int64_t show, base::BootTime deadline) {
  Show wanted;
  wanted.id = show;
  {
    const auto lease = watcher.database().acquire();
    const auto rows = lease->run(sql::channel_of_show, {show});
    if (rows.empty()) return std::nullopt;
    wanted.channel = rows[0][0].maybe_text().value_or("");
    wanted.zone = rows[0][1].text();
    wanted.filter = rows[0][2].text();
    wanted.filters = rows[0][3].boolean();
  }
  if (!connect::youtube::is_channel(wanted.channel))
    throw base::UserError("no_channel", "this show has no YouTube channel: set its channel id first");
  return Detection(watcher, std::move(wanted), deadline).run();
}

}  // namespace fencepost::live
