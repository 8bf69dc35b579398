#pragma once
// Gates in groups: whoever comes while a gate commits waits and goes through the next one with all the others
// that came meanwhile. The first does not wait for anybody.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/context.hpp"
#include "store/fence.hpp"

namespace fencepost::engine {

// Thread-safe.
class Gates {
 public:
  Gates(const Context& context, const store::Fence& fence) : context_(context), fence_(fence) {}

  // Passes the gate, after a doubt too (rule 4). nullopt: revoked, or not passed until `until`; nothing may
  // be sent. A gate with an `allowed` of its own goes alone: what it waits for, nobody else waits for.
  std::optional<store::Effect> pass(const store::Claim& claim, const store::EffectRequest& request,
                                    const store::Fence::Allowed& allowed, base::BootTime until);

 private:
  struct Waiting {
    const store::Claim* claim;
    const store::EffectRequest* request;
    std::optional<store::Effect> effect;
    bool doubt = false;  // the group's commit was
    bool done = false;
  };
  void pass_group(std::vector<Waiting*>& group);
  std::optional<store::Effect> pass_alone(const store::Claim& claim, const store::EffectRequest& request,
                                          const store::Fence::Allowed& allowed, base::BootTime until,
                                          bool doubt);
  std::optional<store::Effect> remember(std::optional<store::Effect> effect);

  const Context& context_;
  const store::Fence& fence_;
  std::mutex mutex_;
  std::condition_variable passed_;
  std::vector<Waiting*> waiting_;
  bool leading_ = false;  // somebody leads a group through
};

}  // namespace fencepost::engine
