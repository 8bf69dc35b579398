// Who is at work, and who is certainly gone (rule 11).
#include "store/workers.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <set>
#include <string_view>
#include <thread>

#include "base/random.hpp"
#include "both_databases.hpp"

namespace fencepost::store::testing {
namespace {

namespace fs = std::filesystem;

bool contains(const std::vector<std::int64_t>& numbers, std::int64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// Another process of this program: it registers itself, tells its number, and waits for its end.
class OtherProcess {
 public:
  OtherProcess(const std::string& url, const std::string& folder) {
    int pipe_fds[2];
    EXPECT_EQ(pipe(pipe_fds), 0);
    const std::string out = std::to_string(pipe_fds[1]);
    pid_ = fork();
    if (pid_ == 0) {
      // Only what is safe between fork and exec; the parent's connections are left alone.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execl("/proc/self/exe", "worker", url.c_str(), folder.c_str(), out.c_str(),
            static_cast<char*>(nullptr));
      _exit(127);
    }
    close(pipe_fds[1]);
    EXPECT_EQ(read(pipe_fds[0], &number_, sizeof number_), static_cast<ssize_t>(sizeof number_));
    close(pipe_fds[0]);
  }
  ~OtherProcess() {
    send(SIGKILL);
    reap();
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  std::int64_t number() const { return number_; }
  void send(int signal) const {
    if (pid_ > 0) kill(pid_, signal);
  }
  void wait_until_stopped() const { EXPECT_EQ(waitpid(pid_, nullptr, WUNTRACED), pid_); }
  void wait_until_zombie() const {
    siginfo_t info;
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  }
  void reap() {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  std::int64_t number_ = 0;
};

class WorkersTest : public BothDatabases {
 protected:
  WorkersTest()
      : world_(GetParam(), core::Kind::once),
        folder_(fs::temp_directory_path() / ("t_workers_" + base::random_hex(8))) {}
  ~WorkersTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::vector<std::int64_t> gone() { return gone_workers(world_.a()); }
  Row row_of(std::int64_t number) {
    return world_
        .run("SELECT boot_id, pid, started, host, lock_file FROM fencepost_workers WHERE number = ?1",
             {number})
        .rows.at(0);
  }
  bool known(std::int64_t number) {
    return !world_.run("SELECT 1 FROM fencepost_workers WHERE number = ?1", {number}).empty();
  }
  void set(std::int64_t number, const std::string& column, const Value& value) {
    world_.run("UPDATE fencepost_workers SET " + column + " = ?2 WHERE number = ?1", {number, value});
  }
  static std::string refusal(Database& database, const std::string& folder) {
    try {
      const WorkerRegistration worker(database, folder);
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  }

  World world_;
  const fs::path folder_;
};

TEST_P(WorkersTest, Rule11_AProcessRegistersItselfAndIsNotGone) {
  const WorkerRegistration worker(world_.database(), folder_);
  EXPECT_GE(worker.number(), 1);
  EXPECT_LT(worker.number(), std::int64_t{1} << 20);
  const auto row = row_of(worker.number());
  EXPECT_EQ(row[0].text().size(), 36U);
  EXPECT_EQ(row[1].integer(), getpid());
  EXPECT_GT(row[2].integer(), 0);
  EXPECT_TRUE(row[4].text().ends_with(" " + worker.lock_file()));
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
  std::string nonce;
  std::ifstream(worker.lock_file()) >> nonce;
  EXPECT_TRUE(row[4].text().starts_with(nonce + " "));
  EXPECT_TRUE(gone().empty());
  EXPECT_FALSE(forget_worker(world_.a(), worker.number()));
}

TEST_P(WorkersTest, Rule11_AKilledProcessIsGoneAtOnceAndAStoppedOneIsNot) {
  OtherProcess other(world_.url(), folder_);
  EXPECT_TRUE(gone().empty());
  other.send(SIGSTOP);
  other.wait_until_stopped();
  EXPECT_TRUE(gone().empty()) << "it may go on any moment";
  EXPECT_FALSE(forget_worker(world_.a(), other.number()));
  other.send(SIGKILL);
  other.wait_until_zombie();
  EXPECT_EQ(gone(), std::vector{other.number()}) << "a zombie runs nothing";
  other.reap();
  EXPECT_EQ(gone(), std::vector{other.number()});
  const auto path = row_of(other.number())[4].text().substr(33);
  EXPECT_TRUE(fs::exists(path));
  EXPECT_TRUE(forget_worker(world_.a(), other.number()));
  EXPECT_FALSE(known(other.number()));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(forget_worker(world_.a(), other.number()));
}

TEST_P(WorkersTest, Rule11_WhatIsNotCertainIsNotGone) {
  OtherProcess other(world_.url(), folder_);
  other.send(SIGKILL);
  other.reap();
  const auto n = other.number();
  const auto row = row_of(n);
  const auto path = row[4].text().substr(33);
  ASSERT_TRUE(contains(gone(), n));

  set(n, "boot_id", "00000000-0000-0000-0000-000000000000");
  EXPECT_TRUE(gone().empty()) << "another boot, or another machine";
  EXPECT_FALSE(forget_worker(world_.a(), n));
  set(n, "boot_id", row[0]);
  ASSERT_TRUE(contains(gone(), n));

  std::ofstream(path, std::ios::app) << "x";
  EXPECT_TRUE(gone().empty()) << "another nonce";
  fs::remove(path);
  EXPECT_TRUE(gone().empty()) << "no file";
  fs::create_symlink("/etc/hostname", path);
  EXPECT_TRUE(gone().empty()) << "not a file of ours";
  for (const auto* odd : {"", "x", "0123456789abcdef0123456789abcdef /etc/passwd"}) {
    set(n, "lock_file", odd);
    EXPECT_TRUE(gone().empty()) << odd;
    EXPECT_FALSE(forget_worker(world_.a(), n));
  }
  EXPECT_TRUE(known(n));
}

// As seen from another container of the machine: the pid there is nobody's, and only the lock says that it
// lives.
TEST_P(WorkersTest, Rule11_AHeldLockIsEnoughNotToBeGone) {
  const WorkerRegistration worker(world_.database(), folder_);
  set(worker.number(), "started", row_of(worker.number())[2].integer() - 1);
  EXPECT_TRUE(gone().empty());
  EXPECT_FALSE(forget_worker(world_.a(), worker.number()));
  EXPECT_TRUE(known(worker.number()));
}

TEST_P(WorkersTest, Rule11_AnEndedRegistrationOfALivingProcessIsNotGone) {
  std::int64_t number = 0;
  {
    const WorkerRegistration worker(world_.database(), folder_,
                                    [](Connection&, std::int64_t) { return true; });
    number = worker.number();
  }
  EXPECT_TRUE(known(number)) << "it still held something";
  EXPECT_TRUE(gone().empty()) << "its process lives";
  set(number, "started", row_of(number)[2].integer() - 1);
  EXPECT_EQ(gone(), std::vector{number}) << "an older process with the same pid";
}

TEST_P(WorkersTest, Rule11_TheDestructorRemovesRowAndFileWhereNothingIsHeld) {
  std::int64_t number = 0, asked = 0;
  std::string path;
  {
    const WorkerRegistration worker(world_.database(), folder_, [&](Connection& c, std::int64_t n) {
      asked = n;
      return !world_.fence().held_by(c, n).empty();
    });
    number = worker.number();
    path = worker.lock_file();
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_EQ(asked, number);
  EXPECT_FALSE(known(number));
  EXPECT_FALSE(fs::exists(path));
}

TEST_P(WorkersTest, Rule11_ManyRegisterAtOnceUnderDifferentNumbers) {
  std::latch start(16);
  std::vector<std::unique_ptr<WorkerRegistration>> workers(16);
  {
    std::vector<std::jthread> threads;
    for (std::size_t n = 0; n < workers.size(); ++n)
      threads.emplace_back([&, n] {
        start.arrive_and_wait();
        workers[n] = std::make_unique<WorkerRegistration>(world_.database(), folder_);
      });
  }
  std::set<std::int64_t> numbers;
  for (const auto& worker : workers) numbers.insert(worker->number());
  EXPECT_EQ(numbers.size(), 16U);
  EXPECT_TRUE(gone().empty());
}

TEST_P(WorkersTest, Rule11_AFolderThatOthersCouldChangeIsRefused) {
  fs::create_directory(folder_);
  fs::permissions(folder_, fs::perms::all);
  EXPECT_EQ(refusal(world_.database(), folder_), "state_folder_unusable") << "others may write";
  fs::permissions(folder_, fs::perms::owner_all);
  EXPECT_EQ(refusal(world_.database(), folder_), "");
  const auto link = folder_ / "link";
  fs::create_directory_symlink("/tmp", link);
  EXPECT_EQ(refusal(world_.database(), link), "state_folder_unusable") << "a link";
  // root may give a folder away; anybody else finds one of root's.
  const auto foreign = geteuid() == 0 ? folder_ / "foreign" : fs::path("/usr");
  if (geteuid() == 0) {
    fs::create_directory(foreign);
    fs::permissions(foreign, fs::perms::owner_all);
    ASSERT_EQ(chown(foreign.c_str(), 65534, 65534), 0);
  }
  EXPECT_EQ(refusal(world_.database(), foreign), "state_folder_unusable") << "of somebody else";
  EXPECT_EQ(refusal(world_.database(), folder_ / "no" / "such" / "folder"), "state_folder_unusable");
}

TEST_P(WorkersTest, Rule11_WithoutARowThereIsNoLockFile) {
  world_.script("DROP TABLE fencepost_workers");
  EXPECT_THROW(WorkerRegistration(world_.database(), folder_), base::InfraError);
  EXPECT_TRUE(fs::is_empty(folder_));
}

ON_BOTH_DATABASES(WorkersTest);

}  // namespace

// What OtherProcess runs.
static int be_a_worker(const char* url, const char* folder, const char* out) {
  const auto database = Database::open(url);
  const WorkerRegistration worker(*database, folder);
  const std::int64_t number = worker.number();
  if (write(std::stoi(out), &number, sizeof number) != static_cast<ssize_t>(sizeof number)) return 1;
  for (;;) pause();
}

}  // namespace fencepost::store::testing

// In place of GoogleTest's: this program is also the other process of its own tests.
int main(int count, char** arguments) {
  if (count == 4 && std::string_view(arguments[0]) == "worker")
    return fencepost::store::testing::be_a_worker(arguments[1], arguments[2], arguments[3]);
  ::testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
