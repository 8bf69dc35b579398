// Answers without end: who writes to them, who is dropped, and how they end.

#include <gtest/gtest.h>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/server/server.hpp"
#include "http/server/test_client.hpp"

namespace fencepost::http {
namespace {

std::shared_ptr<const std::string> chunk(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// Opens a stream at /stream, and keeps the sinks as a hub does.
class Streams : public ::testing::Test {
 protected:
  Response handle(const Request& request) {
    if (request.target != "/stream") return {200, {}, "done"};
    Response response{200, {{"Content-Type", "text/event-stream"}}, ""};
    response.stream = [this](std::shared_ptr<Sink> sink) {
      const std::lock_guard lock(mutex_);
      sinks_.push_back(std::move(sink));
      changed_.notify_all();
    };
    return response;
  }
  void serve(const Options& options = {}) {
    server_ = std::make_unique<Server>(options, [this](const Request& request) { return handle(request); });
  }
  Client connected() {
    Client client(server_->port());
    EXPECT_TRUE(client.send(get("/stream")));
    const auto head = client.receive();
    EXPECT_EQ(head.status, 200);
    EXPECT_TRUE(head.has("Connection: close"));
    EXPECT_FALSE(head.has("Content-Length"));
    return client;
  }
  std::shared_ptr<Sink> sink(std::size_t n = 0) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(kPatience), [&] { return sinks_.size() > n; }));
    return sinks_.at(n);
  }
  static std::string read(const Client& client, std::size_t bytes) {
    std::string text(bytes, '\0');
    const auto got = ::recv(client.fd(), text.data(), bytes, MSG_WAITALL);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    return text;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Sink>> sinks_;
  std::unique_ptr<Server> server_;
};

TEST_F(Streams, ChunksArriveInOrderAndTheSinkEndsThem) {
  serve();
  const auto client = connected();
  const auto out = sink();
  for (const auto* text : {"one ", "two ", "three"}) EXPECT_TRUE(out->write(chunk(text)));
  EXPECT_EQ(read(client, 13), "one two three");
  EXPECT_TRUE(out->write(chunk("the end")));
  out->close();
  EXPECT_FALSE(out->write(chunk("after the end")));
  EXPECT_EQ(read(client, 100), "the end");
  while (server_->connections() > 0) {
  }
  EXPECT_FALSE(out->open());
}

TEST_F(Streams, AClientThatLeavesIsNoticed) {
  serve();
  auto client = connected();
  const auto out = sink();
  EXPECT_EQ(server_->streams(), 1U);
  client.send("what a listener says is thrown away");
  client.close();
  while (server_->streams() > 0) {
  }
  EXPECT_FALSE(out->write(chunk("to nobody")));
}

TEST_F(Streams, AClientThatDoesNotReadIsDroppedAndTheOthersAreNot) {
  Options options;
  options.limits.stream_buffer = 100'000;
  serve(options);
  auto slow = connected();
  const auto out = sink(0);
  const auto brisk = connected();
  const auto other = sink(1);
  const auto much = chunk(std::string(50'000, 'x'));
  int sent = 0;
  while (out->write(much)) ++sent;  // what the sockets' buffers hold, and then no more
  EXPECT_FALSE(out->open());
  EXPECT_FALSE(out->write(much));
  while (server_->streams() > 1) {
  }
  EXPECT_TRUE(other->write(chunk("still here")));
  EXPECT_EQ(read(brisk, 10), "still here");
}

TEST_F(Streams, TheyAreCountedApartAndHaveALimit) {
  Options options;
  options.limits.connections = 2;
  options.limits.streams = 3;
  serve(options);
  std::vector<Client> clients;
  for (std::size_t i = 0; i < 3; ++i) {
    clients.push_back(connected());
    sink(i);
  }
  Client fourth(server_->port());
  const auto refused = fourth.ask(get("/stream"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  EXPECT_EQ(fourth.ask(get("/")).body, "done");
  clients.pop_back();
  while (server_->streams() > 2) {
  }
  connected();
}

TEST_F(Streams, HeadHasNoStream) {
  serve();
  Client client(server_->port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 200);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(sinks_.empty());
}

TEST_F(Streams, AGracefulStopEndsThem) {
  serve();
  auto client = connected();
  const auto out = sink();
  EXPECT_TRUE(server_->stop(std::chrono::seconds(kPatience)));
  EXPECT_TRUE(client.closed());
  EXPECT_FALSE(out->write(chunk("late")));
}

// The hub may write at any time, whatever becomes of the server.
TEST_F(Streams, ASinkOutlivesTheServer) {
  serve();
  const auto client = connected();
  const auto out = sink();
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) out->write(chunk("x"));
  });
  EXPECT_EQ(read(client, 3), "xxx");
  server_.reset();
  EXPECT_FALSE(out->open());
  EXPECT_FALSE(out->write(chunk("x")));
}

}  // namespace
}  // namespace fencepost::http
