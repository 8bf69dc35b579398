#pragma once
// The pipelines over a web of one process: every host is the same proxy, which answers what a test gave it.
// One record at a time, on the test's own thread. Tests only.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "apps/curate/pipelines.hpp"
#include "apps/curate/testing/scene.hpp"
#include "connect/testing/raw_server.hpp"
#include "engine/handler_work.hpp"

namespace fencepost::curate::testing {

// Answers GETs by their whole URL; 404 for others. There is no TLS here: CONNECT is refused.
class Web {
 public:
  void page(const std::string& url, const std::string& body, const std::string& type = "text/html") {
    raw(url, connect::testing::answer("200 OK", body, "Content-Type: " + type + "\r\n"));
  }
  void raw(const std::string& url, std::string answer) {
    const std::lock_guard lock(mutex_);
    answers_[url] = std::move(answer);
  }
  // Called before a request is answered.
  std::function<void(const std::string& url)> before = [](const std::string&) {};
  int asked(const std::string& url) {
    const std::lock_guard lock(mutex_);
    return asked_[url];
  }
  std::string proxy() const { return server_.url(""); }

 private:
  void serve(connect::testing::Connection& connection) {
    const auto request = connection.read_request();
    const auto begin = request.find(' ');
    if (begin == std::string::npos) return;
    if (request.starts_with("CONNECT")) return connection.write(connect::testing::answer("405 Not Allowed"));
    const auto url = request.substr(begin + 1, request.find(' ', begin + 1) - begin - 1);
    before(url);
    std::string answer;
    {
      const std::lock_guard lock(mutex_);
      ++asked_[url];
      const auto at = answers_.find(url);
      answer = at == answers_.end() ? connect::testing::answer("404 Not Found") : at->second;
    }
    connection.write(answer);
  }
  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, int> asked_;
  connect::testing::RawServer server_{
      [this](connect::testing::Connection& connection) { serve(connection); }};
};

// What a queue's runner does, without its threads.
class TestDesk final : public engine::Desk {
 public:
  TestDesk(const store::Fence& fence, store::Database& database) : fence_(fence), database_(database) {}
  std::stop_token token(const store::Claim&) const override { return stop.get_token(); }
  bool alive(const store::Claim&) const override { return true; }
  void settle(store::Settlement settlement) override {
    const auto answer = fence_.settle(*database_.acquire(), {settlement}).at(0);
    store::Claim claim;
    claim.item = settlement.item;
    claim.claim = settlement.claim;
    claim.fence = settlement.fence;
    if (answer == store::SettleAnswer::stale) fence_.acknowledge(*database_.acquire(), claim);
  }
  void settle(store::Fence::Sent) override { FENCEPOST_ASSERT(!"no effects here"); }
  void settled(const store::Claim&) override {}
  std::optional<store::Effect> gate(const store::Claim&, const store::EffectRequest&,
                                    const store::Fence::Allowed&, base::BootTime) override {
    return std::nullopt;
  }
  std::stop_source stop;

 private:
  const store::Fence& fence_;
  store::Database& database_;
};

class WebScene : public Scene {
 protected:
  static Options options_of() {
    auto options = default_options();
    for (auto& one : options.pipelines) one.delay = {};
    options.fetch_time = std::chrono::minutes(2);
    options.patience = {};
    return options;
  }
  Pipelines pipelines(Options options) {
    return {*database_, fences_, fetcher_, &places_, std::move(options)};
  }

  // Works on what is due of a queue, one item after the other; how many there were.
  int work(Pipeline pipeline, Pipelines& with) {
    int n = 0;
    for (;; ++n) {
      auto claimed = claims(pipeline, 1);
      if (claimed.empty()) return n;
      work(pipeline, with, claimed);
    }
  }
  int work(Pipeline pipeline) { return work(pipeline, pipelines_); }
  void work(Pipeline pipeline, Pipelines& with, const std::vector<store::Claim>& claimed) {
    engine::HandlerWork handler(context_, fence(pipeline),
                                [&](const engine::Attempt& attempt) { return with.run(pipeline, attempt); });
    TestDesk desk(fence(pipeline), *database_);
    desk.stop = ends_;
    handler.run(claimed, desk);
  }
  std::string error(std::int64_t id, const std::string& table) {
    return word("SELECT last_error FROM fencepost_" + table + " WHERE id = $1", {id});
  }
  // Whatever was put off is due now.
  void due_now(const std::string& table) {
    run("UPDATE fencepost_" + table + " SET run_at = 0 WHERE processing_status = 'Queued'");
  }

  std::stop_source ends_;  // of the process: all of its handlers are asked to end
  Web web_;
  connect::HttpClient http_{{.addresses = {.allow_private = true}, .proxy = web_.proxy()},
                            base::system_clock()};
  connect::Fetcher fetcher_{http_};
  connect::Places places_{http_, {connect::PlacesApi::current, "http://places.example", base::Secret("k")}};
  engine::Metrics metrics_;
  const engine::Context context_{*database_, metrics_, base::system_clock(), 7};
  Pipelines pipelines_{pipelines(options_of())};
};

}  // namespace fencepost::curate::testing
