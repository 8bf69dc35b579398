#include "apps/upload/uploader/testing/stage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>

#include "accounts/connections.hpp"
#include "accounts/sql.hpp"
#include "apps/upload/channels.hpp"
#include "apps/upload/queue.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "base/testpoint.hpp"
#include "media/sql.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"
#include "uploader/sql.hpp"

namespace fencepost::uploader::testing {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

// The short waits of a test; what fails is tried again at once.
core::Queue queue_of_tests() {
  auto queue = upload::upload_queue(20ms);
  queue.backoff.first = 1ms;
  return queue;
}

store::Fence installed(store::Database& database, const core::Queue& queue) {
  auto connection = database.acquire();
  store::Fence fence(queue, connection->dialect(), store::own_schema(*connection));
  fence.install(*connection);
  return fence;
}

class NeverRefreshed final : public accounts::Refresher {
 public:
  accounts::RefreshAnswer refresh(const accounts::LiveConnection&, base::BootTime) override {
    return {.kind = accounts::RefreshAnswer::Kind::refused, .why = "never refreshed"};
  }
  void discard(const accounts::LiveConnection&, const base::Secret&, base::BootTime) override {}
};

std::string made(const std::string& path) {
  FENCEPOST_ASSERT(::mkdir(path.c_str(), 0700) == 0);
  return path;
}

}  // namespace

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  const auto add = [&](const auto& more) { all.insert(all.end(), std::begin(more), std::end(more)); };
  add(accounts::sql::migrations);
  add(media::sql::migrations);
  add(upload::sql::migrations);
  add(sql::migrations);
  return all;
}

std::string channel_id(char letter) { return "UC" + std::string(22, letter); }

void YouTube::add_channels(const std::vector<std::string>& ids) {
  json channels = json::array();
  for (const auto& id : ids) channels.push_back({{"id", id}});
  post("/_channels", {{"channels", channels}});
}

World::World(const std::string& kind)
    : database(kind, migrations()),
      youtube_folder(made(database.folder() + "/youtube")),
      media_(made(database.folder() + "/media")),
      fence_(installed(*database, queue_of_tests())),
      folders(std::in_place, std::vector<media::Folder>{{"clips", media_}}),
      youtube(youtube_folder) {}

upload::Service World::service() {
  return {*database, *fence_, [] {}, resolved};
}

std::int64_t World::add_channel(const std::string& name, const std::string& youtube_channel,
                                int uploads_a_day) {
  youtube.add_channels({youtube_channel});
  const auto vault = accounts::Vault::open(database.folder() + "/key", true);
  const auto connection = database->acquire();
  const auto account = accounts::create_connection(*connection, vault, name, "youtube", "",
                                                   base::Secret(token_of(youtube_channel)));
  return upload::add_channel(*connection,
                             {.name = name,
                              .connection_id = account.id,
                              .limits = std::map<std::string, std::int64_t>{{"final", uploads_a_day}},
                              .lead_minutes = 20160})
      .id;
}

std::int64_t World::add_video(const std::string& name, std::int64_t size) {
  const int file = ::open(path(name).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  FENCEPOST_ASSERT(file >= 0 && ::ftruncate(file, size) == 0);
  // Enough of an MP4 to be taken for one.
  const std::string head = std::string(
      "\0\0\0\x18"
      "ftypisom\0\0\2\0isomiso2",
      24);
  FENCEPOST_ASSERT(::pwrite(file, head.data(), head.size(), 0) > 0);
  for (std::int64_t at = 64; at + 64 < size; at += std::max<std::int64_t>(size / 64, 4096)) {
    const auto block = base::random_hex(16);
    FENCEPOST_ASSERT(::pwrite(file, block.data(), block.size(), at) > 0);
  }
  ::close(file);
  const auto connection = database->acquire();
  const auto facts = media::facts_of(*folders, "clips", name);
  return media::add_video(*connection, {.folder = "clips", .path = name}, facts).video.id;
}

std::string World::sha256(const std::string& name) const {
  const int file = ::open(path(name).c_str(), O_RDONLY | O_CLOEXEC);
  base::Sha256 digest;
  std::string block(1 << 20, '\0');
  for (ssize_t got = 0; (got = ::read(file, block.data(), block.size())) > 0;)
    digest.add({block.data(), static_cast<std::size_t>(got)});
  ::close(file);
  return digest.hex();
}

std::int64_t World::schedule(std::int64_t channel, std::int64_t video, const upload::Metadata& metadata) {
  const auto slot =
      service().next_slot(channel, "final", base::system_clock().wall() + base::Duration(24h).count());
  FENCEPOST_ASSERT(slot);
  const auto answers = service().schedule(
      channel, {{.video_id = video, .kind = "final", .at = slot->slot_at, .metadata = metadata}},
      upload::Mode::all_or_nothing, std::nullopt, "ada");
  FENCEPOST_ASSERT(answers.at(0).upload);
  return answers[0].upload->id;
}

void World::move_slot(std::int64_t id, base::Micros slot_at) {
  const auto connection = database->acquire();
  store::Transaction transaction(*connection);
  const auto move = "UPDATE fencepost_uploads SET slot_at = " + std::to_string(slot_at) +
                    " WHERE id = " + std::to_string(id) + ";\n";
  if (connection->dialect() == store::Dialect::postgres) {
    connection->script("ALTER TABLE fencepost_uploads DISABLE TRIGGER USER;\n" + move +
                       "ALTER TABLE fencepost_uploads ENABLE TRIGGER USER");
  } else {
    std::string without, with;
    for (const auto& row : database.run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND "
                                        "tbl_name = 'fencepost_uploads'")) {
      without += "DROP TRIGGER " + row[0].text() + ";\n";
      with += row[1].text() + ";\n";
    }
    connection->script(without + move + with);
  }
  transaction.commit();
}

std::int64_t World::number(const std::string& statement, const store::Params& params) const {
  const auto rows = database.run(statement, params);
  return rows.empty() || rows[0][0].is_null() ? 0 : rows[0][0].integer();
}

std::string World::status(std::int64_t id) const {
  return database.run("SELECT status FROM fencepost_uploads WHERE id = $1", {id})[0][0].text();
}

std::string World::error(std::int64_t id) const {
  return database.run("SELECT last_error FROM fencepost_uploads WHERE id = $1", {id})[0][0]
      .maybe_text()
      .value_or("");
}

std::int64_t World::held(std::int64_t id) const {
  return number("SELECT count(*) FROM fencepost_ledger WHERE queue = 'uploads' AND item = $1 AND NOT spent",
                {std::to_string(id)}) +
         number("SELECT count(*) FROM fencepost_slots WHERE queue = 'uploads' AND item = $1",
                {std::to_string(id)});
}

std::int64_t World::spent(std::int64_t id) const {
  return number("SELECT count(*) FROM fencepost_ledger WHERE queue = 'uploads' AND item = $1 AND spent",
                {std::to_string(id)});
}

Stage::Stage(World& world, Options options, WatchOptions watch, int concurrency)
    : world_(world),
      vault_(accounts::Vault::open(world.database.folder() + "/key", true)),
      uploads_(installed(*world.database, queue_of_tests())),
      publications_(installed(*world.database, publication_queue())),
      http_({.addresses = {.allow_private = true}}, base::system_clock()),
      api_(http_, {.api = world.youtube.url()}),
      engine_(std::make_unique<engine::Engine>(
          *world.database, base::system_clock(),
          engine::EngineOptions{.sweep = 20ms, .state_folder = world.database.folder()})),
      refresher_(std::make_unique<NeverRefreshed>()),
      credentials_(engine_->context(), vault_, *refresher_),
      uploader_(*world.database, credentials_, vault_, *world.folders, api_, options),
      watcher_(*world.database, credentials_, *world.folders, api_, watch),
      effects_(std::make_unique<engine::EffectWork>(engine_->context(), uploads_, uploader_)),
      watching_(std::make_unique<engine::HandlerWork>(
          engine_->context(), publications_,
          [this](const engine::Attempt& attempt) { return watcher_.watch(attempt); })) {
  runner_ = &engine_->add(*effects_, {.concurrency = concurrency, .poll = 20ms, .deadline = 24h});
  engine_->add(*watching_, {.poll = 20ms});
  base::on_testpoint([this](std::string_view name) {
    if (at) at(name);
    if (name != "ended" && name != "reconciled" && !name.starts_with("upload.")) return;
    const std::lock_guard lock(mutex_);
    ++times_;
    changed_.notify_all();
  });
}

Stage::~Stage() {
  // The works outlive the engine, which was made before them; and what it still does passes test points.
  engine_.reset();
  base::on_testpoint({});
}

bool Stage::await(const std::function<bool()>& holds) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const int seen = times_;
    lock.unlock();
    if (holds()) return true;
    lock.lock();
    if (!changed_.wait_for(lock, 60s, [&] { return times_ != seen; })) return false;
  }
}

}  // namespace fencepost::uploader::testing
