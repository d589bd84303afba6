// The SSL_CTX that clients share when they are configured alike: to make one takes longer than a handshake under a PSK, since OpenSSL looks up
// every algorithm for it.
#pragma once

#include <list>
#include <string>
#include <utility>

#include "handles.h"

namespace avs {

class ContextCache {
 public:
  // Null: there is none of this configuration. Empty: never there.
  SslContextPointer Find(const std::string& configuration);
  // Keeps it until kMost others have been in use since.
  void Keep(const std::string& configuration, SSL_CTX* context);

 private:
  // Hardly a process configures its clients in more ways.
  static constexpr size_t kMost = 4;

  // The latest used first.
  std::list<std::pair<std::string, SslContextPointer>> kept_;
};

}  // namespace avs
