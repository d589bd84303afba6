// What one environment (the main thread, or a worker) keeps of the addon.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "association.h"
#include "context_cache.h"
#ifndef _WIN32
#include "udp_port_object.h"
#endif

namespace avs {

// Bytes that JavaScript and the addon both see: a datagram or a plaintext goes in at their beginning, a plaintext or a record comes out
// behind kExchangeIn, and numbers that tell of them behind that. To look into an array of JavaScript's, and to make one, costs more than
// to protect a small record does; and an object costs as much for each of its properties.
constexpr size_t kExchangeIn = 65536;
constexpr size_t kExchangeOut = 16384 + 2048 + 64;
constexpr size_t kExchangeNumbers = 16;
// Behind those: which association is called with how many bytes, and what came of it.
constexpr size_t kCallHandle = kExchangeNumbers;
constexpr size_t kCallLength = kExchangeNumbers + 1;
constexpr size_t kCallResult = kExchangeNumbers + 2;
constexpr size_t kAllNumbers = kExchangeNumbers + 3;

class AssociationObject;

// The live ones by numbers, of which none is given again before all others were: an object's methods find theirs by a property, which takes longer.
struct AssociationHandles {
  std::unordered_map<uint32_t, AssociationObject*> objects;
  uint32_t last = 0;
};

struct Instance {
  uint8_t* exchange = nullptr;
  int32_t* exchangeNumbers = nullptr;
  Napi::ObjectReference exchangeOwner;
  Napi::FunctionReference context;
  Napi::FunctionReference association;
  Napi::FunctionReference cookieExchange;
  ContextCache contexts;
  std::shared_ptr<AssociationHandles> handles = std::make_shared<AssociationHandles>();
  // What the constructor of the next Association takes.
  std::unique_ptr<Association> handover;
#ifndef _WIN32
  std::unique_ptr<UdpShared> udp;
#endif

  static Instance* Of(Napi::Env env) { return env.GetInstanceData<Instance>(); }
};

}  // namespace avs
