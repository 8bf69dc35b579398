#include "connect/youtube/pace.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "connect/testing/fake_clock.hpp"
#include "connect/testing/http_client_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;

TEST(BandwidthTest, GivesWhatTheTimeHasBrought) {
  testing::FakeClock clock;
  Bandwidth pace(1000, clock);
  EXPECT_EQ(pace.take(10), 0U);
  clock.advance(100ms);
  EXPECT_EQ(pace.take(60), 60U);
  EXPECT_EQ(pace.take(60), 40U);  // together never more
  clock.advance(1h);
  EXPECT_EQ(pace.take(100'000), 250U);  // no more than a burst is saved
  clock.advance(1s);
  EXPECT_EQ(pace.take(1000), 250U);
}

TEST(BandwidthTest, ALittleIsNotNothing) {
  testing::FakeClock clock;
  Bandwidth pace(1, clock);
  clock.advance(1s);
  EXPECT_EQ(pace.take(5), 1U);
}

// A few bytes at a time, and first none at all.
class Crumbs final : public Pace {
 public:
  std::size_t take(std::size_t wanted) override {
    ++asked;
    return asked % 2 == 1 ? 0 : std::min<std::size_t>(wanted, 3);
  }
  int asked = 0;
};

class PacedCallTest : public HttpClientTest {};

TEST_F(PacedCallTest, ABodyThatWaitsForItsPaceArrivesWhole) {
  std::string body;
  testing::RawServer server([&](testing::Connection& c) {
    const auto request = c.read_request();
    body = request.substr(request.find("\r\n\r\n") + 4);
    c.write(testing::answer("200 OK"));
  });
  char path[] = "/tmp/fencepost-paced-XXXXXX";
  const int file = ::mkstemp(path);
  ::unlink(path);
  ASSERT_EQ(::write(file, "0123456789", 10), 10);
  Crumbs crumbs;
  auto request = post(server.url(), "");
  request.method = "PUT";
  request.file = FileBody{file, 1, 8, &crumbs};
  const auto result = client_.call(request);
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(body, "12345678");
  EXPECT_GE(crumbs.asked, 6);
  ::close(file);
}

}  // namespace
}  // namespace fencepost::connect
