#include "association.h"

#include <algorithm>
#include <cstring>

#include "protection.h"

namespace avs {
namespace {

constexpr size_t kLargestPlaintext = 16384;
// OpenSSL collects a flight in a buffer of 4,096 bytes, and would split records over datagrams beyond that.
constexpr size_t kLargestFlightDatagram = 4096;
// Steps that one record can cause: far more than any flight has messages.
constexpr int kMostSteps = 256;

// A client's datagrams that hold a ClientHello with a ticket, which has some 530 bytes. In smaller ones it asks for none: hardly a server
// takes a ClientHello in pieces, and a session ID saves as much.
constexpr size_t kSmallestForTickets = 600;

// As many in a row as OpenSSL bears.
constexpr int kMostWarnings = 4;

constexpr uint8_t kWarning = 1;
constexpr uint8_t kFatal = 2;
constexpr uint8_t kServerHelloDone = 14;
// Header and body. RFC 5246 §7.4.1.1, §7.4.9, RFC 6347 §4.2.2
constexpr size_t kHelloRequestSize = 12;
constexpr size_t kFinishedSize = 12 + 12;

Bytes ToBytes(Span span) { return Bytes(span.data, span.data + span.size); }

}  // namespace

std::unique_ptr<Association> Association::Create(std::shared_ptr<Context> context, LibraryError* error) {
  ErrorQueue errors;
  std::unique_ptr<Association> association(new Association(std::move(context)));
  association->ssl_.reset(SSL_new(association->context_->ssl_context()));
  BioPointer bio = NewDatagramBio(association.get());
  if (!association->ssl_ || !bio || SSL_set_app_data(association->ssl_.get(), association.get()) != 1) {
    *error = errors.Take();
    return nullptr;
  }
  SSL* ssl = association->ssl_.get();
  SSL_set_bio(ssl, bio.get(), bio.get());
  bio.release();
  SSL_set_info_callback(ssl, OnInfo);
  SSL_set_msg_callback(ssl, OnMessage);
  DTLS_set_timer_cb(ssl, OnTimer);
  if (association->context_->server()) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
  return association;
}

Association::~Association() {
  ErrorQueue errors;
  ssl_.reset();
}

bool Association::Configure(size_t maxDatagramSize, size_t copies, const std::string& serverName) {
  ErrorQueue errors;
  maxDatagramSize_ = std::clamp(maxDatagramSize, kSmallestMtu, kLargestFlightDatagram);
  wantedCopies_ = std::min(copies, kMostCopies);
  // The write buffer is as large as the largest record, which is no larger than a datagram.
  const size_t largestRecord = std::clamp<size_t>(maxDatagramSize, 512, kLargestPlaintext);
  if (SSL_set_max_send_fragment(ssl_.get(), static_cast<long>(largestRecord)) != 1) return false;
  largestPlaintext_ = largestRecord;
  if (DTLS_set_link_mtu(ssl_.get(), static_cast<long>(maxDatagramSize_ + kLowerLayerOverhead)) != 1) return false;
  if (!context_->server() && maxDatagramSize_ < kSmallestForTickets) SSL_set_options(ssl_.get(), SSL_OP_NO_TICKET);
  return serverName.empty() || SSL_set_tlsext_host_name(ssl_.get(), serverName.c_str()) == 1;
}

void Association::SetPeerKey(std::string identity, std::string serverName, Secret key, Bytes owner) {
  peerIdentity_ = std::move(identity);
  peerServerName_ = std::move(serverName);
  peerKey_ = std::move(key);
  peerOwner_ = std::move(owner);
}

uint32_t Association::Proceed() {
  ErrorQueue errors;
  if (!ended_) Run(&errors);
  return TakeProgress();
}

uint32_t Association::Receive(Span datagram, Room plaintext) {
  ErrorQueue errors;
  plaintextRoom_ = plaintext;
  while (datagram.size > 0 && !ended_) {
    Record record;
    if (!TakeRecord(&datagram, &record)) {
      Drop(DropReason::kMalformed);
      break;
    }
    if (record.version >> 8 != DTLS1_2_VERSION >> 8) {
      Drop(DropReason::kVersion);
    } else if (record.type < kChangeCipherSpec || record.type > kApplicationData) {
      Drop(DropReason::kUnexpected);
    } else if (established_) {
      FeedEstablished(record, &errors);
    } else {
      FeedDuringHandshake(record, &errors);
    }
  }
  const auto received = static_cast<uint32_t>(std::exchange(plaintextRoom_, {}).used);
  return TakeProgress() | received << 16;
}

size_t Association::Protect(Span plaintext, Room record) {
  ErrorQueue errors;
  if (!established_ || ended_ || closeSent_ || plaintext.size > largestPlaintext_) return 0;
  destination_ = Destination::kPeer;
  size_t written = 0;
  recordRoom_ = record;
  const int result = SSL_write_ex(ssl_.get(), plaintext.data, plaintext.size, &written);
  const size_t size = std::exchange(recordRoom_, {}).used;
  if (result == 1) return size;
  Fail(&errors);
  return 0;
}

Bytes Association::ExportKeyingMaterial(size_t size, const std::string& label, const Span* context) {
  ErrorQueue errors;
  Bytes exported(size);
  const uint8_t* bytes = context != nullptr ? context->data : nullptr;
  const size_t length = context != nullptr ? context->size : 0;
  if (SSL_export_keying_material(ssl_.get(), exported.data(), size, label.data(), label.size(), bytes, length,
                                 context != nullptr) != 1) {
    error_ = errors.Take();
    return Bytes();
  }
  return exported;
}

uint32_t Association::Close() {
  ErrorQueue errors;
  if (established_ && !ended_ && !closeSent_) {
    closeSent_ = true;
    destination_ = Destination::kPeer;
    SSL_shutdown(ssl_.get());
  }
  return TakeProgress();
}

uint32_t Association::Abandon() {
  ErrorQueue errors;
  if (!ended_ && !established_) {
    if (wroteProtected_) {
      ProvokeAlert(&errors);
    } else {
      SendPlainAlert(kWarning, SSL_AD_CLOSE_NOTIFY);
    }
    ended_ = true;
  }
  return TakeProgress();
}

uint16_t Association::RecordVersion() const {
  return SSL_version(ssl_.get()) == DTLS1_VERSION ? DTLS1_VERSION : DTLS1_2_VERSION;
}

void Association::SendPlainAlert(uint8_t level, uint8_t description) {
  datagrams_.push_back(PlainAlert(RecordVersion(), nextPlainSequence_++, level, description));
  alerts_.push_back(1u << 16 | static_cast<uint32_t>(level) << 8 | description);
}

// After our Finished only a protected alert reaches the peer, and only OpenSSL can write one; but it refuses to shut down a
// handshake. So it is shown a message that has no place here, and sends a fatal unexpected_message; or, if the peer's
// ChangeCipherSpec has arrived alone and epoch 0 counts no more, the short record of TooShort, for a fatal internal_error (under a
// CBC suite there is none: the server's idle time must do).
void Association::ProvokeAlert(ErrorQueue* errors) {
  Bytes message = {kHandshake, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, kServerHelloDone, 0, 0, 0,
                   static_cast<uint8_t>(nextPeerMessage_ >> 8), static_cast<uint8_t>(nextPeerMessage_), 0, 0, 0, 0, 0, 0};
  SetVersion(message.data(), RecordVersion());
  SetSequence(message.data(), nextPeerSequence_);
  Bytes tooShort = {kHandshake, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  SetVersion(tooShort.data(), RecordVersion());
  SetSequence(tooShort.data(), uint64_t{1} << 40);
  for (const Bytes* record : {&message, &tooShort}) {
    if (ended_) break;
    inbound_ = {record->data(), record->size()};
    Run(errors);
  }
  inbound_ = {};
}

Negotiated Association::GetNegotiated() const {
  Negotiated result;
  const SSL* ssl = ssl_.get();
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  result.version = RecordVersion();
  if (cipher != nullptr) result.ciphersuite = SSL_CIPHER_get_protocol_id(cipher);
  result.resumed = SSL_session_reused(ssl) == 1;
  result.extendedMasterSecret = SSL_get_extms_support(ssl_.get()) == 1;
  if (context_->server()) {
    result.serverName = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  } else {
    result.identityHint = SSL_get_psk_identity_hint(ssl);
  }
  if (const SSL_SESSION* session = SSL_get_session(ssl)) {
    result.maxFragmentLength = SSL_SESSION_get_max_fragment_length(session);
  }
  return result;
}

// OpenSSL ends a handshake, often without a reason, over a malformed alert, the fifth warning, and a fragment that reaches beyond its message,
// whoever has sent them. Before there are keys that may be anyone: malformed ones are dropped, and warnings told and no more. What is fatal is
// believed: a peer without keys has no other way to say why it fails.
bool Association::KeepFromOpenSsl(const Record& record) {
  if (record.epoch != 0) return false;
  const Span content = record.whole.From(kRecordHeaderSize);
  if (record.type == kHandshake && !IsMadeOfFragments(content)) {
    Drop(DropReason::kMalformed);
    return true;
  }
  if (record.type != kAlert) return false;
  if (content.size != 2 || (content.data[0] != kWarning && content.data[0] != kFatal)) {
    Drop(DropReason::kMalformed);
    return true;
  }
  if (content.data[0] == kFatal || content.data[1] == SSL_AD_CLOSE_NOTIFY) return false;
  if (plainWarnings_ < kMostWarnings) {
    ++plainWarnings_;
    alerts_.push_back(static_cast<uint32_t>(kWarning) << 8 | content.data[1]);
  } else {
    Drop(DropReason::kOverflow);
  }
  return true;
}

void Association::FeedDuringHandshake(const Record& record, ErrorQueue* errors) {
  // Behind the ClientHello in its datagram: the client has nothing more to say yet.
  if (search_ == Search::kAwaited) return Drop(DropReason::kUnexpected);
  if (record.epoch > 1) return Drop(DropReason::kEpoch);
  if (KeepFromOpenSsl(record)) return;
  const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl_.get());
  // No peer protects anything before the suite is chosen.
  if (record.epoch == 1 && cipher == nullptr) return Drop(DropReason::kEpoch);
  if (TooShort(record, cipher)) return Drop(DropReason::kUnauthenticated);
  if (record.epoch == 0) nextPeerSequence_ = std::max(nextPeerSequence_, record.sequence + 1);
  inbound_ = record.whole;
  Run(errors);
  inbound_ = {};
  if (!established_ && !ended_) NoteProtectedHandshakeRecord(record);
}

// A Finished under another key does not decrypt, and OpenSSL drops it without a word; the peer would go on until its timers run
// out. One such record may be forged or damaged. Two with numbers of their own, after the ChangeCipherSpec, are a peer with
// another key: it is told decrypt_error, as RFC 4279 §2 wants for a wrong key.
void Association::NoteProtectedHandshakeRecord(const Record& record) {
  if (!context_->server()) return;
  if (record.epoch == 1 && record.type == kHandshake &&
      (protectedHandshakeRecords_ == 0 || record.sequence != lastProtectedSequence_)) {
    ++protectedHandshakeRecords_;
    lastProtectedSequence_ = record.sequence;
    Drop(DropReason::kUnauthenticated);
  }
  // By name: the numbers of SSL_get_state are not the same in every OpenSSL that this binary runs on.
  const bool cipherChanged = std::strcmp(SSL_state_string(ssl_.get()), "TRCCS") == 0;
  if (protectedHandshakeRecords_ >= 2 && cipherChanged) {
    SendPlainAlert(kFatal, SSL_AD_DECRYPT_ERROR);
    ended_ = true;
    progress_ |= kFailed;
  }
}

// OpenSSL takes any handshake message for the beginning of a new handshake, and if it cannot refuse that at once it waits for more, and sends
// nothing until then. So it sees repetitions of the peer's Finished, which it answers with its last flight, and a HelloRequest once, which it
// refuses (RFC 7925 §17); their sizes tell. A ClientHello is ignored.
bool Association::IsLateMessage(const Record& record) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
  if (HasPlaintextOf(kFinishedSize, record, cipher)) return true;
  if (context_->server() || refused_ || !HasPlaintextOf(kHelloRequestSize, record, cipher)) return false;
  refused_ = true;
  return true;
}

void Association::FeedEstablished(const Record& record, ErrorQueue* errors) {
  if (record.epoch != 1) return Drop(DropReason::kEpoch);
  if (seen_.Contains(record.sequence)) return Drop(DropReason::kReplayed);
  if (TooShort(record, SSL_get_current_cipher(ssl_.get()))) return Drop(DropReason::kUnauthenticated);
  if (record.type == kHandshake && !IsLateMessage(record)) return Drop(DropReason::kUnexpected);
  const size_t plaintexts = Received();
  const size_t datagrams = datagrams_.size();
  const size_t alerts = alerts_.size();
  inbound_ = record.whole;
  Run(errors);
  inbound_ = {};
  if (!ended_ && !SSL_is_init_finished(ssl_.get())) {
    error_ = {0, "the peer has begun another handshake, which OpenSSL cannot go back from"};
    ended_ = true;
    progress_ |= kFailed;
  }
  if (Received() != plaintexts || datagrams_.size() != datagrams || alerts_.size() != alerts) {
    seen_.Add(record.sequence);
  } else if (!ended_) {
    Drop(record.type == kHandshake ? DropReason::kUnexpected : DropReason::kUnauthenticated);
  }
}

void Association::Run(ErrorQueue* errors) {
  destination_ = Destination::kPeer;
  for (int step = 0; step < kMostSteps && !ended_; ++step) {
    starved_ = false;
    const size_t plaintexts = Received();
    const bool more = established_ ? Read(errors) : Handshake(errors);
    if (!more && (starved_ || search_ == Search::kAwaited)) {
      drained_ = established_;
      return;
    }
    // A record holds one plaintext: to ask for more takes a tenth of the time of a small one.
    if (drained_ && Received() != plaintexts && inbound_.size == 0 && SSL_has_pending(ssl_.get()) == 0) return;
  }
}

bool Association::Handshake(ErrorQueue* errors) {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    progress_ |= kEstablished;
    copies_.clear();
    peerKey_.Wipe();
    ticketKey_.Wipe();
    return true;
  }
  const int why = SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_CLIENT_HELLO_CB) return false;
  Fail(errors);
  return false;
}

bool Association::Read(ErrorQueue* errors) {
  uint8_t local[kLargestPlaintext];
  const bool isWanted = plaintextRoom_.IsFreeFor(kLargestPlaintext) && plaintexts_.empty();
  uint8_t* plaintext = isWanted ? plaintextRoom_.data : local;
  size_t length = 0;
  const int result = SSL_read_ex(ssl_.get(), plaintext, kLargestPlaintext, &length);
  const int why = SSL_get_error(ssl_.get(), result);
  const bool warned = std::exchange(warned_, false);
  if (warned) SSL_set_shutdown(ssl_.get(), SSL_get_shutdown(ssl_.get()) & ~SSL_RECEIVED_SHUTDOWN);
  if (warned && result != 1 && (why == SSL_ERROR_SYSCALL || why == SSL_ERROR_ZERO_RETURN)) return true;
  if (result == 1) {
    // OpenSSL 3.0 gives an empty record, later ones pass over it: here all are alike.
    if (isWanted) {
      plaintextRoom_.used = length;
    } else {
      if (length > 0) plaintexts_.push_back(Bytes(plaintext, plaintext + length));
      OPENSSL_cleanse(plaintext, length);
    }
    return true;
  }
  switch (why) {
    case SSL_ERROR_WANT_READ:
      return false;
    case SSL_ERROR_ZERO_RETURN:
      // RFC 5246 §7.2.1: the other party answers with a close_notify of its own.
      if (!closeSent_) SSL_shutdown(ssl_.get());
      closeSent_ = true;
      progress_ |= kPeerClosed;
      ended_ = true;
      return false;
    default:
      Fail(errors);
      return false;
  }
}

void Association::Fail(ErrorQueue* errors) {
  error_ = errors->Take();
  ended_ = true;
  progress_ |= kFailed;
  peerKey_.Wipe();
  ticketKey_.Wipe();
}

void Association::Drop(DropReason reason) { ++drops_[static_cast<size_t>(reason)]; }

uint32_t Association::TakeProgress() {
  uint32_t progress = std::exchange(progress_, 0);
  timeval left;
  if (!established_ && !ended_ && DTLSv1_get_timeout(ssl_.get(), &left) == 1) progress |= kFlightPending;
  if (!datagrams_.empty()) progress |= kHasDatagrams;
  if (!plaintexts_.empty()) progress |= kHasPlaintexts;
  if (!alerts_.empty()) progress |= kHasAlerts;
  if (!keyLog_.empty()) progress |= kHasKeyLog;
  if (std::any_of(drops_.begin(), drops_.end(), [](uint32_t count) { return count != 0; })) progress |= kHasDrops;
  return progress;
}

Span Association::NextDatagram() {
  // OpenSSL reads, so it has finished writing what it had to repeat.
  destination_ = Destination::kPeer;
  starved_ = inbound_.size == 0;
  return std::exchange(inbound_, {});
}

void Association::WriteDatagram(Span datagram) {
  if (recordRoom_.IsFreeFor(datagram.size) && datagram.data[0] == kApplicationData) {
    std::memcpy(recordRoom_.data, datagram.data, datagram.size);
    recordRoom_.used = datagram.size;
    return;
  }
  Bytes bytes = ToBytes(datagram);
  Span rest{bytes.data(), bytes.size()};
  Record record;
  bool alert = false;
  bool flight = true;
  while (TakeRecord(&rest, &record)) {
    wroteProtected_ = wroteProtected_ || record.epoch != 0;
    if (record.epoch == 0) NumberPlainRecord(record, bytes.data() + (record.whole.data - bytes.data()));
    alert = alert || record.type == kAlert;
    flight = flight && (record.type == kHandshake || record.type == kChangeCipherSpec);
  }
  if (established_ && flight && !datagrams_.empty() && datagrams_.back().size() + bytes.size() <= maxDatagramSize_) {
    // The last flight again: OpenSSL repeats each message by itself, but they want to arrive together.
    datagrams_.back().insert(datagrams_.back().end(), bytes.begin(), bytes.end());
  } else if (destination_ == Destination::kPeer || alert) {
    datagrams_.push_back(std::move(bytes));
    if (!established_ && !alert) progress_ |= kFlightSent;
  } else if (destination_ == Destination::kCopy) {
    copies_.back().insert(copies_.back().end(), bytes.begin(), bytes.end());
  }
}

// OpenSSL 3.0 continues after DTLSv1_listen with the ClientHello's record number, OpenSSL 3.5 starts from 1: to the client's replay
// window its ServerHello may then look like the HelloVerifyRequest again. Epoch 0 has no MAC, so the number is put right here.
void Association::NumberPlainRecord(const Record& record, uint8_t* header) {
  if (admittedSequence_) {
    if (record.sequence < *admittedSequence_) plainOffset_ = *admittedSequence_ - record.sequence;
    admittedSequence_.reset();
  }
  const uint64_t sequence = record.sequence + plainOffset_;
  if (plainOffset_ != 0) SetSequence(header, sequence);
  nextPlainSequence_ = std::max(nextPlainSequence_, sequence + 1);
}

}  // namespace avs
