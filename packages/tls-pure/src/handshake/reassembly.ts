import { encodeMessage, type Fragment, type HandshakeMessage, messageHeaderLength } from './message.js';

/** The largest message body that is put together: nothing in a PSK handshake comes near it. */
export const maxMessageLength = 8192;

/** Messages ahead of the next one that are kept. The longest flight has fewer. */
const maxAhead = 8;

/** Separate pieces of one message that are kept; a message of maxMessageLength at the smallest sensible MTU has fewer. */
const maxPieces = 64;

interface Partial {
  readonly type: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
  /** Ranges of the body that have come, sorted and disjoint. */
  pieces: { start: number; end: number }[];
}

/**
 * Puts handshake messages together from fragments in any order, with overlaps and duplicates, and hands them out in the order of
 * their message_seq. RFC 6347 §4.2.2, §4.2.3. What it holds is bounded by `maxAhead` messages of `maxMessageLength`.
 */
export class Reassembler {
  readonly #partials = new Map<number, Partial>();

  constructor(
    /** The message_seq that is handed out next. */
    public nextSeq: number,
  ) {}

  /** Takes a fragment of the given epoch; false when it cannot be used. */
  add(fragment: Fragment, epoch: number): boolean {
    const { type, length, messageSeq, offset, data } = fragment;
    if (messageSeq < this.nextSeq || messageSeq >= this.nextSeq + maxAhead) return false;
    if (length > maxMessageLength || offset + data.length > length) return false;
    if (data.length === 0 && length > 0) return false;
    let partial = this.#partials.get(messageSeq);
    // What was authenticated stays, and replaces what anyone can have sent.
    if (partial && partial.epoch > epoch) return false;
    if (!partial || partial.epoch < epoch || partial.type !== type || partial.bytes.length !== wholeLength(length)) {
      // Of two that contradict each other the newcomer wins: a forged or damaged fragment is then overcome by a retransmission.
      partial = { type, epoch, bytes: encodeMessage(type, messageSeq, new Uint8Array(length)).bytes, pieces: [] };
      this.#partials.set(messageSeq, partial);
    }
    return insert(partial, offset, data);
  }

  /** Begins anew at `messageSeq`; what has come until now is forgotten. */
  restart(messageSeq: number): void {
    this.#partials.clear();
    this.nextSeq = messageSeq;
  }

  /** The next message in order, once it is whole. */
  next(): HandshakeMessage | undefined {
    const partial = this.#partials.get(this.nextSeq);
    if (!partial || !isWhole(partial)) return undefined;
    this.#partials.delete(this.nextSeq);
    const messageSeq = this.nextSeq++;
    return { type: partial.type, messageSeq, bytes: partial.bytes, body: partial.bytes.subarray(messageHeaderLength) };
  }
}

function wholeLength(bodyLength: number): number {
  return messageHeaderLength + bodyLength;
}

function isWhole({ bytes, pieces }: Partial): boolean {
  const length = bytes.length - messageHeaderLength;
  return pieces.length === 1 && pieces[0].start === 0 && pieces[0].end === length;
}

function insert(partial: Partial, start: number, data: Uint8Array): boolean {
  const merged = { start, end: start + data.length };
  const pieces: { start: number; end: number }[] = [];
  for (const piece of partial.pieces) {
    if (piece.end < merged.start || piece.start > merged.end) {
      pieces.push(piece);
    } else {
      merged.start = Math.min(merged.start, piece.start);
      merged.end = Math.max(merged.end, piece.end);
    }
  }
  if (pieces.length >= maxPieces) return false;
  pieces.push(merged);
  pieces.sort((a, b) => a.start - b.start);
  // The first copy of a byte stays, so that a late forgery cannot change what has come.
  const fresh = data.slice();
  for (const { start: from, end } of partial.pieces) {
    for (let at = Math.max(from, start); at < Math.min(end, start + data.length); at++) {
      fresh[at - start] = partial.bytes[messageHeaderLength + at];
    }
  }
  partial.bytes.set(fresh, messageHeaderLength + start);
  partial.pieces = pieces;
  return true;
}
