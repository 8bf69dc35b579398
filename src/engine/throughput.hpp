#pragma once
// How attempts end, by queue: counted in memory as they are settled, and added to the database now and then,
// so that no settlement pays for it. What a process has not yet added when it is killed is lost; nothing is
// ever counted twice.

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/throughput.hpp"

namespace fencepost::engine {

// Thread-safe.
class Throughput {
 public:
  // `n` attempts of this queue ended like this at `at`, on the process's own clock: the minute is the
  // database's, found when they are added.
  void count(const std::string& queue, store::Ending how, base::BootTime at, std::int64_t n = 1);
  // Whether there is nothing to add.
  bool empty();
  // Adds what was counted. Throws InfraError: then the next call adds the same, once, unless the error
  // says that it never will.
  void flush(store::Connection& connection, std::int64_t worker, base::BootTime now);

 private:
  struct Slice {
    base::BootTime at;
    store::Ended ended;
  };
  std::vector<store::EndedAgo> ages(base::BootTime now) const;

  std::mutex mutex_;
  std::map<std::string, std::vector<Slice>, std::less<>> counted_;

  std::mutex flushing_;
  std::map<std::string, std::vector<Slice>, std::less<>> batch_;  // taken, and not known to be added
  std::int64_t number_ = 0;                                       // of that batch
};

}  // namespace fencepost::engine
