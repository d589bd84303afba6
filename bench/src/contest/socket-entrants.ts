import { fileURLToPath } from 'node:url';
import { onCore } from './cores.js';
import { type Entrant, type Implementation, nodePath, startNative } from './entrants.js';
import { type Contestant, Program } from './program.js';

/** Who takes part on sockets. */
export type SocketImplementation = Extract<
  Implementation,
  'libssl' | 'raw' | 'openssl' | 'opensslOverDgram' | 'pure' | 'dtlsClient'
>;

const worker = fileURLToPath(new URL('../work/socket-worker.js', import.meta.url));

/** Starts a server or client, on one core if one is given: see work/socket-worker.ts and native/sockets.c. @throws NoAnswer it cannot take part. */
export function startSocketWorker(
  implementation: SocketImplementation,
  node: string | undefined,
  core?: number,
): Program {
  if (node === undefined) return startNative('sockets', core);
  return new Program(...onCore(core, nodePath(node), [worker, implementation]));
}

/** The cores of server and client. Undefined: wherever the system puts it. */
export interface Placement {
  readonly server: number | undefined;
  readonly client: number | undefined;
}

/** What of the one-way messages has arrived. */
export interface Delivery {
  sent: number;
  arrived: number;
}

/** A server and a client, each in a process of its own. */
export interface PairEntrant extends Entrant {
  readonly delivery: Readonly<Delivery>;
}

/** Everyone on sockets, all of them on the same cores. */
export function socketPairs(nodes: readonly string[], placement: Placement): readonly PairEntrant[] {
  const onNode = nodes.flatMap((node) =>
    (['raw', 'openssl', 'opensslOverDgram', 'pure', 'dtlsClient'] as const).map((implementation) =>
      pair(implementation, node, placement),
    ),
  );
  return [pair('libssl', undefined, placement), ...onNode];
}

function pair(
  implementation: SocketImplementation,
  node: string | undefined,
  { server, client }: Placement,
): PairEntrant {
  const delivery = { sent: 0, arrived: 0 };
  return {
    implementation,
    node,
    delivery,
    launch: () => {
      // node-dtls-client has no server.
      const served = startSocketWorker(implementation === 'dtlsClient' ? 'pure' : implementation, node, server);
      return new Pair(served, startSocketWorker(implementation, node, client), delivery);
    },
  };
}

/** A server and a client that is connected to it. */
export class Pair implements Contestant {
  readonly #server: Contestant;
  readonly #client: Contestant;
  readonly #delivery: Delivery;
  #connected: Promise<void> | undefined;

  constructor(server: Contestant, client: Contestant, delivery: Delivery) {
    this.#server = server;
    this.#client = client;
    this.#delivery = delivery;
  }

  /**
   * `echo SIZE COUNT`: ns for COUNT round trips, one after the other. `one-way SIZE COUNT`: COUNT messages are sent, as fast as the system takes
   * them; ns for COUNT at the rate at which they arrived, from the beginning of sending until the end of it or the last arrival.
   */
  async ask(question: string): Promise<string> {
    this.#connected ??= this.#connect();
    await this.#connected;
    const [work, size, count] = question.split(' ');
    return work === 'one-way' ? this.#sendOneWay(Number(size), Number(count)) : this.#client.ask(question);
  }

  async end(): Promise<void> {
    await this.#client.end();
    await this.#server.end();
  }

  async #connect(): Promise<void> {
    const port = await this.#server.ask('listen');
    await this.#client.ask(`connect ${port}`);
  }

  async #sendOneWay(size: number, count: number): Promise<string> {
    const [began = 0, ended = 0] = numbers(await this.#client.ask(`flood ${size} ${count}`));
    const [arrived = 0, last = 0] = numbers(await this.#server.ask('arrived'));
    if (arrived === 0) throw new Error(`none of ${count} messages arrived`);
    this.#delivery.sent += count;
    this.#delivery.arrived += arrived;
    return String(((Math.max(ended, last) - began) * count) / arrived);
  }
}

function numbers(answer: string): readonly number[] {
  return answer.split(' ').map(Number);
}
