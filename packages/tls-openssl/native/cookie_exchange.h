// The stateless exchange before an association: OpenSSL's DTLSv1_listen over one SSL object that remembers nothing between
// datagrams. RFC 6347 §4.2.1
#pragma once

#include <array>
#include <memory>

#include "association.h"

namespace avs {

class CookieExchange {
 public:
  enum class Outcome { kDropped, kReplied, kAccepted };

  // Null with `error` set if OpenSSL refuses.
  static std::unique_ptr<CookieExchange> Create(std::shared_ptr<Context> context, LibraryError* error);

  // `subject` is what a cookie is bound to. `proven`: the cookie was checked before; take the ClientHello as it is.
  Outcome Admit(Span datagram, Span subject, bool proven);
  // After kReplied.
  Bytes TakeReply();
  // After kAccepted: the association, which holds the ClientHello already. Null if OpenSSL is out of memory.
  std::unique_ptr<Association> TakeAssociation();
  // Cookies of the present secret stay valid until the next call.
  void RotateSecret();

  static int OnGenerate(SSL* ssl, unsigned char* cookie, unsigned int* length);
  static int OnVerify(SSL* ssl, const unsigned char* cookie, unsigned int length);

 private:
  static constexpr size_t kCookieSize = 32;
  using Cookie = std::array<uint8_t, kCookieSize>;

  CookieExchange(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  bool Compute(const Secret& secret, Cookie* cookie) const;

  std::shared_ptr<Context> context_;
  std::unique_ptr<Association> spare_;
  BioAddressPointer address_;
  Secret secret_;
  Secret previousSecret_;
  Span subject_;
  bool proven_ = false;
};

}  // namespace avs
