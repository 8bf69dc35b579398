#include "connect/bluesky/bluesky.hpp"

#include <map>

#include "connect/bluesky/testing/fixture.hpp"
#include "connect/bluesky/tid.hpp"
#include "connect/bluesky/xrpc.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kPut = "/xrpc/com\\.atproto\\.repo\\.putRecord";
TEST_F(BlueskyTest, KeysAreTidsThatSortByTimeAndDiffer) {
  const auto tid = bluesky::tid_of(kKey);
  EXPECT_EQ(tid, bluesky::tid_of(kKey));
  EXPECT_EQ(tid.size(), 13u);
  EXPECT_EQ(tid.find_first_not_of("234567abcdefghijklmnopqrstuvwxyz"), std::string::npos);
  EXPECT_NE(std::string("234567ab").find(tid[0]), std::string::npos) << "the top bit is 0";
  EXPECT_NE(tid, bluesky::tid_of(base::time_ordered_hex(1'795'341'600'000'000)));
  EXPECT_LT(tid, bluesky::tid_of(base::time_ordered_hex(1'795'341'600'001'000)));
  EXPECT_GT(tid, bluesky::tid_of(base::time_ordered_hex(1'795'341'599'999'000)));
  // What is no time has one all the same, and differs.
  EXPECT_EQ(bluesky::tid_of("not hex").size(), 13u);
  EXPECT_NE(bluesky::tid_of("not hex"), bluesky::tid_of("not hey"));
  EXPECT_EQ(bluesky::tid_of(std::string(32, 'f')).find_first_of("cdefghijklmnopqrstuvwxyz"), 1u);
}

TEST_F(BlueskyTest, RendersTheSameRecordEachTimeWithTheTimeOfItsKey) {
  const Post post{"Live now", "https://example.com/show", {}, "The show", "Every Sunday", "en", {}};
  const auto one = bluesky_.render(post, {"https://pds.example/", "did:plc:x"}, kKey);
  EXPECT_EQ(one.request, bluesky_.render(post, {"https://pds.example/", "did:plc:x"}, kKey).request);
  EXPECT_EQ(one.destination, "https://pds.example");
  EXPECT_EQ(bluesky_.text_of(one), bluesky_.fit(post, account_).text);
  EXPECT_EQ(bluesky_.render(post, {""}, kKey).destination, "https://bsky.social");
  const auto request = json::parse(one.request);
  EXPECT_EQ(request["repo"], "did:plc:x");
  EXPECT_EQ(request["rkey"], bluesky::tid_of(kKey));
  EXPECT_TRUE(request["swapRecord"].is_null());
  const auto& record = request["record"];
  EXPECT_EQ(record["createdAt"], "2026-11-22T10:00:00.000000Z");
  EXPECT_EQ(record["text"], "Live now\nhttps://example.com/show");
  EXPECT_EQ(record["langs"], json::array({"en"}));
  EXPECT_EQ(record["embed"]["external"]["title"], "The show");
  EXPECT_EQ(record["facets"][0]["index"]["byteStart"], 9);
  EXPECT_EQ(record["facets"][0]["features"][0]["uri"], "https://example.com/show");
  EXPECT_THROW((void)bluesky_.render({"\xff", ""}, account_, kKey), base::UserError);
}

TEST_F(BlueskyTest, ATextOfManyBytesIsShortenedToTheBytesToo) {
  std::string family;
  for (int i = 0; i < 290; ++i) family += "👨‍👩‍👧";  // 18 bytes each
  const auto fitted = bluesky_.fit({family, "https://example.com/"}, account_);
  EXPECT_LE(fitted.text.size(), 3000u);
  EXPECT_GT(fitted.text.size(), 2900u);
  EXPECT_TRUE(fitted.shortened);
  EXPECT_EQ(fitted.limit, 300);
  EXPECT_TRUE(fitted.text.ends_with("https://example.com/"));
}

TEST_F(BlueskyTest, PostsOnceAndSaysWhere) {
  const auto credentials = session();
  const auto post = ready({"Hello", ""}, credentials, key());
  const auto outcome = send(post, credentials);
  ASSERT_EQ(outcome.verdict, Verdict::accepted) << outcome.error;
  const auto rkey = json::parse(post.request)["rkey"].get<std::string>();
  EXPECT_TRUE(outcome.remote_id.starts_with("at://" + account_.id + "/app.bsky.feed.post/" + rkey + "#b"))
      << outcome.remote_id;
  EXPECT_EQ(outcome.remote_url, "https://bsky.app/profile/" + account_.id + "/post/" + rkey);
  const auto again = send(post, credentials);
  EXPECT_EQ(again.remote_id, outcome.remote_id);
  EXPECT_EQ(look(post, credentials).remote_id, outcome.remote_id);
  EXPECT_EQ(emulator_->accepted("post"), 1);
}

struct Fault {
  const char* name;
  json fault;
  Verdict verdict;
  Reason reason;
  int posts;
};

TEST_F(BlueskyTest, WhateverHappensToARequestThereIsNeverASecondPost) {
  const auto unknown = Verdict::unknown, no = Verdict::certain_failure;
  const auto refused = [](int status, const char* name) {
    return json{{"mode", "status"}, {"status", status}, {"body", {{"error", name}, {"message", "No."}}}};
  };
  const std::vector<Fault> faults = {
      {"accepted, then cut", {{"mode", "accept_then_cut"}}, unknown, Reason::none, 1},
      {"accepted, then 500", {{"mode", "status_after"}}, unknown, Reason::none, 1},
      {"accepted, no answer in time", {{"mode", "slow"}, {"seconds", 60}}, unknown, Reason::none, 1},
      {"accepted, not HTTP", {{"mode", "garbage"}}, unknown, Reason::none, 1},
      {"accepted, half a body", {{"mode", "malformed"}}, Verdict::accepted, Reason::none, 1},
      {"503", {{"mode", "status"}}, unknown, Reason::none, 0},
      {"502", refused(502, "UpstreamFailure"), unknown, Reason::none, 0},
      {"cut", {{"mode", "cut_before"}}, unknown, Reason::none, 0},
      {"reset", {{"mode", "close_before_read"}}, unknown, Reason::none, 0},
      {"swap", refused(400, "InvalidSwap"), unknown, Reason::none, 0},
      {"expired", refused(400, "ExpiredToken"), no, Reason::credentials, 0},
      {"bad token", refused(400, "InvalidToken"), no, Reason::credentials, 0},
      {"no token", refused(401, "AuthMissing"), no, Reason::credentials, 0},
      {"not ours", refused(403, "AccountNotFound"), no, Reason::credentials, 0},
      {"refused", refused(400, "InvalidRequest"), no, Reason::rejected, 0},
      {"no such method", refused(404, "XRPCNotSupported"), no, Reason::rejected, 0},
      {"too large", refused(413, "PayloadTooLarge"), no, Reason::rejected, 0},
      {"too many", refused(429, "RateLimitExceeded"), no, Reason::rate_limited, 0},
  };
  const auto credentials = session();
  for (const auto& [name, fault, verdict, reason, posts] : faults) {
    SCOPED_TRACE(name);
    emulator_->reset();
    const auto post = ready({std::string("Under fire: ") + name, ""}, credentials, key());
    auto wish = fault;
    wish["path"] = kPut;
    emulator_->fault(wish);
    const bool slow = fault["mode"] == "slow";
    const auto outcome = send(post, credentials, slow ? 3s : 60s);
    // Nobody waited for it: it may act later.
    while (slow && emulator_->accepted("post") == 0) {
    }
    EXPECT_EQ(outcome.verdict, verdict) << outcome.error;
    EXPECT_EQ(outcome.reason, reason);
    EXPECT_EQ(outcome.error.empty(), verdict == Verdict::accepted);
    EXPECT_EQ(emulator_->accepted("post"), posts);
    EXPECT_EQ(look(post, credentials).presence, posts == 1 ? Presence::present : Presence::absent);
    EXPECT_EQ(send(post, credentials).verdict, Verdict::accepted);
    EXPECT_EQ(emulator_->accepted("post"), 1);
  }
}

TEST_F(BlueskyTest, AnEarlierAttemptsOtherTextUnderOurKeyIsFoundAndNotReplaced) {
  const auto credentials = session();
  const auto at = key();
  const auto first = ready({"The first words", ""}, credentials, at);
  const auto second = ready({"Other words", ""}, credentials, at);
  ASSERT_EQ(send(first, credentials).verdict, Verdict::accepted);
  EXPECT_EQ(send(second, credentials).verdict, Verdict::unknown);
  const auto found = look(second, credentials);
  EXPECT_EQ(found.presence, Presence::present);
  EXPECT_FALSE(found.remote_url.empty());
  ASSERT_EQ(emulator_->accepted("post"), 1);
  EXPECT_EQ(emulator_->accepted()[1]["text"], "The first words") << emulator_->accepted().dump();
}

TEST_F(BlueskyTest, ALookThatGetsNoClearAnswerCannotTell) {
  const auto credentials = session();
  const auto post = ready({"Hello", ""}, credentials, key());
  for (const auto& fault :
       {json{{"mode", "status"}, {"status", 500}}, json{{"mode", "cut_before"}},
        json{{"mode", "malformed"}},  // of a 400: without its name it says nothing
        json{{"mode", "status"}, {"status", 400}, {"body", {{"error", "InvalidRequest"}}}}}) {
    emulator_->reset();
    auto wish = fault;
    wish["times"] = 9;  // libcurl asks again by itself where a kept connection was closed
    emulator_->fault(wish);
    const auto answer = look(post, credentials);
    EXPECT_EQ(answer.presence, Presence::cannot_tell) << fault;
    EXPECT_FALSE(answer.evidence.empty());
  }
}

TEST_F(BlueskyTest, RateLimitsAreObeyed) {
  const auto credentials = session();
  emulator_->set({{"rate_left", 1}});
  const auto last = send(ready({"One", ""}, credentials, key()), credentials);
  EXPECT_EQ(last.verdict, Verdict::accepted);
  ASSERT_TRUE(last.rest);
  EXPECT_GT(*last.rest, base::Duration(0));
  EXPECT_LE(*last.rest, base::Duration(1h));
  const auto refused = send(ready({"Two", ""}, credentials, key()), credentials);
  EXPECT_EQ(refused.reason, Reason::rate_limited);
  EXPECT_TRUE(refused.retryable);
  ASSERT_TRUE(refused.retry_after);
  EXPECT_LE(*refused.retry_after, base::Duration(1h));
  EXPECT_TRUE(refused.rest);
  EXPECT_EQ(emulator_->accepted("post"), 1);
}

TEST_F(BlueskyTest, EveryStatusHasItsMeaning) {
  const std::map<int, Reason> certain = {
      {307, Reason::rejected},    {308, Reason::rejected},    {400, Reason::rejected},
      {401, Reason::credentials}, {403, Reason::credentials}, {404, Reason::rejected},
      {405, Reason::rejected},    {406, Reason::rejected},    {410, Reason::rejected},
      {411, Reason::rejected},    {413, Reason::rejected},    {414, Reason::rejected},
      {415, Reason::rejected},    {422, Reason::rejected},    {429, Reason::rate_limited},
      {431, Reason::rejected}};
  for (int status = 200; status < 600; ++status) {
    HttpResult result;
    result.status = status;
    const auto outcome = bluesky::classify(result, {}, 0);
    const auto known = certain.find(status);
    const auto expected = status == 200            ? Verdict::accepted
                          : known != certain.end() ? Verdict::certain_failure
                                                   : Verdict::unknown;
    EXPECT_EQ(outcome.verdict, expected) << status;
    EXPECT_EQ(outcome.reason, known != certain.end() ? known->second : Reason::none) << status;
    EXPECT_EQ(outcome.retryable, status == 429) << status;
  }
}

}  // namespace
}  // namespace fencepost::connect
