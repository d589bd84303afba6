import { prf } from '../crypto/prf.js';
import type { CryptoProvider, HashName } from '../crypto/provider.js';
import { Writer } from '../wire/writer.js';
import type { Randoms } from './key-schedule.js';

const masterLength = 48;
const size = masterLength + 64;

/**
 * What exporters keep lies in buffers that many of them share: one of its own would cost an association more than what is in it. They share with
 * nothing else, so that no secret can be reached through the buffer of bytes that are handed out.
 */
const sharers = 128;
let shared = new ArrayBuffer(sharers * size);
let used = 0;

/** What an association keeps of its handshake so that keys can be exported: the master secret and both randoms. RFC 5705 §4. */
export class Exporter {
  readonly #bytes: Uint8Array;

  /** Copies what it is given. */
  constructor(
    private readonly provider: CryptoProvider,
    private readonly hash: HashName,
    master: Uint8Array,
    { client, server }: Randoms,
  ) {
    if (used === sharers) {
      shared = new ArrayBuffer(sharers * size);
      used = 0;
    }
    this.#bytes = new Uint8Array(shared, used++ * size, size);
    this.#bytes.set(master);
    this.#bytes.set(client, masterLength);
    this.#bytes.set(server, masterLength + client.length);
  }

  /** Secret; a view. */
  get master(): Uint8Array {
    return this.#bytes.subarray(0, masterLength);
  }

  /** The client's and the server's; a view. */
  get randoms(): Uint8Array {
    return this.#bytes.subarray(masterLength);
  }

  /** `length` bytes for a label and, if there is one, a context. The caller wipes them. */
  export(length: number, label: string, context: Uint8Array | undefined): Uint8Array {
    let seed = this.randoms;
    if (context) seed = new Writer(seed.length + 2 + context.length).bytes(seed).vector16(context).finish();
    return prf(this.provider, this.hash, this.master, label, seed, length);
  }

  destroy(): void {
    this.#bytes.fill(0);
  }
}
