#pragma once
// Idempotency keys: a request that is repeated with the same key gets the first one's answer, for 24 hours.
//
// begin() says what a request is. Who is told `fresh` does the work and then calls finish() with the answer,
// in the transaction of the work itself where it can (then work and answer are one fact), or abandon() where
// nothing was done. While a commit is in doubt neither is called: the lease ends, and the client's repetition
// either finds the answer or is fresh. Keys are the principal's own. Functions throw InfraError; safe on any
// number of connections.

#include <cstdint>
#include <string>
#include <string_view>

#include "accounts/rotation.hpp"
#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

constexpr base::Duration kAnswersKept = std::chrono::hours(24);
// How long a request is believed to be at work. A process that died holds its keys no longer.
constexpr base::Duration kKeyLease = std::chrono::seconds(60);

struct IdempotentRequest {
  std::int64_t principal = 0;  // Principal::account()
  std::string key;             // as the client sent it: 1–255 printable ASCII characters
  std::string request_hash;    // request_hash() of the body, and behind it of what else says what is wanted
  std::string route;           // method and path: one key serves one route
};

struct Begun {
  // fresh: do it.  replay: `status` and `body` are the answer, as it is seen: it is told behind a
  // Fence::confirm, since the commit that it comes of may be in doubt (rule 4).  mismatch: the key was used
  // for another request. in_progress: somebody is at work on it.
  enum class Kind { fresh, replay, mismatch, in_progress } kind = Kind::fresh;
  std::int64_t owner = 0;  // fresh: names this attempt to finish() and abandon()
  int status = 0;
  std::string body;
};

// SHA-256 in hex.
std::string request_hash(std::string_view body);

// Throws UserError("invalid_field") for a key that cannot be one. In the caller's transaction, or one of its
// own; within a transaction it waits for another one that is at work on the same key in its.
Begun begin_idempotent(store::Connection& connection, const IdempotentRequest& request,
                       base::Duration lease = kKeyLease);
// What begin would say by now; takes nothing, and waits for nobody: a request that is at work in a
// transaction is not seen. `owner` means nothing.
Begun look_idempotent(store::Connection& connection, const IdempotentRequest& request);
// begin and finish in one, in the transaction of the work (asserted). Not `fresh`: another request with the
// key was quicker, and the caller rolls back.
Begun keep_idempotent(store::Connection& connection, const IdempotentRequest& request, int status,
                      const std::string& body);
// Keeps the answer. False: the lease had ended and somebody else has begun, whose answer will count; a caller
// who is still in the transaction of the work rolls it back then.
bool finish_idempotent(store::Connection& connection, const IdempotentRequest& request, std::int64_t owner,
                       int status, const std::string& body);
// Nothing was done: the next request of this key is fresh.
void abandon_idempotent(store::Connection& connection, const IdempotentRequest& request, std::int64_t owner);
// What an answer is sealed with, which may hold a secret.
std::string answer_context(std::int64_t principal, const std::string& key);
// For the rotation of the key.
Sealed sealed_answers();
// Forgets at most `step` answers that are older than `kept`; answers how many. begin() does not see them
// anyway.
std::int64_t purge_idempotent(store::Connection& connection, base::Duration kept = kAnswersKept,
                              int step = 500);

}  // namespace fencepost::accounts
