#pragma once
// Politeness: one request at a time to a host, and a rest between two, over all queues and instances. (The
// queues' own limits keep workers from queueing up behind one host; these turns are what the host sees.)

#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "store/database.hpp"

namespace fencepost::curate {

class Hosts {
 public:
  Hosts(store::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  // A host that is ours until this ends: then it rests. Where the process dies, it rests as soon as another
  // one of this machine comes for it, and is free after `hold` in any case.
  class Turn {
   public:
    Turn(Hosts& hosts, std::string host, std::string holder, base::Duration rest)
        : hosts_(&hosts), host_(std::move(host)), holder_(std::move(holder)), rest_(rest) {}
    Turn(Turn&& other) noexcept : Turn(*other.hosts_, other.host_, other.holder_, other.rest_) {
      other.hosts_ = nullptr;
    }
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    Hosts* hosts_;
    std::string host_, holder_;
    base::Duration rest_;
  };
  // Waits for its turn up to `patience`, holding nothing. Else: how long others have it for at most, or 0
  // after a stop. `hold`: longer than the request can last. `worker`: this process's number.
  std::variant<Turn, base::Duration> turn(const std::string& host, base::Duration hold, base::Duration rest,
                                          base::Duration patience, std::int64_t worker, std::stop_token stop);

 private:
  // µs until the host is free; nullopt: it was taken for this holder.
  std::optional<base::Duration> try_turn(store::Connection& connection, const std::string& host,
                                         base::Duration hold, base::Duration rest, const std::string& holder);
  void give(const std::string& host, const std::string& holder, base::Duration rest) noexcept;
  store::Database& database_;
  const base::Clock& clock_;
};

}  // namespace fencepost::curate
