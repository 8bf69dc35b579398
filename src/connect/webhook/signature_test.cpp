#include "connect/webhook/signature.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::connect::webhook {
namespace {

using base::Secret;

// The example of the specification and of its reference libraries; computed once more with Python's hmac and
// openssl.
TEST(Signature, MatchesTheSpecificationsExample) {
  const auto secret = SigningSecret::parse(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
  EXPECT_EQ(secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, DependsOnEveryPart) {
  const auto secret = SigningSecret::parse(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
  const auto other = SigningSecret::parse(SigningSecret::generate());
  const auto base = secret.sign("a", 1, "b");
  EXPECT_EQ(base, secret.sign("a", 1, "b"));
  EXPECT_NE(base, secret.sign("c", 1, "b"));
  EXPECT_NE(base, secret.sign("a", 2, "b"));
  EXPECT_NE(base, secret.sign("a", 1, "c"));
  EXPECT_NE(base, other.sign("a", 1, "b"));
}

TEST(Signature, PaddingIsOptional) {
  const std::string key(44 - 1, 'A');  // 32 bytes, without and with '='
  EXPECT_EQ(SigningSecret::parse(Secret("whsec_" + key)).sign("i", 1, ""),
            SigningSecret::parse(Secret("whsec_" + key + "=")).sign("i", 1, ""));
}

TEST(Signature, GeneratedSecretsParseAndDiffer) {
  const auto one = SigningSecret::generate(), two = SigningSecret::generate();
  EXPECT_NO_THROW((void)SigningSecret::parse(one));
  EXPECT_EQ(one.reveal().size(), 6u + 48u);
  EXPECT_NE(one.reveal(), two.reveal());
}

TEST(Signature, BadSecretsAreRefusedWithoutBeingRepeated) {
  for (const std::string& text :
       {std::string(), std::string("whsec_"), std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        std::string("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "whsec_" + std::string(31, 'A'),  // 23 bytes
        "whsec_" + std::string(88, 'A'),                                                         // 66 bytes
        std::string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa$w"),
        std::string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")})
    try {
      (void)SigningSecret::parse(Secret(text));
      ADD_FAILURE() << "accepted " << text;
    } catch (const base::UserError& error) {
      EXPECT_EQ(error.code(), "invalid_secret");
      EXPECT_EQ(std::string(error.what()).find("MfKQ"), std::string::npos);
    }
}

}  // namespace
}  // namespace fencepost::connect::webhook
