#pragma once
// A database, an emulated YouTube, and the two queues, worked step by step or by an engine. Tests only.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/testing/test_database.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/live/testing/emulator.hpp"
#include "apps/announce/live/watcher.hpp"
#include "engine/engine.hpp"

namespace fencepost::live::testing {

std::vector<store::Migration> migrations();

inline constexpr Micros kMinute = 60'000'000;
inline constexpr Micros kHour = 60 * kMinute;

class LiveTest : public ::testing::TestWithParam<const char*> {
 protected:
  LiveTest();

  bool postgres() const { return database_->dialect() == store::Dialect::postgres; }
  Micros now() const { return database_.run("SELECT fencepost_now()")[0][0].integer(); }
  std::int64_t count(const std::string& statement) const { return database_.run(statement)[0][0].integer(); }

  std::int64_t show(const std::string& channel, const std::string& filter = {},
                    const std::string& zone = "Europe/Berlin");
  // `after`: from now; negative: it should have begun.
  std::int64_t episode(std::int64_t show, Micros after, const std::string& title = "Tonight");
  announce::Episode episode_of(std::int64_t id) const;

  // A watcher with other options than watcher_.
  Watcher& watch_with(Options options, bool with_key = true);
  // Works all channels that are due, one after the other; answers how many.
  int look_at_channels(Watcher& watcher, int most = 1000);
  // The same of streams, whose time is made to have come (but for that of `due_only`).
  int look_at_streams(Watcher& watcher, bool due_only = false);
  // One evening's step: what is watched, channels, streams.
  void tick(Watcher& watcher);
  // The row of a stream.
  SeenStream stream_of(const std::string& video) const;
  SeenChannel channel_of(const std::string& channel) const;
  store::BucketKey today() const { return units_key(Quota{}, now()); }
  // Of this test, on whatever days it ran.
  std::int64_t units_used() const;

  const accounts::testing::TestDatabase database_{GetParam(), migrations()};
  Emulator& emulator_ = Emulator::instance();
  connect::HttpClient http_{{.addresses = {.allow_private = true}, .idle_handles = 16}, base::system_clock()};
  connect::youtube::YouTube youtube_, keyless_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  Watcher& watcher_;
  const store::Fence channels_, streams_;
  engine::Metrics metrics_;
  engine::Context context_;
  std::string channel_ = emulator_.channel();
};

}  // namespace fencepost::live::testing
