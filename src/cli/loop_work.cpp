#include "cli/loop_work.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace fencepost::cli {

namespace {
using engine::Outcome;

// How long the first of a batch waits for the others.
constexpr std::chrono::milliseconds kGather{20};

// What a call is told beside the rows: as FENCEPOST_NAME in the environment and Fencepost-Name in the header.
using Facts = std::vector<std::pair<std::string, std::string>>;

ChildResult run(const Target& target, const Facts& facts, std::string input, base::BootTime terminate_at,
                std::stop_token stop) {
  ChildRequest request;
  request.command = target.command;
  request.input = std::move(input);
  request.terminate_at = terminate_at;
  request.grace = target.grace;
  request.keep_fd = target.keep_fd;
  for (const auto& [name, value] : facts) {
    std::string variable = "FENCEPOST_";
    for (const char c : name)
      variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    // A zero byte would cut the variable short, and the next one would not be one.
    std::string text = variable + "=" + value;
    request.environment.push_back(text.substr(0, text.find('\0')));
  }
  return run_child(request, std::move(stop));
}

std::string header_value(const std::string& text) {
  std::string out;
  constexpr const char* kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%')
      out += c;
    else
      out = out + '%' + kDigits[byte >> 4] + kDigits[byte & 15];
  }
  return out;
}

connect::HttpResult post(const Target& target, const Facts& facts, std::string body, base::BootTime deadline,
                         std::stop_token stop) {
  connect::HttpRequest request;
  request.method = "POST";
  request.url = target.url;
  request.headers = {{"Content-Type", "application/json"}};
  for (const auto& [name, value] : facts)
    request.headers.emplace_back(name == "key" ? "Idempotency-Key" : "Fencepost-" + name,
                                 header_value(value));
  request.body = std::move(body);
  request.deadline = deadline;
  return target.http->call(request, std::move(stop));
}

Facts facts_of(const core::Queue& queue, const store::Claim& claim) {
  return {{"queue", queue.name},
          {"item", claim.item},
          {"attempt", std::to_string(claim.attempt + 1)},
          {"claim", std::to_string(claim.claim)}};
}

// Asked to stop when all of them are.
class AllStopped {
 public:
  explicit AllStopped(const std::vector<std::stop_token>& tokens) : left_(tokens.size()) {
    for (const auto& token : tokens)
      callbacks_.push_back(std::make_unique<Callback>(token, [this] {
        if (left_.fetch_sub(1) == 1) all_.request_stop();
      }));
  }
  std::stop_token token() const { return all_.get_token(); }

 private:
  using Callback = std::stop_callback<std::function<void()>>;
  std::stop_source all_;
  std::atomic<std::size_t> left_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
};
}  // namespace

LoopHandler::LoopHandler(store::Database& database, const store::Fence& fence, Definition& definition,
                         const Target& target, int batch, int calls)
    : database_(database),
      fence_(fence),
      definition_(definition),
      target_(target),
      reader_(std::in_place, *database.acquire(), fence),
      batch_(static_cast<std::size_t>(batch)),
      calls_(calls) {}

std::optional<std::string> LoopHandler::row_of(const store::Claim& claim) {
  return database_.retrying([&](store::Connection& connection) -> std::optional<std::string> {
    if (!definition_.holds(connection)) return std::nullopt;
    return reader_->read(connection, claim);
  });
}

Outcome LoopHandler::run(const store::Claim& claim, std::stop_token stop) {
  Item item{claim, {}, std::move(stop), {}};
  std::optional<std::string> row;
  try {
    row = row_of(claim);
  } catch (const base::InfraError&) {
    return Outcome::snooze(std::chrono::seconds(1));  // no fault of the item's, and no attempt of it
  }
  // Somebody changed it since the claim, or the queue is another one now: whoever claims it next sees that.
  if (!row) return Outcome::snooze(base::Duration(0));
  item.row = std::move(*row);
  return batch_ == 1 ? alone(item) : together(item);
}

Outcome LoopHandler::alone(const Item& item) const {
  const auto& clock = base::system_clock();
  const auto facts = facts_of(fence_.queue(), item.claim);
  const auto deadline = clock.boot() + target_.deadline;
  if (target_.url.empty()) return outcome_of(cli::run(target_, facts, item.row, deadline, item.stop));
  return outcome_of(post(target_, facts, item.row, deadline, item.stop), clock.wall());
}

// Whoever finds nobody gathering gathers; the others wait for their outcome, or for their turn.
Outcome LoopHandler::together(Item& item) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(&item);
  changed_.notify_all();
  while (!item.outcome) {
    if (item.taken || gathering_ || calling_ >= calls_) {
      changed_.wait(lock);
      continue;
    }
    gathering_ = true;
    changed_.wait_for(lock, kGather, [&] { return waiting_.size() >= batch_; });
    std::vector<Item*> batch;
    while (!waiting_.empty() && batch.size() < batch_) {
      waiting_.front()->taken = true;
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
    gathering_ = false;
    ++calling_;
    changed_.notify_all();
    lock.unlock();
    std::vector<Outcome> outcomes(batch.size(), Outcome::retry("internal error"));
    try {
      outcomes = call(batch);
    } catch (const std::exception&) {
      // As it stands there: the others of the batch must not wait for ever.
    }
    lock.lock();
    --calling_;
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->outcome = outcomes[i];
    changed_.notify_all();
  }
  return *item.outcome;
}

std::vector<Outcome> LoopHandler::call(const std::vector<Item*>& items) const {
  std::string rows;
  std::vector<std::string> names;
  std::vector<std::stop_token> tokens;
  for (const auto* item : items) {
    const nlohmann::json head{{"item", item->claim.item},
                              {"attempt", item->claim.attempt + 1},
                              {"claim", std::to_string(item->claim.claim)}};
    auto text = head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text.pop_back();
    rows += (rows.empty() ? "[" : ",\n") + text + ",\"row\":" + item->row + "}";
    names.push_back(item->claim.item);
    tokens.push_back(item->stop);
  }
  rows += "]";
  const AllStopped stopped(tokens);
  const Facts facts{{"queue", fence_.queue().name}};
  const auto& clock = base::system_clock();
  const auto deadline = clock.boot() + target_.deadline;
  if (target_.url.empty()) {
    const auto result = cli::run(target_, facts, rows, deadline, stopped.token());
    return batch_outcomes(names, result.output, outcome_of(result));
  }
  const auto result = post(target_, facts, rows, deadline, stopped.token());
  return batch_outcomes(names, result.body, outcome_of(result, clock.wall()));
}

std::variant<engine::Rendered, engine::NotNow> LoopEffect::render(store::Connection& connection,
                                                                  const store::Claim& claim,
                                                                  const std::string&) {
  if (!definition_.holds(connection))
    return engine::NotNow{"the queue's definition has changed", base::Duration(0)};
  engine::Rendered rendered;
  rendered.request = store::claim_json(queue_, claim);
  rendered.destination = target_.url.empty() ? "exec" : target_.url;
  rendered.timeout = target_.deadline;
  rendered.context = claim.attempt + 1;
  return rendered;
}

store::EffectResult LoopEffect::send(const store::Effect& effect, const engine::Rendered& rendered,
                                     base::BootTime deadline) {
  const Facts facts{{"queue", queue_.name},
                    {"item", effect.item},
                    {"attempt", std::to_string(std::any_cast<int>(rendered.context))},
                    {"claim", std::to_string(effect.claim)},
                    {"key", effect.key}};
  // Nothing cuts it short but its deadline: by then it has had its SIGTERM and its grace.
  if (target_.url.empty())
    return effect_of(run(target_, facts, effect.request, deadline - target_.grace, {}));
  return effect_of(post(target_, facts, effect.request, deadline, {}), base::system_clock().wall());
}

}  // namespace fencepost::cli
