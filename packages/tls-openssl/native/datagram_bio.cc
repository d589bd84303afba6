#include "datagram_bio.h"

#include <algorithm>
#include <cstring>

namespace avs {
namespace {

DatagramPort* PortOf(BIO* bio) { return static_cast<DatagramPort*>(BIO_get_data(bio)); }

int Create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int Read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  if (out == nullptr || size <= 0) return 0;
  const Span datagram = PortOf(bio)->NextDatagram();
  if (datagram.size == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t length = std::min(datagram.size, static_cast<size_t>(size));
  std::memcpy(out, datagram.data, length);
  return static_cast<int>(length);
}

int Write(BIO* bio, const char* in, int size) {
  BIO_clear_retry_flags(bio);
  if (in == nullptr || size <= 0) return 0;
  PortOf(bio)->WriteDatagram({reinterpret_cast<const uint8_t*>(in), static_cast<size_t>(size)});
  return size;
}

long Control(BIO* bio, int command, long argument, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return static_cast<long>(PortOf(bio)->MaxDatagramSize());
    case BIO_CTRL_DGRAM_SET_MTU:
      return argument;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
      return static_cast<long>(kLowerLayerOverhead);
    default:
      // Timeouts, peers, pending bytes: none of them live here.
      return 0;
  }
}

const BIO_METHOD* Method() {
  // Thread-safe to make, read-only afterwards, freed when the addon is unloaded. A type of its own is not registered:
  // a process has 127 of those, and workers would use them up.
  static const BioMethodPointer method = [] {
    BioMethodPointer made(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "avs datagrams"));
    if (made) {
      BIO_meth_set_create(made.get(), Create);
      BIO_meth_set_read(made.get(), Read);
      BIO_meth_set_write(made.get(), Write);
      BIO_meth_set_ctrl(made.get(), Control);
    }
    return made;
  }();
  return method.get();
}

}  // namespace

BioPointer NewDatagramBio(DatagramPort* port) {
  const BIO_METHOD* method = Method();
  if (method == nullptr) return nullptr;
  BioPointer bio(BIO_new(method));
  if (bio) BIO_set_data(bio.get(), port);
  return bio;
}

}  // namespace avs
