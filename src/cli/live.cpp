// `fencepost scheduler channels` and `check`: the live check, through the API.

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {

int check(Client& client, bool as_json) {
  const auto checked = client.send("POST", "/scheduler/check", nullptr);
  if (as_json)
    print_json(checked);
  else
    print(sheet({{"channels", cell(checked, "channels")}, {"streams", cell(checked, "streams")}}));
  return 0;
}

int channels(Client& client, bool as_json) {
  const auto body = all_pages(client, "/scheduler/channels");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "channel_id"), cell(item, "answer"), cell(item, "way"),
                    cell(item, "looked_at"), cell(item, "next_look_at"), cell(item, "failures"),
                    cell(item, "why")});
  print(table({"CHANNEL", "ANSWER", "WAY", "LOOKED", "NEXT", "FAILURES", "WHY"}, rows));
  return 0;
}

}  // namespace

void add_live(CLI::App& scheduler, Chosen& chosen) {
  speaks(*scheduler.add_subcommand("channels", "Show the channels that are watched, and what was seen"),
         chosen, channels);
  speaks(*scheduler.add_subcommand("check", "Look at all watched channels and their streams now"), chosen,
         check);
}

}  // namespace fencepost::cli
