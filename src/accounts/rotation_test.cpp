#include "accounts/rotation.hpp"

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "accounts/authorisations.hpp"
#include "accounts/connections.hpp"
#include "accounts/idempotency.hpp"
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
  Rotated rotate() { return rotate_keys(*database_, path_, columns_); }
  std::string retire() { return retire_keys(*database_, path_, columns_); }
  // As a rotation that dies when the new key is in the file, and before anything is sealed with it.
  void begin_rotation() {
    auto ring = *read_keys(path_);
    ring.keys.insert(ring.keys.begin(), new_key());
    replace_keys(path_, ring);
  }
  static IdempotentRequest request(std::int64_t principal, const std::string& key) {
    return {principal, key, request_hash("body"), "POST /api/v1/tokens"};
  }
  void keep_answers(const Vault& vault, std::int64_t principal, const std::vector<std::string>& keys) {
    const auto connection = database_->acquire();
    store::Transaction transaction(*connection);
    for (const auto& key : keys)
      keep_idempotent(*connection, request(principal, key), 201,
                      vault.seal(base::Secret("answer to " + key), answer_context(principal, key)));
    transaction.commit();
  }
  std::string kept_answer(std::int64_t principal, const std::string& key) {
    return look_idempotent(*database_->acquire(), request(principal, key)).body;
  }
  std::string begin(const Vault& vault) {
    const Authorising what{
        .name = "fans", .platform = "x", .target = "https://x.example", .kept = base::Secret("the verifier")};
    return begin_authorisation(*database_->acquire(), vault, who_, what).state.reveal();
  }
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
  const std::vector<Sealed> columns_{sealed_connections(), sealed_authorisations(), sealed_answers()};
  const Principal who_{.person = 1, .session_id = 3};
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
  begin_rotation();
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

// Of persons and of tokens, and more than one page of them. One that is at work has no answer yet.
TEST_P(RotationTest, AnswersAndAuthorisationsAreSealedAnewToo) {
  std::vector<std::string> keys;
  for (int i = 0; i < 120; ++i) keys.push_back("k" + std::to_string(i));
  keep_answers(vault_, -3, keys);
  keep_answers(vault_, 2, keys);
  begin_idempotent(*database_->acquire(), request(2, "at-work"));
  const auto state = begin(vault_);
  begin_rotation();
  EXPECT_EQ(code_of([&] { retire(); }), "keys_needed");
  EXPECT_EQ(rotate().resealed, 241);
  EXPECT_NE(retire(), "");
  const auto fresh = Vault::open(path_, false);
  for (const std::int64_t principal : {-3, 2})
    for (const auto& key : keys)
      EXPECT_EQ(fresh.unseal(kept_answer(principal, key), answer_context(principal, key)).reveal(),
                "answer to " + key);
  const auto taken = take_authorisation(*database_->acquire(), fresh, who_, state);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->kept.reveal(), "the verifier");
}

TEST_P(RotationTest, AnotherRequestsAnswerIsLeftAlone) {
  keep_answers(vault_, 2, {"k"});
  const std::vector<store::Params> changes{{2, "k", kept_answer(2, "k"), "v1:anew"}};
  const auto [finished, changed] = while_open(
      [&](store::Connection& c) {
        c.run(sql::take_key, {2, "k", request_hash("body"), "POST /api/v1/tokens", 7, 1});
        return finish_idempotent(c, request(2, "k"), 7, 201, "v1:another");
      },
      [&](store::Connection& c) { return c.run_batch(sql::reseal_answers, changes).changed; });
  EXPECT_TRUE(finished);
  EXPECT_EQ(changed, 0);
  EXPECT_EQ(kept_answer(2, "k"), "v1:another");
}

// They end by themselves: nobody has to connect anything again for them.
TEST_P(RotationTest, WhatPassesWithoutItsKeyIsNotCalledUnreadable) {
  const auto other = Vault::open(database_.folder() + "/other", true);
  keep_answers(other, 2, {"k"});
  const auto state = begin(other);
  EXPECT_EQ(rotate().unreadable, 0);
  EXPECT_EQ(count_unreadable(*database_->acquire(), &vault_, sealed_answers()), 1);
  EXPECT_EQ(count_unreadable(*database_->acquire(), &other, sealed_answers()), 0);
  EXPECT_EQ(count_unreadable(*database_->acquire(), nullptr, sealed_answers()), 1);
  EXPECT_FALSE(take_authorisation(*database_->acquire(), vault_, who_, state)) << "begin again";
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
