#pragma once
// Queues of kind `once`: work whose effect leaves the database and cannot be taken back. The runner claims,
// passes the gate, sends, settles and asks again; a program supplies only what it alone knows.

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "fencepost/effect_result.hpp"
#include "fencepost/job.hpp"

namespace fencepost {

// Single statements before the gate, each on its own: for what render() must read.
class Reader {
 public:
  Rows run(const std::string& sql, const Params& params = {});

 private:
  friend struct Internals;
  explicit Reader(void* connection) : connection_(connection) {}
  void* connection_;
};

// What will be sent.
struct Request {
  std::string body;         // exactly what is sent, without secrets: it is kept in fencepost_effects
  std::string destination;  // where to; kept
  // The hard deadline of sending, from the gate. Until then nobody else touches the item.
  Duration timeout = std::chrono::seconds(30);
  // Runs first in the gate's transaction: locks FOR SHARE what other tables hold that can forbid the effect,
  // and answers whether it may begin. May be empty.
  std::function<bool(Transaction&)> allowed{};
  std::string secret{};  // for send(); not kept
};

// Nothing will be sent: the item fails for good, or is looked at again later.
struct NotNow {
  std::string error;
  std::optional<Duration> again{};
};

// An effect that has begun.
struct Effect {
  std::string item;
  std::string key;  // its idempotency key: give it to the platform
  std::string request;
  std::string destination;
  std::string secret;  // of the Request; empty for look()
};

// A moment on the machine's own clock, which nobody can set.
class Deadline {
 public:
  Duration left() const;  // 0 when it has passed

 private:
  friend struct Internals;
  Deadline(std::int64_t boot_nanoseconds, const void* clock) : at_(boot_nanoseconds), clock_(clock) {}
  std::int64_t at_;
  const void* clock_;
};

// The program's side. Called on several threads at once; only `render` and `send` are needed.
struct EffectHandler {
  // Makes the request of a claimed item. An exception asks for another attempt, a UserError fails it.
  std::function<std::variant<Request, NotNow>(Job&, Reader&)> render;
  // Sends it and says what is known. Must return by the deadline. An exception makes the outcome unknown.
  std::function<EffectResult(const Effect&, Deadline)> send;
  // Asks the platform whether an unknown effect happened; never sends it. Without it a person must resolve.
  std::function<EffectResult(const Effect&, std::stop_token)> look{};
  // Whether the platform refuses a second arrival of this effect's key. Only then an effect that look() did
  // not find is sent again.
  std::function<bool(const Effect&)> refuses_second_arrival{};
  // The program's own writes, in the transaction that records the outcome.
  std::function<void(Transaction&, const Effect&, const EffectResult&)> settled{};
};

}  // namespace fencepost
