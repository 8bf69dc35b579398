#pragma once
// Periodic work (rule 15): the table fencepost_schedules as a repeatable queue whose items never end. A
// schedule is claimed like any item when its tick is due; settling it computes and stores the next tick. Any
// number of instances may run: the row lock of the claim decides which one runs a tick, so there is no
// leader.
//
// A tick that was missed (nobody ran, or its handler was slow) is made up for once: the next one lies after
// both the stored tick and database time. A handler may run twice for one tick, after a crash; it must be
// repeatable. A schedule that crashes its process is tried again with back-off, for ever; a person stops it
// (Fence::stop) and re-arms it, or sets `enabled`.
//
// Functions without state: as thread-safe as their connection. They throw InfraError; see database.hpp.

#include <optional>
#include <string>

#include "core/state.hpp"
#include "store/fence.hpp"

namespace fencepost::store {

// The descriptor of the queue, named "schedules"; its payload is {"name": …}. Install the Fence over it once,
// at start. Its back-off never ends, so that the rescuer never makes a schedule `failed`.
core::Queue schedule_queue();

// Makes the schedule, or gives it a new spec and zone (core/cron.hpp); the first tick lies after database
// time. With the same spec and zone nothing changes, so that every start of a program may call it. A tick
// that is running goes on, and settles by the new spec. Answers whether anything changed. A transaction of
// its own, or part of the caller's. Throws UserError("invalid_schedule") or ("invalid_zone").
bool upsert_schedule(Connection& connection, const std::string& name, const std::string& spec,
                     const std::string& zone);

// Settles a claimed tick and stores the next one, in one transaction; `error` says why this tick failed,
// which makes no difference to the next. settled also where it was recorded before (a repeated settlement in
// doubt); stopped: a stop had come meanwhile; stale: the claim is not this worker's any more, nothing is
// written. Where the next tick cannot be computed (its zone is gone from this machine, or it lies beyond
// 2038) the schedule is due again in an hour, and its last_error says so.
SettleAnswer settle_tick(Connection& connection, const Fence& fence, const Claim& claim,
                         const std::optional<std::string>& error);

}  // namespace fencepost::store
