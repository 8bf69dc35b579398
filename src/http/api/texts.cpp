// A model writes the text of an announcement: now, or ahead of its start.

#include <nlohmann/json.hpp>

#include "apps/announce/texts.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
using announce::AskAnswer;

// Each is paid for.
constexpr RateLimit kGenerate{5, std::chrono::seconds(60)};

announce::Texts& texts_of(Services& services) {
  if (services.texts == nullptr)
    throw base::UserError("no_model", "no language model is set up here: write the text yourself");
  return *services.texts;
}

Response asked(Services& services, const Request& request, std::int64_t id) {
  const auto before = services.announcements.get(id);
  const auto wait = wait_of(request, std::chrono::seconds(5));
  auto& texts = texts_of(services);
  const auto ask = texts.ask(id, actor_of(request));
  switch (ask.answer) {
    case AskAnswer::asked:
    case AskAnswer::already_asked: {
      services.engine.wake(announce::text_queue().name);
      const bool over = texts.wait(ask.text, wait);
      const auto now = services.announcements.get(id);
      // It came in time, and not too late.
      const bool written =
          over && now && now->generated_text && now->version != (before ? before->version : 0);
      const auto* open = ask.answer == AskAnswer::asked ? "started" : "already_running";
      return acted(over ? 200 : 202, written ? "written" : over ? "not_written" : open, now);
    }
    case AskAnswer::written:
      return acted(200, "written", services.announcements.get(id));
    case AskAnswer::no_episode:
      return problem(request, 409, "no_episode", "it is of no episode: there is nothing to write about");
    case AskAnswer::in_flight:
      return refused_in_flight(request);
    case AskAnswer::posted:
      return refused_posted(request, services.announcements.get(id));
    case AskAnswer::outcome_unknown:
      return refused_unknown(request);
    case AskAnswer::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Response generate(Services& services, const Request& request) {
  const auto id = id_of(request);
  auto& texts = texts_of(services);
  if (const auto style = text_member(request, "style"); style && !texts.set_style(id, *style))
    return problem(request, 409, "no_episode", "it has no host in a show, who could have a style");
  const auto when = text_member(request, "when").value_or("now");
  if (when == "now") return asked(services, request, id);
  if (!texts.write_ahead(id, when == "ahead", actor_of(request)))
    return problem(request, 409, "no_episode", "it is of no episode that is still to come");
  return acted(200, when, services.announcements.get(id));
}

Route generate_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/announcements/{id}/generate",
              .access = Access::own(Thing::announcement, Scope::announce),
              .limit = kGenerate,
              .summary = "A language model writes its text, while nobody has claimed or changed it"};
  route.query = {wait_field("seconds to wait for the text; 5 where not given")};
  route.fields = {
      {.name = "when",
       .description =
           "now where not given. ahead: by itself before the start, where it has no text then; never: not "
           "any more",
       .example = "\"now\"",
       .nullable = true,
       .choices = {"now", "ahead", "never"}},
      {.name = "style",
       .max_length = 500,
       .description = "how its host wants to sound in this show, from now on",
       .example = "\"dry, no emoji\"",
       .nullable = true}};
  route.answers = {{200,
                    "written: it has a new text, to be approved anew where the show wants that. not_written: "
                    "the model failed or "
                    "came too late, see the history; the show's template is used. ahead, never: noted",
                    acted_fields({"written", "not_written", "ahead", "never"})},
                   {202, "the text is not there yet", acted_fields({"started", "already_running"})},
                   {404, "not_found", {}},
                   {409, "no_model, no_episode, in_flight, already_posted or outcome_unknown", {}}};
  return route;
}
}  // namespace

void add_texts(std::vector<Route>& routes, Services& services) {
  auto route = generate_route();
  route.handler = [&services](const Request& request) {
    return act_once(services, request, [&] { return generate(services, request); });
  };
  routes.push_back(std::move(route));
}

}  // namespace fencepost::http
