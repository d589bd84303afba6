// Views of bytes that someone else owns, and bytes that are wiped when their owner is done with them.
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace avs {

using Bytes = std::vector<uint8_t>;

// A view. Valid for the duration of the call that it is passed to.
struct Span {
  const uint8_t* data = nullptr;
  size_t size = 0;

  Span From(size_t offset) const { return {data + offset, size - offset}; }
};

// Where bytes can be written, of which `used` are. Valid as long as a Span.
struct Room {
  uint8_t* data = nullptr;
  size_t size = 0;
  size_t used = 0;

  bool IsFreeFor(size_t bytes) const { return used == 0 && bytes <= size; }
};

// A copy of a secret. Never reallocated after construction, so that no stray copy is left behind.
class Secret {
 public:
  Secret() = default;
  explicit Secret(Span span) : bytes_(span.data, span.data + span.size) {}
  explicit Secret(size_t size) : bytes_(size) {}
  ~Secret() { Wipe(); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      Wipe();
      bytes_ = std::move(other.bytes_);
      other.bytes_.clear();
    }
    return *this;
  }

  void Wipe() {
    if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
    bytes_.clear();
  }
  uint8_t* data() { return bytes_.data(); }
  const uint8_t* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
};

}  // namespace avs
