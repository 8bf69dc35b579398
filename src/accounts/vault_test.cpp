#include "accounts/vault.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {
namespace {

namespace fs = std::filesystem;

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() : folder_(fs::temp_directory_path() / ("fencepost-vault-" + base::random_hex(8))) {
    fs::create_directory(folder_);
  }
  ~VaultTest() override { fs::remove_all(folder_); }
  std::string path(const std::string& name = "key") const { return folder_ / name; }
  static std::string code_of(const std::function<void()>& act) {
    try {
      act();
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  }
  std::string open_code(const std::string& name, bool may_create = false) const {
    return code_of([&] { (void)Vault::open(path(name), may_create); });
  }

  const fs::path folder_;
  const base::Secret secret_{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
};

TEST_F(VaultTest, UnsealsWhatItSealedAlsoAfterARestart) {
  const auto sealed = Vault::open(path(), true).seal(secret_, "connection:7");
  EXPECT_TRUE(sealed.starts_with("v1:"));
  EXPECT_EQ(sealed.find("whsec"), std::string::npos);
  EXPECT_EQ(Vault::open(path(), false).unseal(sealed, "connection:7").reveal(), secret_.reveal());
  const auto vault = Vault::open(path(), true);
  EXPECT_EQ(vault.unseal(vault.seal(base::Secret(), "c"), "c").reveal(), "");
  EXPECT_NE(vault.seal(secret_, "c"), vault.seal(secret_, "c")) << "a nonce is never used twice";
}

TEST_F(VaultTest, RefusesAnotherContextKeyOrText) {
  const auto vault = Vault::open(path(), true), other = Vault::open(path("other"), true);
  const auto sealed = vault.seal(secret_, "connection:7");
  const auto refused = [&](const Vault& by, const std::string& text, const std::string& context) {
    return code_of([&] { (void)by.unseal(text, context); }) == "secret_unreadable";
  };
  EXPECT_TRUE(refused(vault, sealed, "connection:8"));
  EXPECT_TRUE(refused(other, sealed, "connection:7"));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(refused(vault, changed, "connection:7")) << at;
    EXPECT_TRUE(refused(vault, sealed.substr(0, at), "connection:7")) << at;
  }
  EXPECT_TRUE(refused(vault, sealed + "A", "connection:7"));
}

TEST_F(VaultTest, TheKeyFileIsOursAlone) {
  (void)Vault::open(path(), true);
  struct stat about {};
  ASSERT_EQ(stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1)
      << "nothing is left beside it";
  for (const auto mode : {0640, 0604, 0620, 0660}) {
    ASSERT_EQ(chmod(path().c_str(), static_cast<mode_t>(mode)), 0);
    EXPECT_EQ(open_code("key"), "key_unusable") << mode;
  }
}

TEST_F(VaultTest, AMissingOrDamagedKeyIsSaidNotReplaced) {
  EXPECT_EQ(open_code("missing"), "key_unusable");
  EXPECT_EQ(open_code("no/such/folder", true), "key_unusable");
  const auto good = base::random_token(32);
  for (const std::string& text : {std::string(), std::string("short"), good.substr(1), good + "AAAA",
                                  good + "!", std::string(300, 'A')}) {
    std::ofstream(path("damaged"), std::ios::trunc) << text;
    fs::permissions(path("damaged"), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(open_code("damaged", true), "key_unusable") << text;
  }
  std::ofstream(path("damaged"), std::ios::trunc) << good << "\n";
  EXPECT_EQ(open_code("damaged"), "");
  fs::create_directory(path("folder"));
  EXPECT_EQ(open_code("folder", true), "key_unusable");
}

TEST_F(VaultTest, ProcessesThatMakeTheKeyAtOnceHaveOneKey) {
  std::latch together(8);
  std::vector<std::string> sealed(8);
  {
    std::vector<std::jthread> threads;
    for (auto& text : sealed) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        text = Vault::open(path(), true).seal(secret_, "c");
      });
    }
  }
  const auto vault = Vault::open(path(), false);
  for (const auto& text : sealed) EXPECT_EQ(vault.unseal(text, "c").reveal(), secret_.reveal());
}

}  // namespace
}  // namespace fencepost::accounts
