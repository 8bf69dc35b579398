#pragma once
// Units of the API's quota day, as a bucket of {"youtube.units", project, Pacific day}: taken before a call,
// spent when it left.

#include <functional>
#include <optional>
#include <string>

#include "connect/youtube/youtube.hpp"
#include "store/budget.hpp"

namespace fencepost::live {

struct Quota {
  std::string project = "default";  // whose day it is: shared by all who use its key
  // Of a day, where nobody has made a quota project of that name; of a day that has begun the bucket's own
  // limit is in force. 0: the API is asked for nothing.
  std::int64_t units = 10'000;
  // Units that the quota project of this name has a day, which nobody changes until the transaction ends;
  // nullopt: there is none.
  using OfProject =
      std::function<std::optional<std::int64_t>(store::Connection& connection, const std::string& project)>;
  OfProject of_project{};
};

store::BucketKey units_key(const Quota& quota, base::Micros now);

// What one call has taken.
struct Units {
  store::BucketKey key;
  std::string queue, item, purpose;
};

// One call's units. nullopt: the day is used up. `purpose` names the call: of a worker, by its claim, so that
// a take that is repeated after a doubtful commit counts once. Throws InfraError.
std::optional<Units> take_units(store::Database& database, const Quota& quota, const std::string& queue,
                                const std::string& item, const std::string& purpose);
// The call was made. What certainly never left is given back; where YouTube says that its day is used up,
// ours is closed too, and where it refuses the key, operators are told. Never throws: what could not be
// written stays counted.
void settle_units(store::Database& database, const Units& units,
                  const std::optional<connect::youtube::Trouble>& trouble) noexcept;

}  // namespace fencepost::live
