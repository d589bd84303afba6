#include "context_cache.h"

#include <algorithm>

namespace avs {
namespace {

SslContextPointer Share(SSL_CTX* context) { return SslContextPointer(SSL_CTX_up_ref(context) == 1 ? context : nullptr); }

}  // namespace

SslContextPointer ContextCache::Find(const std::string& configuration) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& each) { return each.first == configuration; });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return Share(found->second.get());
}

void ContextCache::Keep(const std::string& configuration, SSL_CTX* context) {
  if (configuration.empty()) return;
  SslContextPointer shared = Share(context);
  if (!shared) return;
  kept_.emplace_front(configuration, std::move(shared));
  if (kept_.size() > kMost) kept_.pop_back();
}

}  // namespace avs
