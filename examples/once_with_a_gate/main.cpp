// Posts that must not go out twice, and not after somebody said no:
//
//   CREATE TABLE posts (id …, text TEXT, status TEXT DEFAULT 'queued')
//
//   once_with_a_gate DATABASE_URL send RECEIVER_URL SECRET_FILE   posts what is due, then ends
//   once_with_a_gate DATABASE_URL stop ID                         prevented, in_flight, outcome_unknown, …
//   once_with_a_gate DATABASE_URL rearm ID
//   once_with_a_gate DATABASE_URL resolve ID happened|did_not_happen
//   once_with_a_gate DATABASE_URL show ID

#include <curl/curl.h>
#include <fencepost/fencepost.hpp>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "webhook.hpp"

using namespace fencepost;
using namespace std::chrono_literals;

namespace {

Queue posts() {
  Queue queue;
  queue.name = "posts";
  queue.table = "posts";
  queue.payload = {"text"};
  queue.kind = Kind::once;
  queue.backoff.first = 1s;
  return queue;
}

// What will be sent is made before the gate, and kept: it is what somebody must look for when it is unknown.
std::variant<Request, NotNow> render(Job& job, const std::string& url, const std::string& secret) {
  const auto text = job.get<std::optional<std::string>>("text");
  if (!text || text->empty()) return NotNow{"the post has no text"};
  Request request;
  request.body = job.payload();
  request.destination = url;
  request.timeout = 2s;
  request.secret = secret;
  return request;
}

// A certain failure is: nothing left, or the receiver said no. What else goes wrong is unknown.
EffectResult send(const Effect& effect, Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left());
  const auto answer = post_webhook(effect.destination, effect.key, effect.request, effect.secret, left);
  if (answer.code >= 200 && answer.code < 300) return {.verdict = Verdict::happened};
  if (!answer.left) return {.verdict = Verdict::did_not_happen, .detail = answer.error, .retry_after = 0s};
  if (answer.code == 429)
    return {.verdict = Verdict::did_not_happen, .detail = "too many requests", .retry_after = 1s};
  if (answer.code >= 400 && answer.code < 500)
    return {.verdict = Verdict::did_not_happen, .detail = "refused: " + std::to_string(answer.code)};
  return {.verdict = Verdict::unknown,
          .detail = answer.code == 0 ? answer.error : "the server answered " + std::to_string(answer.code)};
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("no secret can be read from " + path);
  return line;
}

void send_all(Store& store, const std::string& url, const std::string& secret) {
  LoopOptions options;
  options.until_empty = true;
  run_effect_loop(store, posts(), options,
                  {.render = [&](Job& job, Reader&) { return render(job, url, secret); }, .send = send});
}

int run(const std::vector<std::string>& args) {
  if (args.size() < 3) throw UserError("usage", "usage: see the top of examples/once_with_a_gate/main.cpp");
  Store store = Store::open(args[0]);
  store.install(posts());
  const auto &act = args[1], &item = args[2];
  if (act == "send" && args.size() == 4)
    send_all(store, item, first_line(args[3]));
  else if (act == "stop")
    std::cout << name(store.stop(posts(), item, "example")) << "\n";
  else if (act == "rearm")
    std::cout << name(store.rearm(posts(), item, "example")) << "\n";
  else if (act == "resolve" && args.size() == 4 && (args[3] == "happened" || args[3] == "did_not_happen"))
    std::cout << name(store.resolve(posts(), item, args[3] == "happened", "example")) << "\n";
  else if (act == "show") {
    const auto post = store.read(posts(), item);
    std::cout << (post ? post->word : "not_found") << "\n";
  } else
    throw UserError("usage", "usage: see the top of examples/once_with_a_gate/main.cpp");
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  curl_global_init(CURL_GLOBAL_ALL);
  return run({argv + 1, argv + argc});
} catch (const UserError& error) {
  std::cerr << "once_with_a_gate: " << error.what() << "\n";
  return error.code() == "usage" ? 2 : 1;
} catch (const std::exception& error) {
  std::cerr << "once_with_a_gate: " << error.what() << "\n";
  return 1;
}
