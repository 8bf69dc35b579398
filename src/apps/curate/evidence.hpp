#pragma once
// What the pipelines keep of what they found, as JSON. Inside curate only.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connect/html/page.hpp"

namespace fencepost::curate {

// The record is no longer ours: nothing of its results counts.
struct Gone {};

// Whatever texts came from outside: bytes that are no UTF-8 become U+FFFD.
std::string text_of(const nlohmann::json& evidence);

nlohmann::json socials_of(const std::vector<connect::Social>& socials);
nlohmann::json evidence_of(const connect::Page& page);
// A page from which nothing could be learnt.
bool says_nothing(const connect::Page& page);

}  // namespace fencepost::curate
