#include "apps/announce/texts.hpp"

#include <condition_variable>
#include <mutex>

#include "announce/sql.hpp"
#include "apps/announce/check.hpp"
#include "apps/announce/prompt.hpp"
#include "apps/announce/queue.hpp"
#include "apps/announce/text_put.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/testpoint.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {

// One event of the announcement, which moves nothing.
void add_event(store::Connection& connection, std::int64_t announcement, const char* kind,
               const std::string& actor, const std::string& why) {
  connection.run_batch(store::sql::add_events,
                       {{kQueue, std::to_string(announcement), kind, store::Value(), store::Value(),
                         store::Value(), store::Value(), actor, why}});
}

std::string text_or_empty(const store::Value& value) { return value.maybe_text().value_or(""); }

}  // namespace

core::Queue text_queue() {
  core::Queue queue;
  queue.name = "texts";
  queue.table = "fencepost_texts";
  queue.payload = {"announcement_id", "announcement_version"};
  queue.backoff = {std::chrono::seconds(2), std::chrono::minutes(1), 4};
  queue.keep_finished = std::chrono::hours(30 * 24);
  return queue;
}

// What one asking is about.
struct Texts::Item {
  std::optional<std::string> text;  // bought before
  TextPut put;
  bool wanted = false;
  PromptFacts facts;
};

Texts::Texts(store::Database& database, const store::Fence& fence, connect::Model* model,
             const base::Clock& clock, TextOptions options)
    : database_(database), fence_(fence), model_(model), clock_(clock), options_(options) {}

Asked Texts::ask(std::int64_t announcement, const std::string& actor) {
  if (model_ == nullptr)
    throw base::UserError("no_model", "no language model is set up here: write the text yourself");
  std::optional<Item> bought;
  const auto asked = store::until_certain(database_, [&](store::Connection& connection, bool doubt) -> Asked {
    bought.reset();
    store::Transaction transaction(connection);
    const auto made = connection.run(sql::ask_text, {announcement, actor});
    if (!made.empty()) {
      connection.run(store::sql::notify, {fence_.queue().name});
      transaction.commit();
      return {AskAnswer::asked, made[0][0].integer()};
    }
    const auto found = connection.run(sql::text_of, {announcement});
    if (found.empty()) return {};
    const auto& row = found[0];
    const auto status = row[0].text();
    if (status == "posted") return {AskAnswer::posted, 0};
    if (status == "unknown") return {AskAnswer::outcome_unknown, 0};
    if (status == "claimed" || status == "sending" || row[1].boolean()) return {AskAnswer::in_flight, 0};
    if (!row[2].boolean()) return {AskAnswer::no_episode, 0};
    // A version that came between the two statements: whoever asks again finds it.
    if (row[3].is_null()) throw base::InfraError("it was changed meanwhile", {.retryable = true});
    const auto text = row[3].integer();
    if (const auto words = row[4].maybe_text()) {
      const auto rows = connection.run(sql::text_to_write, {text});
      if (rows.empty()) return {};
      bought = Item{words, {announcement, rows[0][2].integer(), false, actor}, true, {}};
      return {AskAnswer::written, text};
    }
    // It failed, or is at work.
    const auto armed = fence_.rearm(connection, std::to_string(text), actor);
    if (doubt) store::Fence::confirm(connection);
    connection.run(store::sql::notify, {fence_.queue().name});
    transaction.commit();
    return {armed == store::RearmAnswer::rearmed ? AskAnswer::asked : AskAnswer::already_asked, text};
  });
  if (bought && !put(*bought, *bought->text)) return {AskAnswer::in_flight, 0};
  return asked;
}

bool Texts::wait(std::int64_t text, base::Duration wait) {
  // The writer may be another process, so the database is asked, ever more slowly.
  constexpr base::Duration kFirst = std::chrono::milliseconds(10), kLast = std::chrono::milliseconds(250);
  const auto until = clock_.boot() + wait;
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  for (auto pause = kFirst;; pause = std::min(pause * 2, kLast)) {
    const auto rows = database_.retrying(
        [&](store::Connection& connection) { return connection.run(sql::text_state, {text}); });
    const auto status = rows.empty() ? "" : rows[0][0].text();
    if (status != "queued" && status != "claimed") return true;
    const auto left = until - clock_.boot();
    if (left.count() <= 0) return false;
    nobody.wait_for(lock, std::min<std::chrono::nanoseconds>(pause, left));
  }
}

bool Texts::write_ahead(std::int64_t announcement, bool on, const std::string& actor) {
  return store::until_certain(database_, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    if (connection.run(sql::write_ahead, {announcement, on}).empty()) return false;
    add_event(connection, announcement, "text", actor,
              on ? "it is written ahead of the start" : "it is not written ahead of the start");
    transaction.commit();
    return true;
  });
}

bool Texts::set_style(std::int64_t announcement, const std::string& style) {
  check_long(style, kLongestStyle, "the style");
  return store::until_certain(database_, [&](store::Connection& connection, bool) {
    return !connection.run(sql::style_of_host, {announcement, style}).empty();
  });
}

int Texts::plan(int most) {
  if (model_ == nullptr) return 0;
  const auto made = database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    auto rows = connection.run(sql::plan_texts, {options_.ahead.count(), most});
    if (!rows.empty()) connection.run(store::sql::notify, {fence_.queue().name});
    transaction.commit();
    return rows;
  });
  return static_cast<int>(made.size());
}

// Not in the transaction that settles: what is bought and put stays so, whoever has the item by then, and it
// can be done again.
bool Texts::put(const Item& item, const std::string& text) {
  return store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
    return put_text(connection, item.put, text, doubt);
  });
}

void Texts::note(std::int64_t announcement, const char* kind, const std::string& actor,
                 const std::string& why) {
  database_.retrying([&](store::Connection& connection) {
    add_event(connection, announcement, kind, actor, why);
    return true;
  });
}

engine::Outcome Texts::write(const engine::Attempt& attempt) {
  FENCEPOST_ASSERT(model_ != nullptr);
  const auto& claim = attempt.claim();
  const auto deadline = clock_.boot() + options_.timeout;
  const auto id = std::stoll(claim.item);
  const auto rows = database_.retrying(
      [&](store::Connection& connection) { return connection.run(sql::text_to_write, {id}); });
  if (rows.empty()) return engine::Outcome::done();  // it was deleted with its announcement or episode
  const auto& row = rows[0];
  Item item{row[0].maybe_text(),
            {row[1].integer(), row[2].integer(), row[3].boolean(), row[4].text()},
            row[5].boolean(),
            {}};
  item.facts = {row[10].text(),         row[11].text(),         row[6].text(),
                row[8].text(),          row[9].text(),          row[7].maybe_integer(),
                text_or_empty(row[12]), text_or_empty(row[13]), row[14].text()};
  if (!item.wanted) return engine::Outcome::done();
  if (!item.text) {
    auto writing = model_->write(prompt_of(item.facts), deadline, attempt.stop());
    if (!writing.text) {
      const auto& outcome = writing.outcome;
      const bool last = claim.attempt >= fence_.queue().backoff.retries;
      if (outcome.retryable && !last) return engine::Outcome::retry(outcome.error, outcome.retry_after);
      note(item.put.announcement, "text_failed", model_->name(),
           outcome.error + "; the show's template is used");
      return engine::Outcome::failed(outcome.error);
    }
    item.text = std::move(writing.text);
    base::testpoint("text.bought");
    store::until_certain(database_, [&](store::Connection& connection, bool) {
      connection.run(sql::keep_text, {id, *item.text, model_->name()});
      return true;
    });
    base::testpoint("text.kept");
  }
  if (!put(item, *item.text))
    note(item.put.announcement, "text_late", model_->name(), "a text came too late and was not used");
  return engine::Outcome::done();
}

}  // namespace fencepost::announce
