#include "library/work.hpp"

#include <nlohmann/json.hpp>

#include "base/log.hpp"

namespace fencepost::library {

namespace {
// A kind that no handler here knows: how long another process has the chance.
constexpr Duration kNotMine = std::chrono::seconds(15);

Effect public_effect(const store::Effect& effect, std::string secret = {}) {
  return {effect.item, effect.key, effect.request, effect.destination, std::move(secret)};
}
}  // namespace

engine::BatchHandler engine_handler(Core& core, BatchHandler handler) {
  return [&core, handler = std::move(handler)](const std::vector<engine::Attempt>& attempts) {
    const auto jobs = std::make_shared<std::vector<Job>>();
    jobs->reserve(attempts.size());
    for (const auto& attempt : attempts) {
      const auto& claim = attempt.claim();
      jobs->push_back(Internals::job({claim, claim.payload, claim.effect_key.value_or(""), attempt.stop(),
                                      [attempt] { return attempt.alive(); }}));
    }
    std::vector<engine::Outcome> outcomes;
    for (const auto& outcome : handler(std::span<Job>(*jobs)))
      outcomes.push_back(Internals::outcome(core, outcome, jobs));
    return outcomes;
  };
}

std::variant<engine::Rendered, engine::NotNow> EffectAdapter::render(store::Connection& connection,
                                                                     const store::Claim& claim,
                                                                     const std::string& key) {
  auto job = Internals::job({claim, claim.payload, key, {}, [] { return true; }});
  auto reader = Internals::reader(connection);
  auto made = handler_.render(job, reader);
  if (const auto* refusal = std::get_if<NotNow>(&made)) return engine::NotNow{refusal->error, refusal->again};
  auto& request = std::get<Request>(made);
  engine::Rendered rendered;
  rendered.request = std::move(request.body);
  rendered.destination = std::move(request.destination);
  rendered.timeout = request.timeout;
  rendered.context = std::move(request.secret);
  if (request.allowed)
    rendered.allowed = [this, allowed = std::move(request.allowed)](store::Connection& gate) {
      auto own = Internals::transaction(core_, gate);
      return allowed(own);
    };
  return rendered;
}

store::EffectResult EffectAdapter::send(const store::Effect& effect, const engine::Rendered& rendered,
                                        base::BootTime deadline) {
  return handler_.send(public_effect(effect, std::any_cast<std::string>(rendered.context)),
                       Internals::deadline(deadline, core_.clock()));
}

store::EffectResult EffectAdapter::look(const store::Reconcile& reconcile, std::stop_token stop) {
  if (!handler_.look)
    return {Verdict::unknown, "", "", "this program cannot ask; a person must resolve it", {}};
  return handler_.look(public_effect(reconcile.effect), stop);
}

bool EffectAdapter::refuses_second_arrival(const store::Effect& effect, base::Duration) {
  return handler_.refuses_second_arrival && handler_.refuses_second_arrival(public_effect(effect));
}

void EffectAdapter::settled(store::Connection& connection, const store::Effect& effect,
                            const store::EffectResult& result) {
  if (!handler_.settled) return;
  auto own = Internals::transaction(core_, connection);
  handler_.settled(own, public_effect(effect), result);
}

BatchHandler one_by_one(Handler handler) {
  return [handler = std::move(handler)](std::span<Job> jobs) {
    std::vector<Outcome> outcomes;
    for (auto& job : jobs) outcomes.push_back(handler(job));
    return outcomes;
  };
}

Handler by_kind(HandlersByKind handlers) {
  return [handlers = std::move(handlers)](Job& job) {
    auto row = nlohmann::json::parse(job.payload());
    const auto found = handlers.find(row.at("kind").get<std::string>());
    if (found == handlers.end()) return Outcome::snooze(kNotMine);
    const int most = row.at("max_attempts").get<int>();
    // Of a process that was lost on the way, nobody could count that it was the last one.
    if (job.attempt() > most) return Outcome::fail("the process of its last attempt was lost");
    auto inner = Internals::impl(job);
    const auto& payload = row.at("payload");
    inner.payload = payload.is_string() ? payload.get<std::string>() : payload.dump();
    job = Internals::job(std::move(inner));
    if (job.attempt() < most) return found->second(job);
    try {
      auto outcome = found->second(job);
      return Internals::tries_again(outcome) ? Outcome::fail(Internals::error(outcome)) : outcome;
    } catch (const UserError&) {
      throw;
    } catch (const std::exception& error) {
      base::log(base::LogLevel::error, "handler threw",
                {{"queue", "jobs"}, {"item", job.item()}, {"error", error.what()}});
      return Outcome::fail("internal error");
    }
  };
}

void check_handler(const Queue& queue, bool once) {
  if ((queue.kind == Kind::once) != once)
    throw UserError("invalid_queue",
                    "queue '" + queue.name + "' is " +
                        (once ? "repeatable: give it a handler that answers an Outcome"
                              : "of kind once: give it an EffectHandler, whose send() runs behind the gate"));
}

void check_handler(const EffectHandler& handler) {
  if (!handler.render || !handler.send)
    throw UserError("invalid_handler", "an EffectHandler needs render and send");
}

}  // namespace fencepost::library
