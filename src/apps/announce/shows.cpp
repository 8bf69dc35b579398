#include "apps/announce/shows.hpp"

#include <algorithm>
#include <cctype>

#include "accounts/connections.hpp"
#include "announce/sql.hpp"
#include "apps/announce/check.hpp"
#include "apps/announce/episodes.hpp"
#include "core/window.hpp"

namespace fencepost::announce {

using accounts::MemberAnswer;
using accounts::ShowAnswer;
using core::StopAnswer;

namespace {

constexpr std::size_t kLongestDescription = 5000, kLongestFilter = 200, kLongestTemplate = 3000;
constexpr std::int64_t kLongestStagger = 3600;

void check_channel(const std::string& channel) {
  const bool letters = std::all_of(channel.begin(), channel.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-');
  });
  if (channel.size() != 24 || !channel.starts_with("UC") || !letters)
    throw base::UserError(
        "invalid_channel",
        "a YouTube channel id is UC and 22 letters, digits, _ or -: it stands in the address "
        "of the channel's page, and is not its @name");
}

// What stopping these has come to.
Prevented stop(store::Connection& connection, const store::Fence& fence, const store::Rows& ids,
               const std::string& actor) {
  std::vector<std::string> items;
  for (const auto& row : ids) items.push_back(std::to_string(row[0].integer()));
  Prevented counts;
  for (const auto answer : fence.stop(connection, fence.hold(connection, items), actor)) {
    counts.prevented += answer == StopAnswer::prevented;
    counts.in_flight += answer == StopAnswer::in_flight;
    counts.outcome_unknown += answer == StopAnswer::outcome_unknown;
  }
  return counts;
}

// Whoever throws the switch, either way: what is due at this moment came due while the show was off, or is
// about to go out. What is being sent is not tried again, also where the switch is on before it fails.
Prevented switch_off(store::Connection& connection, const store::Fence& fence, std::int64_t show,
                     const std::string& actor) {
  constexpr const char* kWhy = "the show is switched off";
  connection.run(sql::lock_open, {store::Value(), show, store::Value()});
  const auto failed = connection.run(sql::fail_due_of_show, {show, kWhy});
  note(connection, failed, "prevented", "failed", actor, kWhy);
  auto counts = stop(connection, fence, connection.run(sql::begun_of_show, {show}), actor);
  counts.prevented += static_cast<std::int64_t>(failed.size());
  counts.waiting = connection.run(sql::waiting_of_show, {show})[0][0].integer();
  return counts;
}

ShowSettings changed(const ShowSettings& now, const ShowChange& change) {
  return {change.description.value_or(now.description),
          change.channel_id.value_or(now.channel_id),
          change.title_filter.value_or(now.title_filter),
          change.filter_titles.value_or(now.filter_titles),
          change.zone.value_or(now.zone),
          change.enabled.value_or(now.enabled),
          change.needs_approval.value_or(now.needs_approval),
          change.stagger.value_or(now.stagger),
          change.template_text.value_or(now.template_text)};
}

void write(store::Connection& connection, std::int64_t id, const ShowSettings& settings) {
  connection.run(
      sql::write_show_settings,
      {id, settings.description, settings.channel_id, settings.title_filter, settings.filter_titles,
       settings.zone, settings.enabled, settings.needs_approval, settings.stagger, settings.template_text});
}

}  // namespace

void check(const ShowChange& change) {
  if (change.description) check_long(*change.description, kLongestDescription, "the description");
  if (change.channel_id && *change.channel_id) check_channel(**change.channel_id);
  if (change.title_filter && !change.title_filter->empty())
    check_line(*change.title_filter, kLongestFilter, "invalid_text", "the title filter");
  if (change.zone && !core::known_zone(*change.zone))
    throw base::UserError("invalid_zone", "the zone must be an IANA one, such as Europe/Berlin or UTC");
  if (change.stagger && (*change.stagger < 0 || *change.stagger > kLongestStagger))
    throw base::UserError("invalid_field", "the stagger is 0 to 3600 seconds");
  if (change.template_text) check_long(*change.template_text, kLongestTemplate, "the template");
}

std::map<std::int64_t, ShowSettings> show_settings(store::Connection& connection,
                                                   const std::vector<std::int64_t>& shows) {
  std::vector<store::Params> keys;
  for (const auto id : shows) keys.push_back({id});
  std::map<std::int64_t, ShowSettings> all;
  for (const auto& row : connection.run_batch(sql::show_settings, keys))
    all[row[0].integer()] = {row[1].text(),    row[2].maybe_text(), row[3].text(),
                             row[4].boolean(), row[5].text(),       row[6].boolean(),
                             row[7].boolean(), row[8].integer(),    row[9].text()};
  return all;
}

accounts::ShowResult create_show(store::Connection& connection, const ShowChange& wanted,
                                 std::optional<std::int64_t> admin) {
  check(wanted);
  store::Transaction transaction(connection);
  auto made = accounts::create_show(connection, wanted.name.value_or(""), wanted.slug.value_or(""), admin);
  if (made.answer != ShowAnswer::done) return made;
  write(connection, made.show->id, changed({}, wanted));
  transaction.commit();
  return made;
}

ShowEdit edit_show(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                   std::optional<std::int64_t> version, const ShowChange& change, const std::string& actor) {
  check(change);
  store::Transaction transaction(connection);
  // Locks the row until the end, so that what is read behind it is what it is.
  ShowEdit edit{accounts::edit_show(connection, id, version, change.name, change.slug)};
  if (edit.result.answer != ShowAnswer::done) return edit;
  const auto now = show_settings(connection, {id}).at(id);
  edit.settings = changed(now, change);
  write(connection, id, edit.settings);
  if (edit.settings.enabled != now.enabled) {
    const auto counts = switch_off(connection, fence, id, actor);
    if (!edit.settings.enabled) edit.prevented = counts;
  }
  if (edit.settings.needs_approval != now.needs_approval)
    release(connection, {.show = id}, actor,
            edit.settings.needs_approval ? "the show asks for approval" : "the show asks for no approval");
  transaction.commit();
  return edit;
}

RemoveShow remove_show(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                       const std::string& actor) {
  store::Transaction transaction(connection);
  if (connection.run(sql::lock_show_whole, {id}).empty()) return RemoveShow::not_found;
  const auto answer = remove_episodes(connection, fence, {.show = id}, actor);
  if (answer == EpisodeAnswer::in_flight) return RemoveShow::in_flight;
  if (answer == EpisodeAnswer::outcome_unknown) return RemoveShow::outcome_unknown;
  accounts::remove_show(connection, id, std::nullopt);
  transaction.commit();
  return RemoveShow::done;
}

std::pair<MemberAnswer, Prevented> remove_member(store::Connection& connection, const store::Fence& fence,
                                                 std::int64_t show, std::int64_t person,
                                                 const std::string& actor) {
  store::Transaction transaction(connection);
  const auto answer = accounts::remove_member(connection, show, person);
  if (answer != MemberAnswer::done) return {answer, {}};
  const auto counts = stop(connection, fence, connection.run(sql::lock_open_of_host, {show, person}), actor);
  transaction.commit();
  return {answer, counts};
}

std::optional<Prevented> opt(store::Connection& connection, const store::Fence& fence, std::int64_t show,
                             std::int64_t person, bool in, const std::string& actor) {
  store::Transaction transaction(connection);
  // Whoever makes announcements for all waits, or was seen.
  connection.run(sql::lock_show_whole, {show});
  if (connection.run(sql::opt, {show, person, in}).empty()) return std::nullopt;
  Prevented counts;
  if (!in) counts = stop(connection, fence, connection.run(sql::lock_open_of_host, {show, person}), actor);
  transaction.commit();
  return counts;
}

bool set_style(store::Connection& connection, std::int64_t show, std::int64_t person,
               const std::string& style) {
  check_long(style, kLongestStyle, "the style");
  return !connection.run(sql::style_of_member, {show, person, style}).empty();
}

std::optional<OwnWords> own_words(store::Connection& connection, std::int64_t show, std::int64_t person) {
  const auto rows = connection.run(sql::own_words, {show, person});
  if (rows.empty()) return std::nullopt;
  return OwnWords{rows[0][0].boolean(), rows[0][1].text()};
}

Prevented stop_over(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                    const std::string& actor) {
  FENCEPOST_ASSERT(connection.in_transaction());
  auto counts = stop(connection, fence, connection.run(sql::lock_open_of_connection, {id}), actor);
  const auto begun = connection.run(sql::begun_over, {id});
  counts.in_flight = begun[0][0].integer();
  counts.outcome_unknown = begun[0][1].integer();
  return counts;
}

}  // namespace fencepost::announce
