// What `fencepost doctor` says of the server, the clocks and the workers.

#include <cstdlib>

#include "store/doctor.hpp"
#include "store/sql.hpp"
#include "store/workers.hpp"

namespace fencepost::store {

namespace {
constexpr base::Duration kSkew = std::chrono::seconds(2);

struct Meaning {
  const char* code;
  bool problem;
  bool once_only;
  const char* what;
  const char* todo;
};
constexpr Meaning kMeanings[] = {
    {"fsync_off", true, false, "fsync is off: after a crash of the machine nothing is certain", "fsync = on"},
    {"full_page_writes_off", true, false,
     "full_page_writes is off: a crash of the machine may damage the database", "full_page_writes = on"},
    {"autovacuum_off", true, false, "autovacuum is off: every claim leaves a dead row", "autovacuum = on"},
    {"commit_not_durable", false, false,
     "synchronous_commit is off for others; fencepost's own transactions turn it on", ""},
    {"no_standby", false, true,
     "there is no synchronous standby: after a failover the database may not know what was sent last, and "
     "`once` "
     "queues then pause",
     "synchronous_standby_names, for the strict promise across failover"},
};
}  // namespace

std::vector<Finding> examine_server(Connection& connection, const base::Clock& clock, bool once) {
  std::vector<Finding> found;
  for (const auto& row : connection.run(sql::doctor_server))
    for (const auto& meaning : kMeanings)
      if (row[0].text() == meaning.code && (once || !meaning.once_only))
        found.push_back({meaning.problem, "", meaning.code, meaning.what, meaning.todo});

  const auto before = clock.wall();
  const auto now = connection.run(sql::now)[0][0].integer();
  const auto after = clock.wall();
  const auto skew = now < before ? now - before : now > after ? now - after : 0;
  if (std::llabs(skew) > kSkew.count())
    found.push_back({false, "", "clock_skew",
                     "the database's clock is " + std::to_string(std::llabs(skew) / 1000) + " ms " +
                         (skew > 0 ? "ahead of" : "behind") + " this machine's",
                     "its time decides what is due; run an NTP client on both"});

  std::string numbers;
  for (const auto& row : connection.run(sql::doctor_workers, {host_name(), boot_id()}))
    numbers += (numbers.empty() ? "" : ", ") + std::to_string(row[0].integer());
  if (!numbers.empty())
    found.push_back({false, "", "earlier_boot",
                     "workers of an earlier boot of this machine are still registered: " + numbers,
                     "what they held goes on when its leases end"});
  return found;
}

}  // namespace fencepost::store
