// What a handler gets, and what it answers.

#include "fencepost/job.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "library/internals.hpp"

namespace fencepost {

namespace {
[[noreturn]] void wrong_type(std::string_view column, const char* wanted) {
  throw UserError("wrong_type", "the column '" + std::string(column) + "' is not " + wanted);
}
}  // namespace

Job::Job(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Job Internals::job(Job::Impl impl) { return Job(std::make_shared<const Job::Impl>(std::move(impl))); }

const std::string& Job::item() const { return impl_->claim.item; }
int Job::attempt() const { return impl_->claim.attempt + 1; }
Micros Job::run_at() const { return impl_->claim.run_at; }
const std::string& Job::key() const { return impl_->key; }
const std::string& Job::payload() const { return impl_->payload; }
bool Job::still_mine() const { return impl_->alive(); }
std::stop_token Job::stop_token() const { return impl_->stop; }

Value Job::field(std::string_view column) const {
  const auto object = nlohmann::json::parse(impl_->payload, nullptr, false);
  const auto found = object.is_object() ? object.find(column) : object.end();
  if (found == object.end())
    throw UserError("no_such_column", "the payload has no '" + std::string(column) + "'");
  if (found->is_null()) return {};
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > std::uint64_t{INT64_MAX})
    return found->get<double>();
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (found->is_number_float()) return found->get<double>();
  if (found->is_string()) return found->get<std::string>();
  return found->dump();
}

std::string Job::text(std::string_view column, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.variant())) return *text;
  wrong_type(column, "a text");
}

bool Job::truth(std::string_view column, const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value.variant());
  if (number == nullptr || (*number != 0 && *number != 1)) wrong_type(column, "true or false");
  return *number == 1;
}

double Job::real(std::string_view column, const Value& value) {
  if (const auto* number = std::get_if<double>(&value.variant())) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value.variant())) return static_cast<double>(*number);
  wrong_type(column, "a number");
}

std::int64_t Job::integer(std::string_view column, const Value& value, std::size_t bytes) {
  const auto* number = std::get_if<std::int64_t>(&value.variant());
  if (number == nullptr) wrong_type(column, "an integer");
  const int unused = 64 - static_cast<int>(bytes) * 8;
  if ((*number << unused) >> unused != *number) wrong_type(column, "an integer of that size");
  return *number;
}

Outcome::Outcome(Kind kind, std::string error, std::optional<Duration> after)
    : kind_(kind), error_(std::move(error)), after_(after) {}
Outcome Outcome::done() { return {Kind::done, "", {}}; }
Outcome Outcome::done(std::function<void(Transaction&)> within) {
  auto outcome = done();
  outcome.within_ = std::move(within);
  return outcome;
}
Outcome Outcome::retry(std::string error) { return {Kind::retry, std::move(error), {}}; }
Outcome Outcome::retry(std::string error, Duration after) { return {Kind::retry, std::move(error), after}; }
Outcome Outcome::snooze(Duration after) { return {Kind::snooze, "", after}; }
Outcome Outcome::fail(std::string error) { return {Kind::fail, std::move(error), {}}; }

engine::Outcome Internals::outcome(library::Core& core, const Outcome& outcome,
                                   std::shared_ptr<const void> keep) {
  switch (outcome.kind_) {
    case Outcome::Kind::retry:
      return engine::Outcome::retry(outcome.error_, outcome.after_);
    case Outcome::Kind::snooze:
      return engine::Outcome::snooze(outcome.after_.value());
    case Outcome::Kind::fail:
      return engine::Outcome::failed(outcome.error_);
    case Outcome::Kind::done:
      break;
  }
  if (!outcome.within_) return engine::Outcome::done();
  return engine::Outcome::done(
      [&core, within = outcome.within_, kept = std::move(keep)](store::Connection& connection) {
        auto own = transaction(core, connection);
        within(own);
      });
}

}  // namespace fencepost
