#pragma once
// One thread a process that measures new videos, and deletes files that are over.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "apps/upload/media/files.hpp"
#include "apps/upload/media/probe.hpp"
#include "store/database.hpp"

namespace fencepost::media {

// Measures at most so many videos, one after the other; how many it was. Any number of instances may: who
// measures has a lease, and two who measure one find the same. `program` of find_program(): empty, nobody
// measures, and the video says so; its hash is taken all the same. Throws InfraError.
int measure(store::Database& database, const Folders& folders, const std::string& program,
            const ProbeLimits& limits, const std::stop_token& stop, int most = 10);

class Upkeep {
 public:
  // Looks every 10 s, and when it is told. Database, folders and files (null: none) outlive it. Its end waits
  // for a measurement that is under way.
  Upkeep(store::Database& database, const Folders& folders, Files* files, std::string program,
         const ProbeLimits& limits);
  // There is something new. Thread-safe.
  void wake();

 private:
  void work(const std::stop_token& stop);
  void look(const std::stop_token& stop);

  store::Database& database_;
  const Folders& folders_;
  Files* const files_;
  const std::string program_;
  const ProbeLimits limits_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool wanted_ = false;
  std::jthread thread_;
};

}  // namespace fencepost::media
