#pragma once
// What a handler gets, and what it answers.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fencepost/error.hpp"
#include "fencepost/time.hpp"
#include "fencepost/value.hpp"

namespace fencepost {

class Transaction;

// An item that this process has claimed. Cheap to copy; thread-safe. It is of use while its handler runs.
class Job {
 public:
  const std::string& item() const;  // its key, as text
  int attempt() const;              // this attempt, from 1
  Micros run_at() const;            // since when it was due
  // Of a `once` item: the idempotency key that its effect has, the same for every attempt; else empty.
  const std::string& key() const;

  // The queue's payload columns as a JSON object, as they were when it was claimed.
  const std::string& payload() const;
  // One of them: std::string, int, std::int64_t, double, bool, or std::optional of these for NULL. Objects
  // and arrays come as a std::string of JSON. Throws UserError("no_such_column") for one that is not among
  // Queue::payload, and UserError("wrong_type"). Not caught, that fails the item with the message.
  template <typename T>
  T get(std::string_view column) const {
    const Value value = field(column);
    if constexpr (is_optional<T>::value) {
      if (value.is_null()) return std::nullopt;
      return convert<typename T::value_type>(column, value);
    } else {
      return convert<T>(column, value);
    }
  }

  // False when the lease can no longer be believed in: somebody else may have the item, and what this handler
  // still writes to its row is refused. Ask before every step that costs something.
  bool still_mine() const;
  // Asked to stop: a stop is wanted, the item was edited, the lease or the deadline ends, or the loop ends.
  std::stop_token stop_token() const;

 private:
  template <typename T>
  struct is_optional : std::false_type {};
  template <typename T>
  struct is_optional<std::optional<T>> : std::true_type {};

  template <typename T>
  static T convert(std::string_view column, const Value& value) {
    if constexpr (std::is_same_v<T, std::string>)
      return text(column, value);
    else if constexpr (std::is_same_v<T, bool>)
      return truth(column, value);
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(real(column, value));
    else {
      static_assert(std::is_integral_v<T> && std::is_signed_v<T>, "text, bool, a signed integer or a double");
      return static_cast<T>(integer(column, value, sizeof(T)));
    }
  }
  Value field(std::string_view column) const;
  static std::string text(std::string_view column, const Value& value);
  static bool truth(std::string_view column, const Value& value);
  static double real(std::string_view column, const Value& value);
  static std::int64_t integer(std::string_view column, const Value& value, std::size_t bytes);

  friend struct Internals;
  struct Impl;
  explicit Job(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

// How an attempt ended. A handler that throws asks for retry(); a UserError fails the item with its message,
// which is shown.
class Outcome {
 public:
  static Outcome done();
  // `within` writes in the very transaction that settles the item: exactly once, and not at all where the
  // claim has become stale. It is called after the handler has returned, and again when that transaction is
  // repeated: it may capture the Job by reference, and the handler's own variables by value.
  static Outcome done(std::function<void(Transaction&)> within);
  // Again after the queue's back-off, or after `after`; failed when that was the last attempt.
  static Outcome retry(std::string error);
  static Outcome retry(std::string error, Duration after);
  // Again after `after`; does not count as an attempt.
  static Outcome snooze(Duration after);
  // For good. `error` is short and safe to show.
  static Outcome fail(std::string error);

 private:
  friend struct Internals;
  enum class Kind { done, retry, snooze, fail };
  Outcome(Kind kind, std::string error, std::optional<Duration> after);
  Kind kind_;
  std::string error_;
  std::optional<Duration> after_;
  std::function<void(Transaction&)> within_;
};

// Called on several threads at once; no transaction or lock is held meanwhile.
using Handler = std::function<Outcome(Job&)>;
// The same for several jobs at once: one answer for each, in their order.
using BatchHandler = std::function<std::vector<Outcome>(std::span<Job>)>;

}  // namespace fencepost
