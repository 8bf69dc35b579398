#pragma once
// Connections as JSON. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "accounts/connections.hpp"
#include "accounts/spend.hpp"
#include "http/fields.hpp"

namespace fencepost::http {

// Without its secret. `spend` where one is shown, not a list.
nlohmann::json connection_json(const accounts::ConnectionInfo& info,
                               const std::optional<accounts::Spend>& spend = std::nullopt);
std::vector<Field> connection_fields();

}  // namespace fencepost::http
