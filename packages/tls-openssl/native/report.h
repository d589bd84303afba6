// What an operation tells JavaScript through the exchange: numbers, and bytes one after another, whose lengths are among the numbers.
#pragma once

#include <cstring>
#include <string>

#include "instance.h"

namespace avs {

class Report {
 public:
  // `used`: bytes that are taken already.
  explicit Report(Instance* instance, size_t used = 0)
      : bytes_(instance->exchange + kExchangeIn), numbers_(instance->exchangeNumbers), used_(used) {}

  void Add(uint32_t number) { numbers_[count_++] = static_cast<int32_t>(number); }
  // -1 for no bytes, which is not the same as none of them.
  void AddNothing() { numbers_[count_++] = -1; }
  bool HasRoomFor(size_t size) const { return count_ < kExchangeNumbers && size <= kExchangeOut - used_; }
  // There must be room for them.
  void Add(Span bytes) {
    if (bytes.size > 0) std::memcpy(bytes_ + used_, bytes.data, bytes.size);
    used_ += bytes.size;
    Add(static_cast<uint32_t>(bytes.size));
  }
  // Bytes that are too many are as none: no peer that means well sends them.
  void AddText(const char* text) {
    const size_t size = text == nullptr ? 0 : std::strlen(text);
    if (text == nullptr || !HasRoomFor(size)) return AddNothing();
    Add(Span{reinterpret_cast<const uint8_t*>(text), size});
  }

 private:
  uint8_t* bytes_;
  int32_t* numbers_;
  size_t used_;
  size_t count_ = 0;
};

}  // namespace avs
