#include "accounts/sessions.hpp"

#include "accounts/testing/people_test_base.hpp"
#include "accounts/tokens.hpp"

namespace fencepost::accounts {
namespace {

class SessionsTest : public testing::PeopleTestBase {
 protected:
  NewSession open(const Person& who, const std::string& agent = "browser") {
    return *open_session(*database_->acquire(), who.id, {"192.0.2.1", agent});
  }
  bool works(const NewSession& session) {
    return authenticate_session(*database_->acquire(), session.token.reveal()).has_value();
  }
  void age(const std::string& column, base::Duration by) {
    database_.run("UPDATE fencepost_sessions SET " + column + " = " + column + " - $1", {by.count()});
  }

  const Person ann_ = person("ann@example.com"), bob_ = person("bob@example.com");
};

TEST_P(SessionsTest, EndAfterThirtyDays) {
  const auto session = open(ann_);
  age("expires_at", kSessionLife - std::chrono::minutes(1));
  EXPECT_TRUE(works(session));
  age("expires_at", std::chrono::minutes(1));
  EXPECT_FALSE(works(session));
  EXPECT_TRUE(list_sessions(*database_->acquire(), ann_.id).empty());
}

TEST_P(SessionsTest, EndAfterSevenDaysOfRest) {
  const auto session = open(ann_);
  age("seen_at", kSessionRest - std::chrono::minutes(1));
  EXPECT_TRUE(works(session));
  age("seen_at", kSessionRest - std::chrono::minutes(1));
  EXPECT_TRUE(works(session)) << "it was used in between";
  age("seen_at", kSessionRest);
  EXPECT_FALSE(works(session));
  EXPECT_FALSE(works(session));
}

TEST_P(SessionsTest, UseIsWrittenDownOnceInAWhile) {
  const auto session = open(ann_);
  const auto seen = [&] { return count("SELECT seen_at FROM fencepost_sessions"); };
  const auto first = seen();
  EXPECT_TRUE(works(session));
  EXPECT_EQ(seen(), first);
  age("seen_at", kTouch);
  EXPECT_TRUE(works(session));
  const auto touched = seen();
  EXPECT_GE(touched, first);
  EXPECT_TRUE(works(session));
  EXPECT_EQ(seen(), touched);
}

// Nobody is turned away because his use cannot be written down.
TEST_P(SessionsTest, ABusyDatabaseRecognisesThemAllTheSame) {
  const auto session = open(ann_);
  age("seen_at", kTouch);
  auto holder = database_->acquire();
  const auto other = store::Database::open(database_.url(), {.lock_timeout = std::chrono::milliseconds(50)});
  store::Transaction transaction(*holder);
  EXPECT_TRUE(end_session(*holder, ann_.id, session.id));
  EXPECT_TRUE(authenticate_session(*other->acquire(), session.token.reveal()));
}

TEST_P(SessionsTest, NothingElseAuthenticates) {
  auto text = open(ann_).token.reveal();
  auto connection = database_->acquire();
  ASSERT_EQ(text.size(), 47u);
  for (const auto& wrong : {std::string(), text + "A", text.substr(4), "fp_" + text.substr(4),
                            std::string(47, '\0'), "fps_" + std::string(43, '\xff')})
    EXPECT_FALSE(authenticate_session(*connection, wrong));
  text.back() = text.back() == 'A' ? 'E' : 'A';
  EXPECT_FALSE(authenticate_session(*connection, text));
}

TEST_P(SessionsTest, EverybodyListsAndEndsHisOwn) {
  const auto one = open(ann_, "first"), two = open(ann_, "second"), his = open(bob_);
  auto connection = database_->acquire();
  const auto all = list_sessions(*connection, ann_.id);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].agent, "first");
  EXPECT_EQ(all[0].address, "192.0.2.1");
  EXPECT_EQ(all[0].expires_at, one.expires_at);
  EXPECT_FALSE(end_session(*connection, bob_.id, one.id));
  EXPECT_TRUE(works(one));
  EXPECT_TRUE(end_session(*connection, ann_.id, one.id));
  EXPECT_FALSE(end_session(*connection, ann_.id, one.id));
  EXPECT_FALSE(works(one));
  open(ann_);
  EXPECT_EQ(end_other_sessions(*connection, ann_.id, two.id), 1);
  EXPECT_TRUE(works(two) && works(his));
}

TEST_P(SessionsTest, WhatABrowserSaysOfItselfIsHarmless) {
  open(ann_, "x\r\nSet-Cookie: a\x1b[2J" + std::string("\0", 1) + std::string(300, 'y'));
  open(ann_, std::string(199, 'z') + "ä");
  open(ann_, "\xff\xfe broken");
  const auto all = list_sessions(*database_->acquire(), ann_.id);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].agent, "x??Set-Cookie: a?[2J?" + std::string(179, 'y'));
  EXPECT_EQ(all[1].agent, std::string(199, 'z'));
  EXPECT_EQ(all[2].agent, "?? broken");
}

TEST_P(SessionsTest, WhoIsRemovedMeanwhileGetsNone) {
  auto connection = database_->acquire();
  EXPECT_EQ(remove_person(*connection, bob_.id, std::nullopt).answer, PersonAnswer::done);
  EXPECT_FALSE(open_session(*connection, bob_.id, {"192.0.2.1", ""}));
  EXPECT_FALSE(open_session(*connection, 999, {"192.0.2.1", ""}));
}

// Whoever did it, and with what statement.
TEST_P(SessionsTest, APersonWhomAnotherProgramDisablesIsOut) {
  const auto session = open(ann_);
  auto connection = database_->acquire();
  const auto token = create_token(*connection, asks(ann_), {.name = "t", .scopes = Scopes::of(Scope::read)});
  EXPECT_TRUE(authenticate(*connection, token.token.reveal()));
  database_.run("UPDATE fencepost_people SET disabled_at = 1");
  EXPECT_FALSE(works(session));
  EXPECT_FALSE(authenticate(*connection, token.token.reveal()));
}

TEST(CsrfTest, BelongsToOneSession) {
  const std::string one = "fps_" + std::string(43, 'a'), two = "fps_" + std::string(43, 'b');
  const auto token = csrf_token(one);
  EXPECT_EQ(token.size(), 43u);
  EXPECT_TRUE(csrf_matches(one, token));
  EXPECT_FALSE(csrf_matches(two, token));
  EXPECT_FALSE(csrf_matches(one, ""));
  EXPECT_FALSE(csrf_matches(one, token + "A"));
  EXPECT_EQ(token.find(one), std::string::npos);
}

ON_BOTH(SessionsTest);

}  // namespace
}  // namespace fencepost::accounts
