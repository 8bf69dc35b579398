#include "cli/identity_watch.hpp"

#include "base/log.hpp"
#include "cli/program.hpp"
#include "store/identity.hpp"
#include "store/sql.hpp"

namespace fencepost::cli {

IdentityWatch::Fences IdentityWatch::fences(store::Connection& connection) {
  std::string descriptors;
  for (const auto& row : connection.run(store::sql::descriptors)) descriptors += row[1].text() + "\n";
  auto known = known_.with([&](const Known& k) { return k.descriptors == descriptors ? k.fences : nullptr; });
  if (known) return known;
  auto made = std::make_shared<const std::vector<store::Fence>>(make_fences(connection));
  known_.with([&](Known& k) { k = {descriptors, made}; });
  return made;
}

void IdentityWatch::check(store::Connection& connection, const Fences& fences, bool process_has_memory) {
  const auto check =
      store::check_identity(connection, *fences, database_.epoch_seen.load(), process_has_memory);
  auto seen = database_.epoch_seen.load();
  while (seen < check.epoch && !database_.epoch_seen.compare_exchange_weak(seen, check.epoch)) {
  }
  if (check.answer == store::IdentityCheck::Answer::paused)
    base::log(base::LogLevel::error, "queues paused",
              {{"reason", check.reason},
               {"unknown", check.marked},
               {"next", "look, then: fencepost queue resume"}});
  if (check.answer == store::IdentityCheck::Answer::moved_on)
    base::log(base::LogLevel::warn, "database moved on", {{"identity", check.identity}});
}

void IdentityWatch::start() {
  const auto lease = database_.acquire();
  check(*lease, fences(*lease), false);
  database_.on_connect([this](store::Connection& connection) {
    check(connection, known_.with([](const Known& known) { return known.fences; }), true);
  });
}

void IdentityWatch::look() {
  const auto lease = database_.acquire();
  check(*lease, fences(*lease), true);
}

}  // namespace fencepost::cli
