#pragma once
// One case of the race matrix: a start state on a real database, what each party remembers of it, and the
// same in the oracle. Compares the two after every operation, and asserts the promises from the database
// alone.

#include <map>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "matrix/oracle.hpp"

namespace fencepost::store::testing {

struct Start {
  std::string name;
  Oracle oracle;
};
// The states from which two parties race, for each kind of queue.
std::vector<Start> starts(core::Kind kind);

// The numbers behind the oracle's symbols, and the values that the operations pass.
struct Party {
  std::string item = "1";
  std::int64_t a_claim = 0, r_claim = 0;
  Lapsed seen;
  Params copy;   // of the whole row, as it stood in the set-up
  Claim newest;  // granted to worker B
};

class Case {
 public:
  // Writes the start state. Cases of one world run one after another.
  Case(World& world, const Start& start);

  World& world() { return world_; }
  Oracle& oracle() { return oracle_; }
  Party& party() { return party_; }
  Claim claim_of_a() const;
  Effect effect_of_a() const;
  Effect sent_by_a() const;  // with the fence after its gate
  Reconcile reconcile_of_r() const;

  // Both look at the tables once. `unchanged`: the last operation said that it wrote nothing.
  // What differs between the row and the oracle's item, or which promise is broken, judged from the tables
  // alone; empty: nothing. Binds new symbols to what stands there.
  std::string check(bool unchanged = false);
  // What an answer promises from now on (F2, F3, rules 6 and 7).
  void note(const std::string& operation, const std::string& answer);
  // Whether an answer says that nothing was written (F6).
  static bool says_unchanged(const std::string& answer);

 private:
  struct Seen {
    bool exists = false;
    Item item;
    std::int64_t claim = 0, effect = 0, effects = 0, open = 0, open_claim = 0, not_failed = 0, done = 0,
                 late_yes = 0;
    std::string tracked, row;
  };
  Seen look();
  std::string differs(const Seen& seen);
  std::string same_number(const char* what, int symbol, std::int64_t number);
  std::string broken(const Seen& seen, bool unchanged) const;

  World& world_;
  Oracle oracle_;
  Party party_;
  std::map<int, std::int64_t> numbers_;
  Seen last_;
  bool said_no_ = false;        // a stop was acknowledged, and nothing re-armed the item since
  bool stop_recorded_ = false;  // a stop was answered in_flight or outcome_unknown
  bool known_yes_ = false;      // an effect was said to have happened
};

}  // namespace fencepost::store::testing
