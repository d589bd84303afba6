import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { identity, key } from '../work/psk.js';
import { NoAnswer } from './program.js';

/** `openssl s_server`, which serves one client after the other. */
export class OpensslServer {
  readonly port: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(port: number, child: ChildProcessByStdio<Writable, Readable, null>) {
    this.port = port;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts one on a port that is free, with one suite, named as OpenSSL names it. @throws NoAnswer there is no `openssl`. */
  static async start(suite: string): Promise<OpensslServer> {
    const port = await freePort();
    const child = spawn('openssl', argumentsOf(port, suite), { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn').catch(() => {
      throw new NoAnswer('needs the program openssl: apt-get install openssl');
    });
    const server = new OpensslServer(port, child);
    await server.#printed('ACCEPT');
    return server;
  }

  /** Waits until it has read the close_notify. Until then it takes the ClientHello of another client for a datagram of this one, and drops it. */
  async isFree(): Promise<void> {
    await this.#printed('DONE');
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill();
    await ended;
  }

  async #printed(wanted: string): Promise<void> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`openssl s_server has ended, and was to print: ${wanted}`);
      if (value.trim() === wanted) return;
    }
  }
}

function argumentsOf(port: number, suite: string): readonly string[] {
  const [psk, name] = [Buffer.from(key).toString('hex'), Buffer.from(identity).toString()];
  const association = ['-dtls1_2', '-psk', psk, '-psk_identity', name, '-nocert'];
  // CCM_8 is at security level 0 from OpenSSL 3.2 on.
  return ['s_server', ...association, '-cipher', `${suite}:@SECLEVEL=0`, '-4', '-accept', `127.0.0.1:${port}`];
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
