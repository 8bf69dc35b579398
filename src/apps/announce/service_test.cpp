// What people see and change of announcements, while nothing is sent.

#include "apps/announce/service.hpp"

#include <gtest/gtest.h>

#include "accounts/connections.hpp"
#include "announce/sql.hpp"
#include "apps/announce/testing/stage.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {
namespace {

using testing::kHour;
constexpr base::Micros kMinute = 60'000'000;

class ServiceTest : public ::testing::TestWithParam<const char*> {
 protected:
  base::Micros now() const { return base::system_clock().wall(); }
  Announcement create(const std::string& text = "Live now") {
    return service_.create({connection_, text, "https://example.com/show", now() + kHour}, "ada");
  }
  template <typename Act>
  static std::string code_of(const Act& act) {
    try {
      act();
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  }
  std::vector<std::string> kinds(std::int64_t id) {
    std::vector<std::string> all;
    for (const auto& entry : service_.history(id, 0, 100)) all.push_back(entry.kind);
    return all;
  }

  accounts::testing::TestDatabase database_{GetParam(), testing::migrations()};
  const std::int64_t connection_ = testing::connect_to(database_, "http://127.0.0.1:1/hook");
  testing::Stage stage_{database_};
  Service& service_ = stage_.service();
};

TEST_P(ServiceTest, EveryStatementIsPreparable) {
  auto connection = database_->acquire();
  for (const auto& statement : sql::all) connection->prepare_only(statement);
  stage_.fence().check(*connection);
}

TEST_P(ServiceTest, CreatesAndShows) {
  const auto made = create();
  EXPECT_EQ(made.status, "queued");
  EXPECT_EQ(made.version, 1);
  EXPECT_EQ(made.attempts, 0);
  EXPECT_FALSE(made.posted_at);
  const auto got = service_.get(made.id);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->text, "Live now");
  EXPECT_EQ(got->url, "https://example.com/show");
  EXPECT_EQ(got->run_at, made.run_at);
  EXPECT_EQ(got->connection_id, connection_);
  EXPECT_TRUE(got->connection.starts_with("receiver-"));
  EXPECT_FALSE(service_.get(made.id + 1));
  EXPECT_EQ(kinds(made.id), std::vector<std::string>{"created"});
  EXPECT_EQ(service_.history(made.id, 0, 1)[0].actor, "ada");
}

TEST_P(ServiceTest, RefusesWhatCannotBeAnnounced) {
  const auto refused = [&](const Draft& draft) { return code_of([&] { service_.create(draft, "ada"); }); };
  EXPECT_EQ(refused({connection_, "", "", {}}), "invalid_text");
  EXPECT_EQ(refused({connection_, "x", "gopher://x", {}}), "invalid_url");
  EXPECT_EQ(refused({connection_, "x", "", now() - 10 * kMinute}), "invalid_time");
  EXPECT_EQ(refused({connection_, "x", "", 2'145'916'800'000'000}), "invalid_time");
  EXPECT_EQ(refused({999, "x", "", {}}), "unknown_connection");
  auto connection = database_->acquire();
  accounts::disconnect(*connection, connection_);
  EXPECT_EQ(refused({connection_, "x", "", {}}), "connection_disconnected");
  EXPECT_TRUE(service_.list({}, 10, "").items.empty());
}

TEST_P(ServiceTest, WhatIsKeptWithACreationIsOneFactWithIt) {
  const Draft draft{connection_, "x", "", now() + kHour};
  EXPECT_THROW(service_.create(draft, "ada", [](auto&, const auto&) { throw base::UserError("no", "no"); }),
               base::UserError);
  EXPECT_TRUE(service_.list({}, 10, "").items.empty());
  std::int64_t seen = 0;
  const auto made =
      service_.create(draft, "ada", [&](store::Connection& connection, const Announcement& announcement) {
        EXPECT_TRUE(connection.in_transaction());
        seen = announcement.id;
      });
  EXPECT_EQ(seen, made.id);
}

TEST_P(ServiceTest, ListsNewestFirstInPages) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(create().id);
  service_.disable(ids[2], "ada");
  auto page = service_.list({}, 2, "");
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].id, ids[4]);
  EXPECT_EQ(page.next, ids[3]);
  page = service_.list(page.next, 3, "");
  ASSERT_EQ(page.items.size(), 3u);
  EXPECT_EQ(page.items[2].id, ids[0]);
  EXPECT_FALSE(page.next);
  EXPECT_EQ(service_.list({}, 10, "queued").items.size(), 4u);
  EXPECT_EQ(service_.list({}, 10, "disabled").items.at(0).id, ids[2]);
  EXPECT_EQ(code_of([&] { service_.list({}, 10, "claimed"); }), "invalid_field");
  EXPECT_EQ(code_of([&] { service_.list({}, 0, ""); }), "invalid_field");
  EXPECT_EQ(code_of([&] { service_.list({}, 201, ""); }), "invalid_field");
}

TEST_P(ServiceTest, AnEditNamesTheVersionItSaw) {
  const auto made = create();
  const auto [result, changed] = service_.edit(made.id, 1, {"New text", {}, {}}, "ada");
  EXPECT_EQ(result, EditResult::changed);
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(changed->text, "New text");
  EXPECT_EQ(changed->url, made.url);
  EXPECT_EQ(changed->run_at, made.run_at);
  const auto [late, as_it_is] = service_.edit(made.id, 1, {"Other", {}, {}}, "eve");
  EXPECT_EQ(late, EditResult::version_conflict);
  EXPECT_EQ(as_it_is->text, "New text");
  EXPECT_EQ(service_.edit(999, 1, {"x", {}, {}}, "ada").first, EditResult::not_found);
  EXPECT_EQ(code_of([&] { service_.edit(made.id, 2, {"", {}, {}}, "ada"); }), "invalid_text");
  EXPECT_EQ(code_of([&] { service_.edit(made.id, 2, {{}, "x", {}}, "ada"); }), "invalid_url");
  EXPECT_EQ(code_of([&] { service_.edit(made.id, 2, {{}, {}, now() - kHour}, "ada"); }), "invalid_time");
  EXPECT_EQ(service_.get(made.id)->version, 2);
  const auto entries = kinds(made.id);
  EXPECT_EQ(std::count(entries.begin(), entries.end(), "edited"), 1) << "a refused edit leaves nothing";
}

TEST_P(ServiceTest, Rule12AnEditMovesTheFence) {
  const auto made = create();
  auto connection = database_->acquire();
  const auto item = std::to_string(made.id);
  const auto before = stage_.fence().read(*connection, item)->fence;
  service_.edit(made.id, 1, {"New text", {}, {}}, "ada");
  EXPECT_GT(stage_.fence().read(*connection, item)->fence, before);
}

TEST_P(ServiceTest, DisablesAndEnables) {
  const auto made = create();
  EXPECT_EQ(service_.disable(made.id, "ada"), core::StopAnswer::prevented);
  EXPECT_EQ(service_.disable(made.id, "ada"), core::StopAnswer::already_stopped);
  EXPECT_EQ(service_.get(made.id)->status, "disabled");
  EXPECT_EQ(service_.post_now(made.id, "ada", {}).answer, core::RunNowAnswer::stopped);
  EXPECT_EQ(service_.enable(made.id, "ada"), EnableResult::enabled);
  EXPECT_EQ(service_.enable(made.id, "ada"), EnableResult::already_enabled);
  EXPECT_EQ(service_.get(made.id)->status, "queued");
  EXPECT_EQ(service_.disable(999, "ada"), core::StopAnswer::not_found);
  EXPECT_EQ(service_.enable(999, "ada"), EnableResult::not_found);
  EXPECT_EQ(service_.post_now(999, "ada", {}).answer, core::RunNowAnswer::not_found);
  const auto entries = service_.history(made.id, 0, 100);
  EXPECT_EQ(entries.at(1).to, "disabled");
  EXPECT_EQ(entries.at(2).from, "disabled");
}

TEST_P(ServiceTest, WhatIsLateIsNotEnabledByItself) {
  const auto made = create();
  service_.disable(made.id, "ada");
  database_.run("UPDATE fencepost_announcements SET run_at = $1 WHERE status = 'disabled'",
                {now() - 10 * kMinute});
  EXPECT_EQ(service_.enable(made.id, "ada"), EnableResult::too_late);
  EXPECT_EQ(service_.get(made.id)->status, "disabled");
  database_.run("UPDATE fencepost_announcements SET run_at = $1 WHERE status = 'disabled'",
                {now() - kMinute});
  EXPECT_EQ(service_.enable(made.id, "ada"), EnableResult::enabled);
}

TEST_P(ServiceTest, RemovesAndKeepsTheHistory) {
  const auto made = create();
  EXPECT_EQ(service_.remove(made.id, "ada"), core::StopAnswer::prevented);
  EXPECT_EQ(service_.remove(made.id, "ada"), core::StopAnswer::not_found);
  EXPECT_FALSE(service_.get(made.id));
  EXPECT_EQ(kinds(made.id).back(), "deleted");
  EXPECT_GT(create().id, made.id) << "an id is never used again";
}

TEST_P(ServiceTest, TheDatabaseItselfRefusesUnsoundRows) {
  const auto refused = [&](const std::string& statement) {
    try {
      database_.run(statement, {connection_});
      return false;
    } catch (const base::InfraError&) {
      return true;
    }
  };
  EXPECT_FALSE(refused("INSERT INTO fencepost_announcements (connection_id, text) VALUES ($1, 'x')"));
  EXPECT_TRUE(refused("INSERT INTO fencepost_announcements (connection_id, text) VALUES ($1, '')"));
  EXPECT_TRUE(refused("INSERT INTO fencepost_announcements (connection_id, text) VALUES ($1 + 999, 'x')"));
  EXPECT_TRUE(refused(
      "INSERT INTO fencepost_announcements (connection_id, text, status) VALUES ($1, 'x', 'Queued')"));
  EXPECT_EQ(service_.list({}, 10, "").items.at(0).version, 1)
      << "what another program adds is sound by its defaults";
}

INSTANTIATE_TEST_SUITE_P(Databases, ServiceTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::announce
