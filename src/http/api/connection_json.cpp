#include "http/api/connection_json.hpp"

#include <nlohmann/json.hpp>

#include "http/api/common.hpp"

namespace fencepost::http {

using nlohmann::json;

namespace {
Field money(const char* name, const char* what, bool required) {
  return {.name = name,
          .type = FieldType::integer,
          .required = required,
          .description = what,
          .example = "5000000",
          .nullable = required,
          .minimum = 0};
}
}  // namespace

json connection_json(const accounts::ConnectionInfo& info, const std::optional<accounts::Spend>& spend) {
  json out = {{"id", info.id},
              {"name", info.name},
              {"platform", info.platform},
              {"url", text_or_null(info.target)},
              {"status", info.disconnected_at ? "disconnected"
                         : info.broken_since  ? "broken"
                                              : "connected"},
              {"account_id", text_or_null(info.account_id)},
              {"account_name", text_or_null(info.account_name)},
              {"created_at", base::format_utc(info.created_at)},
              {"disconnected_at", time_or_null(info.disconnected_at)},
              {"expires_at", time_or_null(info.expires_at)},
              {"refreshable", info.refreshable},
              {"resting_until", time_or_null(info.resting_until)},
              {"broken_since", time_or_null(info.broken_since)},
              {"broken_reason", text_or_null(info.broken_reason)},
              {"last_error", text_or_null(info.last_error)},
              {"spend_daily", number_or_null(info.spend_daily)},
              {"spend_monthly", number_or_null(info.spend_monthly)},
              {"person_id", info.person ? json(*info.person) : json()}};
  if (spend) {
    out["spent_today"] = spend->today;
    out["spent_this_month"] = spend->month;
  }
  return out;
}

std::vector<Field> connection_fields() {
  return {id_field(),
          {.name = "name", .required = true, .example = "\"Fans\""},
          {.name = "platform", .required = true, .example = "\"webhook\""},
          {.name = "url", .required = true, .max_length = 2048, .format = Format::uri, .nullable = true},
          {.name = "status",
           .required = true,
           .description =
               "broken: its credentials are refused or have expired, and a person has to connect again",
           .choices = {"connected", "broken", "disconnected"}},
          {.name = "account_id", .required = true, .example = "\"2244994945\"", .nullable = true},
          {.name = "account_name", .required = true, .example = "\"@fans\"", .nullable = true},
          {.name = "created_at", .required = true, .format = Format::date_time},
          {.name = "disconnected_at", .required = true, .format = Format::date_time, .nullable = true},
          nullable(time_field("expires_at", "when its credentials end; null: they do not, or nobody knows")),
          {.name = "refreshable",
           .type = FieldType::boolean,
           .required = true,
           .description = "whether the server puts that end off by itself",
           .example = "true"},
          nullable(time_field("resting_until", "the platform wants nothing of this account before")),
          nullable(time_field("broken_since", "since when nothing can be sent over it")),
          {.name = "broken_reason", .required = true, .nullable = true},
          {.name = "last_error", .required = true, .nullable = true},
          money("spend_daily", "the most to spend in a UTC day, in millionths of a US dollar; null: no limit",
                true),
          money("spend_monthly", "the same of a UTC month", true),
          money("spent_today", "in millionths of a US dollar; not in lists", false),
          money("spent_this_month", "the same of this UTC month", false),
          {.name = "person_id",
           .type = FieldType::integer,
           .required = true,
           .description = "whose it is; null: the instance's own",
           .example = "1",
           .nullable = true}};
}

}  // namespace fencepost::http
