#include "apps/announce/live/testing/fixture.hpp"

#include "accounts/shows.hpp"
#include "accounts/sql.hpp"
#include "announce/sql.hpp"
#include "apps/announce/queue.hpp"
#include "base/random.hpp"
#include "live/sql.hpp"
#include "store/budget.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"

namespace fencepost::live::testing {

namespace {

store::Fence installed(const accounts::testing::TestDatabase& database, const core::Queue& queue) {
  const auto lease = database->acquire();
  store::Fence fence(queue, lease->dialect(), store::own_schema(*lease));
  fence.install(*lease);
  fence.check(*lease);
  return fence;
}

// Settles at once.
class PlainDesk final : public engine::Desk {
 public:
  PlainDesk(store::Database& database, const store::Fence& fence) : database_(database), fence_(fence) {}
  std::stop_token token(const store::Claim&) const override { return {}; }
  bool alive(const store::Claim&) const override { return true; }
  void settle(store::Settlement settlement) override { fence_.settle(*database_.acquire(), {settlement}); }
  void settle(store::Fence::Sent) override { FAIL(); }
  void settled(const store::Claim&) override {}
  std::optional<store::Effect> gate(const store::Claim&, const store::EffectRequest&,
                                    const store::Fence::Allowed&, base::BootTime) override {
    return std::nullopt;
  }

 private:
  store::Database& database_;
  const store::Fence& fence_;
};

}  // namespace

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(accounts::sql::migrations), std::end(accounts::sql::migrations));
  all.insert(all.end(), std::begin(announce::sql::migrations), std::end(announce::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

LiveTest::LiveTest()
    : youtube_(http_, {emulator_.url(), emulator_.url(), emulator_.url(), base::Secret("key")}),
      keyless_(http_, {emulator_.url(), emulator_.url(), emulator_.url(), {}}),
      watcher_(watch_with({})),
      channels_(installed(database_, channel_queue())),
      streams_(installed(database_, stream_queue())),
      context_{*database_, metrics_, base::system_clock(), 1} {
  installed(database_, announce::announcement_queue());
  emulator_.reset();
}

Watcher& LiveTest::watch_with(Options options, bool with_key) {
  return *watchers_.emplace_back(
      std::make_unique<Watcher>(*database_, with_key ? youtube_ : keyless_, std::move(options)));
}

std::int64_t LiveTest::show(const std::string& channel, const std::string& filter, const std::string& zone) {
  const auto made =
      accounts::create_show(*database_->acquire(), "Night talk", "show-" + base::random_hex(6), {});
  database_.run(
      "UPDATE fencepost_shows SET channel_id = $2, title_filter = $3, filter_titles = $4, zone = $5 "
      "WHERE id = $1",
      {made.show->id, channel, filter, !filter.empty(), zone});
  return made.show->id;
}

std::int64_t LiveTest::episode(std::int64_t show, Micros after, const std::string& title) {
  announce::EpisodeDraft draft;
  draft.show = show;
  draft.title = title;
  draft.starts_at = now() + kHour;
  const auto id = announce::create_episode(*database_->acquire(), draft).episode.value().id;
  // Nobody may plan for the past; but it passes.
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now() + after});
  return id;
}

announce::Episode LiveTest::episode_of(std::int64_t id) const {
  return announce::get_episode(*database_->acquire(), id).value();
}

int LiveTest::look_at_channels(Watcher& watcher, int most) {
  engine::HandlerWork work(context_, channels_,
                           [&](const engine::Attempt& attempt) { return watcher.look(attempt); });
  PlainDesk desk(*database_, channels_);
  const auto claims = channels_.claim(*database_->acquire(), most, std::chrono::minutes(1), 1);
  for (const auto& claim : claims) work.run({claim}, desk);
  return static_cast<int>(claims.size());
}

int LiveTest::look_at_streams(Watcher& watcher, bool due_only) {
  if (!due_only) database_.run("UPDATE fencepost_live_streams SET run_at = 0 WHERE status = 'queued'");
  engine::HandlerWork work(
      context_, streams_,
      [&](const std::vector<engine::Attempt>& attempts) { return watcher.judge(attempts); }, watcher.batch());
  PlainDesk desk(*database_, streams_);
  int looked = 0;
  auto claims = streams_.claim(*database_->acquire(), 1000, std::chrono::minutes(1), 1);
  while (!claims.empty()) {
    const auto n = std::min<std::size_t>(claims.size(), static_cast<std::size_t>(watcher.batch()));
    work.run({claims.begin(), claims.begin() + static_cast<std::ptrdiff_t>(n)}, desk);
    claims.erase(claims.begin(), claims.begin() + static_cast<std::ptrdiff_t>(n));
    looked += static_cast<int>(n);
  }
  return looked;
}

void LiveTest::tick(Watcher& watcher) {
  watcher.watch();
  watcher.check_now();
  look_at_channels(watcher);
  look_at_streams(watcher);
}

SeenChannel LiveTest::channel_of(const std::string& channel) const {
  return list_channels(*database_->acquire(), 0, 1, channel).at(0);
}

SeenStream LiveTest::stream_of(const std::string& video) const {
  for (const auto& channel : list_channels(*database_->acquire(), 0, 200))
    for (const auto& stream : channel.streams)
      if (stream.video == video) return stream;
  ADD_FAILURE() << video << " is not known";
  return {};
}

std::int64_t LiveTest::units_used() const {
  return count("SELECT CAST(coalesce(sum(used), 0) AS BIGINT) FROM fencepost_buckets WHERE scope = '" +
               today().scope + "'");
}

}  // namespace fencepost::live::testing
