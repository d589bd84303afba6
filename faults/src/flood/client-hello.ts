// A ClientHello in one datagram, as a client sends it: record header, handshake header, version, random, an empty session, cookie.
// RFC 6347 §4.1, §4.2.1, §4.2.2.

const recordHeader = 13;
const handshakeHeader = 12;
const randomAt = recordHeader + handshakeHeader + 2;
const cookieLengthAt = randomAt + 32 + 1;

/** Where the random of a ClientHello is, and how long. */
export const randomRange = { start: randomAt, length: 32 } as const;

/** The cookie of a HelloVerifyRequest in one datagram. */
export function cookieOf(helloVerifyRequest: Uint8Array): Uint8Array {
  const at = recordHeader + handshakeHeader + 2;
  return helloVerifyRequest.slice(at + 1, at + 1 + (helloVerifyRequest[at] ?? 0));
}

/** The second ClientHello for a first one that has no cookie. */
export function withCookie(hello: Uint8Array, cookie: Uint8Array): Uint8Array {
  const longer = new Uint8Array(hello.length + cookie.length);
  longer.set(hello.subarray(0, cookieLengthAt));
  longer[cookieLengthAt] = cookie.length;
  longer.set(cookie, cookieLengthAt + 1);
  longer.set(hello.subarray(cookieLengthAt + 1), cookieLengthAt + 1 + cookie.length);
  const view = new DataView(longer.buffer);
  // The second record, and the second message.
  view.setUint16(9, 1);
  view.setUint16(recordHeader + 4, 1);
  view.setUint16(11, longer.length - recordHeader);
  const body = longer.length - recordHeader - handshakeHeader;
  view.setUint16(recordHeader + 2, body);
  view.setUint16(recordHeader + 10, body);
  return longer;
}
