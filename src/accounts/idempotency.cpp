#include "accounts/idempotency.hpp"

#include <algorithm>
#include <limits>

#include "accounts/codes.hpp"
#include "accounts/sql.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kLongestKey = 255;
// A token's number is positive, a person's is negative (Principal::account).
constexpr auto kBelowAnyPrincipal = std::numeric_limits<std::int64_t>::min();

std::int64_t micros(base::Duration duration) { return duration.count(); }

void check_key(const std::string& key) {
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > kLongestKey || !printable)
    throw base::UserError("invalid_field", "Idempotency-Key must be 1 to 255 printable ASCII characters");
}

// What a row that is there says to this request; nullopt: nothing any more, it may be taken.
std::optional<Begun> answer_of(const store::Row& row, const IdempotentRequest& request) {
  const bool answered = !row[2].is_null(), lapsed = row[4].boolean(), old = row[5].boolean();
  if (old && (answered || lapsed)) return std::nullopt;
  if (row[0].text() != request.request_hash || row[1].text() != request.route)
    return Begun{Begun::Kind::mismatch, 0, 0, {}};
  if (answered) return Begun{Begun::Kind::replay, 0, static_cast<int>(row[2].integer()), row[3].text()};
  if (!lapsed) return Begun{Begun::Kind::in_progress, 0, 0, {}};
  return std::nullopt;
}

}  // namespace

std::string request_hash(std::string_view body) { return hash_of(body); }

Begun look_idempotent(store::Connection& connection, const IdempotentRequest& request) {
  check_key(request.key);
  const auto rows = connection.run(sql::look_at_key, {request.principal, request.key, micros(kAnswersKept)});
  if (!rows.empty())
    if (auto answer = answer_of(rows[0], request)) return std::move(*answer);
  return {};
}

Begun begin_idempotent(store::Connection& connection, const IdempotentRequest& request,
                       base::Duration lease) {
  check_key(request.key);
  const auto owner = base::random_i63();
  const store::Params mine{request.principal, request.key, request.request_hash,
                           request.route,     owner,       micros(lease)};
  store::Transaction transaction(connection);
  // A key that is there when it is inserted may be gone when it is looked at: abandoned or purged in between.
  for (;;) {
    if (!connection.run(sql::add_key, mine).empty()) break;
    const auto rows = connection.run(sql::lock_key, {request.principal, request.key, micros(kAnswersKept)});
    if (rows.empty()) continue;
    if (const auto answer = answer_of(rows[0], request)) return *answer;
    FENCEPOST_ASSERT(connection.run(sql::take_key, mine).changed == 1);
    break;
  }
  transaction.commit();
  return {Begun::Kind::fresh, owner, 0, {}};
}

Begun keep_idempotent(store::Connection& connection, const IdempotentRequest& request, int status,
                      const std::string& body) {
  FENCEPOST_ASSERT(connection.in_transaction());
  check_key(request.key);
  if (!connection
           .run(sql::add_answered_key, {request.principal, request.key, request.request_hash, request.route,
                                        base::random_i63(), status, body})
           .empty())
    return {};
  auto begun = begin_idempotent(connection, request);
  if (begun.kind == Begun::Kind::fresh)
    FENCEPOST_ASSERT(finish_idempotent(connection, request, begun.owner, status, body));
  return begun;
}

bool finish_idempotent(store::Connection& connection, const IdempotentRequest& request, std::int64_t owner,
                       int status, const std::string& body) {
  return connection.run(sql::finish_key, {request.principal, request.key, owner, status, body}).changed == 1;
}

void abandon_idempotent(store::Connection& connection, const IdempotentRequest& request, std::int64_t owner) {
  connection.run(sql::abandon_key, {request.principal, request.key, owner});
}

std::string answer_context(std::int64_t principal, const std::string& key) {
  return "idempotency:" + std::to_string(principal) + ':' + key;
}

Sealed sealed_answers() {
  return {.page = sql::answers_page,
          .reseal = sql::reseal_answers,
          .before = {kBelowAnyPrincipal, ""},
          .context = [](const store::Row& row) { return answer_context(row[0].integer(), row[1].text()); },
          .passes = true};
}

std::int64_t purge_idempotent(store::Connection& connection, base::Duration kept, int step) {
  return connection.run(sql::purge_keys, {micros(kept), step}).changed;
}

}  // namespace fencepost::accounts
