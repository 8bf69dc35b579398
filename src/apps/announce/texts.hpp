#pragma once
// Texts that a language model writes for announcements, before these go out.
//
// Asked for by people, or by plan() ahead of a start. Each asking is an item of a repeatable queue, of one
// announcement in one version: the answer is kept the moment it comes, and put into the announcement only
// while that is still the same version and nobody has claimed it. Whatever fails, or comes late, the show's
// template is what goes out (words_of), and the announcement's history says so.
//
// What people wrote goes to the model as data. What comes back is text and nothing else: whoever talks the
// model into something has changed a text, which its host sees.

#include <cstdint>
#include <optional>
#include <string>

#include "connect/models/model.hpp"
#include "core/state.hpp"
#include "engine/handler_work.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {

// The queue: 5 attempts within about a minute and a half, then it is failed. A text that comes after that
// would be late.
core::Queue text_queue();

struct TextOptions {
  base::Duration timeout = std::chrono::seconds(30);  // of one attempt
  base::Duration ahead = std::chrono::hours(1);       // of the start
};

// written: one that was bought before was put in. in_flight, posted, outcome_unknown: of the announcement,
// whose text changes no more.
enum class AskAnswer {
  asked,
  already_asked,
  written,
  no_episode,
  in_flight,
  posted,
  outcome_unknown,
  not_found
};
struct Asked {
  AskAnswer answer = AskAnswer::not_found;
  std::int64_t text = 0;  // asked, already_asked: its number
};

// Thread-safe. Everything named outlives it; they throw InfraError. `model` may be null: then this process
// writes nothing, and nobody may ask it to.
class Texts {
 public:
  // `fence`: of text_queue().
  Texts(store::Database& database, const store::Fence& fence, connect::Model* model, const base::Clock& clock,
        TextOptions options = {});

  // A text for an announcement in its present version. Throws UserError("no_model").
  Asked ask(std::int64_t announcement, const std::string& actor);
  // Waits up to `wait` for what was asked for to end; false: it has not.
  bool wait(std::int64_t text, base::Duration wait);
  // Whether it is written by itself ahead of the start. False: there is no such announcement of an episode,
  // or it is being sent or over.
  bool write_ahead(std::int64_t announcement, bool on, const std::string& actor);
  // How its host wants to sound in its show: at most 500 code points, for all that is written from now on.
  // Throws UserError("invalid_text"). False: it has no host or no show.
  bool set_style(std::int64_t announcement, const std::string& style);

  // Asks for what is to be written ahead of starts that are near; answers how many. Any number of processes
  // may plan at once.
  int plan(int most = 100);
  // The handler of the queue.
  engine::Outcome write(const engine::Attempt& attempt);

 private:
  struct Item;
  // False: it came too late.
  bool put(const Item& item, const std::string& text);
  void note(std::int64_t announcement, const char* kind, const std::string& actor, const std::string& why);

  store::Database& database_;
  const store::Fence& fence_;
  connect::Model* const model_;
  const base::Clock& clock_;
  const TextOptions options_;
};

}  // namespace fencepost::announce
