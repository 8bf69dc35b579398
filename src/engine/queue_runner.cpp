#include "engine/queue_runner.hpp"

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "base/testpoint.hpp"

namespace fencepost::engine {

using base::Duration;
using std::chrono::duration_cast;

namespace {
// How much work may wait in this process: what its workers finish meanwhile. Longer than a transaction takes,
// so that they never wait for one; short enough that what waits here would not have started elsewhere.
constexpr Duration kShortestBuffer = std::chrono::milliseconds(20),
                   kLongestBuffer = std::chrono::milliseconds(100);
// How long a result is pressed upon a database that is away. An effect's rescuer can only say `unknown`.
constexpr Duration kKeepEffect = std::chrono::minutes(10), kKeepSettlement = std::chrono::minutes(2),
                   kKeepHandBack = std::chrono::seconds(30);
// A row that a group leaves out is mostly held by another feeder's transaction, whose claim passed it over
// (PostgreSQL keeps the lock on a row that was claimed meanwhile). So it goes with the next groups, after 2,
// 4 … 32 ms. Whoever holds it longer is a person, and it is settled by itself.
constexpr Duration kLeftOut = std::chrono::milliseconds(2);
constexpr int kGroupTries = 5;

Duration keep(const Result& result) {
  const auto* settlement = std::get_if<store::Settlement>(&result.what);
  if (!settlement) return kKeepEffect;
  return settlement->counts ? kKeepSettlement : kKeepHandBack;
}
}  // namespace

QueueRunner::QueueRunner(const Context& context, Work& work, const QueueOptions& options, Permits& permits)
    : context_(context),
      work_(work),
      options_(options),
      permits_(permits),
      outbox_(context, work.fence()),
      gates_(context, work.fence()),
      alone_(work.fence().queue().name),
      looks_(work.fence().queue().name) {
  FENCEPOST_ASSERT(options.concurrency > 0 && options.lease >= std::chrono::seconds(1) &&
                   options.largest_batch > 0);
  permits_.on_release([this] { wake(); });
}

QueueRunner::~QueueRunner() { stop(context_.clock.boot()); }

void QueueRunner::start() {
  alone_.start(options_.concurrency);
  looks_.start(std::max(1, options_.concurrency / 2));
  // Where writers take turns, a second one would only wait.
  feeders_left_ = context_.database.one_writer() ? 1 : 2;
  for (int i = feeders_left_; i > 0; --i) feeders_.emplace_back([this] { feed_loop(); });
  for (int i = 0; i < options_.concurrency; ++i)
    workers_.emplace_back([this](std::stop_token stop) { work_loop(stop); });
}

void QueueRunner::wake() {
  const std::lock_guard lock(mutex_);
  more_due_ = true;
  ++wakes_;
  wake_feeder_.notify_one();
}

bool QueueRunner::idle() const {
  const std::lock_guard lock(mutex_);
  return running_ == 0 && tasks_.empty() && outbox_.size() == 0 && feeding_ == 0 && !more_due_ &&
         alone_.idle() && looks_.idle();
}

// -- workers

std::shared_future<void> QueueRunner::submit(const store::Claim& claim) {
  const auto now = context_.clock.boot();
  held_.add({claim}, now + options_.lease, now + options_.deadline);
  std::promise<void> done;
  auto future = done.get_future().share();
  {
    const std::lock_guard lock(mutex_);
    waiters_.emplace(claim.claim, std::move(done));
    if (!stopping_) {
      tasks_.push_front(claim);
      wake_worker_.notify_one();
      return future;
    }
  }
  // The process ends: what nobody here will run must not wait for its lease.
  settle_alone({store::Settlement::hand_back(claim), now, 0});
  return future;
}

void QueueRunner::submit_reconcile(const std::string& item) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || std::find(reconciling_.begin(), reconciling_.end(), item) != reconciling_.end()) return;
  reconciling_.push_back(item);
  looks_.add([this, item] {
    // However it ends: the next sweep may ask again.
    struct Over {
      QueueRunner& runner;
      const std::string& item;
      ~Over() {
        const std::lock_guard again(runner.mutex_);
        std::erase(runner.reconciling_, item);
      }
    } const over{*this, item};
    {
      const std::lock_guard again(mutex_);
      if (stopping_) return;
    }
    work_.reconcile(item, ending_.get_token());
  });
}

void QueueRunner::work_loop(std::stop_token stop) {
  base::testpoint("worker.begins");
  const auto batch = static_cast<std::size_t>(work_.batch());
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_worker_.wait(lock, stop, [this] { return !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::vector<store::Claim> claims;
    for (; claims.size() < batch && !tasks_.empty(); tasks_.pop_front())
      claims.push_back(std::move(tasks_.front()));
    ++running_;
    // The feeders may have rested for good while these waited for a worker: what runs now may run for hours.
    tell_feeder();
    lock.unlock();
    permits_.acquire(options_.priority);
    const auto begun = context_.clock.boot();
    work(claims);
    const auto took = duration_cast<Duration>(context_.clock.boot() - begun);
    permits_.release();
    lock.lock();
    --running_;
    measured(took, claims.size());
    // A slot is free, or a result waits, or the last one has ended.
    tell_feeder();
  }
}

void QueueRunner::tell_feeder() {
  const auto round = next_round();
  if (round.write || round.over || round.again < feeders_sleep_until()) wake_feeder_.notify_one();
}

void QueueRunner::work(const std::vector<store::Claim>& claims) {
  try {
    work_.run(claims, *this);
  } catch (const std::exception& error) {
    // Nothing of a work throws. What did is held no longer: its lease ends, and the rescuer says so.
    base::log(base::LogLevel::error, "work threw",
              {{"queue", fence().queue().name}, {"error", error.what()}});
    std::vector<std::int64_t> numbers;
    for (const auto& claim : claims) numbers.push_back(claim.claim);
    ended(numbers);
  }
}

void QueueRunner::settle(store::Settlement settlement) { give(std::move(settlement)); }

void QueueRunner::settle(store::Fence::Sent sent) {
  outbox_.add({std::move(sent), context_.clock.boot(), 0});
}

void QueueRunner::give(store::Settlement settlement) {
  outbox_.add({std::move(settlement), context_.clock.boot(), 0});
}

void QueueRunner::ended(const std::vector<std::int64_t>& claims) {
  held_.remove(claims);
  base::testpoint("ended");
  // A seat is free; what waited for it has no time of its own, and not every database tells of it.
  if (const auto& limits = fence().queue().limits; limits.per_key > 0 || limits.concurrency > 0) wake();
  const std::lock_guard lock(mutex_);
  if (waiters_.empty()) return;
  for (const auto claim : claims) {
    const auto found = waiters_.find(claim);
    if (found == waiters_.end()) continue;
    found->second.set_value();
    waiters_.erase(found);
  }
}

// -- the feeder

int QueueRunner::room() const {
  const int each = work_.batch();
  const int room =
      options_.concurrency * each + buffer_ - running_ * each - static_cast<int>(tasks_.size()) - claiming_;
  // Whole batches: who takes fifty at once is not to be given three.
  return std::clamp(room / each * each, 0, options_.largest_batch);
}

QueueRunner::Round QueueRunner::next_round() const {
  const auto now = context_.clock.boot();
  const auto waiting = outbox_.ready(now);
  const bool quiet = running_ == 0 && tasks_.empty() && feeding_ == 0;
  Round round;
  round.over = stopping_ && quiet && outbox_.size() == 0;
  const auto oldest = outbox_.oldest();
  round.again = oldest == base::BootTime::max() ? oldest : oldest + options_.linger;
  // A claim is worth its transaction when what is here runs out.
  const bool low = (static_cast<int>(tasks_.size()) + claiming_) * 2 <= buffer_;
  const int wanted = stopping_ || !low || permits_.refuses(options_.priority) ? 0 : room();
  if (wanted > 0) {
    if (more_due_ || now >= next_look_)
      round.claim = wanted;
    else
      round.again = std::min(round.again, next_look_);
  }
  const bool full = static_cast<int>(waiting) >= options_.largest_batch;
  round.write = round.claim > 0 || (waiting > 0 && (full || quiet || stopping_ || now >= round.again));
  return round;
}

void QueueRunner::feed_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto round = next_round();
    if (round.over) break;
    if (!round.write) {
      const auto asleep = asleep_.insert(round.again);
      if (round.again == base::BootTime::max()) {
        base::testpoint("feeder.rests");
        wake_feeder_.wait(lock);
      } else {
        wake_feeder_.wait_for(lock, round.again - context_.clock.boot());
      }
      asleep_.erase(asleep);
      continue;
    }
    const auto wakes = wakes_;
    if (round.claim > 0) next_look_ = context_.clock.boot() + options_.poll;
    claiming_ += round.claim;
    ++feeding_;
    lock.unlock();
    const bool fed = feed(round.claim, wakes);
    lock.lock();
    --feeding_;
    claiming_ -= round.claim;
    if (fed) {
      failures_ = 0;
    } else {
      // Whoever begins to stop us ends the pause; once that has begun it is waited out.
      const bool stopping = stopping_;
      wake_feeder_.wait_for(lock, pause_after(failures_), [&] { return stopping_ != stopping; });
    }
    // What this one knows now, the other may have waited for.
    wake_feeder_.notify_one();
  }
  --feeders_left_;
  wake_feeder_.notify_all();
  quiet_.notify_all();
}

bool QueueRunner::feed(int n, std::uint64_t wakes) {
  const auto before = context_.clock.boot();
  auto results = outbox_.take(static_cast<std::size_t>(options_.largest_batch), before);
  const bool singly = n > 0 && refused_.exchange(false);
  Outbox::Written written;
  // What is repeated though it was, or may have been, written: nobody has counted it yet.
  const auto doubt = [&](bool in_doubt) {
    for (std::size_t i = 0; i < results.size(); ++i)
      if (in_doubt || (i < written.settled.size() && written.settled[i])) results[i].doubted = true;
  };
  try {
    auto connection = context_.database.acquire();
    {
      const Timed timed(context_, fence().queue().name, n > 0 ? "settle_and_claim" : "settle");
      std::shared_lock<std::shared_mutex> unheld(unheld_, std::defer_lock);
      if (n > 0) unheld.lock();
      written = outbox_.write(*connection, results, singly ? 0 : n, options_.lease);
      if (singly) written.claims = fence().claim_each(*connection, n, options_.lease, context_.worker);
      if (!written.claims.empty()) base::testpoint("claimed");
      held_.add(written.claims, before + options_.lease, before + options_.deadline);
    }
    adapt(duration_cast<Duration>(context_.clock.boot() - before));
    // Their work first: its results may then go with the next group.
    if (n > 0) take_in(written.claims, n, wakes, *connection);
    fed(std::move(results), written.settled);
    return true;
  } catch (const base::InfraError& error) {
    doubt(error.in_doubt());
    not_fed(std::move(results), n > 0, error);
  } catch (const std::exception& error) {
    doubt(false);
    not_fed(std::move(results), n > 0, base::InfraError(error.what(), {}));
  }
  return false;
}

void QueueRunner::fed(std::vector<Result> results, const std::vector<bool>& settled) {
  const auto now = context_.clock.boot();
  std::vector<std::int64_t> claims;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (settled[i]) {
      claims.push_back(results[i].claim());
      outbox_.log_settled(results[i]);
    } else if (results[i].left_out < kGroupTries) {
      const auto pause = kLeftOut * (1 << results[i].left_out++);
      outbox_.put_off(std::move(results[i]), now + pause);
    } else {
      settle_alone(std::move(results[i]));
    }
  }
  if (!claims.empty()) ended(claims);
}

void QueueRunner::settle_alone(Result result) {
  const auto until = result.since + keep(result);
  auto settle = [this, until, one = std::move(result)] {
    outbox_.settle(one, until);
    ended({one.claim()});
  };
  if (!alone_.add(settle)) settle();
}

void QueueRunner::take_in(const std::vector<store::Claim>& claims, int wanted, std::uint64_t wakes,
                          store::Connection& connection) {
  if (!claims.empty())
    context_.metrics.count(fence().queue().name, "claimed", static_cast<double>(claims.size()));
  {
    const std::lock_guard lock(mutex_);
    for (const auto& claim : claims) tasks_.push_back(claim);
    if (!claims.empty()) wake_worker_.notify_all();
    // There may be more of what was due; so there may where somebody woke us since the claim began.
    const bool full = static_cast<int>(claims.size()) == wanted;
    if (full) more_due_ = true;
    if (full || wakes_ != wakes) return;
    more_due_ = false;
  }
  const auto due = fence().next_due(connection);
  if (!due) return;
  const auto now = context_.clock.boot();
  const std::lock_guard lock(mutex_);
  if (due->count() > 0) {
    next_look_ = std::min(next_look_, now + *due);
    return;
  }
  // Overdue and yet not claimed: somebody holds it, or the queue is paused. Then the poll will see; once in a
  // while one by one, since a foreign trigger may leave out the claims of those that come first, without an
  // error.
  if (!claims.empty() || now < next_singly_) return;
  refused_ = true;
  next_singly_ = now + options_.poll;
}

void QueueRunner::disown() {
  const std::unique_lock unheld(unheld_);
  insist(context_, "disown", context_.clock.boot() + options_.lease,
         [&](store::Connection& c, bool) { fence().disown(c, context_.worker, held_.claims()); });
}

void QueueRunner::not_fed(std::vector<Result> results, bool claiming, const base::InfraError& error) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = failures_++ == 0;
    more_due_ = more_due_ || claiming;
  }
  if (first)
    base::log(base::LogLevel::error, "claims and results not written",
              {{"queue", fence().queue().name}, {"results", results.size()}, {"error", error.what()}});
  if (error.in_doubt() && claiming) disown();
  if (!worth_repeating(error)) {
    // The table itself refuses a row (a CHECK, a foreign trigger): alone, the others are free of it (rule
    // 14).
    if (claiming) refused_ = true;
    for (auto& result : results) settle_alone(std::move(result));
    return;
  }
  const auto now = context_.clock.boot();
  std::vector<std::int64_t> lost;
  std::erase_if(results, [&](const Result& result) {
    if (now - result.since < keep(result)) return false;
    base::log(base::LogLevel::error, "result lost",
              {{"queue", fence().queue().name}, {"item", result.item()}, {"claim", result.claim()}});
    lost.push_back(result.claim());
    return true;
  });
  if (!lost.empty()) ended(lost);
  outbox_.put_back(std::move(results));
}

void QueueRunner::measured(Duration took, std::size_t claims) {
  const double each = std::chrono::duration<double>(took).count() / static_cast<double>(claims);
  // A slow one counts at once, and is forgotten over the next dozens: what is claimed must start soon.
  service_ = std::max(each, service_ * 0.9 + each * 0.1);
}

void QueueRunner::adapt(Duration took) {
  const std::lock_guard lock(mutex_);
  const auto horizon = std::clamp(took * 3, kShortestBuffer, kLongestBuffer);
  const double soon =
      options_.concurrency * std::chrono::duration<double>(horizon).count() / std::max(service_, 1e-6);
  buffer_ = service_ == 0 ? 0 : static_cast<int>(std::min(soon, 2.0 * options_.largest_batch));
}

// -- upkeep

void QueueRunner::renew() {
  const auto before = context_.clock.boot();
  held_.expire(before, options_.lease / 6);
  if (before < next_renewal_) return;
  const auto claims = held_.renewable(before);
  if (!claims.empty()) {
    auto connection = context_.database.acquire();
    held_.renewed(fence().renew(*connection, claims, options_.lease), before + options_.lease);
  }
  next_renewal_ = before + options_.lease / 3;
}

void QueueRunner::stop(base::BootTime until) {
  std::deque<store::Claim> unstarted;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    unstarted.swap(tasks_);
  }
  for (const auto& claim : unstarted) give(store::Settlement::hand_back(claim));
  if (!feeders_.empty()) {
    std::unique_lock lock(mutex_);
    wake_feeder_.notify_all();
    // What runs may finish; after `until` it is asked to stop, and waited for all the same: every send has a
    // deadline of its own.
    const auto left = until - context_.clock.boot();
    if (left.count() > 0) quiet_.wait_for(lock, left, [this] { return feeders_left_ == 0; });
  }
  looks_.wait_idle(duration_cast<Duration>(until - context_.clock.boot()));
  held_.stop_all();
  ending_.request_stop();
  for (auto& feeder : feeders_) feeder.join();
  for (auto& worker : workers_) worker.request_stop();
  wake_worker_.notify_all();
  for (auto& worker : workers_)
    if (worker.joinable()) worker.join();
  looks_.stop();
  alone_.stop();
}

}  // namespace fencepost::engine
