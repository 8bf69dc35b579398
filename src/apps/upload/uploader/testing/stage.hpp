#pragma once
// Everything between a schedule and YouTube: database, a channel, a folder of videos, the emulated YouTube,
// an engine with both queues. Tests only.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "accounts/testing/test_database.hpp"
#include "apps/upload/service.hpp"
#include "apps/upload/uploader/publication.hpp"
#include "apps/upload/uploader/uploader.hpp"
#include "connect/testing/emulator.hpp"
#include "engine/engine.hpp"

namespace fencepost::uploader::testing {

std::vector<store::Migration> migrations();

inline constexpr std::int64_t kUnit = connect::youtube::kPieceUnit;
std::string channel_id(char letter);  // "UCaaa…"
inline std::string token_of(const std::string& channel) { return "owner-" + channel; }

// The emulated YouTube, with what only it has.
class YouTube : public connect::testing::Emulator {
 public:
  explicit YouTube(const std::string& folder) : Emulator("youtube", {"--folder", folder}) {}
  void add_channels(const std::vector<std::string>& ids);
  nlohmann::json videos() { return get("/_videos"); }
  nlohmann::json sessions() { return get("/_uploads"); }
  std::int64_t have(std::size_t session) { return sessions().at(session).at("have"); }
};

// What is in the database and on the disk, whoever works it.
class World {
 public:
  explicit World(const std::string& kind);

  // A channel of its own account, whose uploads begin at once.
  std::int64_t add_channel(const std::string& name, const std::string& youtube_channel,
                           int uploads_a_day = 9);
  // A file of this folder, with random blocks between holes.
  std::int64_t add_video(const std::string& name, std::int64_t size);
  std::string sha256(const std::string& name) const;
  std::string path(const std::string& name) const { return media_ + "/" + name; }
  // In the first free slot that is a day away: the next one may come, or be too near, while a test runs.
  std::int64_t schedule(std::int64_t channel, std::int64_t video, const upload::Metadata& metadata = {});
  upload::Service service();
  // As if time had passed: no claim is taken back, as it is where another program writes the slot.
  void move_slot(std::int64_t id, base::Micros slot_at);

  std::int64_t number(const std::string& statement, const store::Params& params = {}) const;
  std::string status(std::int64_t id) const;
  std::string error(std::int64_t id) const;
  // What an upload holds that is not spent, over all buckets and seats; and what is spent.
  std::int64_t held(std::int64_t id) const;
  std::int64_t spent(std::int64_t id) const;

  accounts::testing::TestDatabase database;
  const std::string youtube_folder;

 private:
  const std::string media_;
  std::optional<store::Fence> fence_;

 public:
  std::optional<media::Folders> folders;
  YouTube youtube;
};

// A process that works the uploads of a world.
class Stage {
 public:
  explicit Stage(World& world, Options options = {}, WatchOptions watch = {}, int concurrency = 4);
  ~Stage();
  void start() { engine_->start(); }
  // Ends it in good order, as the destructor does. Of several, all are stopped before one is destroyed: they
  // share the hook of test points.
  void stop() { engine_.reset(); }
  // Waits until it holds, asked again whenever something has happened; false: it never did.
  bool await(const std::function<bool()>& holds);
  bool await_status(std::int64_t id, const std::string& status) {
    return await([&] { return world_.status(id) == status; });
  }
  engine::QueueRunner& runner() { return *runner_; }
  // What is done at a test point, on the thread that passes it. Before start().
  std::function<void(std::string_view)> at;

 private:
  World& world_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  accounts::Vault vault_;
  store::Fence uploads_, publications_;
  connect::HttpClient http_;
  connect::youtube::UploadApi api_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<accounts::Refresher> refresher_;
  accounts::FreshCredentials credentials_;
  Uploader uploader_;
  Publications watcher_;
  std::unique_ptr<engine::EffectWork> effects_;
  std::unique_ptr<engine::HandlerWork> watching_;
  engine::QueueRunner* runner_ = nullptr;
};

}  // namespace fencepost::uploader::testing
