import { errnoError } from '@avs-net/core';
import { prf } from '../crypto/prf.js';
import type { CryptoProvider, HashName } from '../crypto/provider.js';
import { type SecretPage, SecretStore } from '../crypto/secret-store.js';
import { Writer } from '../wire/writer.js';
import type { Randoms } from './key-schedule.js';

const masterLength = 48;
const size = masterLength + 64;

const store = new SecretStore(size);

/** What an association keeps of its handshake so that keys can be exported: the master secret and both randoms. RFC 5705 §4. */
export class Exporter {
  /** Undefined: it was destroyed, and the place may be another's. */
  #page: SecretPage | undefined;
  readonly #at: number;

  /** Copies what it is given. */
  constructor(
    private readonly provider: CryptoProvider,
    private readonly hash: HashName,
    master: Uint8Array,
    { client, server }: Randoms,
  ) {
    const page = store.page();
    this.#page = page;
    this.#at = store.take(page);
    page.bytes.set(master, this.#at);
    page.bytes.set(client, this.#at + masterLength);
    page.bytes.set(server, this.#at + masterLength + client.length);
  }

  /** Secret; a view. */
  get master(): Uint8Array {
    return this.view(0, masterLength);
  }

  /** The client's and the server's; a view. */
  get randoms(): Uint8Array {
    return this.view(masterLength, size);
  }

  /** `length` bytes for a label and, if there is one, a context. The caller wipes them. */
  export(length: number, label: string, context: Uint8Array | undefined): Uint8Array {
    let seed = this.randoms;
    if (context) seed = new Writer(seed.length + 2 + context.length).bytes(seed).vector16(context).finish();
    return prf(this.provider, this.hash, this.master, label, seed, length);
  }

  destroy(): void {
    const page = this.#page;
    this.#page = undefined;
    if (page) store.release(page, this.#at);
  }

  private view(from: number, to: number): Uint8Array {
    if (!this.#page) throw errnoError('EBADF', 'the exporter was destroyed');
    return this.#page.bytes.subarray(this.#at + from, this.#at + to);
  }
}
