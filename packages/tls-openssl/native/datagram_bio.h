// A BIO whose unit is the datagram. OpenSSL's memory BIOs merge what is written to them, and BIO_s_dgram_mem is not in
// OpenSSL 3.0; this one keeps boundaries and never touches a file descriptor.
#pragma once

#include "bytes.h"
#include "handles.h"

namespace avs {

// The other side of a datagram BIO. Must outlive the BIO.
class DatagramPort {
 public:
  virtual ~DatagramPort() = default;

  // OpenSSL wants to read. An empty span: there is nothing; each datagram is given once.
  virtual Span NextDatagram() = 0;
  // OpenSSL has written a datagram.
  virtual void WriteDatagram(Span datagram) = 0;
  // What one datagram may carry.
  virtual size_t MaxDatagramSize() const = 0;
};

// OpenSSL refuses an MTU below 256 bytes less what the BIO says that lower layers add. Saying 200 brings the floor to 56,
// so that narrow links (SMS, LoRa) work; the same amount is added to the link MTU that OpenSSL is given.
constexpr size_t kLowerLayerOverhead = 200;
constexpr size_t kSmallestMtu = 56;

// Null if OpenSSL is out of memory.
BioPointer NewDatagramBio(DatagramPort* port);

}  // namespace avs
