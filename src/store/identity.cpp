#include "store/identity.hpp"

#include <algorithm>
#include <map>
#include <tuple>
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
  bool unlooked;  // some queue was not among those of the process that found the database to be a past
};

Stored stored(const Rows& rows) {
  FENCEPOST_ASSERT(rows.size() == 1);
  return {rows[0][0].integer(), rows[0][1].text(), rows[0][2].boolean(), rows[0][3].boolean()};
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

// Of all queues, also those that this program does not know.
struct QueueRow {
  bool paused, unlooked;
};
std::map<std::string, QueueRow> queue_rows(const Rows& rows) {
  std::map<std::string, QueueRow> all;
  for (const auto& row : rows) all[row[0].text()] = {row[1].boolean(), row[2].boolean()};
  return all;
}

bool waits_for_me(const std::map<std::string, QueueRow>& rows, std::span<const Fence> queues) {
  return std::any_of(queues.begin(), queues.end(), [&](const Fence& fence) {
    const auto at = rows.find(fence.queue().name);
    return at != rows.end() && at->second.unlooked;
  });
}

// A queue that a person has paused stays as that person left it, also after resume().
int pause(Connection& connection, const Fence& fence, const QueueRow& row, const std::string& reason) {
  if (!row.paused) {
    fence.pause(connection, true, reason);
    record(connection, fence, "queue_paused", "identity", reason);
  }
  return fence.due_to_unknown(connection, reason);
}

}  // namespace

IdentityCheck check_identity(Connection& connection, std::span<const Fence> queues, std::int64_t epoch_seen,
                             bool process_has_memory) {
  using enum IdentityCheck::Answer;
  FENCEPOST_ASSERT(!connection.in_transaction());
  const bool known = connection.run(sql::identity_is_known)[0][0].boolean();
  const auto identity = connection.run(known ? sql::identity : sql::limited_identity)[0][0].text();
  const auto look = [&](const Statement& epoch) {
    const auto now = stored(connection.run(epoch));
    return std::pair(decide(now, identity, epoch_seen, process_has_memory), now.unlooked);
  };
  auto [check, unlooked] = look(sql::peek_epoch);
  if (check.answer == same &&
      !(unlooked && waits_for_me(queue_rows(connection.run(sql::peek_queues)), queues)))
    return check;

  Transaction transaction(connection);
  const auto rows = queue_rows(connection.run(sql::lock_queues));
  std::tie(check, unlooked) = look(sql::lock_epoch);
  if (check.answer == same && !waits_for_me(rows, queues)) return check;
  const bool past = check.answer == paused;
  if (past) connection.run(sql::unlook_queues);
  if (check.answer != same)
    connection.run(sql::set_identity, {identity, process_has_memory ? epoch_seen : std::int64_t{0}});
  for (const auto* fence : once_queues(queues)) {
    const auto at = rows.find(fence->queue().name);
    const auto row = at == rows.end() ? QueueRow{.paused = true, .unlooked = false} : at->second;
    if (!past && !row.unlooked) continue;
    if (!past) {
      check.answer = paused;
      check.reason = std::string(kReasonBegin) + "it was found to be a past of itself by another program";
    }
    check.marked += pause(connection, *fence, row, check.reason);
  }
  for (const auto& fence : queues) connection.run(sql::queue_was_looked_at, {fence.queue().name});
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
