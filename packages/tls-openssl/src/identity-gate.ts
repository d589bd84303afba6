import { ContentType, fragmentsOf, recordsOf } from './record.js';

const clientKeyExchange = 16;

/** An identity of 65,535 bytes is legal (RFC 4279 §5.3), one of 128 is all that OpenSSL takes; and ECDHE_PSK adds a point. */
const longestMessage = 1024;

/**
 * Reads the PSK identity out of the client's flight before OpenSSL sees it. OpenSSL asks for the key from within the handshake and
 * cannot wait for the answer; the ClientKeyExchange is not encrypted, so the key can be found first. RFC 4279 §2.
 *
 * It collects the message's fragments as OpenSSL does. Should an attacker's fragment make the two see different identities, the key
 * is not used: OpenSSL is given it for this identity only.
 */
export class IdentityGate {
  #message: Uint8Array | undefined;
  #missing: Uint8Array | undefined;

  /** `messageSeq`: of the ClientKeyExchange, which is the one behind the ClientHello. */
  constructor(private readonly messageSeq: number) {}

  /** A copy of the identity, once this datagram completes it. */
  inspect(datagram: Uint8Array): Uint8Array | undefined {
    for (const record of recordsOf(datagram)) {
      if (record.type !== ContentType.handshake || record.epoch !== 0) continue;
      for (const { type, messageSeq, length, offset, data } of fragmentsOf(record.fragment)) {
        if (type !== clientKeyExchange || messageSeq !== this.messageSeq || length > longestMessage) continue;
        this.#message ??= new Uint8Array(length);
        this.#missing ??= new Uint8Array(length).fill(1);
        if (length !== this.#message.length) continue;
        this.#message.set(data, offset);
        this.#missing.fill(0, offset, offset + data.length);
        if (!this.#missing.includes(1)) return identityOf(this.#message);
      }
    }
    return undefined;
  }
}

function identityOf(message: Uint8Array): Uint8Array | undefined {
  const [high, low] = message;
  if (high === undefined || low === undefined) return undefined;
  const end = 2 + ((high << 8) | low);
  return end > message.length ? undefined : message.slice(2, end);
}
