import type { ConnectingEntrant, Connector, Sample } from './latencies.js';
import { OpensslServer } from './openssl-server.js';
import type { Program } from './program.js';
import { type SocketImplementation, startSocketWorker } from './socket-entrants.js';

/** A client that connects to an `openssl s_server` of its own, one association after the other. */
export function oneClient(
  implementation: SocketImplementation,
  node: string | undefined,
  suite: string,
): ConnectingEntrant {
  return {
    implementation,
    node,
    launch: async () => {
      const client = startSocketWorker(implementation, node);
      return new OneClient(client, await OpensslServer.start(suite));
    },
  };
}

class OneClient implements Connector {
  readonly #client: Program;
  readonly #server: OpensslServer;

  constructor(client: Program, server: OpensslServer) {
    this.#client = client;
    this.#server = server;
  }

  /** The time between two connections is nobody's. */
  async connect(count: number): Promise<Sample> {
    const latencies: number[] = [];
    for (let each = 0; each < count; each++) {
      latencies.push(Number(await this.#client.ask(`handshake ${this.#server.port}`)));
      await this.#server.isFree();
    }
    return { total: latencies.reduce((sum, latency) => sum + latency, 0), latencies };
  }

  async end(): Promise<void> {
    await this.#client.end();
    await this.#server.end();
  }
}

/** A listener, and a program in C that connects many clients to it at once. */
export function manyClients(
  implementation: SocketImplementation,
  node: string | undefined,
  atOnce: number,
): ConnectingEntrant {
  return {
    implementation,
    node,
    launch: async () => {
      const clients = startSocketWorker('libssl', undefined);
      const listener = startSocketWorker(implementation, node);
      try {
        return new ManyClients(clients, listener, await listener.ask('listen'), atOnce);
      } catch (error) {
        await clients.end();
        await listener.end();
        throw error;
      }
    },
  };
}

class ManyClients implements Connector {
  readonly #clients: Program;
  readonly #listener: Program;
  readonly #port: string;
  readonly #atOnce: number;

  constructor(clients: Program, listener: Program, port: string, atOnce: number) {
    this.#clients = clients;
    this.#listener = listener;
    this.#port = port;
    this.#atOnce = atOnce;
  }

  async connect(count: number): Promise<Sample> {
    const answer = await this.#clients.ask(`load ${this.#port} ${this.#atOnce} ${count}`);
    const [total = Number.NaN, ...latencies] = answer.split(' ').map(Number);
    return { total, latencies };
  }

  async end(): Promise<void> {
    await this.#clients.end();
    await this.#listener.end();
  }
}
