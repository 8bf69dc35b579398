#include "engine/throughput.hpp"

#include "engine/context.hpp"

namespace fencepost::engine {

namespace {
// What ended within a second goes together: much finer than a minute, and few rows in a batch.
constexpr auto kSlice = std::chrono::seconds(1);
}  // namespace

void Throughput::count(const std::string& queue, store::Ending how, base::BootTime at, std::int64_t n) {
  const std::lock_guard lock(mutex_);
  auto& slices = counted_[queue];
  if (slices.empty() || at - slices.back().at >= kSlice) slices.push_back({at, {}});
  slices.back().ended[how] += n;
}

bool Throughput::empty() {
  const std::scoped_lock lock(flushing_, mutex_);
  return batch_.empty() && counted_.empty();
}

std::vector<store::EndedAgo> Throughput::ages(base::BootTime now) const {
  std::vector<store::EndedAgo> ended;
  for (const auto& [queue, slices] : batch_)
    for (const auto& slice : slices)
      ended.push_back({queue, std::chrono::duration_cast<base::Duration>(now - slice.at), slice.ended});
  return ended;
}

void Throughput::flush(store::Connection& connection, std::int64_t worker, base::BootTime now) {
  const std::lock_guard flushing(flushing_);
  // Twice where an earlier batch is left: it keeps its number, by which the database knows whether it was
  // added.
  for (;;) {
    if (batch_.empty()) {
      const std::lock_guard lock(mutex_);
      if (counted_.empty()) return;
      batch_.swap(counted_);
      ++number_;
    }
    try {
      store::add_ended(connection, worker, number_, ages(now));
    } catch (const base::InfraError& error) {
      if (!worth_repeating(error)) batch_.clear();
      throw;
    }
    batch_.clear();
  }
}

}  // namespace fencepost::engine
