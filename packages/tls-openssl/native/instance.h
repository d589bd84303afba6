// What one environment (the main thread, or a worker) keeps of the addon.
#pragma once

#include <napi.h>

namespace avs {

struct Instance {
  Napi::FunctionReference context;
  Napi::FunctionReference association;
  Napi::FunctionReference cookieExchange;

  static Instance* Of(Napi::Env env) { return env.GetInstanceData<Instance>(); }
};

}  // namespace avs
