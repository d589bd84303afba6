import { ContentType } from '../record/header.js';
import { encodeFragment, type HandshakeMessage } from './message.js';

/** A part of a flight: a handshake message, or the ChangeCipherSpec that stands before a Finished. */
export type FlightPart =
  | { readonly kind: 'message'; readonly epoch: number; readonly message: HandshakeMessage }
  | { readonly kind: 'change_cipher_spec'; readonly epoch: number };

/** Messages that are sent, and if need be sent again, together. RFC 6347 §4.2.4. */
export type Flight = readonly FlightPart[];

/** What a flight is sent through. */
export interface FlightCarrier {
  /** A record of the epoch, with the next sequence number. */
  seal(type: number, epoch: number, fragment: Uint8Array): Uint8Array;
  /** The largest fragment whose record fits in `size` bytes. */
  maxFragment(epoch: number, size: number): number;
  transmit(datagram: Uint8Array): void;
}

const changeCipherSpec = Uint8Array.of(1);

/**
 * Sends a flight in as few datagrams of at most `maxDatagramSize` bytes as it takes, one message or a fragment of one in each record.
 * Records are made anew each time: a sequence number is never used twice.
 */
export function sendFlight(flight: Flight, carrier: FlightCarrier, maxDatagramSize: number): void {
  const datagram = new DatagramPacker(carrier, maxDatagramSize);
  for (const part of flight) {
    if (part.kind === 'change_cipher_spec') {
      datagram.ensure(carrier.maxFragment(part.epoch, datagram.room) >= changeCipherSpec.length);
      datagram.add(carrier.seal(ContentType.change_cipher_spec, part.epoch, changeCipherSpec));
    } else {
      addMessage(part.message, part.epoch, carrier, datagram);
    }
  }
  datagram.flush();
}

function addMessage(
  { type, messageSeq, body, bytes }: HandshakeMessage,
  epoch: number,
  carrier: FlightCarrier,
  datagram: DatagramPacker,
): void {
  const headerLength = bytes.length - body.length;
  // A message is only cut when a datagram of its own would not hold it.
  datagram.ensure(carrier.maxFragment(epoch, datagram.room) >= bytes.length);
  let offset = 0;
  do {
    datagram.ensure(carrier.maxFragment(epoch, datagram.room) > headerLength);
    const room = carrier.maxFragment(epoch, datagram.room) - headerLength;
    const data = body.subarray(offset, offset + Math.max(1, room));
    const fragment = encodeFragment(type, body.length, messageSeq, offset, data);
    datagram.add(carrier.seal(ContentType.handshake, epoch, fragment));
    offset += data.length;
  } while (offset < body.length);
}

/** Collects records until a datagram is full. */
class DatagramPacker {
  #records: Uint8Array[] = [];
  #length = 0;

  constructor(
    private readonly carrier: FlightCarrier,
    private readonly size: number,
  ) {}

  get room(): number {
    return this.size - this.#length;
  }

  /** Starts a new datagram unless what comes next fits in this one. */
  ensure(fits: boolean): void {
    if (!fits) this.flush();
  }

  add(record: Uint8Array): void {
    this.#records.push(record);
    this.#length += record.length;
  }

  flush(): void {
    if (this.#records.length === 0) return;
    const datagram = this.#records.length === 1 ? this.#records[0] : new Uint8Array(this.#length);
    if (this.#records.length > 1) {
      let at = 0;
      for (const record of this.#records) {
        datagram.set(record, at);
        at += record.length;
      }
    }
    this.#records = [];
    this.#length = 0;
    this.carrier.transmit(datagram);
  }
}
