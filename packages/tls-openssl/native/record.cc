#include "record.h"

namespace avs {
namespace {

constexpr size_t kFragmentHeaderSize = 12;
// SSL_MAX_CERT_LIST_DEFAULT
constexpr size_t kLargestMessage = 100 * 1024;

size_t ReadUint24(const uint8_t* bytes) {
  return static_cast<size_t>(bytes[0]) << 16 | static_cast<size_t>(bytes[1]) << 8 | bytes[2];
}

}  // namespace

bool TakeRecord(Span* datagram, Record* record) {
  if (datagram->size < kRecordHeaderSize) return false;
  const uint8_t* header = datagram->data;
  const size_t size = kRecordHeaderSize + (static_cast<size_t>(header[11]) << 8 | header[12]);
  if (size > datagram->size || size > kRecordHeaderSize + kLargestFragment) return false;
  record->type = header[0];
  record->version = static_cast<uint16_t>(header[1] << 8 | header[2]);
  record->epoch = static_cast<uint16_t>(header[3] << 8 | header[4]);
  record->sequence = 0;
  for (size_t index = 5; index < 11; ++index) record->sequence = record->sequence << 8 | header[index];
  record->whole = {header, size};
  *datagram = datagram->From(size);
  return true;
}

bool IsMadeOfFragments(Span plaintext) {
  if (plaintext.size == 0) return false;
  while (plaintext.size > 0) {
    if (plaintext.size < kFragmentHeaderSize) return false;
    const size_t message = ReadUint24(plaintext.data + 1);
    const size_t offset = ReadUint24(plaintext.data + 6);
    const size_t length = ReadUint24(plaintext.data + 9);
    if (message > kLargestMessage || offset > message || length > message - offset) return false;
    if (length > plaintext.size - kFragmentHeaderSize) return false;
    plaintext = plaintext.From(kFragmentHeaderSize + length);
  }
  return true;
}

void SetVersion(uint8_t* header, uint16_t version) {
  header[1] = static_cast<uint8_t>(version >> 8);
  header[2] = static_cast<uint8_t>(version);
}

void SetSequence(uint8_t* header, uint64_t sequence) {
  for (size_t index = 0; index < 6; ++index) header[10 - index] = static_cast<uint8_t>(sequence >> (8 * index));
}

Bytes PlainAlert(uint16_t version, uint64_t sequence, uint8_t level, uint8_t description) {
  Bytes record = {kAlert, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, level, description};
  SetVersion(record.data(), version);
  SetSequence(record.data(), sequence);
  return record;
}

bool SeenRecords::Contains(uint64_t sequence) const {
  if (!any_ || sequence > highest_) return false;
  const uint64_t age = highest_ - sequence;
  return age >= 64 || (bits_ >> age & 1) != 0;
}

void SeenRecords::Add(uint64_t sequence) {
  if (!any_ || sequence > highest_) {
    const uint64_t step = sequence - highest_;
    bits_ = !any_ || step >= 64 ? 0 : bits_ << step;
    bits_ |= 1;
    highest_ = sequence;
    any_ = true;
  } else if (highest_ - sequence < 64) {
    bits_ |= uint64_t{1} << (highest_ - sequence);
  }
}

}  // namespace avs
