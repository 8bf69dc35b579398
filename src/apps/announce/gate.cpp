#include "apps/announce/gate.hpp"

#include "accounts/connections.hpp"
#include "announce/sql.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/threads.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

using store::guard;

namespace {
// A show without a template of its own.
constexpr const char* kTemplate = "{show}: {title}";

std::string text_or_empty(const store::Value& value) { return value.maybe_text().value_or(""); }

bool waits_for_stream(const std::string& trigger) { return trigger == "live" || trigger == "before"; }
}  // namespace

std::optional<ToPublish> to_publish(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::to_publish, {id});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  ToPublish item;
  item.text = row[0].text();
  item.url = row[1].text();
  item.connection_id = row[2].integer();
  item.platform = row[3].text();
  item.target = row[4].text();
  item.detail = text_or_empty(row[5]);
  item.include_url = row[6].boolean();
  item.generated_text = text_or_empty(row[7]);
  item.deadline = row[8].maybe_integer();
  item.trigger = row[9].text();
  item.approved = row[10].boolean();
  item.now = row[26].integer();
  item.part = row[27].integer();
  if (item.part > 1) item.reply_to = thread_before(connection, id);
  if (row[11].is_null()) return item;
  item.episode = ToPublish::OfEpisode{
      row[11].integer(), row[12].integer(), row[13].text(), row[17].integer(),       row[18].integer(),
      row[19].boolean(), row[20].boolean(), row[22].text(), row[23].maybe_integer(), row[25].boolean()};
  const auto number = row[15].maybe_integer();
  item.facts = {row[14].text(), item.url.empty() ? row[16].text() : item.url,
                number ? std::to_string(*number) : "", text_or_empty(row[24]), row[21].text()};
  return item;
}

std::optional<connect::Rendered> sent(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::sent, {id});
  if (rows.empty()) return std::nullopt;
  return connect::Rendered{rows[0][0].text(), rows[0][1].text()};
}

Words words_of(const ToPublish& item) {
  if (!item.episode) return {item.text, item.include_url ? item.url : ""};
  const auto& show_template = item.episode->show_template;
  const auto& source = !item.text.empty()             ? item.text
                       : !item.generated_text.empty() ? item.generated_text
                       : !show_template.empty()       ? show_template
                                                      : kTemplate;
  return {compose(source, item.facts), item.include_url ? item.facts.url : ""};
}

std::optional<Obstacle> obstacle(const ToPublish& item) {
  if (item.deadline && *item.deadline <= item.now)
    return Obstacle{"deadline_passed", "its deadline has passed"};
  if (item.part > 1 && !item.reply_to)
    return Obstacle{"part_waits", "the part before it has to be posted first"};
  if (!item.episode) return std::nullopt;
  const auto& of = *item.episode;
  if (!of.show_enabled) return Obstacle{"show_disabled", "the show is switched off"};
  if (of.host && !of.host_is_member) return Obstacle{"not_a_member", "its host is not in the show any more"};
  // A thread that has begun is finished.
  if (of.status == "ended" && waits_for_stream(item.trigger) && item.part == 1)
    return Obstacle{"stream_ended", "the stream ended before this was posted"};
  if (of.needs_approval && !item.approved)
    return Obstacle{"needs_approval", "an admin of the show has to approve it first"};
  return std::nullopt;
}

bool gate_allows(store::Connection& connection, const ToPublish& rendered) {
  if (const auto& of = rendered.episode) {
    if (of->host && connection.run(sql::share_host, {*of->host}).empty()) return false;
    const auto show = connection.run(sql::share_show_facts, {of->show});
    if (show.empty()) return false;
    if (!show[0][0].boolean() && guard("gate_show")) return false;
    if (show[0][1].boolean() && !rendered.approved && guard("gate_approval")) return false;
    if (show[0][2].integer() != of->show_version && guard("gate_show_version")) return false;
    if (of->host && connection.run(sql::share_member, {of->show, *of->host}).empty() && guard("gate_member"))
      return false;
    const auto episode = connection.run(sql::share_episode, {of->id});
    if (episode.empty()) return false;
    if (episode[0][0].text() == "ended" && waits_for_stream(rendered.trigger) && rendered.part == 1 &&
        guard("gate_ended"))
      return false;
    if (episode[0][1].integer() != of->version && guard("gate_episode_version")) return false;
  }
  if (!accounts::share_connected(connection, rendered.connection_id)) return false;
  // The clock is read behind the waits for these locks (rule 17).
  return !rendered.deadline || *rendered.deadline > connection.run(store::sql::now)[0][0].integer() ||
         !guard("gate_deadline");
}

ScheduleNow schedule_now(store::Connection& connection) {
  const auto row = connection.run(sql::schedule_now, {kNever}).rows.at(0);
  return {row[0].integer(), row[1].integer(), row[2].integer(),
          row[3].integer(), row[4].integer(), row[5].maybe_integer()};
}

}  // namespace fencepost::announce
