// The ready-made jobs table: adding jobs.

#include "fencepost/jobs.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "library/core.hpp"
#include "library/sql.hpp"

namespace fencepost {

Queue jobs_queue() {
  Queue queue;
  queue.name = "jobs";
  queue.table = "fencepost_jobs";
  queue.priority = "priority";
  queue.payload = {"kind", "payload", "max_attempts"};
  // Each row says how often (max_attempts); the handlers' glue counts, so that the queue itself never ends
  // it.
  queue.backoff.retries = std::numeric_limits<int>::max();
  return queue;
}

namespace library {

namespace {
using nlohmann::json;

json checked(const NewJob& job) {
  const auto refuse = [](const char* code, const char* why) { throw UserError(code, why); };
  if (job.kind.empty()) refuse("invalid_job", "a job needs a kind: the name of its handler");
  if (job.kind.size() > 200 || (job.unique_key && job.unique_key->size() > 1000))
    refuse("invalid_job", "a job's kind has at most 200 bytes, its unique key at most 1000");
  if (job.max_attempts < 1) refuse("invalid_job", "max_attempts must be 1 or more");
  if (job.delay && job.run_at) refuse("invalid_job", "give a job a delay or a run_at, not both");
  json row{{"kind", job.kind},
           {"priority", job.priority},
           {"max_attempts", job.max_attempts},
           {"delay", job.delay.value_or(Duration(0)).count()}};
  if (job.run_at) row["at"] = *job.run_at;
  if (job.unique_key) row["unique_key"] = *job.unique_key;
  return row;
}

// Text that no JSON of both databases can hold: a NUL, or bytes that are not UTF-8.
std::string dumped(const json& value) {
  try {
    auto text = value.dump();
    if (text.find("\\u0000") != std::string::npos)
      throw UserError("invalid_job", "a job's texts must not hold a NUL character");
    return text;
  } catch (const json::exception&) {
    throw UserError("invalid_job", "a job's kind and unique key must be UTF-8");
  }
}
}  // namespace

std::string checked_json(std::span<const NewJob> jobs) {
  std::string out = "[";
  for (const auto& job : jobs) {
    auto row = dumped(checked(job));
    // The payload goes in as it is: reading numbers and writing them again could change them.
    if (!json::accept(job.payload) || job.payload[job.payload.find_first_not_of(" \t\r\n")] != '{' ||
        job.payload.find("\\u0000") != std::string::npos)
      throw UserError("invalid_payload", "a job's payload must be a JSON object, without NUL characters");
    row.back() = ',';
    out += (out.size() > 1 ? "," : "") + row + "\"payload\":" + job.payload + "}";
  }
  return out + "]";
}

std::vector<Enqueued> enqueue(store::Connection& connection, std::span<const NewJob> jobs) {
  // Between "its key is taken" and the look at who has it, that job may finish: then there is room again.
  constexpr int kRounds = 10;
  std::vector<Enqueued> answers(jobs.size());
  std::vector<NewJob> left(jobs.begin(), jobs.end());
  std::vector<std::size_t> places(jobs.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;

  store::Transaction transaction(connection);
  for (int round = 1; !left.empty(); ++round) {
    if (round > kRounds) throw InfraError("jobs of one unique key come and go", {.retryable = true});
    const auto last = connection.run(sql::last_job)[0][0];
    std::vector<bool> answered(left.size());
    for (const auto& row : connection.run(sql::enqueue, {checked_json(left), last})) {
      const auto at = static_cast<std::size_t>(row[0].integer());
      answered.at(at) = true;
      answers[places[at]] = {row[1].integer(), false};
    }
    json taken = json::array();
    for (std::size_t at = 0; at < left.size(); ++at)
      if (!answered[at])
        taken.push_back({{"ord", at}, {"kind", left[at].kind}, {"unique_key", left[at].unique_key.value()}});
    if (!taken.empty())
      for (const auto& row : connection.run(sql::unfinished, {taken.dump()})) {
        const auto at = static_cast<std::size_t>(row[0].integer());
        answered.at(at) = true;
        answers[places[at]] = {row[1].integer(), true};
      }
    std::vector<NewJob> again;
    std::vector<std::size_t> again_places;
    for (std::size_t at = 0; at < left.size(); ++at) {
      if (answered[at]) continue;
      again.push_back(std::move(left[at]));
      again_places.push_back(places[at]);
    }
    left = std::move(again);
    places = std::move(again_places);
  }
  if (!jobs.empty()) notify(connection, "jobs");
  transaction.commit();
  return answers;
}

}  // namespace library
}  // namespace fencepost
