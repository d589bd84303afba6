// Randomness of the caller's own, for the associations of one context.
//
// OpenSSL has one generator for each library context and none for an SSL_CTX. So a source has a library context of its own, and in it, besides
// OpenSSL's default provider, one that has a generator and nothing else: it hands out what the source was given, in that order, and fails
// when that is used up. JavaScript fills the source before each operation, so that nothing is called back from within one.
#pragma once

#include <openssl/types.h>

#include <array>
#include <memory>

#include "bytes.h"
#include "handles.h"
#include "library_error.h"

namespace avs {

class RandomSource {
 public:
  // Far more than any operation takes: a flight has keys, randoms and IVs, for itself and for 12 repetitions.
  static constexpr size_t kCapacity = 2048;

  // Null with `error` set if OpenSSL refuses.
  static std::unique_ptr<RandomSource> Create(Span bytes, LibraryError* error);
  ~RandomSource();
  RandomSource(const RandomSource&) = delete;
  RandomSource& operator=(const RandomSource&) = delete;

  OSSL_LIB_CTX* library() const { return library_.get(); }
  // How many bytes there is room for.
  size_t wanted() const { return kCapacity - size_; }
  // Takes as many as there is room for.
  void Give(Span bytes);
  // False: there are not as many.
  bool Take(uint8_t* bytes, size_t size);

 private:
  RandomSource() = default;

  std::array<uint8_t, kCapacity> bytes_{};
  size_t size_ = 0;
  // Freed last.
  LibraryContextPointer library_;
  ProviderPointer own_;
  ProviderPointer standard_;
};

}  // namespace avs
