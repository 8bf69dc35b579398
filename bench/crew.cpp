#include "bench/crew.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <system_error>

#include "bench/table.hpp"
#include "engine/handler_work.hpp"

namespace fencepost::bench {

Tally::Tally(std::int64_t items)
    : bytes_(sizeof(std::atomic<std::int64_t>) + static_cast<std::size_t>(items) + 1) {
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  handled_ = new (memory) std::atomic<std::int64_t>(0);
  seen_ = reinterpret_cast<std::atomic<std::uint8_t>*>(handled_ + 1);  // the kernel gives zeros
}

Tally::~Tally() { munmap(handled_, bytes_); }

void Tally::count(const std::string& item) {
  const auto at = std::stoul(item);
  if (at < bytes_ - sizeof(*handled_)) seen_[at].fetch_add(1, std::memory_order_relaxed);
  handled_->fetch_add(1, std::memory_order_relaxed);
}

void Tally::reset() {
  *handled_ = 0;
  for (std::size_t i = 0; i < bytes_ - sizeof(*handled_); ++i) seen_[i] = 0;
}

std::int64_t Tally::handled() const { return handled_->load(); }

std::int64_t Tally::handled_once() const {
  return std::count_if(seen_, seen_ + (bytes_ - sizeof(*handled_)), [](const auto& n) { return n == 1; });
}

namespace {

char read_byte(int fd) {
  char byte = 0;
  return read(fd, &byte, 1) == 1 ? byte : '\0';
}

void write_byte(int fd, char byte) {
  if (write(fd, &byte, 1) != 1) throw std::system_error(errno, std::generic_category(), "pipe");
}

// One engine over its own connections, from construction until it is destroyed.
class Worker {
 public:
  Worker(const CrewOptions& options, Tally& tally, store::Database& database, const Table& table)
      : app_(tally), engine_(std::make_unique<engine::Engine>(database, base::system_clock())) {
    if (options.kind == core::Kind::once) {
      work_ = std::make_unique<engine::EffectWork>(engine_->context(), table.fence(), app_);
    } else {
      work_ = std::make_unique<engine::HandlerWork>(engine_->context(), table.fence(),
                                                    [&tally](const engine::Attempt& attempt) {
                                                      tally.count(attempt.claim().item);
                                                      return engine::Outcome::done();
                                                    });
    }
    engine::QueueOptions queue;
    queue.concurrency = options.concurrency;
    engine_->add(*work_, queue);
    engine_->start();
  }
  ~Worker() { engine_->stop(base::system_clock().boot() + std::chrono::seconds(10)); }

 private:
  CountingApp app_;
  std::unique_ptr<engine::Work> work_;
  std::unique_ptr<engine::Engine> engine_;  // ends before what it works with
};

void serve(const CrewOptions& options, Tally& tally, int orders, int answers) {
  std::unique_ptr<store::Database> database;
  std::unique_ptr<Table> table;
  std::unique_ptr<Worker> worker;
  for (char what = read_byte(orders); what != '\0'; what = read_byte(orders)) {
    if (what == '+') {
      if (!database) {
        database = open(options);
        table = std::make_unique<Table>(*database, options.kind);
      }
      worker = std::make_unique<Worker>(options, tally, *database, *table);
    } else {
      worker.reset();
      write_byte(answers, '.');
    }
  }
}

}  // namespace

std::unique_ptr<store::Database> open(const CrewOptions& options) {
  auto database = store::Database::open(options.database, {.connections = options.concurrency + 8});
  if (options.sqlite_normal) {
    const auto relax = [](store::Connection& connection) { connection.script("PRAGMA synchronous=NORMAL"); };
    database->on_connect(relax);
    relax(*database->acquire());  // the one that opening the database has left in the pool
  }
  return database;
}

Crew::Crew(const CrewOptions& options, Tally& tally) {
  for (int i = 0; i < options.processes; ++i) {
    int orders[2], answers[2];
    if (pipe(orders) != 0 || pipe(answers) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe");
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) {
      close(orders[1]);
      close(answers[0]);
      for (const auto& other : members_)
        close(other.orders);  // so that it ends with our end, not with theirs
      try {
        serve(options, tally, orders[0], answers[1]);
        _exit(0);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "worker process: %s\n", error.what());
        _exit(1);
      }
    }
    close(orders[0]);
    close(answers[1]);
    members_.push_back({pid, orders[1], answers[0]});
  }
}

Crew::~Crew() {
  for (const auto& member : members_) close(member.orders);
  for (const auto& member : members_) {
    waitpid(member.pid, nullptr, 0);
    close(member.answers);
  }
}

void Crew::order(char what) {
  for (const auto& member : members_) write_byte(member.orders, what);
}

void Crew::start() { order('+'); }

void Crew::stop() {
  order('-');
  for (const auto& member : members_)
    if (read_byte(member.answers) != '.') throw std::runtime_error("a worker process has died");
}

}  // namespace fencepost::bench
