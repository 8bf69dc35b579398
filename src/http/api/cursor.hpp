#pragma once
// Pages of lists. A cursor says how far the pages before went, and is nobody's business but ours: it may
// change with any version. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "http/message.hpp"

namespace fencepost::http {

// The position that was put into `next`; throws UserError("invalid_cursor") for what nobody handed out.
std::optional<std::string> position_of(const Request& request);
// The same for lists in the order of positive numbers.
std::optional<std::int64_t> cursor_of(const Request& request);

// {"items": [...], "next": cursor or null}
Response page_response(nlohmann::json items, const std::optional<std::string>& position);
Response page_response(nlohmann::json items, const std::optional<std::int64_t>& position);
// One page of a short list that was read whole, in the order of its unique member `key`, a number or a text.
Response page_of_whole(const Request& request, nlohmann::json items, const char* key);

}  // namespace fencepost::http
