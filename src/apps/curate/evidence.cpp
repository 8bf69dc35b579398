#include "apps/curate/evidence.hpp"

#include <nlohmann/json.hpp>

namespace fencepost::curate {

using nlohmann::json;

std::string text_of(const json& evidence) {
  return evidence.dump(-1, ' ', false, json::error_handler_t::replace);
}

json socials_of(const std::vector<connect::Social>& socials) {
  json all = json::array();
  for (const auto& social : socials) all.push_back({{"network", social.network}, {"url", social.url}});
  return all;
}

json evidence_of(const connect::Page& page) {
  json emails = json::array(), phones = json::array();
  for (const auto& email : page.emails) emails.push_back(email.address);
  for (const auto& phone : page.phones) phones.push_back(phone.number);
  json out = {
      {"title", page.title},         {"description", page.description},    {"language", page.language},
      {"favicon", page.favicon},     {"technologies", page.technologies},  {"emails", std::move(emails)},
      {"phones", std::move(phones)}, {"socials", socials_of(page.socials)}};
  if (!page.canonical.empty()) out["canonical"] = page.canonical;
  if (page.truncated) out["truncated"] = true;
  return out;
}

bool says_nothing(const connect::Page& page) {
  return page.title.empty() && page.description.empty() && page.language.empty() && page.emails.empty() &&
         page.phones.empty() && page.socials.empty() && page.links.empty();
}

}  // namespace fencepost::curate
