#include "context.h"

#include "association.h"
#include "context_cache.h"
#include "cookie_exchange.h"

namespace avs {
namespace {

// Processes that share tickets share this.
constexpr unsigned char kSessionContext[] = {'a', 'v', 's', '-', 'n', 'e', 't'};

using SecurityCallback = int (*)(const SSL*, const SSL_CTX*, int, int, int, void*, void*);

// SECURITY: from 3.2 on, OpenSSL counts the strength of a CCM_8 suite by its 8-byte tag (64 bits) and refuses it at every
// security level but 0. LwM2M and RFC 7925 §4.2 prescribe exactly these suites for constrained devices. So they, and nothing
// else, are exempt: no level is lowered, every other question (other suites, groups, versions, signatures) goes to OpenSSL's
// own callback at the level that the process has. The contexts here speak PSK only, so no certificate ever profits from this.
int AllowPskCcm8(const SSL* ssl, const SSL_CTX* context, int operation, int bits, int nid, void* other, void* callback) {
  if ((operation & SSL_SECOP_OTHER_TYPE) == SSL_SECOP_OTHER_CIPHER && other != nullptr &&
      IsPskCcm8(SSL_CIPHER_get_protocol_id(static_cast<const SSL_CIPHER*>(other)))) {
    return 1;
  }
  return (*static_cast<SecurityCallback*>(callback))(ssl, context, operation, bits, nid, other, nullptr);
}

// SECURITY: OpenSSL 3 does DTLS 1.0, whose handshakes rest on MD5 and SHA-1, at security level 0 only. A caller who asks for it by name
// gets the version and nothing else: no level is lowered here either.
int AllowDtls10(const SSL* ssl, const SSL_CTX* context, int operation, int bits, int nid, void* other, void* callback) {
  if (operation == SSL_SECOP_VERSION && nid == DTLS1_VERSION) return 1;
  return AllowPskCcm8(ssl, context, operation, bits, nid, other, callback);
}

// There is no trust anchor and no certificate suite is offered: a peer that shows a certificate all the same is refused.
int RefuseCertificate(int, X509_STORE_CTX*) { return 0; }

// OpenSSL keeps no sessions itself: what becomes of them is decided outside, for each association. session.h
void KeepSessions(SSL_CTX* context, uint32_t lifetime) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_timeout(context, static_cast<long>(lifetime));
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext);
  SSL_CTX_set_client_hello_cb(context, Association::OnClientHello, nullptr);
  SSL_CTX_sess_set_get_cb(context, Association::OnFindSession);
  SSL_CTX_set_not_resumable_session_callback(context, Association::OnIsNotResumable);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Association::OnTicketKey);
}

bool Configure(SSL_CTX* context, const ContextOptions& options) {
  // OpenSSL's own callback is the same for every context of a process.
  static SecurityCallback original = SSL_CTX_get_security_callback(context);
  SSL_CTX_set_security_callback(context, options.lowestVersion == DTLS1_VERSION ? AllowDtls10 : AllowPskCcm8);
  SSL_CTX_set0_security_ex_data(context, &original);

  // SECURITY: with encrypt-then-MAC OpenSSL (3.0 to 3.5) ends a DTLS association over one forged record, against RFC 6347
  // §4.1.2.7; anyone who can send a datagram could do that. Without it the MAC check is constant-time and a forgery is dropped.
  SSL_CTX_set_options(context, SSL_OP_NO_ENCRYPT_THEN_MAC);
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  if (!options.clientOrder) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // SECURITY: RFC 9325 §3.5. A server without renegotiation_info may renegotiate elsewhere, and take our handshake for the continuation
  // of an attacker's. OpenSSL 3 refuses such servers by default; said here, because the defaults of a build may differ.
  if (options.legacyServers) SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
  else SSL_CTX_clear_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, RefuseCertificate);
  if (SSL_CTX_set_min_proto_version(context, options.lowestVersion) != 1 ||
      SSL_CTX_set_max_proto_version(context, options.highestVersion) != 1 ||
      SSL_CTX_set_cipher_list(context, options.ciphersuites.c_str()) != 1 ||
      SSL_CTX_set1_groups_list(context, "X25519:P-256") != 1) {
    return false;
  }
  if (options.keyLog) SSL_CTX_set_keylog_callback(context, Association::OnKeyLog);
  if (options.server) {
    SSL_CTX_set_psk_server_callback(context, Association::OnServerPsk);
    SSL_CTX_set_tlsext_servername_callback(context, Association::OnServerName);
    SSL_CTX_set_cookie_generate_cb(context, CookieExchange::OnGenerate);
    SSL_CTX_set_cookie_verify_cb(context, CookieExchange::OnVerify);
    KeepSessions(context, options.sessionLifetime);
    return options.identityHint.empty() ||
           SSL_CTX_use_psk_identity_hint(context, options.identityHint.c_str()) == 1;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_psk_client_callback(context, Association::OnClientPsk);
  return options.maxFragmentLength == 0 ||
         SSL_CTX_set_tlsext_max_fragment_length(context, options.maxFragmentLength) == 1;
}

// All that Configure looks at, for a client whose SSL_CTX others may use: the credentials are not in it, the callbacks find them through the
// SSL. Empty: not to be shared. A server's is one for a listener as it is, and one with randomness of its own belongs to that source.
std::string SharedConfiguration(const ContextOptions& options) {
  if (options.server || options.random) return std::string();
  // An SSL_CTX has looked up its algorithms, and crypto.setFips changes which those are.
  const int fips = EVP_default_properties_is_fips_enabled(nullptr);
  std::string configuration = options.ciphersuites;
  for (const int number : {int{options.lowestVersion}, int{options.highestVersion}, int{options.keyLog},
                           int{options.maxFragmentLength}, int{options.legacyServers}, fips}) {
    configuration += ' ' + std::to_string(number);
  }
  return configuration;
}

}  // namespace

bool IsPskCcm8(uint16_t number) { return number == 0xC0A8 || number == 0xC0A9; }

std::shared_ptr<Context> Context::Create(ContextOptions options, ContextCache* cache, LibraryError* error) {
  ErrorQueue errors;
  const std::string configuration = SharedConfiguration(options);
  SslContextPointer context = cache->Find(configuration);
  if (!context) {
    OSSL_LIB_CTX* library = options.random ? options.random->library() : nullptr;
    const SSL_METHOD* method = options.server ? DTLS_server_method() : DTLS_client_method();
    context.reset(SSL_CTX_new_ex(library, nullptr, method));
    if (!context || !Configure(context.get(), options)) {
      *error = errors.Take();
      return nullptr;
    }
    cache->Keep(configuration, context.get());
  }
  return std::shared_ptr<Context>(new Context(std::move(options), std::move(context)));
}

const EVP_CIPHER* Context::ticket_cipher() {
  if (!ticketCipher_) ticketCipher_.reset(EVP_CIPHER_fetch(library(), "AES-256-CBC", nullptr));
  return ticketCipher_.get();
}

std::vector<CiphersuiteName> PskCiphersuites() {
  ErrorQueue errors;
  std::vector<CiphersuiteName> suites;
  SslContextPointer context(SSL_CTX_new(DTLS_client_method()));
  if (!context || SSL_CTX_set_cipher_list(context.get(), "kPSK:kECDHEPSK:@SECLEVEL=0") != 1) return suites;
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context.get());
  for (int index = 0; index < sk_SSL_CIPHER_num(ciphers); ++index) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, index);
    suites.push_back({SSL_CIPHER_get_protocol_id(cipher), SSL_CIPHER_get_name(cipher)});
  }
  return suites;
}

}  // namespace avs
