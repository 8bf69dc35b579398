// Checks the links of a table that some other program made:
//
//   CREATE TABLE links (id …, url TEXT, status TEXT DEFAULT 'new', code INTEGER)
//
//   link_checker DATABASE_URL
//
// Start it as often as you like, also at the same time on several machines: each link is checked by one of
// them, and a link that was being checked when its process was killed is checked again.

#include <curl/curl.h>
#include <fencepost/fencepost.hpp>
#include <iostream>
#include <memory>

using namespace fencepost;
using namespace std::chrono_literals;

namespace {

Queue links() {
  Queue queue;
  queue.name = "links";
  queue.table = "links";
  queue.words.queued = "new";
  queue.words.claimed = "checking";
  queue.words.done = "ok";
  queue.words.failed = "broken";
  queue.payload = {"id", "url"};  // a link that is changed while it is checked is checked again
  queue.backoff = {.first = 1s, .cap = 1min, .retries = 3};
  return queue;
}

struct Answer {
  CURLcode result = CURLE_OK;
  long code = 0;
  curl_off_t retry_after = 0;
};

int give_up(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

Answer get(const std::string& url, std::stop_token stop) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  Answer answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 20L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, give_up);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &stop);
  answer.result = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.code);
  curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &answer.retry_after);
  return answer;
}

Outcome check(Job& job) {
  const auto url = job.get<std::string>("url");
  if (!url.starts_with("http://") && !url.starts_with("https://")) return Outcome::fail("not a web address");
  const auto answer = get(url, job.stop_token());
  // Somebody wants this process, or this check, to end: the link is checked later, and nothing is lost.
  if (answer.result == CURLE_ABORTED_BY_CALLBACK) return Outcome::snooze(0s);
  if (answer.result != CURLE_OK) return Outcome::retry(curl_easy_strerror(answer.result));
  if (answer.code == 429 || answer.code == 503)
    return Outcome::retry("the server is busy", std::chrono::seconds(answer.retry_after));
  if (answer.code >= 500) return Outcome::retry("the server answered " + std::to_string(answer.code));
  if (answer.code >= 400) return Outcome::fail("the server answered " + std::to_string(answer.code));
  // The code is written in the same transaction that says `ok`: both or none, and not by a stale worker.
  return Outcome::done([id = job.get<std::int64_t>("id"), code = answer.code](Transaction& t) {
    t.run("UPDATE links SET code = $1 WHERE id = $2", {code, id});
  });
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: link_checker sqlite:PATH|postgresql://…\n";
    return 2;
  }
  curl_global_init(CURL_GLOBAL_ALL);
  Store store = Store::open(argv[1]);
  const auto queue = links();
  LoopOptions options;
  options.concurrency = 8;
  options.until_empty = true;
  run_job_loop(store, queue, options, check);
  for (const auto& count : store.counts(queue)) std::cout << count.word << ": " << count.items << "\n";
} catch (const std::exception& error) {
  std::cerr << "link_checker: " << error.what() << "\n";
  return 1;
}
