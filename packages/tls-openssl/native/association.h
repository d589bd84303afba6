// One DTLS association: an SSL object, what it has written, and the copies of its flight.
//
// Nothing here calls back into JavaScript. Each operation runs OpenSSL to the point where it waits, collects what happened,
// and returns it as bits of `Progress`; JavaScript then takes what it is told is there.
//
// Retransmission. OpenSSL reads the system clock to decide whether a flight is due again, and asks itself that question
// inside every read. The engine's clock is the shell's (perhaps a virtual one), and its schedule is the caller's. So OpenSSL
// is never asked to measure time: DTLS_set_timer_cb answers a duration of 1 µs when a flight begins, which OpenSSL takes as
// expired at once, so it retransmits within the same operation, again and again; each repetition is not sent but kept. After as
// many as the schedule may need the callback answers 71 minutes, the longest there is. The engine hands the copies out when
// they are due by its own clock. Each copy carries record numbers of its own, as a retransmission must. OpenSSL gives up after
// 12 (DTLS1_TMO_ALERT_COUNT), so that is how many there can be; it starts from 0 with each flight. Were the system clock to jump
// by more than 71 minutes, OpenSSL would retransmit by itself: that is discarded. SSL_OP_NO_QUERY_MTU keeps it from lowering
// the MTU after the second copy.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"
#include "context.h"
#include "datagram_bio.h"
#include "handles.h"
#include "library_error.h"
#include "record.h"
#include "session.h"
#include "ticket.h"

namespace avs {

class CookieExchange;

enum Progress : uint32_t {
  // They are in the exchange. report.h
  kHasDatagrams = 1 << 0,
  kHasPlaintexts = 1 << 1,
  kHasAlerts = 1 << 2,
  kHasKeyLog = 1 << 3,
  kHasDrops = 1 << 4,
  // The handshake has been completed by this operation.
  kEstablished = 1 << 5,
  // A flight that will be sent again was begun by this operation: its schedule starts now.
  kFlightBegun = 1 << 6,
  // An answer to the flight is still awaited.
  kFlightPending = 1 << 7,
  // Handshake messages were sent by this operation.
  kFlightSent = 1 << 8,
  // The peer has sent close_notify.
  kPeerClosed = 1 << 9,
  // The association is over; `TakeError` tells why.
  kFailed = 1 << 10,
  // Server: the ClientHello names a session or brings a ticket, and the handshake waits for `Resume`.
  kSessionOffered = 1 << 11,
  // There were more datagrams than there was room for.
  kMoreDatagrams = 1 << 12,
};

struct Negotiated {
  // As on the wire.
  uint16_t version = 0;
  uint16_t ciphersuite = 0;
  bool resumed = false;
  bool extendedMasterSecret = false;
  uint8_t maxFragmentLength = 0;
  // OpenSSL's; null for none.
  const char* identityHint = nullptr;
  const char* serverName = nullptr;
};

class Association final : private DatagramPort {
 public:
  static constexpr size_t kMostCopies = 12;

  // Null with `error` set if OpenSSL refuses.
  static std::unique_ptr<Association> Create(std::shared_ptr<Context> context, LibraryError* error);
  ~Association() override;
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  // Before the first flight. `serverName` may be empty. False: the name or the size is refused.
  bool Configure(size_t maxDatagramSize, size_t copies, const std::string& serverName);
  // Server: the key of the identity that the peer is about to prove, if it has sent this name; empty for none. An empty key: there is none,
  // and the peer will see what a wrong key looks like. `owner` goes into the session that is made.
  void SetPeerKey(std::string identity, std::string serverName, Secret key, Bytes owner);
  // Server, before the first flight: lets the client resume later, by session ID if `byId`, and by ticket if there is a key for that
  // (kTicketKeySize bytes); and has the handshake wait for `Decide` when the client offers a session.
  void AllowResumption(bool byId, Secret ticketKey);
  // Server: what the client offers. Only while the handshake waits.
  const SessionOffer& offer() const { return offer_; }
  // Client, before the first flight: offers this session. False: `state` is empty, or not what `TakeSession` has given.
  bool OfferSession(Span state);
  // Server, while the handshake waits: the owner of a session that might be resumed, which is in these bytes, or in the ticket that the client
  // offers if it was sealed with this key. Empty: there is none.
  Bytes ConsiderSession(Span state);
  Bytes ConsiderTicket(Span key);
  // Server: goes on, at the next `Proceed`, with the session that was considered last, or with a full handshake. False: a full one.
  bool Decide(bool resume);
  // What the association can be resumed with; nothing if it must not be, or cannot, or the client has it in its ticket. Once it is
  // established.
  std::optional<KeptSession> TakeSession() const;

  // Emits what can be emitted without input: a client's first flight, or the answer to an admitted ClientHello.
  uint32_t Proceed();
  // Of what is received the first plaintext goes to `plaintext`, and its size into the upper 16 bits of the result.
  uint32_t Receive(Span datagram, Room plaintext);
  // Protects one record, and gives its size. 0: it could not; see `error`.
  size_t Protect(Span plaintext, Room record);
  // RFC 5705. `context` may be null for none. Empty: OpenSSL refuses; see `error`.
  Bytes ExportKeyingMaterial(size_t size, const std::string& label, const Span* context);
  // Sends close_notify.
  uint32_t Close();
  // Gives up on a handshake, and tells the peer, who may believe that it is complete.
  uint32_t Abandon();

  bool HasDatagrams() const { return !datagrams_.empty(); }
  const std::vector<Bytes>& datagrams() const { return datagrams_; }
  void DropDatagrams(size_t count) { datagrams_.erase(datagrams_.begin(), datagrams_.begin() + static_cast<ptrdiff_t>(count)); }
  std::vector<Bytes> TakePlaintexts() { return std::exchange(plaintexts_, {}); }
  // Each is sent << 16 | level << 8 | description.
  std::vector<uint32_t> TakeAlerts() { return std::exchange(alerts_, {}); }
  std::vector<std::string> TakeKeyLog() { return std::exchange(keyLog_, {}); }
  std::array<uint32_t, static_cast<size_t>(DropReason::kCount)> TakeDrops() { return std::exchange(drops_, {}); }
  const LibraryError& error() const { return error_; }
  // The records of a repetition of the present flight; empty beyond the last.
  Bytes Copy(size_t index) const { return index < copies_.size() ? copies_[index] : Bytes(); }
  Negotiated GetNegotiated() const;

  SSL* ssl() const { return ssl_.get(); }
  static Association* Of(const SSL* ssl) { return static_cast<Association*>(SSL_get_app_data(ssl)); }
  void set_cookies(CookieExchange* cookies) { cookies_ = cookies; }
  CookieExchange* cookies() const { return cookies_; }
  // Server: the record number of the ClientHello that was admitted, which the ServerHello's must be. RFC 6347 §4.2.1
  void SetAdmittedSequence(uint64_t sequence) { admittedSequence_ = sequence; }
  // For DTLSv1_listen, which reads and writes outside the operations above.
  void Offer(Span datagram) { inbound_ = datagram; }

  static void OnKeyLog(const SSL* ssl, const char* line);
  static unsigned int OnServerPsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int maxLength);
  // RFC 6066 §3: one name, printable ASCII. It is acknowledged, since keys are chosen by it.
  static int OnServerName(SSL* ssl, int* alert, void* argument);
  static int OnClientHello(SSL* ssl, int* alert, void* argument);
  static SSL_SESSION* OnFindSession(SSL* ssl, const unsigned char* id, int size, int* copy);
  static int OnIsNotResumable(SSL* ssl, int forwardSecure);
  static int OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing);
  static unsigned int OnClientPsk(SSL* ssl, const char* hint, char* identity, unsigned int maxIdentityLength,
                                  unsigned char* key, unsigned int maxKeyLength);

 private:
  enum class Destination { kPeer, kCopy, kNowhere };
  enum class Search { kNone, kAwaited, kOver };

  explicit Association(std::shared_ptr<Context> context) : context_(std::move(context)) {}

  Span NextDatagram() override;
  void WriteDatagram(Span datagram) override;
  void NumberPlainRecord(const Record& record, uint8_t* header);
  size_t MaxDatagramSize() const override { return maxDatagramSize_; }

  static unsigned int OnTimer(SSL* ssl, unsigned int duration);
  static void OnInfo(const SSL* ssl, int where, int value);
  static void OnMessage(int sent, int version, int type, const void* message, size_t size, SSL* ssl, void* argument);

  void Run(ErrorQueue* errors);
  // False: OpenSSL waits for a datagram, or the association is over.
  bool Handshake(ErrorQueue* errors);
  bool Read(ErrorQueue* errors);
  // Plaintexts of the present operation.
  size_t Received() const { return plaintexts_.size() + (plaintextRoom_.used > 0 ? 1 : 0); }
  Bytes Consider(SessionPointer session);
  void Fail(ErrorQueue* errors);
  void FeedDuringHandshake(const Record& record, ErrorQueue* errors);
  void FeedEstablished(const Record& record, ErrorQueue* errors);
  void NoteProtectedHandshakeRecord(const Record& record);
  // Whether this is a handshake message that OpenSSL may see after the handshake.
  bool IsLateMessage(const Record& record);
  // Whether this was an alert of epoch 0 that OpenSSL shall not see.
  bool KeepFromOpenSsl(const Record& record);
  // What records carry: DTLS 1.2 until something else is negotiated.
  uint16_t RecordVersion() const;
  void SendPlainAlert(uint8_t level, uint8_t description);
  void ProvokeAlert(ErrorQueue* errors);
  void Drop(DropReason reason);
  uint32_t TakeProgress();

  std::shared_ptr<Context> context_;
  SslPointer ssl_;
  CookieExchange* cookies_ = nullptr;
  size_t maxDatagramSize_ = 1200;
  size_t largestPlaintext_ = 0;

  Span inbound_;
  // Where the present operation wants the first plaintext, or the record, without a detour.
  Room plaintextRoom_;
  Room recordRoom_;
  // Since the handshake was completed OpenSSL has been asked until it had nothing more: it keeps nothing from before.
  bool drained_ = false;
  bool starved_ = false;
  Destination destination_ = Destination::kPeer;
  size_t wantedCopies_ = 0;
  std::vector<Bytes> copies_;
  // Record numbers of epoch 0: what comes next, and what is added to OpenSSL's.
  uint64_t nextPlainSequence_ = 0;
  uint64_t plainOffset_ = 0;
  std::optional<uint64_t> admittedSequence_;

  uint32_t progress_ = 0;
  bool established_ = false;
  bool ended_ = false;
  bool closeSent_ = false;
  bool wroteProtected_ = false;
  // What the peer's next record of epoch 0 and its next handshake message must not be below.
  uint64_t nextPeerSequence_ = 0;
  uint16_t nextPeerMessage_ = 0;

  std::vector<Bytes> datagrams_;
  std::vector<Bytes> plaintexts_;
  std::vector<uint32_t> alerts_;
  std::vector<std::string> keyLog_;
  std::array<uint32_t, static_cast<size_t>(DropReason::kCount)> drops_{};
  LibraryError error_;
  SeenRecords seen_;

  // A warning has come in the present read.
  bool warned_ = false;
  // In plaintext.
  int plainWarnings_ = 0;
  // Renegotiation has been refused.
  bool refused_ = false;

  std::string peerIdentity_;
  std::string peerServerName_;
  Secret peerKey_;
  Bytes peerOwner_;
  // Server: what the client may be given for later, and what it has brought from earlier.
  bool keepsSessions_ = false;
  bool sessionsById_ = false;
  bool resumable_ = false;
  Secret ticketKey_;
  Search search_ = Search::kNone;
  SessionOffer offer_;
  // What is resumed, or may be: a server's until OpenSSL has taken it, a client's to the end.
  SessionPointer session_;
  // Server: handshake records of epoch 1 with different numbers, before the handshake is complete.
  uint32_t protectedHandshakeRecords_ = 0;
  uint64_t lastProtectedSequence_ = 0;
};

}  // namespace avs
