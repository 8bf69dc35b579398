#include "connect/youtube/youtube.hpp"

#include <gtest/gtest.h>

#include "connect/testing/http_client_fixture.hpp"
#include "connect/youtube/parse.hpp"

namespace fencepost::connect::youtube {
namespace {

using testing::answer;
using testing::Connection;
using testing::RawServer;
using Kind = Trouble::Kind;

const std::string kChannel = "UC" + std::string(22, 'a');

std::string video_json(const std::string& content, const std::string& times) {
  return R"({"items": [{"id": "abc", "snippet": {"channelId": ")" + kChannel +
         R"(", "title": "Night talk", "liveBroadcastContent": ")" + content + R"("})" +
         (times.empty() ? "" : ", \"liveStreamingDetails\": {" + times + "}") + "}]}";
}

const std::string kBegan = R"("actualStartTime": "2026-11-22T20:00:00Z")";
const std::string kEnded = R"(, "actualEndTime": "2026-11-22T21:00:00Z")";
const std::string kPlanned = R"("scheduledStartTime": "2026-11-22T20:00:00Z")";

Stage stage(const std::string& content, const std::string& times) {
  return parse_videos(video_json(content, times))->at(0).stage;
}

TEST(YouTubeApi, EndedStreamsAreNotTakenForLive) {
  EXPECT_EQ(stage("live", kBegan), Stage::live);
  EXPECT_EQ(stage("none", kBegan + kEnded), Stage::ended);
  EXPECT_EQ(stage("live", kBegan + kEnded), Stage::ended);  // the end is believed first
  EXPECT_EQ(stage("upcoming", kPlanned), Stage::upcoming);
  EXPECT_EQ(stage("none", ""), Stage::video);
}

TEST(YouTubeApi, WhatContradictsItselfIsUnclear) {
  EXPECT_EQ(stage("none", kBegan), Stage::unclear);
  EXPECT_EQ(stage("live", kPlanned), Stage::unclear);
  EXPECT_EQ(stage("none", kPlanned), Stage::unclear);
  EXPECT_EQ(stage("upcoming", kBegan), Stage::unclear);
}

TEST(YouTubeApi, ReadsTimesAndOwner) {
  const auto video = parse_videos(video_json("live", kPlanned + ", " + kBegan))->at(0);
  EXPECT_EQ(video.channel, kChannel);
  EXPECT_EQ(video.title, "Night talk");
  EXPECT_EQ(video.live_at, base::parse_utc("2026-11-22T20:00:00Z"));
  EXPECT_EQ(video.scheduled_at, video.live_at);
  EXPECT_FALSE(video.ended_at);
}

TEST(YouTubeApi, TitlesCanBeStored) {
  EXPECT_EQ(parse_videos(R"({"items": [{"id": "a", "snippet": {"title": "A\u0000B\nC ü"}}]})")->at(0).title,
            "ABC ü");
  EXPECT_EQ(shown_text("a\xff z"), "a\xEF\xBF\xBD z");
}

TEST(YouTubeApi, WhatIsNoListIsNone) {
  for (const std::string text : {"", "[]", "{}", R"({"items": 1})", "{\"items\": [", "<html>"})
    EXPECT_FALSE(parse_videos(text)) << text;
  // What cannot be a video's id is never asked for again.
  EXPECT_TRUE(parse_videos(R"({"items": [1, {"id": 7}, {"id": "a b"}, {"id": ""}]})")->empty());
}

TEST(YouTubeApi, RefusalsAreToldApart) {
  const auto kind = [](int status, const std::string& reason, const std::string& message = "no") {
    return api_trouble(status, R"({"error": {"message": ")" + message + R"(", "errors": [{"reason": ")" +
                                   reason + R"("}]}})")
        .kind;
  };
  EXPECT_EQ(kind(403, "quotaExceeded"), Kind::quota);
  EXPECT_EQ(kind(403, "rateLimitExceeded"), Kind::rate);
  EXPECT_EQ(kind(429, ""), Kind::rate);
  EXPECT_EQ(kind(400, "badRequest", "API key not valid."), Kind::credentials);
  EXPECT_EQ(kind(403, "accessNotConfigured"), Kind::credentials);
  EXPECT_EQ(kind(404, "playlistNotFound"), Kind::missing);
  EXPECT_EQ(kind(403, "forbidden"), Kind::refused);
  EXPECT_EQ(kind(503, "quotaExceeded"), Kind::server);
  EXPECT_EQ(api_trouble(400, "<html>").kind, Kind::refused);
}

std::string feed_xml(const std::string& entries) {
  return "<?xml version=\"1.0\"?><feed xmlns:yt=\"http://www.youtube.com/xml/schemas/2015\" "
         "xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns=\"http://www.w3.org/2005/Atom\">"
         "<title>The channel</title>" +
         entries + "</feed>";
}

TEST(YouTubeFeed, ReadsEntries) {
  const auto entries = parse_feed(
      feed_xml("<entry><yt:videoId>abc</yt:videoId><title>A &lt; B &amp; C</title>"
               "<published>2026-11-22T20:00:00+00:00</published>"
               "<media:group><media:title>other</media:title><title>inner</title></media:group></entry>"
               "<entry><yt:videoId>a b</yt:videoId></entry><entry><yt:videoId>d-_</yt:videoId></entry>"));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).video, "abc");
  EXPECT_EQ(entries->at(0).title, "A < B & C");
  EXPECT_EQ(entries->at(0).published_at, base::parse_utc("2026-11-22T20:00:00Z"));
  EXPECT_EQ(entries->at(1).video, "d-_");
  EXPECT_EQ(parse_feed(feed_xml(""))->size(), 0u);
}

TEST(YouTubeFeed, WhatIsNoFeedIsNone) {
  for (const auto& text :
       {std::string(), std::string("<html><title>Error 404</title></html>"), feed_xml("<entry>"),
        std::string("{}"), "<!DOCTYPE feed [<!ENTITY a \"b\">]>" + feed_xml("&a;")})
    EXPECT_FALSE(parse_feed(text)) << text;
}

std::string page_html(const std::string& canonical, const std::string& script) {
  return "<!DOCTYPE html><html><head><meta property=\"og:title\" content=\"Night &amp; talk\"><link href=\"" +
         canonical + "\" rel=\"canonical\"></head><body><script>var p = {" + script +
         "};</script></body></html>";
}

const std::string kWatch = "https://www.youtube.com/watch?v=abc";

Stage page_stage(const std::string& details) {
  return parse_page(page_html(kWatch, "\"liveBroadcastDetails\":{" + details + "}")).video->stage;
}

TEST(YouTubePage, OnlyIsLiveNowCounts) {
  EXPECT_EQ(page_stage(R"("isLiveNow":true,"startTimestamp":"2026-11-22T20:00:00+00:00")"), Stage::live);
  EXPECT_EQ(page_stage(R"("isLiveNow":false,"startTimestamp":"2026-11-22T20:00:00+00:00")"), Stage::upcoming);
  EXPECT_EQ(page_stage(R"("isLiveNow":false,"startTimestamp":"2026-11-22T20:00:00+00:00",)"
                       R"("endTimestamp":"2026-11-22T21:00:00+00:00")"),
            Stage::ended);
  EXPECT_EQ(page_stage(R"("isLiveNow":true,"endTimestamp":"2026-11-22T21:00:00+00:00")"), Stage::ended);
  EXPECT_EQ(page_stage(R"("startTimestamp":"2026-11-22T20:00:00+00:00")"), Stage::unclear);
  EXPECT_EQ(page_stage(""), Stage::unclear);
  EXPECT_EQ(parse_page(page_html(kWatch, "")).video->stage, Stage::video);
  EXPECT_EQ(parse_page(page_html(kWatch, "")).video->title, "Night & talk");
}

TEST(YouTubePage, WhatItIsOf) {
  const auto channel = parse_page(page_html("https://www.youtube.com/channel/" + kChannel, ""));
  EXPECT_FALSE(channel.trouble);
  EXPECT_FALSE(channel.video);
  EXPECT_EQ(parse_page("<html><title>?</title></html>").trouble->kind, Kind::malformed);
  EXPECT_EQ(parse_page("<form action=\"https://consent.youtube.com/save\">").trouble->kind, Kind::blocked);
  EXPECT_EQ(parse_page("").trouble->kind, Kind::malformed);
}

class YouTubeClientTest : public HttpClientTest {
 protected:
  YouTube at(const RawServer& server) {
    auto origin = server.url("");
    return {client_, {.api = origin, .feed = origin, .page = origin, .key = base::Secret("the-key")}};
  }
  base::BootTime later() const { return clock_.boot() + std::chrono::hours(1); }
};

TEST_F(YouTubeClientTest, TheKeyStandsInAHeaderAndNotInTheUrl) {
  std::string seen;
  RawServer server([&](Connection& c) {
    seen = c.read_request();
    c.write(answer("200 OK", video_json("live", kBegan)));
  });
  const auto videos = at(server).videos({"abc", "d-_"}, later(), {});
  ASSERT_FALSE(videos.trouble) << videos.trouble->why;
  EXPECT_EQ(videos.found.at(0).stage, Stage::live);
  EXPECT_EQ(seen.substr(0, seen.find(" HTTP")),
            "GET /youtube/v3/videos?part=snippet,liveStreamingDetails&maxResults=50&id=abc,d-_");
  EXPECT_NE(seen.find("\r\nX-Goog-Api-Key: the-key\r\n"), std::string::npos);
}

// The fault: a feed that is not there was taken for a channel that is offline.
TEST_F(YouTubeClientTest, AFeedThatIsMissingIsUnknownAndNotOffline) {
  for (const auto& [status, kind] : {std::pair("404 Not Found", Kind::missing),
                                     {"500 Oops", Kind::server},
                                     {"429 Slow", Kind::rate},
                                     {"403 No", Kind::refused}}) {
    RawServer server([&, line = status](Connection& c) {
      c.read_request();
      c.write(answer(line, "", "Retry-After: 7\r\n"));
    });
    const auto feed = at(server).feed(kChannel, later(), {});
    ASSERT_TRUE(feed.trouble) << status;
    EXPECT_EQ(feed.trouble->kind, kind);
    EXPECT_EQ(feed.trouble->retry_after, std::chrono::seconds(7));
    EXPECT_TRUE(feed.trouble->left);
  }
}

TEST_F(YouTubeClientTest, WhatNeverLeftIsKnownAsThat) {
  YouTube nobody(client_, {.api = "http://127.0.0.1:" + std::to_string(testing::refused_port()),
                           .key = base::Secret("k")});
  const auto videos = nobody.videos({"abc"}, later(), {});
  ASSERT_TRUE(videos.trouble);
  EXPECT_EQ(videos.trouble->kind, Kind::network);
  EXPECT_FALSE(videos.trouble->left);
}

TEST_F(YouTubeClientTest, RedirectsLeadToAVideoOrNowhere) {
  std::string location;
  RawServer server([&](Connection& c) {
    const auto head = c.read_request();
    if (head.starts_with("GET /watch?v=abc "))
      c.write(answer("200 OK", page_html(kWatch, R"("liveBroadcastDetails":{"isLiveNow":true})")));
    else
      c.write(answer("303 See Other", "", "Location: " + location + "\r\n"));
  });
  auto youtube = at(server);
  location = "/watch?v=abc&t=1";
  EXPECT_EQ(youtube.live_page(kChannel, later(), {}).video->stage, Stage::live);
  location = "https://consent.youtube.com/m?continue=" + server.url("/watch?v=abc");
  EXPECT_EQ(youtube.live_page(kChannel, later(), {}).trouble->kind, Kind::blocked);
  location = "https://www.google.com/sorry/index";
  EXPECT_EQ(youtube.live_page(kChannel, later(), {}).trouble->kind, Kind::blocked);
  location = "http://10.0.0.1/internal";
  EXPECT_EQ(youtube.live_page(kChannel, later(), {}).trouble->kind, Kind::refused);
  location = "/watch?v=other";  // again and again
  EXPECT_EQ(youtube.live_page(kChannel, later(), {}).trouble->kind, Kind::refused);
}

TEST_F(YouTubeClientTest, AStopEndsTheCall) {
  std::stop_source stop;
  RawServer server([&](Connection& c) {
    c.read_request();
    stop.request_stop();
    c.drain();
  });
  EXPECT_EQ(at(server).feed(kChannel, later(), stop.get_token()).trouble->kind, Kind::stopped);
}

TEST(YouTubeNames, OfChannelsAndVideos) {
  EXPECT_TRUE(is_channel(kChannel));
  const std::vector<std::string> wrong{
      "", "UC", "UCaaa", "uc" + std::string(22, 'a'), "UC" + std::string(21, 'a') + "/", kChannel + "a"};
  for (const auto& text : wrong) EXPECT_FALSE(is_channel(text)) << text;
  EXPECT_TRUE(is_video("dQw4w9WgXcQ"));
  EXPECT_FALSE(is_video("a&b"));
  EXPECT_FALSE(is_video(std::string(33, 'a')));
}

}  // namespace
}  // namespace fencepost::connect::youtube
