#include "fencepost/testing.hpp"

#include <stdlib.h>
#include <filesystem>

#include "base/error.hpp"
#include "library/sql.hpp"
#include "library/work.hpp"
#include "store/workers.hpp"

namespace fencepost::testing {

namespace {

constexpr Micros kStart = 1'893'456'000'000'000;  // 2030-01-01T00:00:00Z
constexpr std::size_t kMostAttempts = 1000;

// Stands still. Thread-safe.
class VirtualClock final : public base::Clock {
 public:
  base::BootTime boot() const override {
    return base::BootTime(std::chrono::duration_cast<base::BootClock::duration>(Duration(now_.load())));
  }
  Micros wall() const override { return now_; }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Micros> now_{kStart};
};

std::string make_folder() {
  auto name = (std::filesystem::temp_directory_path() / "fencepost-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw UserError("no_temporary_folder", "no folder can be made at " + name + ": check TMPDIR");
  return name;
}

StoreOptions options_in(const std::string& folder) {
  StoreOptions options;
  options.state_folder = folder + "/state";
  return options;
}

// Claims and runs one at a time, as a loop of this thread's would, until nothing is due; writes each result
// when it comes.
class Drain final : private engine::Desk {
 public:
  explicit Drain(library::Core& core)
      : core_(core),
        registration_(core.database(), core.state_folder()),
        context_{core.database(), metrics_, core.clock(), registration_.number()} {}

  const engine::Context& context() const { return context_; }

  std::vector<Drained> run(engine::Work& work) {
    fence_ = &work.fence();
    std::vector<Drained> drained;
    while (const auto claim = claim_one()) {
      work.run({*claim}, *this);
      drained.push_back(look(*claim));
      if (drained.size() >= kMostAttempts)
        throw UserError("never_empty",
                        "the queue is not empty after 1000 attempts: does a handler always "
                        "ask for a retry or a snooze without a delay?");
    }
    return drained;
  }

 private:
  static constexpr Duration kLease = std::chrono::hours(1);

  // The clock stands still while a handler runs, and nobody asks it to stop.
  std::stop_token token(const store::Claim&) const override { return {}; }
  bool alive(const store::Claim&) const override { return true; }
  void settle(store::Settlement settlement) override {
    with([&](store::Connection& connection) {
      if (fence_->settle(connection, {settlement}).at(0) != store::SettleAnswer::stale) return;
      store::Claim claim;
      claim.item = settlement.item;
      claim.claim = settlement.claim;
      claim.fence = settlement.fence;
      fence_->acknowledge(connection, claim);
    });
  }
  void settle(store::Fence::Sent sent) override {
    with([&](store::Connection& connection) {
      fence_->settle_effect(connection, sent.effect, sent.result, "drain");
    });
  }
  void settled(const store::Claim&) override {}
  std::optional<store::Effect> gate(const store::Claim& claim, const store::EffectRequest& request,
                                    const store::Fence::Allowed& allowed, base::BootTime) override {
    return with([&](store::Connection& connection) {
      return fence_->begin_effect(connection, claim, request, allowed);
    });
  }

  template <typename Act>
  auto with(Act&& act) -> decltype(act(std::declval<store::Connection&>())) {
    return core_.database().retrying(act);
  }

  std::optional<store::Claim> claim_one() {
    auto claims = with([&](store::Connection& connection) {
      return fence_->claim(connection, 1, kLease, registration_.number());
    });
    return claims.empty() ? std::nullopt : std::optional(std::move(claims[0]));
  }

  Drained look(const store::Claim& claim) {
    Drained out;
    out.item = claim.item;
    out.attempt = claim.attempt + 1;
    const auto now =
        with([&](store::Connection& connection) { return fence_->read(connection, claim.item); });
    if (!now) return out;  // the handler deleted it
    out.state = now->state;
    out.error = now->last_error;
    return out;
  }

  library::Core& core_;
  engine::Metrics metrics_;
  store::WorkerRegistration registration_;
  const engine::Context context_;
  const store::Fence* fence_ = nullptr;
};

}  // namespace

struct InlineStore::Impl {
  const std::string folder = make_folder();
  const std::string path = folder + "/test.db";
  VirtualClock clock;
  Store store = Internals::open("sqlite:" + path, options_in(folder), &clock);
};

InlineStore::InlineStore() : impl_(std::make_unique<Impl>()) {}
InlineStore::~InlineStore() {
  const auto folder = impl_->folder;
  impl_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}
Store& InlineStore::store() const { return impl_->store; }
Micros InlineStore::time() const { return impl_->clock.wall(); }
const std::string& InlineStore::path() const { return impl_->path; }

void InlineStore::advance(Duration by) {
  if (by < Duration(0)) throw UserError("invalid_time", "a clock is moved forwards");
  impl_->clock.advance(by);
  Internals::core(impl_->store).wake_all();
}

std::vector<Drained> drain_now(Store& store, const Queue& queue, Handler handler) {
  auto& core = Internals::core(store);
  library::check_handler(queue, false);
  const auto& fence = core.install(queue);
  Drain drain(core);
  engine::HandlerWork work(drain.context(), fence,
                           library::engine_handler(core, library::one_by_one(std::move(handler))), 1);
  return drain.run(work);
}

std::vector<Drained> drain_now(Store& store, const Queue& queue, EffectHandler handler) {
  auto& core = Internals::core(store);
  library::check_handler(queue, true);
  library::check_handler(handler);
  const auto& fence = core.install(queue);
  Drain drain(core);
  library::EffectAdapter app(core, std::move(handler));
  engine::EffectWork work(drain.context(), fence, app);
  return drain.run(work);
}

std::vector<Drained> drain_jobs(Store& store, HandlersByKind handlers) {
  return drain_now(store, jobs_queue(), library::by_kind(std::move(handlers)));
}

}  // namespace fencepost::testing
