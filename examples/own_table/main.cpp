// The ten lines of docs/guides/own-table.md.

#include <fencepost/fencepost.hpp>
#include <iostream>

using namespace fencepost;

int main(int, char** argv) try {
  Store store = Store::open(argv[1]);
  Queue orders;
  orders.name = orders.table = "orders";
  orders.status = "state";
  orders.words.queued = "New", orders.words.claimed = "Sending", orders.words.done = "Confirmed";
  orders.payload = {"email"};
  LoopOptions options;
  options.until_empty = true;
  run_job_loop(store, orders, options, [](Job& job) {
    std::cout << "mail to " + job.get<std::string>("email") + "\n";
    return Outcome::done();
  });
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
