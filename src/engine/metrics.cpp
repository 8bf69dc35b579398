#include "engine/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <sstream>

namespace fencepost::engine {

struct Metrics::Impl {
  // A family finds its member by a map of labels, which is slow; so found once, and kept by its two names.
  template <typename Member, typename Find>
  Member& find(std::map<std::string, Member*, std::less<>>& known, const std::string& queue,
               std::string_view what, Find&& make) {
    std::string key = queue;
    key += '\n';
    key += what;
    {
      const std::shared_lock lock(mutex);
      const auto found = known.find(key);
      if (found != known.end()) return *found->second;
    }
    const std::unique_lock lock(mutex);
    return *known.emplace(key, &make()).first->second;
  }
  std::shared_mutex mutex;
  std::map<std::string, prometheus::Counter*, std::less<>> counters, attempts;
  std::map<std::string, prometheus::Histogram*, std::less<>> histograms;

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& events = prometheus::BuildCounter()
                                                        .Name("fencepost_events_total")
                                                        .Help("Transitions and incidents, by queue")
                                                        .Register(registry);
  prometheus::Family<prometheus::Counter>& endings =
      prometheus::BuildCounter()
          .Name("fencepost_attempts_total")
          .Help("Attempts that ended, by queue and outcome: what throughput is counted from")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("fencepost_operation_seconds")
          .Help("Transactions (with their lock waits) and requests")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& items =
      prometheus::BuildGauge()
          .Name("fencepost_items")
          .Help("Items, by queue and state; finished ones as far as they were counted (10,000 rows)")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& ages = prometheus::BuildGauge()
                                                    .Name("fencepost_oldest_due_seconds")
                                                    .Help("Age of the oldest due item, by queue and state")
                                                    .Register(registry);
  prometheus::Family<prometheus::Gauge>& up =
      prometheus::BuildGauge().Name("fencepost_up").Help("1 where it works").Register(registry);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count(const std::string& queue, const std::string& event, double n) {
  impl_
      ->find(
          impl_->counters, queue, event,
          [&]() -> auto& {
            return impl_->events.Add({{"queue", queue}, {"event", event}});
          })
      .Increment(n);
}

void Metrics::ended(const std::string& queue, store::Ending how, base::BootTime at, std::int64_t n) {
  throughput_.count(queue, how, at, n);
  const std::string outcome(name(how));
  impl_
      ->find(
          impl_->attempts, queue, outcome,
          [&]() -> auto& {
            return impl_->endings.Add({{"queue", queue}, {"outcome", outcome}});
          })
      .Increment(static_cast<double>(n));
}

void Metrics::observe(const std::string& queue, const std::string& operation, base::Duration took) {
  static const prometheus::Histogram::BucketBoundaries kSeconds{.0005, .001, .002, .005, .01, .02, .05, .1,
                                                                .2,    .5,   1,    2,    5,   10,  30};
  impl_
      ->find(
          impl_->histograms, queue, operation,
          [&]() -> auto& {
            return impl_->durations.Add({{"queue", queue}, {"operation", operation}}, kSeconds);
          })
      .Observe(static_cast<double>(took.count()) / 1e6);
}

void Metrics::set_items(const std::string& queue, const std::string& state, double items,
                        double oldest_seconds) {
  impl_->items.Add({{"queue", queue}, {"state", state}}).Set(items);
  impl_->ages.Add({{"queue", queue}, {"state", state}}).Set(oldest_seconds);
}

void Metrics::set_up(const std::string& what, bool up) { impl_->up.Add({{"what", what}}).Set(up ? 1 : 0); }

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return out.str();
}

}  // namespace fencepost::engine
