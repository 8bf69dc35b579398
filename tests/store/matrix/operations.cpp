#include "matrix/operations.hpp"

namespace fencepost::store::testing {

using core::EffectOutcome;
using core::Kind;
using core::State;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

constexpr std::int64_t kWorkerB = 11;
const EffectRequest kRequest{"key", "{}", "nowhere", minutes(30), hours(1)};

std::string text(SettleAnswer answer) {
  constexpr const char* kNames[] = {"settled", "stopped", "already_recorded", "stale"};
  return kNames[static_cast<int>(answer)];
}
std::string text(EffectAnswer answer) {
  constexpr const char* kNames[] = {"recorded", "stopped", "already_recorded", "late_yes", "stale"};
  return kNames[static_cast<int>(answer)];
}
std::string text(const std::optional<State>& state) {
  return state ? std::string(core::name(*state)) : "nothing";
}

EffectResult result(EffectOutcome outcome, bool retry = false) {
  EffectResult r;
  r.verdict = outcome == EffectOutcome::done     ? Verdict::happened
              : outcome == EffectOutcome::failed ? Verdict::did_not_happen
                                                 : Verdict::unknown;
  r.remote_id = outcome == EffectOutcome::done ? "remote" : "";
  r.detail = "why";
  if (retry) r.retry_after = hours(1);
  return r;
}

Operation claim() {
  return {"claim",
          [](Case& c, Connection& connection) -> std::string {
            const auto claims = c.world().fence().claim(connection, 5, hours(1), kWorkerB);
            if (claims.empty()) return "nothing";
            c.party().newest = claims.at(0);
            return claims.size() == 1 ? "claimed" : "more than one";
          },
          [](Oracle& o) { return o.claim(); }, true};
}

enum class Holder { a, newest };

Operation settle(const char* name, Holder holder, State to, bool counts, bool delayed) {
  return {name,
          [=](Case& c, Connection& connection) -> std::string {
            const auto& claim = holder == Holder::a ? c.claim_of_a() : c.party().newest;
            if (claim.claim == 0) return "nobody";
            Settlement s{claim.item, claim.claim, claim.fence, to, {}, {}, counts, {}};
            if (delayed) s.delay = hours(1);
            return text(c.world().fence().settle(connection, {s}).at(0));
          },
          [=](Oracle& o) {
            return holder == Holder::a
                       ? o.settle(kWorkerA, o.memory.a_fence, to, counts, delayed)
                       : o.settle(o.memory.newest_claim, o.memory.newest_fence, to, counts, delayed);
          }};
}

Operation gate(const char* name, Holder holder) {
  return {name,
          [=](Case& c, Connection& connection) -> std::string {
            const auto& claim = holder == Holder::a ? c.claim_of_a() : c.party().newest;
            if (claim.claim == 0) return "nobody";
            return c.world().fence().begin_effect(connection, claim, kRequest) ? "passed" : "revoked";
          },
          [=](Oracle& o) {
            return holder == Holder::a ? o.gate(kWorkerA, o.memory.a_fence)
                                       : o.gate(o.memory.newest_claim, o.memory.newest_fence);
          }};
}

// The same in groups: a group leaves out what somebody holds, and what is not as it should be.
Operation settle_free(const char* name, State to, bool counts, bool delayed) {
  return {name,
          [=](Case& c, Connection& connection) -> std::string {
            const auto claim = c.claim_of_a();
            Settlement s{claim.item, claim.claim, claim.fence, to, {}, {}, counts, {}};
            if (delayed) s.delay = hours(1);
            if (!c.world().fence().settle_free(connection, {s}).at(0)) return "nothing";
            const auto now = c.world().fence().read(connection, claim.item);
            return to == State::queued && now->state == State::stopped ? "stopped" : "settled";
          },
          [=](Oracle& o) { return o.settle_free(kWorkerA, o.memory.a_fence, to, counts, delayed); }, true};
}

Operation gates() {
  return {"gates",
          [](Case& c, Connection& connection) -> std::string {
            const auto passed = c.world().fence().begin_effects(connection, {{c.claim_of_a(), kRequest}});
            return passed.at(0) ? "passed" : "nothing";
          },
          [](Oracle& o) { return o.gates(kWorkerA, o.memory.a_fence); }, true};
}

Operation settle_sent() {
  return {"settle group: done",
          [](Case& c, Connection& connection) -> std::string {
            const Fence::Sent sent{c.sent_by_a(), result(EffectOutcome::done)};
            return c.world().fence().settle_sent(connection, {sent}, "worker").at(0) ? "recorded" : "nothing";
          },
          [](Oracle& o) { return o.settle_sent(); }, true};
}

Operation effect(const char* name, Holder holder, EffectOutcome outcome, bool retry) {
  return {name,
          [=](Case& c, Connection& connection) -> std::string {
            auto sent = c.effect_of_a();
            if (holder == Holder::newest) sent.claim = c.party().newest.claim;
            if (sent.claim == 0) return "nobody";
            return text(c.world().fence().settle_effect(connection, sent, result(outcome, retry), "worker"));
          },
          [=](Oracle& o) {
            return o.settle_effect(holder == Holder::a ? kWorkerA : o.memory.newest_claim, outcome, retry);
          }};
}

Operation gate_outcome() {
  return {"look at the gate",
          [](Case& c, Connection& connection) -> std::string {
            constexpr const char* kNames[] = {"passed", "not_passed", "revoked"};
            return kNames[static_cast<int>(c.world().fence().gate_outcome(connection, c.claim_of_a()).first)];
          },
          [](Oracle& o) { return o.gate_outcome(); }};
}

Operation acknowledge() {
  return {"acknowledge",
          [](Case& c, Connection& connection) -> std::string {
            return c.world().fence().acknowledge(connection, c.claim_of_a()) ? "acknowledged" : "nothing";
          },
          [](Oracle& o) { return o.acknowledge(); }};
}

Operation renew() {
  return {"renew",
          [](Case& c, Connection& connection) -> std::string {
            const auto renewed = c.world().fence().renew(connection, {c.claim_of_a()}, hours(2));
            if (renewed.empty()) return "nothing";
            return renewed.at(0).stop_wanted ? "renewed, stop wanted" : "renewed";
          },
          [](Oracle& o) { return o.renew(); }, true};
}

Operation person(const char* name,
                 std::function<std::string(const Fence&, Connection&, const std::string&)> act,
                 std::function<std::string(Oracle&)> expect) {
  return {name,
          [act = std::move(act)](Case& c, Connection& connection) {
            return act(c.world().fence(), connection, c.party().item);
          },
          std::move(expect)};
}

Operation run_now() {
  return {"run_now",
          [](Case& c, Connection& connection) {
            const auto answer =
                c.world().fence().run_now(connection, c.party().item, "person", hours(1), kWorkerB);
            if (answer.claim) c.party().newest = *answer.claim;
            return std::string(core::name(answer.answer));
          },
          [](Oracle& o) { return o.run_now(); }};
}

Operation edit() {
  return {"edit",
          [](Case& c, Connection& connection) {
            Transaction transaction(connection);
            const auto answer = c.world().fence().edit(connection, c.party().item, "person");
            if (answer == core::EditAnswer::editable)
              c.world().run(connection, "UPDATE {table} SET {payload} = 'v2' WHERE {key} = ?1",
                            {c.party().item});
            transaction.commit();
            return std::string(core::name(answer));
          },
          [](Oracle& o) { return o.edit(); }};
}

Operation rescue(const char* name, bool as_seen) {
  return {name,
          [=](Case& c, Connection& connection) -> std::string {
            auto seen = c.party().seen;
            if (!as_seen) {
              const auto now = c.world().fence().read(connection, c.party().item);
              if (!now) return "nothing";
              seen = {now->item, now->claim, now->lease_until, now->fence};
            }
            return text(c.world().fence().rescue(connection, seen, false, 0.5));
          },
          [=](Oracle& o) { return o.rescue(as_seen); }, true};
}

Operation begin_reconcile() {
  return {"reconcile begins",
          [](Case& c, Connection& connection) -> std::string {
            const auto taken =
                c.world().fence().begin_reconcile(connection, c.party().item, hours(1), kWorkerB);
            if (!taken) return "nothing";
            return taken->after_deadline ? "begun, after the deadline" : "begun";
          },
          [](Oracle& o) { return o.begin_reconcile(); }, true};
}

Operation reconcile(const char* name, EffectOutcome outcome, bool refuses) {
  return {name,
          [=](Case& c, Connection& connection) {
            return text(c.world().fence().settle_reconcile(connection, c.reconcile_of_r(), result(outcome),
                                                           refuses, hours(1)));
          },
          [=](Oracle& o) { return o.settle_reconcile(outcome, refuses); }};
}

std::string rows(const Rows& r) { return std::to_string(r.changed) + (r.changed == 1 ? " row" : " rows"); }

Operation foreign(const char* name, const std::string& sql, std::function<Params(Case&)> params,
                  std::function<std::string(Oracle&)> expect) {
  return {name,
          [sql, params = std::move(params)](Case& c, Connection& connection) -> std::string {
            try {
              return rows(c.world().run(connection, sql, params(c)));
            } catch (const base::InfraError& error) {
              if (std::string(error.what()).find("open effect") != std::string::npos) return "refused";
              throw;
            }
          },
          std::move(expect)};
}

Operation foreign_word(const char* name, State word) {
  return foreign(
      name, "UPDATE {table} SET {status} = ?2 WHERE {key} = ?1",
      [=](Case& c) {
        return Params{c.party().item, core::word_of(c.world().queue(), word)};
      },
      [=](Oracle& o) { return o.foreign_word(word); });
}

// Every column, as an object-relational mapper writes it.
std::string save_sql(bool once) {
  return std::string(
             "UPDATE {table} SET {status} = ?2, {fence} = ?3, {claim_id} = ?4, {effect} = ?5, "
             "{lease_until} = ?6, {attempt} = ?7, {stop_wanted} = ?8, {enabled} = ?9, {run_at} = ?10, "
             "{payload} = 'v1'") +
         (once ? ", effect_key = NULL" : "") + " WHERE {key} = ?1";
}

Item as_new() {
  Item item;
  item.fence = 97;
  return item;
}

std::vector<Operation> foreign_operations(Kind kind) {
  std::vector<Operation> all;
  all.push_back(foreign_word("foreign Cancelled", State::stopped));
  all.push_back(foreign_word("foreign Queued", State::queued));
  all.push_back(foreign_word("foreign Done", State::done));
  all.push_back(foreign(
      "foreign disable", "UPDATE {table} SET {enabled} = FALSE WHERE {key} = ?1",
      [](Case& c) { return Params{c.party().item}; }, [](Oracle& o) { return o.foreign_enabled(false); }));
  all.push_back(foreign(
      "foreign payload", "UPDATE {table} SET {payload} = 'v2' WHERE {key} = ?1",
      [](Case& c) { return Params{c.party().item}; }, [](Oracle& o) { return o.foreign_payload(); }));
  all.push_back(foreign(
      "foreign rewind of the fence", "UPDATE {table} SET {fence} = 0 WHERE {key} = ?1",
      [](Case& c) { return Params{c.party().item}; }, [](Oracle& o) { return o.foreign_fence(); }));
  all.push_back(foreign(
      "foreign delete", "DELETE FROM {table} WHERE {key} = ?1",
      [](Case& c) { return Params{c.party().item}; }, [](Oracle& o) { return o.foreign_delete(); }));
  const auto save = save_sql(kind == Kind::once);
  all.push_back(foreign(
      "foreign save of a copy", save, [](Case& c) { return c.party().copy; },
      [](Oracle& o) { return o.foreign_save(o.memory.copy); }));
  all.push_back(foreign(
      "foreign save of a very old copy", save,
      [](Case& c) {
        return Params{c.party().item, c.world().queue().words.queued, 97, {}, {}, {}, 0, false, true, 0};
      },
      [](Oracle& o) { return o.foreign_save(as_new()); }));
  return all;
}

std::vector<Operation> person_operations(Kind kind) {
  std::vector<Operation> all;
  all.push_back(person(
      "stop",
      [](const Fence& f, Connection& c, const std::string& item) {
        return std::string(core::name(f.stop(c, item, "person")));
      },
      [](Oracle& o) { return o.stop(); }));
  all.push_back(run_now());
  all.push_back(edit());
  all.push_back(person(
      "rearm",
      [](const Fence& f, Connection& c, const std::string& item) {
        return std::string(name(f.rearm(c, item, "person")));
      },
      [](Oracle& o) { return o.rearm(); }));
  all.push_back(person(
      "remove",
      [](const Fence& f, Connection& c, const std::string& item) {
        return std::string(core::name(f.remove(c, item, "person")));
      },
      [](Oracle& o) { return o.remove(); }));
  if (kind == Kind::repeatable) return all;
  for (const bool happened : {true, false})
    all.push_back(person(
        happened ? "resolve: happened" : "resolve: did not happen",
        [=](const Fence& f, Connection& c, const std::string& item) {
          return std::string(core::name(f.resolve(c, item, happened, "person")));
        },
        [=](Oracle& o) { return o.resolve(happened); }));
  return all;
}

std::vector<Operation> once_operations() {
  return {gate("gate", Holder::a),
          gates(),
          settle_sent(),
          gate_outcome(),
          effect("settle effect: done", Holder::a, EffectOutcome::done, false),
          effect("settle effect: failed", Holder::a, EffectOutcome::failed, false),
          effect("settle effect: retry", Holder::a, EffectOutcome::failed, true),
          effect("settle effect: unknown", Holder::a, EffectOutcome::unknown, false),
          begin_reconcile(),
          reconcile("reconcile: found", EffectOutcome::done, false),
          reconcile("reconcile: absent", EffectOutcome::failed, false),
          reconcile("reconcile: absent, platform refuses a second", EffectOutcome::failed, true),
          {"restored past",
           [](Case& c, Connection& connection) -> std::string {
             return c.world().fence().due_to_unknown(connection, "restored") == 1 ? "marked" : "nothing";
           },
           [](Oracle& o) { return o.restored(); }}};
}

}  // namespace

std::vector<Operation> operations(Kind kind) {
  std::vector<Operation> all{claim(), renew(), rescue("rescue", true),
                             settle("snooze", Holder::a, State::queued, false, true),
                             settle_free("group: snooze", State::queued, false, true)};
  const auto add = [&](std::vector<Operation> more) {
    for (auto& operation : more) all.push_back(std::move(operation));
  };
  if (kind == Kind::once) {
    add(once_operations());
  } else {
    add({settle("settle: done", Holder::a, State::done, true, false),
         settle("settle: failed", Holder::a, State::failed, true, false),
         settle("settle: retry", Holder::a, State::queued, true, true),
         settle_free("group: done", State::done, true, false), acknowledge()});
  }
  add(person_operations(kind));
  add(foreign_operations(kind));
  return all;
}

std::vector<Operation> more_operations(Kind kind) {
  std::vector<Operation> all{
      {"time passes",
       [](Case& c, Connection& connection) -> std::string {
         c.world().run(connection,
                       "UPDATE {table} SET {lease_until} = fencepost_now() - 1000000 "
                       "WHERE {lease_until} > fencepost_now()");
         c.world().run(connection, "UPDATE fencepost_effects SET deadline = 1");
         return "later";
       },
       [](Oracle& o) { return o.time_passes(); }},
      rescue("sweep", false),
      {"put right",
       [](Case& c, Connection& connection) -> std::string {
         const auto wrong = c.world().fence().misplaced(connection, 5);
         return wrong.empty() ? "nothing"
                              : text(c.world().fence().rescue(connection, wrong.at(0), false, 0.5));
       },
       [](Oracle& o) { return o.once() ? o.put_right() : "nothing"; }},
      foreign(
          "foreign enable", "UPDATE {table} SET {enabled} = TRUE WHERE {key} = ?1",
          [](Case& c) { return Params{c.party().item}; }, [](Oracle& o) { return o.foreign_enabled(true); }),
      foreign_word("foreign Unknown", State::unknown),
      foreign_word("foreign Sending", State::sending),
      foreign_word("foreign Claimed", State::claimed)};
  const auto add = [&](Operation operation) { all.push_back(std::move(operation)); };
  if (kind == Kind::once) {
    add(gate("the newest's gate", Holder::newest));
    add(effect("the newest's effect: done", Holder::newest, EffectOutcome::done, false));
    add(effect("the newest's effect: retry", Holder::newest, EffectOutcome::failed, true));
    add(effect("the newest's effect: unknown", Holder::newest, EffectOutcome::unknown, false));
  } else {
    add(settle("the newest settles: done", Holder::newest, State::done, true, false));
    add(settle("the newest settles: retry", Holder::newest, State::queued, true, true));
  }
  return all;
}

}  // namespace fencepost::store::testing
