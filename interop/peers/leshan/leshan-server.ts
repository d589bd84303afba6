import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessPeer } from '../../src/process-peer.js';
import { leshanPrograms } from './peer.js';
import { ServerEvents } from './server-events.js';

/** The virtual machine, its models and its web server take a while on a busy machine, ms. */
const patient = { patience: 120_000 };

/** Leshan's demo server on loopback, on ports that the system chose, and its REST interface. */
export class LeshanServer implements AsyncDisposable {
  /** Where devices connect, DTLS. */
  readonly port: number;
  readonly #process: ProcessPeer;
  readonly #folder: string;
  readonly #api: string;

  private constructor(process: ProcessPeer, folder: string, port: number, webPort: number) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
    this.#api = `http://127.0.0.1:${webPort}/api`;
  }

  /** Starts it, in an empty folder: it keeps keys in files. */
  static async start(): Promise<LeshanServer> {
    const folder = await mkdtemp(join(tmpdir(), 'leshan-'));
    const loopback = ['-lh', '-slh', '-wh'].flatMap((host) => [host, '127.0.0.1']);
    const anyPort = ['-lp', '-slp', '-wp'].flatMap((port) => [port, '0']);
    const { server } = leshanPrograms();
    // -oc: it has the CBC suites, too.
    const args = [...loopback, ...anyPort, '-oc'];
    const process = server.start('org.eclipse.leshan.server.demo.LeshanServerDemo', args, {
      cwd: folder,
      // For its version of Gson.
      openPackages: ['java.base/java.util'],
    });
    const coaps = await process.printed(/coaps:\/+127\.0\.0\.1:(\d+)/, patient);
    const web = await process.printed(/Web server started at http:\/\/[^:]+:(\d+)/, patient);
    return new LeshanServer(process, folder, Number(coaps[1]), Number(web[1]));
  }

  /** Tells it a device's key. */
  async addKey(endpoint: string, identity: string, key: string): Promise<void> {
    const { status, text } = await this.#call('PUT', '/security/clients/', { endpoint, psk: { identity, key } });
    if (status !== 200) throw new Error(`the server did not take the key: ${status} ${text}`);
  }

  /** What it tells of a device from now on. */
  events(endpoint: string): Promise<ServerEvents> {
    return ServerEvents.of(`${this.#api}/event?ep=${endpoint}`);
  }

  /** The device's registration, or undefined. */
  async registration(endpoint: string): Promise<unknown> {
    const { status, text } = await this.#call('GET', `/clients/${endpoint}`);
    return status === 200 ? JSON.parse(text) : undefined;
  }

  read(endpoint: string, path: string, format?: 'TLV' | 'SENML_JSON' | 'TEXT'): Promise<unknown> {
    return this.#ask('GET', endpoint, path, format);
  }

  /** Writes a resource. */
  write(endpoint: string, path: string, value: string | number, format?: 'TLV' | 'TEXT'): Promise<unknown> {
    const id = Number(path.split('/').at(-1));
    return this.#ask('PUT', endpoint, path, format, { id, value });
  }

  execute(endpoint: string, path: string): Promise<unknown> {
    return this.#ask('POST', endpoint, path);
  }

  observe(endpoint: string, path: string): Promise<unknown> {
    return this.#ask('POST', endpoint, `${path}/observe`);
  }

  /** Ends an observation. */
  async cancel(endpoint: string, path: string): Promise<void> {
    await this.#call('DELETE', `/clients/${endpoint}${path}/observe`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Has the server ask the device, and gives back the answer. @throws Error the server could not. */
  async #ask(method: string, endpoint: string, path: string, format?: string, body?: object): Promise<unknown> {
    const query = format === undefined ? '' : `?format=${format}`;
    const { status, text } = await this.#call(method, `/clients/${endpoint}${path}${query}`, body);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}\n${this.#process.log}`);
    return JSON.parse(text);
  }

  async #call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.#api}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: answer.status, text: await answer.text() };
  }
}
