#include "store/bulk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "store/certain.hpp"
#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
using core::State;
using nlohmann::json;

constexpr int kStep = 200, kLook = 1000;

Value json_or_null(const std::vector<std::string>& texts) {
  return texts.empty() ? Value() : Value(json(texts).dump(-1, ' ', false, json::error_handler_t::replace));
}

// As items_page does in SQL.
bool meant(const ItemFilter& filter, const Snapshot& s) {
  const auto any_of = [](const auto& all, const auto& one) {
    return all.empty() || std::find(all.begin(), all.end(), one) != all.end();
  };
  return any_of(filter.states, s.state) &&
         (filter.error.empty() || (s.last_error && s.last_error->find(filter.error) != std::string::npos)) &&
         (!filter.due_from || s.run_at >= *filter.due_from) &&
         (!filter.due_until || s.run_at < *filter.due_until) &&
         (!filter.overdue || s.run_at <= s.now - filter.overdue->count());
}

ItemFilter for_act(const Fence& fence, BulkAct act, ItemFilter filter, int max) {
  if (max < 1 || max > kBulkMost)
    throw base::UserError("invalid_filter", "one act takes 1 to " + std::to_string(kBulkMost) + " items");
  if (filter.states.empty() && act == BulkAct::requeue)
    filter.states = {State::done, State::failed, State::stopped};
  if (filter.states.empty() && act == BulkAct::retry) filter.states = {State::failed};
  if (act == BulkAct::retry && filter.states != std::vector<State>{State::failed})
    throw base::UserError("invalid_filter", "retry is for failed items; for others: requeue");
  // A queue may have one word for several states: its rows are then of the first of them.
  for (auto& state : filter.states) {
    if (state == State::other) throw base::UserError("invalid_filter", "name one of the queue's own states");
    state = core::state_of(fence.queue(), core::word_of(fence.queue(), state));
  }
  return filter;
}

// Whether the application's way is taken.
bool arms(BulkAct act, const Arm& arm) { return arm && act != BulkAct::stop && guard("bulk_app"); }

std::string_view would(const Fence& fence, BulkAct act, const Snapshot& s) {
  return act == BulkAct::stop ? core::name(fence.would_stop(s)) : name(fence.would_rearm(s));
}

// Whether the act has nothing to write on this item: then what is seen may be its own doing.
bool as_after(const Fence& fence, BulkAct act, const Snapshot& s) {
  if (act != BulkAct::stop) return fence.would_rearm(s) != RearmAnswer::rearmed && !s.stop_wanted;
  const auto answer = fence.would_stop(s);
  return answer == core::StopAnswer::already_stopped || answer == core::StopAnswer::already_done;
}

BulkResult act_on(Connection& connection, const Fence& fence, BulkAct act, const ItemFilter& filter,
                  const std::vector<Snapshot>& page, const std::string& actor, bool doubt) {
  BulkResult result;
  const auto answered = [&](std::string_view answer) { ++result.answers[std::string(answer)]; };
  std::vector<std::string> items;
  for (const auto& seen : page) items.push_back(seen.item);
  Transaction transaction(connection);
  auto held = fence.hold(connection, items);
  result.items = static_cast<std::int64_t>(page.size());
  for (const auto& s : held) ++result.states[std::string(core::name(s.state))];
  for (auto gone = page.size() - held.size(); gone > 0; --gone) {
    ++result.states[std::string(core::name(State::other))];
    answered("not_found");
  }
  std::erase_if(held, [&](const Snapshot& s) {
    const bool own = doubt && as_after(fence, act, s) && guard("bulk_doubt");
    const bool changed = !meant(filter, s) && !own && guard("bulk_changed");
    if (changed) answered("changed");
    return changed;
  });
  if (act == BulkAct::stop)
    for (const auto answer : fence.stop(connection, held, actor)) answered(core::name(answer));
  else
    for (const auto answer : fence.rearm(connection, held, actor)) answered(name(answer));
  connection.run(sql::notify, {fence.queue().name});
  // What was found as it should be may be so by the try that was in doubt (rule 4).
  if (doubt && guard("bulk_confirm")) Fence::confirm(connection);
  transaction.commit();
  return result;
}

void add(BulkResult& all, const BulkResult& step) {
  for (const auto& [state, n] : step.states) all.states[state] += n;
  for (const auto& [answer, n] : step.answers) all.answers[answer] += n;
  all.items += step.items;
}

BulkResult answered(State state, std::string answer) {
  return {.states = {{std::string(core::name(state)), 1}}, .answers = {{std::move(answer), 1}}, .items = 1};
}

constexpr const char* kRefused = "refused_by_table";

// One item, as its application has it.
BulkResult arm_one(const Arm& arm, const Fence& fence, const ItemFilter& filter, const Snapshot& seen,
                   const std::string& actor, bool preview) {
  // For good: nobody has to be asked.
  if (const auto answer = fence.would_rearm(seen); answer == RearmAnswer::already_done)
    return answered(seen.state, std::string(name(answer)));
  auto state = seen.state;
  const auto still = [&](const Snapshot& now) {
    state = now.state;
    return meant(filter, now) || !guard("bulk_changed");
  };
  std::string answer;
  try {
    answer = arm({seen.item, still, actor, preview});
  } catch (const base::UserError& error) {
    answer = error.code();
  } catch (const base::InfraError& error) {
    if (!refused_by_table(error)) throw;
    answer = kRefused;
  }
  return answered(answer == name(RearmAnswer::not_found) ? State::other : state, answer);
}

// A step of act(). Where the table refuses one of its items, each has a transaction of its own. `before`:
// whether an earlier try may have taken effect.
BulkResult act_certainly(Database& database, const Fence& fence, BulkAct act, const ItemFilter& filter,
                         const std::vector<Snapshot>& page, const std::string& actor, bool before = false) {
  bool in_doubt = before;
  const auto step = [&](Connection& c, bool doubt) -> std::optional<BulkResult> {
    if (doubt)
      base::log(base::LogLevel::warn, "bulk act in doubt, repeated", {{"queue", fence.queue().name}});
    in_doubt = before || doubt;
    try {
      return act_on(c, fence, act, filter, page, actor, in_doubt);
    } catch (const base::InfraError& error) {
      if (!refused_by_table(error) || !guard("bulk_each")) throw;
      return std::nullopt;
    }
  };
  if (auto done = until_certain(database, step)) return std::move(*done);
  if (page.size() == 1) return answered(page[0].state, kRefused);
  BulkResult all;
  for (const auto& one : page) add(all, act_certainly(database, fence, act, filter, {one}, actor, in_doubt));
  return all;
}
}  // namespace

bool Arming::means(const Fence& fence, const Snapshot& now, bool doubt) const {
  // Asked in any case: who counts looks at the item in it.
  const bool as_found = !meant || meant(now);
  return as_found || (doubt && as_after(fence, BulkAct::retry, now) && guard("bulk_doubt"));
}

std::vector<Snapshot> items_page(Connection& connection, const Fence& fence, const ItemFilter& filter,
                                 const std::optional<std::string>& after, int n) {
  std::vector<std::string> words, keys;
  for (const auto state : filter.states) words.push_back(core::word_of(fence.queue(), state));
  for (const auto& item : filter.items)
    if (fence.valid_key(item)) keys.push_back(item);
  if (!filter.items.empty() && keys.empty()) return {};
  if (after && !fence.valid_key(*after))
    throw base::UserError("invalid_cursor",
                          "this is no cursor: take `next` of the page before, or leave it out");
  Params params{json_or_null(words),
                json_or_null(keys),
                filter.error.empty() ? Value() : Value(filter.error),
                filter.due_from,
                filter.due_until,
                filter.overdue ? Value(static_cast<std::int64_t>(filter.overdue->count())) : Value(),
                n};
  if (after) params.emplace_back(*after);
  std::vector<Snapshot> page;
  for (const auto& row : connection.run(fence.page(sql::items_page, after.has_value()), params)) {
    auto s = fence.snapshot(row);
    s.outcome = row[12].is_null() ? core::EffectOutcome::none : core::effect_outcome(row[12].text());
    s.deadline = row[13].maybe_integer().value_or(0);
    page.push_back(std::move(s));
  }
  return page;
}

AtWork at_work(Connection& connection, const Fence& fence) {
  AtWork now;
  for (const auto& row : connection.run(fence.over(sql::at_work)))
    (core::state_of(fence.queue(), row[0].text()) == State::claimed ? now.claimed : now.sending) +=
        row[1].integer();
  return now;
}

BulkResult preview(Database& database, const Fence& fence, BulkAct act, const ItemFilter& asked, int max,
                   const Arm& arm) {
  const auto filter = for_act(fence, act, asked, max);
  BulkResult result;
  std::optional<std::string> after;
  for (;;) {
    const auto page =
        database.retrying([&](Connection& c) { return items_page(c, fence, filter, after, kLook); });
    for (const auto& s : page) {
      if (result.items == max) {
        result.more = true;
        return result;
      }
      add(result, arms(act, arm) ? arm_one(arm, fence, filter, s, "", true)
                                 : answered(s.state, std::string(would(fence, act, s))));
    }
    if (page.size() < static_cast<std::size_t>(kLook)) return result;
    after = page.back().item;
  }
}

BulkResult act(Database& database, const Fence& fence, BulkAct act, const ItemFilter& asked, int max,
               const std::string& actor, const Arm& arm) {
  const auto filter = for_act(fence, act, asked, max);
  BulkResult result;
  std::optional<std::string> after;
  for (;;) {
    const auto left = max - static_cast<int>(result.items);
    auto page = database.retrying([&](Connection& c) {
      return items_page(c, fence, filter, after, std::min(kStep, left) + (left <= kStep ? 1 : 0));
    });
    if (static_cast<int>(page.size()) > left) {
      result.more = true;
      page.resize(static_cast<std::size_t>(left));
    }
    if (page.empty()) return result;
    if (arms(act, arm))
      for (const auto& one : page) add(result, arm_one(arm, fence, filter, one, actor, false));
    else
      add(result, act_certainly(database, fence, act, filter, page, actor));
    if (result.more || static_cast<int>(page.size()) < std::min(kStep, left)) return result;
    after = page.back().item;
  }
}

}  // namespace fencepost::store
