// DTLS records as they lie in a datagram. RFC 6347 §4.1.
#pragma once

#include "bytes.h"

namespace avs {

constexpr size_t kRecordHeaderSize = 13;
// RFC 5246 §6.2.3: plaintext and what protection may add.
constexpr size_t kLargestFragment = 16384 + 2048;

enum ContentType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

// Why a record was dropped; the order is that of the counters that JavaScript reads.
enum class DropReason { kMalformed, kUnauthenticated, kReplayed, kVersion, kEpoch, kUnexpected, kOverflow, kCount };

struct Record {
  uint8_t type = 0;
  uint16_t version = 0;
  uint16_t epoch = 0;
  uint64_t sequence = 0;
  // Header and fragment.
  Span whole;
};

// Takes the first record off `datagram`. False: what is left is not a record.
bool TakeRecord(Span* datagram, Record* record);

// Whether the plaintext of a handshake record is made of fragments that lie within their messages, and messages no longer than any that
// OpenSSL takes. RFC 6347 §4.2.2
bool IsMadeOfFragments(Span plaintext);

// Replaces the version in a record's header.
void SetVersion(uint8_t* header, uint16_t version);

// Replaces the 48-bit number in a record's header.
void SetSequence(uint8_t* header, uint64_t sequence);

// Writes a record of epoch 0 that holds an alert.
Bytes PlainAlert(uint16_t version, uint64_t sequence, uint8_t level, uint8_t description);

// Which of the latest 64 record numbers were authentic. OpenSSL has its own window; this one only tells, of a record that
// OpenSSL did not take, whether it was a replay. RFC 6347 §4.1.2.6
class SeenRecords {
 public:
  bool Contains(uint64_t sequence) const;
  void Add(uint64_t sequence);

 private:
  bool any_ = false;
  uint64_t highest_ = 0;
  uint64_t bits_ = 0;
};

}  // namespace avs
