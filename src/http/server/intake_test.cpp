// Bodies that are taken as they arrive: in little memory, refused before they come, kept where they are cut.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <vector>

#include "http/server/server.hpp"
#include "http/server/test_client.hpp"

namespace fencepost::http {
namespace {

// What all intakes of a server have taken, and how they ended.
struct Seen {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t bytes = 0;
  std::size_t largest = 0;
  std::string last;  // the last bytes
  int whole = 0, cut = 0;

  template <typename F>
  void change(F&& f) {
    const std::lock_guard lock(mutex);
    f(*this);
    changed.notify_all();
  }
  template <typename F>
  bool wait(F&& until) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(kPatience), [&] { return until(*this); });
  }
};

class Counter final : public Intake {
 public:
  Counter(Seen& seen, std::uint64_t most) : seen_(seen), left_(most) {}
  ~Counter() override {
    if (!ended_) seen_.change([](Seen& s) { ++s.cut; });
  }
  std::optional<Response> take(std::string_view piece) override {
    if (piece.size() > left_) {
      ended_ = true;
      return Response{413, {}, "enough"};
    }
    left_ -= piece.size();
    seen_.change([&](Seen& s) {
      s.bytes += piece.size();
      s.largest = std::max(s.largest, piece.size());
      s.last = piece.substr(piece.size() > 8 ? piece.size() - 8 : 0);
    });
    return std::nullopt;
  }
  Response finish() override {
    ended_ = true;
    seen_.change([](Seen& s) { ++s.whole; });
    return {200, {}, "whole"};
  }

 private:
  Seen& seen_;
  std::uint64_t left_;
  bool ended_ = false;
};

class Intakes : public ::testing::Test {
 protected:
  void serve(Options options = {}) {
    options.limits.streamed = [](std::string_view method, std::string_view) { return method == "PATCH"; };
    options.limits.body_bytes = [](std::string_view method, std::string_view) {
      return method == "PATCH" ? std::uint64_t{1} << 40 : std::uint64_t{1} << 20;
    };
    server_ = std::make_unique<Server>(options, [this](const Request& request) {
      if (request.method != "PATCH") return Response{200, {}, "whole " + request.body};
      EXPECT_EQ(request.body, "");
      if (request.target == "/refused") return Response{409, {}, "no"};
      Response response;
      response.intake = std::make_shared<Counter>(seen_, request.target == "/few" ? 100'000 : UINT64_MAX);
      return response;
    });
  }
  static std::string head(const std::string& path, std::uint64_t length, const std::string& more = "") {
    return "PATCH " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(length) + "\r\n" +
           more + "\r\n";
  }
  // Resident memory, in KiB.
  static long memory() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
    return -1;
  }

  Seen seen_;
  std::unique_ptr<Server> server_;
};

TEST_F(Intakes, ALongBodyTakesLittleMemory) {
  serve();
  const std::string piece(1 << 20, 'x');
  Client client(server_->port());
  ASSERT_TRUE(client.send(head("/a", 300 << 20)));
  ASSERT_TRUE(client.send(piece));  // what the buffers take, they have taken
  ASSERT_TRUE(seen_.wait([](const Seen& s) { return s.bytes > 0; }));
  const auto before = memory();
  for (int i = 1; i < 300; ++i) ASSERT_TRUE(client.send(piece));
  EXPECT_EQ(client.receive().body, "whole");
  EXPECT_LT(memory() - before, 4096);
  EXPECT_EQ(seen_.bytes, std::uint64_t{300} << 20);
  EXPECT_LE(seen_.largest, 128U * 1024);
}

TEST_F(Intakes, TheConnectionGoesOnBehindIt) {
  serve();
  Client client(server_->port());
  const auto both = head("/a", 10) + "0123456789" + get("/b") + head("/a", 3) + "abc";
  ASSERT_TRUE(client.send(both));
  EXPECT_EQ(client.receive().body, "whole");
  EXPECT_EQ(client.receive().body, "whole ");
  EXPECT_EQ(client.receive().body, "whole");
  EXPECT_EQ(seen_.bytes, 13U);
  EXPECT_EQ(seen_.last, "abc");
}

TEST_F(Intakes, ChunksAreTakenTooAndNoBodyIsNoPiece) {
  serve();
  Client client(server_->port());
  EXPECT_EQ(client
                .ask("PATCH /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .body,
            "whole");
  EXPECT_EQ(client.ask(head("/a", 0)).body, "whole");
  EXPECT_EQ(client.ask("PATCH /a HTTP/1.1\r\nHost: test\r\n\r\n").body, "whole");
  EXPECT_EQ(seen_.bytes, 5U);
  EXPECT_EQ(seen_.whole, 3);
}

TEST_F(Intakes, ARefusedBodyIsNotWaitedFor) {
  serve();
  Client client(server_->port());
  ASSERT_TRUE(client.send(head("/refused", std::uint64_t{1} << 39)));
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 409);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(seen_.bytes, 0U);
}

TEST_F(Intakes, WhoAsksIsToldToGoOnOnlyWhereTheBodyIsWanted) {
  serve();
  Client wanted(server_->port()), refused(server_->port());
  ASSERT_TRUE(wanted.send(head("/a", 3, "Expect: 100-continue\r\n")));
  EXPECT_EQ(wanted.receive(true).status, 100);
  EXPECT_EQ(wanted.ask("abc").body, "whole");
  ASSERT_TRUE(refused.send(head("/refused", 3, "Expect: 100-continue\r\n")));
  EXPECT_EQ(refused.receive().status, 409);
}

TEST_F(Intakes, AnIntakeThatHasEnoughAnswersInTheMiddle) {
  serve();
  Client client(server_->port());
  ASSERT_TRUE(client.send(head("/few", 10 << 20)));
  client.send(std::string(200'000, 'x'));
  EXPECT_EQ(client.receive().status, 413);
  EXPECT_EQ(seen_.cut, 0);
}

TEST_F(Intakes, WhatCameBeforeACutIsTaken) {
  serve();
  {
    Client client(server_->port());
    ASSERT_TRUE(client.send(head("/a", 1 << 20) + std::string(1000, 'x') + "the end."));
    client.finish_sending();
    ASSERT_TRUE(seen_.wait([](const Seen& s) { return s.cut == 1; }));
  }
  EXPECT_EQ(seen_.bytes, 1008U);
  EXPECT_EQ(seen_.last, "the end.");
  EXPECT_EQ(seen_.whole, 0);
}

TEST_F(Intakes, ASlowClientIsCutAndWhatItSentIsTaken) {
  Options options;
  options.limits.body = std::chrono::milliseconds(200);
  serve(options);
  Client client(server_->port());
  ASSERT_TRUE(client.send(head("/a", 1 << 20)));
  ASSERT_TRUE(client.send("x"));
  ASSERT_TRUE(seen_.wait([](const Seen& s) { return s.cut == 1; }));
  EXPECT_EQ(seen_.bytes, 1U);
  EXPECT_TRUE(client.closed());
}

TEST_F(Intakes, ABodyThatIsNoneIsRefusedInTheMiddle) {
  serve();
  Client client(server_->port());
  const auto answer = client.ask(
      "PATCH /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(seen_.cut, 1);
  EXPECT_EQ(seen_.bytes, 3U);
}

TEST_F(Intakes, StoppingKeepsWhatHasArrived) {
  serve();
  Client client(server_->port());
  ASSERT_TRUE(client.send(head("/a", 1 << 20) + std::string(200'000, 'x')));
  ASSERT_TRUE(seen_.wait([](const Seen& s) { return s.bytes > 0; }));
  EXPECT_FALSE(server_->stop(std::chrono::milliseconds(1)));
  server_.reset();
  EXPECT_EQ(seen_.cut, 1);
}

}  // namespace
}  // namespace fencepost::http
