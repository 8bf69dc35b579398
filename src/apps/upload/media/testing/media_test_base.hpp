#pragma once
// A database with videos and two folders. Tests only.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "accounts/testing/people_test_base.hpp"
#include "apps/upload/media/files.hpp"
#include "apps/upload/media/videos.hpp"
#include "base/error.hpp"
#include "media/sql.hpp"

namespace fencepost::media::testing {

inline const std::string kMp4(
    "\0\0\0\x18"
    "ftypisom",
    12);

inline std::vector<store::Migration> migrations() {
  auto all = accounts::testing::accounts_migrations();
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

// Its boot time goes when it is told to.
class SteppedClock final : public base::Clock {
 public:
  base::BootTime boot() const override { return now; }
  base::Micros wall() const override { return base::system_clock().wall(); }
  base::BootTime now = base::system_clock().boot();
};

// The code of what `act` refuses; empty: nothing.
template <typename F>
std::string refusal(F&& act) try {
  act();
  return "";
} catch (const base::UserError& error) {
  return error.code();
}

class MediaTestBase : public accounts::testing::PeopleTestBase {
 protected:
  MediaTestBase() : PeopleTestBase(migrations()) {
    std::filesystem::create_directory(in_);
    options_.path = database_.folder() + "/files";
    options_.free = 0;
    options_.flush = 1 << 20;
    reopen();
  }
  void reopen() {
    files_ = std::make_unique<Files>(*database_, options_, clock_);
    folders_ = std::make_unique<Folders>(std::vector<Folder>{{"shows", in_}, {kFiles, options_.path}});
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(in_ + '/' + name, std::ios::binary) << text;
  }
  Added add(const std::string& path, const std::string& title = "") {
    const auto facts = facts_of(*folders_, "shows", path);
    return add_video(*database_->acquire(), {.folder = "shows", .path = path, .title = title}, facts);
  }
  File begin(std::int64_t total, std::optional<std::int64_t> person = std::nullopt) {
    return files_->add(*database_->acquire(), person, total, "Episode 12.mp4", "");
  }
  std::int64_t reserved(std::int64_t owner = 0) {
    const auto rows = database_.run("SELECT reserved FROM fencepost_media_usage WHERE owner = $1", {owner});
    return rows.empty() ? 0 : rows[0][0].integer();
  }
  std::string on_disk(const std::string& id) const {
    std::ifstream file(options_.path + '/' + id, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string in_ = database_.folder() + "/in";
  FilesOptions options_;
  SteppedClock clock_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<Folders> folders_;
};

}  // namespace fencepost::media::testing
