import { prf } from '../crypto/prf.js';
import type { CryptoProvider, HashName } from '../crypto/provider.js';
import { Writer } from '../wire/writer.js';
import type { Randoms } from './key-schedule.js';

/**
 * What an association keeps of its handshake so that keys can be exported: the master secret and both randoms, 112 bytes. RFC 5705 §4.
 * They are in two arrays because the engine keeps those of up to 64 bytes without a buffer of their own.
 */
export class Exporter {
  /** Secret. */
  readonly master: Uint8Array;
  /** The client's and the server's. */
  readonly randoms: Uint8Array;

  /** Copies what it is given. */
  constructor(
    private readonly provider: CryptoProvider,
    private readonly hash: HashName,
    master: Uint8Array,
    { client, server }: Randoms,
  ) {
    this.master = master.slice();
    this.randoms = new Uint8Array(client.length + server.length);
    this.randoms.set(client);
    this.randoms.set(server, client.length);
  }

  /** `length` bytes for a label and, if there is one, a context. The caller wipes them. */
  export(length: number, label: string, context: Uint8Array | undefined): Uint8Array {
    let seed = this.randoms;
    if (context) seed = new Writer(seed.length + 2 + context.length).bytes(seed).vector16(context).finish();
    return prf(this.provider, this.hash, this.master, label, seed, length);
  }

  destroy(): void {
    this.master.fill(0);
    this.randoms.fill(0);
  }
}
