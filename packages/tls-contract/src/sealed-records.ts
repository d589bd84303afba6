import { createCipheriv, createHmac } from 'node:crypto';
import { CiphersuiteNumber, type Endpoint } from '@avs-net/core';
import { utf8 } from './bytes.js';
import { type ClientSetup, type ConnectedPair, type ListenerSetup, serverAddress, type Testbed } from './testbed.js';
import { clientHelloOf, recordsOf, serverRandomOf } from './wire.js';

/** RFC 5246 §5: P_hash with the label in front of the seed, written anew here so that a backend is not measured by itself. */
export function prf(hash: string, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelled = Buffer.concat([utf8(label), seed]);
  const hmac = (...parts: Uint8Array[]): Uint8Array =>
    parts.reduce((mac, part) => mac.update(part), createHmac(hash, secret)).digest();
  const output: number[] = [];
  for (let a = hmac(labelled); output.length < length; a = hmac(a)) output.push(...hmac(a, labelled));
  return Uint8Array.from(output.slice(0, length));
}

/** What the last handshake on the wire has made, by a line of its key log. */
export interface Secrets {
  readonly master: Uint8Array;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** The secrets of the only handshake on a testbed's wire. @throws Error there is none. */
export function secretsOf(bed: Testbed, keyLogLine = ''): Secrets {
  return {
    master: Buffer.from(keyLogLine.split(' ')[2] ?? '', 'hex'),
    clientRandom: clientHelloOf(bed.sentBy('client')[0]?.data ?? new Uint8Array()).random,
    serverRandom: serverRandomOf(bed.sentBy('server').map(({ data }) => data)),
  };
}

/** An association, and a pen that writes records as its two ends would: what only a peer gone mad sends. */
export interface SealedPair extends ConnectedPair {
  /** Puts a record of epoch 1 on the network as if this side had sent it, with a number that the side has not used and will not soon. */
  seal(from: 'client' | 'server', type: number, fragment: Uint8Array): void;
}

/** Connects with AES-128-GCM, and keeps the keys. */
export async function sealedPair(
  bed: Testbed,
  setup: { readonly client?: ClientSetup; readonly server?: ListenerSetup } = {},
): Promise<SealedPair> {
  const lines: string[] = [];
  const pair = await bed.pair({
    server: setup.server,
    client: {
      ...setup.client,
      ciphersuites: [CiphersuiteNumber.TLS_PSK_WITH_AES_128_GCM_SHA256],
      onKeyLog: (line) => lines.push(line),
    },
  });
  const { master, clientRandom, serverRandom } = secretsOf(bed, lines[0]);
  // RFC 5246 §6.3, RFC 5288 §3: two keys of 16 bytes, two implicit nonces of 4.
  const block = prf('sha256', master, 'key expansion', Buffer.concat([serverRandom, clientRandom]), 40);
  const keys = {
    client: { key: block.subarray(0, 16), salt: block.subarray(32, 36) },
    server: { key: block.subarray(16, 32), salt: block.subarray(36, 40) },
  };
  const here: Endpoint = { host: pair.client.localHost, port: pair.client.localPort };
  const there: Endpoint = { host: serverAddress, port: pair.client.remotePort };
  // Beyond what a side itself sends in a test, and within the replay window of 64.
  const next = { client: 16 + highestSequence(bed, 'client'), server: 16 + highestSequence(bed, 'server') };
  return {
    ...pair,
    seal: (from, type, fragment) => {
      const { key, salt } = keys[from];
      const record = seal(key, salt, next[from]++, type, fragment);
      if (from === 'client') bed.network.inject(record, here, there);
      else bed.network.inject(record, there, here);
    },
  };
}

function highestSequence(bed: Testbed, from: 'client' | 'server'): number {
  const records = bed.sentBy(from).flatMap(({ data }) => recordsOf(data));
  return Math.max(...records.filter(({ epoch }) => epoch === 1).map(({ sequenceNumber }) => sequenceNumber));
}

/** RFC 6347 §4.1.2.1, RFC 5288 §3. */
function seal(key: Uint8Array, salt: Uint8Array, sequence: number, type: number, fragment: Uint8Array): Uint8Array {
  const number = Uint8Array.of(0, 1, 0, 0, 0, 0, sequence >> 8, sequence);
  const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([salt, number]), { authTagLength: 16 });
  cipher.setAAD(Uint8Array.of(...number, type, 0xfe, 0xfd, fragment.length >> 8, fragment.length));
  const sealed = Buffer.concat([number, cipher.update(fragment), cipher.final(), cipher.getAuthTag()]);
  return Uint8Array.of(type, 0xfe, 0xfd, ...number, sealed.length >> 8, sealed.length, ...sealed);
}
