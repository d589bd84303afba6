// The little that a listener reads of a datagram itself: the first record's header, which is never encrypted.
// RFC 6347 §4.1: type 1 byte, version 2, epoch 2, sequence number 6, length 2; §4.2.2: the handshake message's type.

const handshakeType = 22;
const dtlsMajorVersion = 0xfe;
const cidType = 25;
const clientHelloType = 1;
const recordHeaderSize = 13;

/** Whether a datagram begins with a record of epoch 0, which is not encrypted. */
export function isEpochZero(datagram: Uint8Array): boolean {
  return (
    datagram.length >= recordHeaderSize && datagram[1] === dtlsMajorVersion && datagram[3] === 0 && datagram[4] === 0
  );
}

/** Whether a datagram begins with an unencrypted ClientHello, or a fragment of one. */
export function isClientHello(datagram: Uint8Array): boolean {
  return isEpochZero(datagram) && datagram[0] === handshakeType && datagram[recordHeaderSize] === clientHelloType;
}

/** Whether a datagram begins with a record that has a connection ID, of as many bytes. RFC 9146 §4. */
export function hasConnectionId(datagram: Uint8Array, length: number): boolean {
  return datagram[0] === cidType && datagram[1] === dtlsMajorVersion && datagram.length >= recordHeaderSize + length;
}
