// The associations of a listener as bytes, for another one. Numbers for the form, the length of its connection IDs and how many there are; for each: host, port, the number of its
// handshake, how long nothing was heard, the engine's state, and what nobody has received yet. Lengths in 4 bytes, big-endian.

const form = 1;

/** One association of a listener that has been suspended. */
export interface SavedPeer {
  readonly host: string;
  readonly port: number;
  /** 32 bits, signed. */
  readonly handshakeId: number;
  /** How long the peer has not been heard, ms. */
  readonly idle: number;
  /** For {@link ServerEngineFactory.restoreServer}. */
  readonly state: Uint8Array;
  /** What was received and not handed out. */
  readonly unread: readonly Uint8Array[];
}

/** All that a listener saves. */
export interface SavedListener {
  /** Bytes of its connection IDs. */
  readonly cidLength: number;
  readonly peers: readonly SavedPeer[];
}

/** The associations as bytes, which are secret. */
export function encodeListener({ cidLength, peers }: SavedListener): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [numbers(form, cidLength, peers.length)];
  for (const { host, port, handshakeId, idle, state, unread } of peers) {
    const name = encoder.encode(host);
    parts.push(
      numbers(name.length),
      name,
      numbers(port, handshakeId, Math.min(idle, 0xffff_ffff), state.length),
      state,
    );
    parts.push(numbers(unread.length));
    for (const data of unread) parts.push(numbers(data.length), data);
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The associations in the bytes, as views of them; undefined when the bytes are anything else. */
export function decodeListener(bytes: Uint8Array): SavedListener | undefined {
  try {
    const reader = new NumberReader(bytes);
    if (reader.number() !== form) return undefined;
    const cidLength = reader.number();
    const peers: SavedPeer[] = [];
    for (let left = reader.number(); left > 0; left -= 1) peers.push(decodePeer(reader));
    return reader.isAtEnd ? { cidLength, peers } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decodePeer(reader: NumberReader): SavedPeer {
  const host = new TextDecoder().decode(reader.bytes(reader.number()));
  const [port, handshakeId, idle] = [reader.number(), reader.number() | 0, reader.number()];
  const state = reader.bytes(reader.number());
  const unread: Uint8Array[] = [];
  for (let left = reader.number(); left > 0; left -= 1) unread.push(reader.bytes(reader.number()));
  return { host, port, handshakeId, idle, state, unread };
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return bytes;
}

/** Every read is checked: a RangeError tells that the bytes end too early. */
class NumberReader {
  readonly #view: DataView;
  #at = 0;

  constructor(private readonly source: Uint8Array) {
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.source.length;
  }

  number(): number {
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  bytes(length: number): Uint8Array {
    const start = this.#at;
    if (length > this.source.length - start) throw new RangeError('too short');
    this.#at += length;
    return this.source.subarray(start, start + length);
  }
}
