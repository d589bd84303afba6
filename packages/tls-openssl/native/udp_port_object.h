// A UDP socket for JavaScript, polled by the event loop of its environment. src/udp-port.ts is its other half.
//
// How it ends. From bind or connect on the object holds itself, until JavaScript calls `close`. The event loop lets go of its handle only in a
// later turn, so that is a Poll of its own, which forgets the object at once. When the environment ends (the process, or a worker that is
// terminated) nobody calls `close`: then a cleanup hook of the Poll does, and the environment waits until the handle is gone.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <vector>

#include "udp_socket.h"

namespace avs {

// What the sockets of one environment have in common. `memory` is seen by JavaScript as well: first the datagram to be sent, then for each
// datagram that has come its place in the slab, its length, and who sent it.
struct UdpShared {
  static constexpr size_t kOut = 65536;
  static constexpr size_t kEntry = 3;
  static constexpr size_t kMemory = kOut + UdpInbox::kSlots * kEntry * sizeof(uint32_t);
  // Set in the third part of an entry: this place among the sources has a new address.
  static constexpr uint32_t kNewSource = 0x8000;

  UdpInbox inbox;
  uint8_t* out = nullptr;
  uint32_t* entries = nullptr;
  Napi::ObjectReference memory;
  // Received datagrams are views of it. It is never written to twice, and another follows when it is full.
  Napi::ObjectReference slab;
  uint8_t* slabData = nullptr;
  size_t slabUsed = 0;
};

class UdpPortObject : public Napi::ObjectWrap<UdpPortObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit UdpPortObject(const Napi::CallbackInfo& info);
  ~UdpPortObject() override;

 private:
  // Outlives the object until the event loop has let go of it, or the environment ends.
  struct Poll;

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Bind(const Napi::CallbackInfo& info);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Local(const Napi::CallbackInfo& info);
  Napi::Value Remote(const Napi::CallbackInfo& info);
  Napi::Value Source(const Napi::CallbackInfo& info);
  Napi::Value SetDestination(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value SendTo(const Napi::CallbackInfo& info);
  Napi::Value AwaitRoom(const Napi::CallbackInfo& info);
  Napi::Value HandOver(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  int Listen();
  int Watch();
  void OnEvent(int status, int events);
  void Receive();
  uint32_t SourceSlot(const UdpAddress& address, bool* isNew);
  void Deliver(size_t count, const Napi::Value& slab);
  void Tell(const Napi::FunctionReference& callback, const std::initializer_list<napi_value>& arguments);
  void Shut();

  UdpSocket socket_;
  Poll* poll_ = nullptr;
  bool isReceiving_ = false;
  bool awaitsRoom_ = false;
  // Addresses that JavaScript knows by their place, so that their text does not cross with each datagram.
  std::vector<UdpAddress> sources_;
  std::vector<UdpAddress> destinations_;
  // In which delivery a source was named last; its place is not taken by another before that is made.
  std::vector<uint32_t> named_;
  uint32_t delivery_ = 1;
  Napi::FunctionReference onDatagrams_;
  Napi::FunctionReference onError_;
  Napi::FunctionReference onRoom_;
  std::unique_ptr<Napi::AsyncContext> context_;
};

// Where JavaScript finds the memory that it shares with all sockets of the environment.
void ExportUdp(Napi::Env env, Napi::Object exports);

}  // namespace avs
