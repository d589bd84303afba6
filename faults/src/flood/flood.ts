import { SeededRandom } from '@avs-net/core/testing';
import { type BackendPair, pairs } from '../backends.js';
import { must } from '../violation.js';
import { cookieOf, randomRange, withCookie } from './client-hello.js';
import { FloodedListener } from './flooded-listener.js';
import { heapInUse } from './heap.js';

/** Bytes by which the heap may differ for other reasons than what a listener holds: a state of 10 bytes for each would show. */
const mostGrowth = 5_000_000;

/** Datagrams between two looks at the clock; a virtual ms passes for each ten. */
const batch = 1_000;

/** A listener is flooded in the ways below, for each backend that can listen. @throws Violation */
export async function flood(hellos: number, seed: number, print: (line: string) => void): Promise<void> {
  const servers = pairs.filter(({ client, server }) => client === server);
  for (const pair of servers) {
    await floodWithHellos(pair, hellos, seed, print);
    await floodWithHalfOpen(pair, seed, print);
    await floodFromOneSource(pair, seed, print);
  }
}

/** ClientHellos of as many addresses, one half without a cookie, the other with a wrong one. */
async function floodWithHellos(
  pair: BackendPair,
  count: number,
  seed: number,
  print: (line: string) => void,
): Promise<void> {
  const random = new SeededRandom(seed);
  const listener = new FloodedListener(pair);
  let [bytesIn, bytesOut, answers, room] = [0, 0, 0, 0];
  await listener.listen({}, (data, host) => {
    if (!isFlooder(host)) return false;
    answers += 1;
    bytesOut += data.length;
    room -= data.length;
    return true;
  });
  const hello = await listener.firstDatagram();
  const withWrongCookie = withCookie(hello, new Uint8Array(32));
  const cookieAt = randomRange.start + randomRange.length + 2;
  const honest: Promise<number>[] = [];
  const before = heapInUse();
  const begin = performance.now();
  for (let i = 0; i < count; i += 1) {
    const datagram = (i % 2 === 0 ? hello : withWrongCookie).slice();
    random.fill(datagram.subarray(randomRange.start, randomRange.start + randomRange.length));
    if (i % 2 === 1) random.fill(datagram.subarray(cookieAt, cookieAt + 32));
    bytesIn += datagram.length;
    room = datagram.length;
    listener.inject(datagram, flooderAddress(i), 1_024 + (i % 60_000));
    must(room >= 0, `${datagram.length} bytes were answered with ${datagram.length - room}`);
    if (i % Math.ceil(count / 4) === Math.floor(count / 8)) honest.push(listener.honestClient(`honest-${i}`));
    if (i % batch === 0) await listener.clock.advance(batch / 10);
  }
  const seconds = (performance.now() - begin) / 1_000;
  const times = await listener.clock.runUntil(Promise.all(honest));
  await listener.clock.advance(1_000);
  const growth = heapInUse() - before;
  const { associations, halfOpen, accepted } = listener.stats;
  must(associations === 0 && halfOpen === 0, `the listener holds ${associations} associations, ${halfOpen} handshakes`);
  must(accepted === honest.length, `${accepted} handshakes were completed, ${honest.length} by honest clients`);
  must(growth < mostGrowth, `the heap has grown by ${growth} bytes`);
  print(
    `${pair.server.name}: ${count} ClientHellos of as many addresses, half with wrong cookies, in ${seconds.toFixed(1)} s`,
  );
  print(
    `  ${bytesIn} bytes in, ${bytesOut} out in ${answers} answers (${(bytesOut / bytesIn).toFixed(2)}), none longer than its question`,
  );
  print(
    `  associations 0, half-open 0, heap ${signed(growth)} kB; ${times.length} honest clients connected during it, in ${times.map(Math.round).join(', ')} ms`,
  );
  await listener.cleanup();
}

/** Peers that prove their address and then say no more. */
async function floodWithHalfOpen(pair: BackendPair, seed: number, print: (line: string) => void): Promise<void> {
  const limit = 1_000;
  const handshakeTime = 30_000;
  const prover = new Prover(pair, seed);
  await prover.listener.listen({ halfOpen: limit, handshakeTime }, prover.caught);
  await prover.begin();
  const before = heapInUse();
  for (let i = 0; i < 3 * limit; i += 1) prover.prove(flooderAddress(i), 5_000);
  await prover.listener.clock.settle();
  const { halfOpen, refused } = prover.listener.stats;
  const each = Math.round((heapInUse() - before) / halfOpen);
  must(halfOpen === limit, `${halfOpen} half-open associations at a limit of ${limit}`);
  must(refused.halfOpen === 2 * limit, `${refused.halfOpen} were refused of ${3 * limit}`);
  const time = await prover.listener.clock.runUntil(prover.listener.honestClient('honest'));
  await prover.listener.clock.advance(handshakeTime);
  must(prover.listener.stats.halfOpen === 0, 'the half-open associations are gone after the time of a handshake');
  print(
    `  ${3 * limit} silent peers with good cookies: ${halfOpen} half-open (the limit, ${each} bytes each), ${refused.halfOpen} refused;`,
  );
  print(
    `    an honest client connected after ${(time / 1_000).toFixed(0)} s, when they had run out of time (${handshakeTime / 1_000} s)`,
  );
  await prover.listener.cleanup();
}

/** The same from many ports of one address. */
async function floodFromOneSource(pair: BackendPair, seed: number, print: (line: string) => void): Promise<void> {
  const perSource = 10;
  const prover = new Prover(pair, seed);
  await prover.listener.listen({ perSource }, prover.caught);
  await prover.begin();
  for (let port = 2_000; port < 4_000; port += 1) prover.prove(flooderAddress(0), port);
  await prover.listener.clock.settle();
  const { halfOpen, refused } = prover.listener.stats;
  must(halfOpen === perSource, `${halfOpen} associations of one source at a limit of ${perSource}`);
  const time = await prover.listener.clock.runUntil(prover.listener.honestClient('honest'));
  print(
    `  2000 silent peers of one address: ${halfOpen} half-open (the limit per source), ${refused.perSource} refused;`,
  );
  print(`    an honest client elsewhere connected in ${Math.round(time)} ms`);
  await prover.listener.cleanup();
}

/** Plays peers that answer with the cookie that they are given. */
class Prover {
  readonly listener: FloodedListener;
  readonly #random: SeededRandom;
  #hello = new Uint8Array(0);
  #cookie: Uint8Array | undefined;

  constructor(pair: BackendPair, seed: number) {
    this.listener = new FloodedListener(pair);
    this.#random = new SeededRandom(seed);
  }

  /** Keeps what the listener sends to the flood, and the cookie in it. */
  readonly caught = (data: Uint8Array, host: string): boolean => {
    if (!isFlooder(host)) return false;
    this.#cookie ??= cookieOf(data);
    return true;
  };

  async begin(): Promise<void> {
    this.#hello = Uint8Array.from(await this.listener.firstDatagram());
  }

  prove(host: string, port: number): void {
    const hello = this.#hello.slice();
    this.#random.fill(hello.subarray(randomRange.start, randomRange.start + randomRange.length));
    this.#cookie = undefined;
    this.listener.inject(hello.slice(), host, port);
    must(this.#cookie !== undefined, 'a ClientHello without a cookie is answered with one');
    this.listener.inject(withCookie(hello, this.#cookie), host, port);
  }
}

/** Addresses of a network that is reserved for tests of this kind. RFC 2544, and as many more as it takes. */
function flooderAddress(i: number): string {
  return `${198 + (i >> 24)}.${18 + ((i >> 16) & 0xff)}.${(i >> 8) & 0xff}.${i & 0xff}`;
}

function isFlooder(host: string): boolean {
  return host.startsWith('198.');
}

function signed(bytes: number): string {
  const kilobytes = Math.round(bytes / 1_000);
  return kilobytes < 0 ? String(kilobytes) : `+${kilobytes}`;
}
