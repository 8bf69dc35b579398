#include "store/identity.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

constexpr std::string_view kReasonBegin = "the database is not the one that was known: ";

struct Stored {
  std::int64_t epoch;
  std::string identity;
  bool restored;
};

Stored stored(const Rows& rows) {
  FENCEPOST_ASSERT(rows.size() == 1);
  return {rows[0][0].integer(), rows[0][1].text(), rows[0][2].boolean()};
}

// The one decision; made without locks first, and again under them.
IdentityCheck decide(const Stored& s, const std::string& identity, std::int64_t epoch_seen, bool memory) {
  using enum IdentityCheck::Answer;
  const bool behind = memory && s.epoch < epoch_seen;
  const bool changed = s.identity != identity;
  const auto pause_for = [&](const std::string& why) {
    return IdentityCheck{IdentityCheck::Answer::paused, identity, s.epoch, std::string(kReasonBegin) + why,
                         0};
  };
  if (s.restored) return pause_for("it was restored from a backup");
  if (behind)
    return pause_for("its epoch " + std::to_string(s.epoch) + " is behind " + std::to_string(epoch_seen) +
                     ", which this process has seen");
  if (s.identity.empty()) return {first_start, identity, s.epoch, "", 0};
  if (!changed) return {same, identity, s.epoch, "", 0};
  if (memory) return {moved_on, identity, s.epoch, "", 0};
  return pause_for("it was " + s.identity + " and is " + identity +
                   ", and no process remembers how far it had come");
}

std::vector<const Fence*> once_queues(std::span<const Fence> queues) {
  std::vector<const Fence*> once;
  for (const auto& fence : queues)
    if (fence.queue().kind == core::Kind::once) once.push_back(&fence);
  std::sort(once.begin(), once.end(), [](auto* a, auto* b) { return a->queue().name < b->queue().name; });
  return once;
}

void record(Connection& connection, const Fence& fence, const char* kind, const std::string& actor,
            const std::string& detail) {
  connection.run(sql::add_event,
                 {fence.queue().name, "", kind, nullptr, nullptr, nullptr, nullptr, actor, detail});
}

}  // namespace

IdentityCheck check_identity(Connection& connection, std::span<const Fence> queues, std::int64_t epoch_seen,
                             bool process_has_memory) {
  FENCEPOST_ASSERT(!connection.in_transaction());
  const bool known = connection.run(sql::identity_is_known)[0][0].boolean();
  const auto identity = connection.run(known ? sql::identity : sql::limited_identity)[0][0].text();
  auto check = decide(stored(connection.run(sql::peek_epoch)), identity, epoch_seen, process_has_memory);
  if (check.answer == IdentityCheck::Answer::same) return check;

  const auto once = once_queues(queues);
  Transaction transaction(connection);
  std::vector<bool> running;
  for (const auto* fence : once) {
    const auto row = connection.run(sql::lock_queue, {fence->queue().name});
    running.push_back(!row.empty() && !row[0][0].boolean());
  }
  check = decide(stored(connection.run(sql::lock_epoch)), identity, epoch_seen, process_has_memory);
  if (check.answer == IdentityCheck::Answer::same) return check;
  if (check.answer == IdentityCheck::Answer::paused) {
    for (std::size_t i = 0; i < once.size(); ++i) {
      // A queue that a person has paused stays as that person left it, also after resume().
      if (running[i]) {
        once[i]->pause(connection, true, check.reason);
        record(connection, *once[i], "queue_paused", "identity", check.reason);
      }
      check.marked += once[i]->due_to_unknown(connection, check.reason);
    }
  }
  connection.run(sql::set_identity, {identity, process_has_memory ? epoch_seen : std::int64_t{0}});
  transaction.commit();
  check.epoch = std::max(check.epoch, process_has_memory ? epoch_seen : 0);
  return check;
}

int resume(Connection& connection, std::span<const Fence> queues, const std::string& actor) {
  Transaction transaction(connection);
  int resumed = 0;
  for (const auto* fence : once_queues(queues)) {
    const auto row = connection.run(sql::lock_queue, {fence->queue().name});
    const bool ours = !row.empty() && row[0][0].boolean() && !row[0][1].is_null() &&
                      row[0][1].text().starts_with(kReasonBegin);
    if (!ours) continue;
    fence->pause(connection, false, "");
    record(connection, *fence, "queue_resumed", actor, "");
    ++resumed;
  }
  transaction.commit();
  return resumed;
}

void mark_restored(Connection& connection) { connection.run(sql::mark_restored); }

}  // namespace fencepost::store
