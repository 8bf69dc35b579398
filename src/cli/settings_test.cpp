#include "cli/settings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fencepost::cli {
namespace {

// A folder of its own, gone with its object.
struct Folder {
  std::string path = ::testing::TempDir() + "/fencepost-settings-XXXXXX";
  Folder() {
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder: " + path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

TEST(Settings, ASlipOfTheHandIsUnderstood) {
  const std::vector<std::string> known{"database", "listen", "lease", "drain"};
  EXPECT_EQ(closest("databse", known), "database");
  EXPECT_EQ(closest("lisetn", known), "listen");
  EXPECT_EQ(closest("leas", known), "lease");
  EXPECT_EQ(closest("colour", known), "");
  EXPECT_EQ(closest("", known), "");
}

TEST(Settings, AnUnknownKeyOfTheFileIsRefusedWithWhatIsMeant) {
  const Folder folder;
  const auto path = folder.path + "/fencepost.toml";
  std::ofstream(path) << "conurrency = 4\n";
  try {
    const Settings settings({}, path);
    FAIL() << "a key that has no effect was taken";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'concurrency'?"), std::string::npos)
        << error.what();
  }
  std::ofstream(path) << "colour = 4\n";
  try {
    const Settings settings({}, path);
    FAIL() << "a key that has no effect was taken";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("known are: database, listen"), std::string::npos)
        << error.what();
  }
}

TEST(Settings, FlagsBeforeTheEnvironmentBeforeTheFile) {
  const Folder folder;
  const auto path = folder.path + "/fencepost.toml";
  std::ofstream(path) << "lease = \"3s\"\ndrain = \"3s\"\nconcurrency = 3\n";
  setenv("FENCEPOST_LEASE", "2s", 1);
  setenv("FENCEPOST_DRAIN", "2s", 1);
  const Settings settings({{"lease", "1s"}}, path);
  EXPECT_EQ(settings.find("lease").value, "1s");
  EXPECT_EQ(settings.find("lease").source, "--lease");
  EXPECT_EQ(settings.find("drain").value, "2s");
  EXPECT_EQ(settings.find("drain").source, "FENCEPOST_DRAIN");
  EXPECT_EQ(settings.find("concurrency").value, "3");
  EXPECT_EQ(settings.find("concurrency").source, path);
  EXPECT_EQ(settings.find("log-level").source, "default");
  setenv("FENCEPOST_CONCURENCY", "2", 1);
  const auto slips = misspelt_environment();
  ASSERT_EQ(slips.size(), 1U);
  EXPECT_EQ(slips[0].second, "FENCEPOST_CONCURRENCY");
  for (const auto* name : {"FENCEPOST_LEASE", "FENCEPOST_DRAIN", "FENCEPOST_CONCURENCY"}) unsetenv(name);
}

}  // namespace
}  // namespace fencepost::cli
