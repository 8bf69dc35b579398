#include "apps/announce/edit.hpp"

#include "announce/sql.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/threads.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {

std::optional<EditResult> refusal_of(core::EditAnswer answer) {
  switch (answer) {
    case core::EditAnswer::editable:
      return std::nullopt;
    case core::EditAnswer::in_flight:
      return EditResult::in_flight;
    case core::EditAnswer::outcome_unknown:
      return EditResult::outcome_unknown;
    case core::EditAnswer::already_done:
      return EditResult::already_posted;
    case core::EditAnswer::not_found:
      break;
  }
  return EditResult::not_found;
}

}  // namespace

Edited edit_item(store::Database& database, const store::Fence& fence, const Edit& edit) {
  return store::until_certain(database, [&](store::Connection& connection, bool doubt) -> Edited {
    store::Transaction transaction(connection);
    const auto id = edit.id;
    const auto episode = lock_parents(connection, id, false);
    const auto first = first_part(connection, id);
    if (first != id) fence.hold(connection, {std::to_string(first)});
    const auto editable = fence.edit(connection, std::to_string(id), edit.actor);
    // Behind the lock that edit() took, so that this is what it is now. Without a commit, what edit() did is
    // undone.
    const auto now = load(connection, id);
    if (!now) return {EditResult::not_found, {}};
    if (doubt && now->version == edit.version + 1 && edit.is_there(*now)) {
      // The write that was in doubt is there; what is committed after it takes it along.
      store::Fence::confirm(connection);
      transaction.commit();
      return {EditResult::changed, now};
    }
    if (now->version != edit.version) return {EditResult::version_conflict, now};
    if (const auto refused = refusal_of(editable)) return {*refused, now};
    const auto answer = edit.write(connection, *now);
    // A foreign program's word may be one that nothing here makes; then a person has to resolve it first.
    if (!answer.written) return {EditResult::outcome_unknown, now};
    if (answer.refused) return {*answer.refused, now};
    if (first != id) connection.run(sql::renew_first, {first});
    if (episode)
      release(connection, {.episode = episode, .announcement = first}, edit.actor, "it was changed");
    connection.run(store::sql::notify, {kQueue});
    auto changed = load(connection, id);
    transaction.commit();
    return {EditResult::changed, std::move(changed)};
  });
}

}  // namespace fencepost::announce
