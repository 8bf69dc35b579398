#include "apps/notify/service.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "accounts/principal.hpp"
#include "apps/notify/digest.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"
#include "notify/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::notify {

namespace {

// " a b " has the word "a".
bool has_word(const std::string& words, const std::string& word) {
  return (" " + words + " ").find(" " + word + " ") != std::string::npos;
}

struct Taken {
  std::int64_t id;
  base::Micros at;
  std::string kind, queue, item;
  std::optional<std::int64_t> person;
  std::string detail;
};

struct Listener {
  std::int64_t id;
  std::string kinds, queues;
  std::optional<std::int64_t> person;
  bool sees_all;  // the instance's own, or an operator's
  bool wants(const Taken& notice) const {
    if (!has_word(kinds, notice.kind)) return false;
    if (!queues.empty() && !has_word(queues, notice.queue)) return false;
    return sees_all || (notice.person && notice.person == person);
  }
};

std::vector<Taken> take(store::Connection& connection, int most) {
  std::vector<Taken> all;
  std::vector<store::Params> ids;
  for (const auto& row : connection.run(sql::take_notices, {most})) {
    all.push_back({row[0].integer(), row[1].integer(), row[2].text(), row[3].text(), row[4].text(),
                   row[5].maybe_integer(), row[6].text()});
    ids.push_back({row[0].integer()});
  }
  connection.run_batch(sql::drop_notices, ids);
  return all;
}

// Locked until the end of the transaction.
std::vector<Listener> listeners(store::Connection& connection) {
  std::vector<Listener> all;
  for (const auto& row : connection.run(sql::lock_subscriptions)) {
    const auto person = row[3].maybe_integer();
    const auto role = accounts::role_named(row[4].maybe_text().value_or("")).value_or(accounts::Role::member);
    all.push_back({row[0].integer(), row[1].text(), row[2].text(), person,
                   !person || role >= accounts::Role::operator_});
  }
  return all;
}

struct News {
  std::optional<std::int64_t> delivery;  // that it may join
  Digest joined;                         // what that says then
  Digest alone;                          // what is new
};

// What is to be told to each, in the order of their ids.
std::map<std::int64_t, News> told(store::Connection& connection, const std::vector<Taken>& notices) {
  std::map<std::int64_t, News> news;
  const auto all = listeners(connection);
  if (all.empty()) return news;
  std::map<std::int64_t, std::pair<std::int64_t, std::string>> waiting;
  for (const auto& row : connection.run(sql::open_deliveries))
    waiting[row[0].integer()] = {row[1].integer(), row[2].text()};
  for (const auto& listener : all)
    for (const auto& notice : notices) {
      if (!listener.wants(notice)) continue;
      auto [at, first] = news.try_emplace(listener.id);
      if (const auto waits = waiting.find(listener.id); first && waits != waiting.end())
        at->second = {waits->second.first, Digest::parse(waits->second.second), {}};
      for (auto* digest : {&at->second.joined, &at->second.alone})
        digest->add(notice.kind, notice.queue, {notice.item, notice.detail, notice.at});
    }
  return news;
}

void write(store::Connection& connection, const std::map<std::int64_t, News>& news, base::Duration window) {
  std::vector<store::Params> joining, adding;
  for (const auto& [listener, one] : news)
    if (one.delivery) joining.push_back({*one.delivery, one.joined.text(), one.alone.count()});
  std::set<std::int64_t> joined;
  for (const auto& row : connection.run_batch(sql::join_deliveries, joining)) joined.insert(row[0].integer());
  // Where a worker has taken it meanwhile, with what it held, the new ones go by themselves.
  for (const auto& [listener, one] : news)
    if (!one.delivery || !joined.contains(*one.delivery))
      adding.push_back({"msg_" + base::random_hex(16), listener, one.alone.text(), one.alone.count()});
  connection.run_batch(sql::add_deliveries, adding, {window.count()});
  if (!adding.empty()) connection.run(store::sql::notify, {delivery_queue().name});
}

// Only what this handler was given is an id of ours.
struct Letter {
  std::string message_id, kind, content;
  base::Micros created_at;
  std::int64_t subscription;
  bool email;
  std::string url, address;
  std::optional<std::string> sealed;
  bool live;
};

std::optional<Letter> letter_of(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::to_deliver, {id});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return Letter{row[0].text(),
                row[1].text(),
                row[2].text(),
                row[3].integer(),
                row[4].integer(),
                row[5].text() == "email",
                row[6].maybe_text().value_or(""),
                row[8].maybe_text().value_or(""),
                row[7].maybe_text(),
                row[9].boolean()};
}

connect::mail::Mail mail_of(const Letter& letter, const Digest& digest, const base::Secret& code) {
  connect::mail::Mail mail{letter.address, "", "", letter.message_id, letter.created_at};
  const auto id = std::to_string(letter.subscription);
  if (letter.kind == "confirm") {
    mail.subject = "Fencepost: confirm this address";
    mail.text = "Somebody, probably you, wants Fencepost to send notifications to this address.\n\nCode: " +
                code.reveal() + "\n\nEnter it where you subscribed, or run\n\n  fencepost notify confirm " +
                id + " " + code.reveal() + "\n\nIf it was not you, do nothing: nothing more is sent.\n";
    return mail;
  }
  mail.subject = "Fencepost: " + (letter.kind == "test" ? "a test" : headline(digest));
  mail.text = letter.kind == "test" ? "This is a test: notifications arrive here.\n" : notify::letter(digest);
  mail.text += "You get this by subscription " + id + ". To end it: fencepost notify delete " + id + "\n";
  return mail;
}

engine::Outcome outcome_of(const connect::Outcome& sent) {
  if (sent.verdict == connect::Verdict::accepted) return engine::Outcome::done();
  // Whatever the answer: a receiver that is being set up anew refuses for a while, and says all sorts.
  return engine::Outcome::retry(sent.error, sent.retry_after);
}

}  // namespace

core::Queue delivery_queue() {
  core::Queue queue;
  queue.name = "deliveries";
  queue.table = "fencepost_deliveries";
  queue.words.done = "delivered";
  queue.payload = {"content"};
  queue.backoff = {std::chrono::seconds(10), std::chrono::hours(2), 12};
  queue.keep_finished = std::chrono::hours(30 * 24);
  return queue;
}

Service::Service(store::Database& database, const accounts::Vault& vault, connect::Connector& webhook,
                 const connect::mail::Mailer* mailer, const base::Clock& clock, Options options)
    : database_(database),
      vault_(vault),
      webhook_(webhook),
      mailer_(mailer),
      clock_(clock),
      options_(options) {}

int gather(store::Connection& connection, int most, base::Duration window) {
  store::Transaction transaction(connection);
  const auto notices = take(connection, most);
  if (notices.empty()) return 0;
  write(connection, told(connection, notices), window);
  base::testpoint("gather.commit");
  transaction.commit();
  return static_cast<int>(notices.size());
}

int Service::gather(int most) {
  return database_.retrying(
      [&](store::Connection& connection) { return notify::gather(connection, most, options_.window); });
}

engine::Outcome Service::deliver(const engine::Attempt& attempt) {
  const auto deadline = clock_.boot() + options_.timeout;
  std::optional<Letter> letter;
  {
    const auto lease = database_.acquire();
    letter = letter_of(*lease, std::stoll(attempt.claim().item));
  }
  if (!letter || !letter->live || !letter->sealed)
    return engine::Outcome::failed("the subscription is deleted, switched off or not confirmed");
  const auto secret = vault_.unseal(*letter->sealed, secret_context(letter->subscription));
  const auto digest = Digest::parse(letter->content);
  base::testpoint("deliver.send");
  if (!letter->email) {
    const auto body = webhook_body(letter->message_id, letter->created_at, letter->kind, digest);
    return outcome_of(
        webhook_.send({letter->url, body}, {secret}, letter->message_id, deadline, attempt.stop()));
  }
  if (mailer_ == nullptr) return engine::Outcome::retry("this server sends no mail: set smtp-host");
  if (!connect::mail::is_address(letter->address))
    return engine::Outcome::failed("the address is none that mail can be sent to");
  return outcome_of(mailer_->send(mail_of(*letter, digest, secret), deadline, attempt.stop()));
}

}  // namespace fencepost::notify
