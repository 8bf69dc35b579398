#include "accounts/rotation.hpp"

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "accounts/connections.hpp"
#include "accounts/key_file.hpp"
#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class RotationTest : public testing::PeopleTestBase {
 protected:
  std::int64_t connect(const Vault& vault, const std::string& name) {
    return create_connection(*database_->acquire(), vault, name, "webhook", "https://example.com/h",
                             base::Secret("secret of " + name))
        .id;
  }
  std::string read(const Vault& vault, std::int64_t id) {
    return connection_secret(*database_->acquire(), vault, id)->reveal();
  }
  std::string stored(std::int64_t id) {
    return database_.run("SELECT secret FROM fencepost_connections WHERE id = $1", {id})[0][0].text();
  }
  Rotated rotate() { return rotate_keys(*database_, path_, {sealed_connections()}); }
  std::string retire() { return retire_keys(*database_, path_, {sealed_connections()}); }
  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  template <typename Act>
  static std::string code_of(Act&& act) {
    try {
      act();
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  }

  const std::string path_ = database_.folder() + "/key";
  const Vault vault_ = Vault::open(path_, true);
};

TEST_P(RotationTest, EveryRowIsSealedAnewAndStaysReadable) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 150; ++i) ids.push_back(connect(vault_, "c" + std::to_string(i)));
  const auto before = text_of(path_);
  const auto done = rotate();
  EXPECT_TRUE(done.new_key);
  EXPECT_EQ(done.resealed, 150);
  EXPECT_EQ(done.unreadable, 0);
  EXPECT_TRUE(text_of(path_).ends_with(before)) << "the former key is still there";
  EXPECT_EQ(text_of(path_).size(), 2 * before.size());
  const auto fresh = Vault::open(path_, false);
  for (const auto id : {ids.front(), ids[99], ids[100], ids.back()}) {
    EXPECT_EQ(read(vault_, id), read(fresh, id)) << "a server that runs on finds the new key by itself";
    EXPECT_TRUE(fresh.is_current(stored(id), "connection:" + std::to_string(id)));
  }
}

TEST_P(RotationTest, AServerThatRunsOnSealsWithTheNewKey) {
  rotate();
  const auto id = connect(vault_, "new");
  EXPECT_NE(retire(), "");
  EXPECT_EQ(read(Vault::open(path_, false), id), "secret of new");
}

// It died after the new key was in the file and before all rows were sealed with it.
TEST_P(RotationTest, OneThatStoppedIsFinishedByTheNext) {
  const auto one = connect(vault_, "one");
  auto ring = *read_keys(path_);
  ring.keys.insert(ring.keys.begin(), new_key());
  replace_keys(path_, ring);
  const auto two = connect(vault_, "two");
  EXPECT_EQ(code_of([&] { retire(); }), "keys_needed");
  const auto done = rotate();
  EXPECT_FALSE(done.new_key);
  EXPECT_EQ(done.resealed, 1);
  EXPECT_EQ(read_keys(path_)->keys.size(), 2u);
  EXPECT_TRUE(rotate().new_key);
  EXPECT_EQ(read(vault_, one), "secret of one");
  EXPECT_EQ(read(vault_, two), "secret of two");
}

TEST_P(RotationTest, FormerKeysAreRetiredAndKeptAside) {
  const auto id = connect(vault_, "one");
  EXPECT_EQ(retire(), "") << "there is none";
  const auto first = text_of(path_);
  rotate();
  const auto aside = retire();
  EXPECT_EQ(aside, path_ + ".retired");
  EXPECT_EQ(read_keys(path_)->keys.size(), 1u);
  EXPECT_EQ(read(Vault::open(path_, false), id), "secret of one");
  rotate();
  retire();
  EXPECT_EQ(read_keys(aside)->keys.size(), 2u);
  EXPECT_TRUE(text_of(aside).ends_with(first)) << "none is ever lost";
}

TEST_P(RotationTest, AKeyThatWasPreparedIsTheNextOne) {
  const auto id = connect(vault_, "one");
  EXPECT_TRUE(prepare_key(path_));
  EXPECT_FALSE(prepare_key(path_));
  const auto prepared = read_keys(path_)->prepared->reveal();
  connect(vault_, "two");
  const auto copied = database_.folder() + "/copy";
  replace_keys(copied, *read_keys(path_));
  const auto elsewhere = Vault::open(copied, false);
  EXPECT_EQ(rotate().resealed, 2);
  EXPECT_EQ(read_keys(path_)->keys.front().reveal(), prepared);
  EXPECT_EQ(read(elsewhere, id), "secret of one") << "another host has the key already";
}

TEST_P(RotationTest, WhatChangesMeanwhileIsLeftAlone) {
  const auto one = connect(vault_, "one"), two = connect(vault_, "two");
  const std::vector<store::Params> changes{{one, stored(one), "v1:anew"}, {two, stored(two), "v1:anew"}};
  const auto sealed = vault_.seal(base::Secret("another"), "connection:" + std::to_string(two));
  const auto [gone, changed] = while_open(
      [&](store::Connection& c) {
        c.run(sql::set_secret, {two, sealed});
        return disconnect(c, one);
      },
      [&](store::Connection& c) { return c.run_batch(sql::reseal, changes).changed; });
  EXPECT_TRUE(gone);
  EXPECT_EQ(changed, 0);
  EXPECT_EQ(stored(two), sealed);
}

TEST_P(RotationTest, OneAtATime) {
  const KeyFileLock lock(path_);
  EXPECT_EQ(code_of([&] { rotate(); }), "key_busy");
  EXPECT_EQ(code_of([&] { retire(); }), "key_busy");
  EXPECT_EQ(code_of([&] { prepare_key(path_); }), "key_busy");
}

TEST_P(RotationTest, WhatNoKeyOpensIsSaidAndStopsNothing) {
  connect(vault_, "one");
  connect(Vault::open(database_.folder() + "/other", true), "lost");
  const auto done = rotate();
  EXPECT_TRUE(done.new_key);
  EXPECT_EQ(done.resealed, 1);
  EXPECT_EQ(done.unreadable, 1);
  EXPECT_NE(retire(), "");
}

// Sends go on while a rotation runs: there is no moment at which a secret cannot be read.
TEST_P(RotationTest, SecretsAreReadableAtEachMoment) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(connect(vault_, "c" + std::to_string(i)));
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  {
    std::jthread sender([&] {
      while (!over)
        for (const auto id : ids)
          if (!read(vault_, id).starts_with("secret of c")) ++wrong;
    });
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(rotate().new_key);
    over = true;
  }
  EXPECT_EQ(wrong, 0);
}

ON_BOTH(RotationTest);

}  // namespace
}  // namespace fencepost::accounts
