#include "cookie_exchange.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>

namespace avs {

std::unique_ptr<CookieExchange> CookieExchange::Create(std::shared_ptr<Context> context, LibraryError* error) {
  ErrorQueue errors;
  std::unique_ptr<CookieExchange> exchange(new CookieExchange(std::move(context)));
  exchange->address_.reset(BIO_ADDR_new());
  exchange->secret_ = Secret(kCookieSize);
  exchange->previousSecret_ = Secret(kCookieSize);
  OSSL_LIB_CTX* library = exchange->context_->library();
  if (!exchange->address_ || RAND_bytes_ex(library, exchange->secret_.data(), kCookieSize, 0) != 1 ||
      RAND_bytes_ex(library, exchange->previousSecret_.data(), kCookieSize, 0) != 1) {
    *error = errors.Take();
    return nullptr;
  }
  exchange->spare_ = Association::Create(exchange->context_, error);
  return exchange->spare_ ? std::move(exchange) : nullptr;
}

CookieExchange::Outcome CookieExchange::Admit(Span datagram, Span subject, bool proven) {
  ErrorQueue errors;
  LibraryError error;
  if (!spare_) spare_ = Association::Create(context_, &error);
  if (!spare_) return Outcome::kDropped;
  subject_ = subject;
  proven_ = proven;
  spare_->set_cookies(this);
  spare_->Offer(datagram);
  spare_->DropDatagrams(spare_->datagrams().size());
  const int accepted = DTLSv1_listen(spare_->ssl(), address_.get());
  spare_->Offer({});
  spare_->set_cookies(nullptr);
  subject_ = {};
  spare_->TakeAlerts();
  if (accepted >= 1) {
    Record record;
    if (TakeRecord(&datagram, &record)) spare_->SetAdmittedSequence(record.sequence);
    return Outcome::kAccepted;
  }
  // A negative result leaves the object in error: the next one starts anew.
  if (accepted < 0) spare_.reset();
  return spare_ && spare_->HasDatagrams() ? Outcome::kReplied : Outcome::kDropped;
}

Bytes CookieExchange::TakeReply() {
  if (!spare_ || !spare_->HasDatagrams()) return Bytes();
  Bytes reply = spare_->datagrams().front();
  spare_->DropDatagrams(spare_->datagrams().size());
  return reply;
}

std::unique_ptr<Association> CookieExchange::TakeAssociation() { return std::move(spare_); }

void CookieExchange::RotateSecret() {
  ErrorQueue errors;
  Secret fresh(kCookieSize);
  // Without fresh randomness the present secret stays.
  if (RAND_bytes_ex(context_->library(), fresh.data(), kCookieSize, 0) != 1) return;
  previousSecret_ = std::move(secret_);
  secret_ = std::move(fresh);
}

bool CookieExchange::Compute(const Secret& secret, Cookie* cookie) const {
  unsigned int length = 0;
  return HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), subject_.data, subject_.size, cookie->data(),
              &length) != nullptr &&
         length == kCookieSize;
}

int CookieExchange::OnGenerate(SSL* ssl, unsigned char* cookie, unsigned int* length) {
  const CookieExchange* exchange = Association::Of(ssl)->cookies();
  Cookie computed;
  if (exchange == nullptr || !exchange->Compute(exchange->secret_, &computed)) return 0;
  std::memcpy(cookie, computed.data(), computed.size());
  *length = static_cast<unsigned int>(computed.size());
  return 1;
}

int CookieExchange::OnVerify(SSL* ssl, const unsigned char* cookie, unsigned int length) {
  const CookieExchange* exchange = Association::Of(ssl)->cookies();
  // Without an exchange the association was admitted before, and OpenSSL asks once more.
  if (exchange == nullptr || exchange->proven_) return 1;
  if (length != kCookieSize) return 0;
  for (const Secret* secret : {&exchange->secret_, &exchange->previousSecret_}) {
    Cookie computed;
    if (exchange->Compute(*secret, &computed) && CRYPTO_memcmp(computed.data(), cookie, kCookieSize) == 0) return 1;
  }
  return 0;
}

}  // namespace avs
