// Throughput as operators ask for it.

#include <gmock/gmock.h>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

constexpr base::Micros kMinute = 60'000'000;

class ThroughputApi : public testing::ApiTest {
 protected:
  ThroughputApi() { now = database.run("SELECT fencepost_now()")[0][0].integer() / kMinute * kMinute; }
  void ended(const std::string& queue, base::Micros minute, std::int64_t done, std::int64_t failed = 0) {
    database.run("INSERT INTO fencepost_throughput (minute, queue, done, failed) VALUES ($1, $2, $3, $4)",
                 {minute, queue, done, failed});
  }
  json asked(const std::string& path, int status = 200) {
    const auto response = send("GET", "/api/v1/queues" + path);
    EXPECT_EQ(response.status, status) << response.body;
    return json_of(response);
  }

  base::Micros now = 0;
};

TEST_F(ThroughputApi, TheLastHourInMinutesWhereNothingIsAskedFor) {
  ended("announcements", now - 90 * kMinute, 1);
  ended("announcements", now - 30 * kMinute, 2, 3);
  ended("announcements", now, 4);
  ended("deliveries", now, 8);
  const auto got = asked("/announcements/throughput");
  EXPECT_EQ(got["name"], "announcements");
  EXPECT_EQ(got["step_seconds"], 60);
  EXPECT_EQ(base::parse_utc(got["to"]) - base::parse_utc(got["from"]), 60 * kMinute);
  ASSERT_EQ(got["steps"].size(), 2U);
  EXPECT_EQ(got["steps"][0], json({{"from", base::format_utc(now - 30 * kMinute)},
                                   {"done", 2},
                                   {"failed", 3},
                                   {"retried", 0},
                                   {"unknown", 0}}));
  EXPECT_EQ(got["steps"][1]["done"], 4) << "the minute that is not over yet, too";
}

TEST_F(ThroughputApi, OfEveryQueueAlsoWhereNothingEnded) {
  ended("announcements", now, 4);
  ended("not ours", now, 4);
  const auto got = asked("/throughput");
  ASSERT_EQ(got["queues"].size(), services.queues.size());
  for (const auto& queue : got["queues"])
    EXPECT_EQ(queue["steps"].size(), queue["name"] == "announcements" ? 1U : 0U) << queue["name"];
}

TEST_F(ThroughputApi, StepsLieOnTheirMultiplesWhateverTheRange) {
  const auto hour = 60 * kMinute;
  const auto begin = now / hour * hour - 5 * hour;
  ended("announcements", begin, 1);
  ended("announcements", begin + 59 * kMinute, 2);
  ended("announcements", begin + hour, 4);
  const auto got =
      asked("/announcements/throughput?step_seconds=3600&from=" + base::format_utc(begin + 20 * kMinute) +
            "&to=" + base::format_utc(begin + 40 * kMinute));
  EXPECT_EQ(got["from"], base::format_utc(begin));
  EXPECT_EQ(got["to"], base::format_utc(begin + hour));
  ASSERT_EQ(got["steps"].size(), 1U);
  EXPECT_EQ(got["steps"][0]["done"], 3);
}

TEST_F(ThroughputApi, WhatCannotBeAnsweredIsRefused) {
  const auto at = [&](base::Micros time) { return base::format_utc(time); };
  for (const auto& query : {std::string("?step_seconds=90"), std::string("?step_seconds=0"),
                            std::string("?from=yesterday"), "?from=" + at(now) + "&to=" + at(now - kMinute),
                            "?from=" + at(now - 1501 * kMinute) + "&to=" + at(now)})
    EXPECT_EQ(code(send("GET", "/api/v1/queues/announcements/throughput" + query)), "422 invalid_field")
        << query;
  asked("/announcements/throughput?from=" + at(now - 1500 * kMinute) + "&to=" + at(now));
  EXPECT_EQ(code(send("GET", "/api/v1/queues/none/throughput")), "404 not_found");
}

// From a post to the table, the API and /metrics.
TEST_F(ThroughputApi, APostIsCountedEverywhere) {
  stage.start();
  ASSERT_EQ(answer(send("POST", later() + "/post-now?wait=30")), "200 started");
  stage.engine().stop(base::BootClock::now() + std::chrono::seconds(30));
  const auto got = asked("/announcements/throughput");
  ASSERT_EQ(got["steps"].size(), 1U);
  EXPECT_EQ(got["steps"][0]["done"], 1);
  EXPECT_THAT(send("GET", "/metrics").body,
              ::testing::HasSubstr("fencepost_attempts_total{outcome=\"done\",queue=\"announcements\"} 1"));
}

}  // namespace
}  // namespace fencepost::http
