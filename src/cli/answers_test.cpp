// The two tables of docs/guides/adopt.md, row by row.

#include "cli/answers.hpp"

#include <gtest/gtest.h>

namespace fencepost::cli {
namespace {

using Kind = engine::Outcome::Kind;
using std::chrono::seconds;
using store::Verdict;

ChildResult exited(int code, const std::string& output = "", const std::string& error = "") {
  ChildResult result;
  result.started = result.exited = true;
  result.code = code;
  result.output = output;
  result.last_error = error;
  return result;
}
ChildResult ended(ChildResult::Why why) {
  ChildResult result;
  result.started = true;
  result.why = why;
  result.code = 15;
  return result;
}
connect::HttpResult answered(int status, const std::string& body = "", const connect::Headers& headers = {}) {
  connect::HttpResult result;
  result.status = status;
  result.body = body;
  result.headers = headers;
  return result;
}
connect::HttpResult failed(connect::Failure::Kind kind, connect::Sent sent) {
  connect::HttpResult result;
  result.failure = {kind, sent, "why"};
  return result;
}

TEST(Answers, ExitCodesOfRepeatableWork) {
  struct {
    ChildResult result;
    Kind kind;
    std::optional<base::Duration> delay;
  } cases[] = {
      {exited(0), Kind::done, {}},
      {exited(65), Kind::failed, {}},
      {exited(69, " 30.5 seconds\n"), Kind::snooze, base::Duration(30'500'000)},
      {exited(69, "soon"), Kind::snooze, seconds(60)},
      {exited(69, "1e300"), Kind::snooze, std::chrono::hours(24 * 30)},
      {exited(69, "-5"), Kind::snooze, seconds(60)},
      {exited(69, "nan"), Kind::snooze, seconds(60)},
      {exited(75), Kind::retry, {}},
      {exited(75, "7"), Kind::retry, seconds(7)},
      {exited(126), Kind::snooze, seconds(60)},
      {exited(127), Kind::snooze, seconds(60)},
      {exited(1), Kind::retry, {}},
      {ended(ChildResult::Why::itself), Kind::retry, {}},
      {ended(ChildResult::Why::late), Kind::retry, {}},
      {ended(ChildResult::Why::lost), Kind::retry, {}},
      {ended(ChildResult::Why::stopped), Kind::snooze, seconds(0)},
      {ChildResult{}, Kind::snooze, seconds(60)},
  };
  for (const auto& c : cases) {
    const auto outcome = outcome_of(c.result);
    EXPECT_EQ(outcome.kind, c.kind) << c.result.code << c.result.output;
    EXPECT_EQ(outcome.delay, c.delay) << c.result.code << c.result.output;
  }
  EXPECT_EQ(outcome_of(exited(65, "", "no such page")).error, "no such page (exit code 65)");
}

TEST(Answers, ExitCodesOfOnceWork) {
  EXPECT_EQ(effect_of(exited(0)).verdict, Verdict::happened);
  for (const int code : {65, 69, 75})
    EXPECT_EQ(effect_of(exited(code)).verdict, Verdict::did_not_happen) << code;
  EXPECT_FALSE(effect_of(exited(65)).retry_after);
  EXPECT_EQ(effect_of(exited(75)).retry_after, seconds(0));
  EXPECT_EQ(effect_of(exited(69, "9")).retry_after, seconds(9));
  // A certain no that was said under SIGTERM is one; silence is none.
  auto late = exited(75);
  late.why = ChildResult::Why::late;
  EXPECT_EQ(effect_of(late).verdict, Verdict::did_not_happen);
  for (const int code : {1, 2, 64, 66, 70, 126, 127, 255})
    EXPECT_EQ(effect_of(exited(code)).verdict, Verdict::unknown) << code;
  for (const auto why : {ChildResult::Why::itself, ChildResult::Why::late, ChildResult::Why::lost})
    EXPECT_EQ(effect_of(ended(why)).verdict, Verdict::unknown);
  EXPECT_EQ(effect_of(ChildResult{}).verdict, Verdict::did_not_happen);
}

TEST(Answers, HttpOfRepeatableWork) {
  struct {
    connect::HttpResult result;
    Kind kind;
    std::optional<base::Duration> delay;
  } cases[] = {
      {answered(200), Kind::done, {}},
      {answered(202, "not JSON"), Kind::done, {}},
      {answered(200, R"({"outcome":"retry","after":30,"error":"why"})"), Kind::retry, seconds(30)},
      {answered(200, R"({"outcome":"failed"})"), Kind::failed, {}},
      {answered(200, R"({"outcome":"snooze"})"), Kind::snooze, seconds(60)},
      {answered(200, R"({"outcome":"nonsense"})"), Kind::retry, {}},
      {answered(429), Kind::retry, {}},
      {answered(429, "", {{"Retry-After", "12"}}), Kind::snooze, seconds(12)},
      {answered(503, "", {{"Retry-After", "12"}}), Kind::snooze, seconds(12)},
      {answered(500, "", {{"Retry-After", "12"}}), Kind::retry, seconds(12)},
      {answered(408), Kind::retry, {}},
      {answered(302), Kind::failed, {}},
      {answered(404, R"({"outcome":"done"})"), Kind::failed, {}},
      {failed(connect::Failure::Kind::cut, connect::Sent::maybe), Kind::retry, {}},
      {failed(connect::Failure::Kind::connect, connect::Sent::no_byte_left), Kind::retry, {}},
      {failed(connect::Failure::Kind::address, connect::Sent::no_byte_left), Kind::snooze, seconds(60)},
      {failed(connect::Failure::Kind::stopped, connect::Sent::maybe), Kind::snooze, seconds(0)},
  };
  for (const auto& c : cases) {
    const auto outcome = outcome_of(c.result, 0);
    EXPECT_EQ(outcome.kind, c.kind) << c.result.status << c.result.body;
    EXPECT_EQ(outcome.delay, c.delay) << c.result.status << c.result.body;
  }
}

TEST(Answers, HttpOfOnceWork) {
  EXPECT_EQ(effect_of(answered(200, R"({"id":"7"})"), 0).remote_id, "7");
  EXPECT_EQ(effect_of(answered(404), 0).verdict, Verdict::did_not_happen);
  EXPECT_FALSE(effect_of(answered(404), 0).retry_after);
  EXPECT_TRUE(effect_of(answered(429), 0).retry_after);
  for (const int status : {302, 408, 409, 500, 503})
    EXPECT_EQ(effect_of(answered(status), 0).verdict, Verdict::unknown) << status;
  EXPECT_EQ(effect_of(failed(connect::Failure::Kind::cut, connect::Sent::maybe), 0).verdict,
            Verdict::unknown);
  EXPECT_TRUE(effect_of(failed(connect::Failure::Kind::connect, connect::Sent::no_byte_left), 0).retry_after);
}

TEST(Answers, OfABatch) {
  const std::vector<std::string> items{"1", "two", "3"};
  const auto outcomes = batch_outcomes(
      items,
      R"([{"item":1,"outcome":"failed","error":"odd"},{"item":"two","outcome":"snooze","after":5},)"
      R"({"item":9}])",
      engine::Outcome::done());
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0].kind, Kind::failed);
  EXPECT_EQ(outcomes[0].error, "odd");
  EXPECT_EQ(outcomes[1].delay, seconds(5));
  EXPECT_EQ(outcomes[2].kind, Kind::done);
  for (const auto& outcome : batch_outcomes(items, "no JSON", engine::Outcome::retry("it broke")))
    EXPECT_EQ(outcome.kind, Kind::retry);
}

}  // namespace
}  // namespace fencepost::cli
