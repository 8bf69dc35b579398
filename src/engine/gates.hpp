#pragma once
// Gates in groups: whoever comes while a gate commits waits and goes through the next one with all the others
// that came meanwhile. The first does not wait for anybody.

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
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
  // Shared with the leader, who may still be waking its owner when that one has gone on.
  struct Waiting {
    const store::Claim* claim;
    const store::EffectRequest* request;
    std::optional<store::Effect> effect = {};
    bool doubt = false;  // the group's commit was
    bool done = false;   // else, when woken: the next leader
    std::binary_semaphore woken{0};
  };
  using Group = std::vector<std::shared_ptr<Waiting>>;
  void lead();
  void pass_group(const Group& group);
  std::optional<store::Effect> pass_alone(const store::Claim& claim, const store::EffectRequest& request,
                                          const store::Fence::Allowed& allowed, base::BootTime until,
                                          bool doubt);
  std::optional<store::Effect> remember(std::optional<store::Effect> effect);

  const Context& context_;
  const store::Fence& fence_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Waiting>> waiting_;  // the first of them leads next
  bool leading_ = false;                          // somebody leads a group through
};

}  // namespace fencepost::engine
