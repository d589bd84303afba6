import { fileURLToPath } from 'node:url';
import { identity, keyHex } from '../../src/association.js';
import { buildJava, howToGetJava, type JavaProgram } from '../../src/java.js';
import { type Conversation, type DtlsPeer, PeerLacks, type PeerSetup } from '../../src/peer.js';
import type { ProcessPeer } from '../../src/process-peer.js';
import { gaps } from './gaps.js';

const mainClass = 'ScandiumPeer';

let program: JavaProgram | undefined;
let suites: ReadonlySet<number> = new Set();
let running: ProcessPeer | undefined;
let parties = 0;

/** Scandium, the DTLS of Eclipse Californium, in a program of our own: all its clients and servers run in one process. */
export const californium: DtlsPeer = {
  name: 'californium',
  title: 'Californium (Scandium)',
  howToGet: howToGetJava,
  gaps,
  find: async () => {
    program = buildJava(fileURLToPath(new URL('.', import.meta.url)));
    if (program === undefined) return undefined;
    const listed = /suites (.*)/.exec(await program.outputOf(mainClass, 'suites\n'))?.[1] ?? '';
    suites = new Set(listed.split(' ').map(Number));
    return program.version('scandium');
  },
  hasConnectionIds: () => true,
  suites: () => suites,
  serve: (port, setup) => scandium('server', port, settings(setup)).started(),
  connect: (port, setup) => scandium('client', port, settings(setup)),
};

/** Ends the process, if it runs. */
export async function stopScandium(): Promise<void> {
  await running?.[Symbol.asyncDispose]();
  running = undefined;
}

/** Settings of the peer program; its source lists them. */
export type ScandiumSettings = Readonly<Record<string, string | number | boolean>>;

function settings(setup: PeerSetup): ScandiumSettings {
  const { suite, version, hint, mtu, withoutCookies, maxFragmentLength } = setup;
  const { withoutExtendedMasterSecret, encryptThenMac, resumption, sessionFile, connectionIdLength } = setup;
  if (hint !== undefined) throw new PeerLacks('its server sends no identity hint');
  if (encryptThenMac === true) throw new PeerLacks('it does not have encrypt-then-MAC');
  if (version === 'DTLS 1.0') throw new PeerLacks('it has DTLS 1.2 only');
  if (resumption === 'ticket') throw new PeerLacks('it does not have tickets');
  return {
    suite: suite ?? 0xc0a8,
    ...(mtu !== undefined && { mtu }),
    ...(withoutCookies === true && { cookies: false }),
    ...(maxFragmentLength !== undefined && { maxFragmentLength }),
    ...(withoutExtendedMasterSecret === true && { ems: 'NONE' }),
    ...(connectionIdLength !== undefined && { cid: connectionIdLength }),
    ...(sessionFile !== undefined && { session: sessionFile }),
  };
}

/** A client or a server on Scandium, and what can be done with it besides talking. */
export interface ScandiumParty extends Conversation {
  /** Resolves when a server listens. */
  started(): Promise<this>;
  /** Resolves when a handshake is complete, with what Scandium says about it. */
  established(): Promise<string>;
  /** Sends bytes. */
  send(data: Uint8Array): void;
  /** The datagrams received so far. */
  datagrams(): Buffer[];
  /** Resolves with the first datagram received. */
  datagram(): Promise<Buffer>;
}

/** Starts a client that connects to the port of loopback, or a server that listens there. */
export function scandium(role: 'client' | 'server', port: number, more: ScandiumSettings): ScandiumParty {
  if (program === undefined) throw new Error('find the peer first');
  running ??= program.start(mainClass, []);
  const process = running;
  parties += 1;
  const name = `${role}-${parties}`;
  const command = (...words: string[]): void => process.write(`${words.join(' ')}\n`);
  const all = { port, identity, key: keyHex, ...more };
  command(role, name, ...Object.entries(all).map(([key, value]) => `${key}=${value}`));
  const saw = async (event: RegExp, nth = 1): Promise<string> => {
    const found = await process.printed(new RegExp(`^${name} (?:error (.*)|${event.source})\\n`, 'gm'), { nth });
    if (found[1] !== undefined) throw new Error(`${name}: ${found[1]}`);
    return found[2] ?? '';
  };
  const send = (data: Uint8Array): void => command('say', name, Buffer.from(data).toString('hex'));
  const party: ScandiumParty = {
    started: async () => {
      await saw(/listening/);
      return party;
    },
    established: () => saw(/established (.*)/),
    send,
    datagrams: () => {
      const all = process.output.matchAll(new RegExp(`^${name} received #\\d+ (.*)$`, 'gm'));
      return Array.from(all, ([, hex = '']) => Buffer.from(hex, 'hex'));
    },
    datagram: async () => Buffer.from(await saw(/received #1 (.*)/), 'hex'),
    received: async (line) => {
      await saw(new RegExp(`received #\\d+ ${Buffer.from(`${line}\n`).toString('hex')}`));
    },
    resumed: async (nth) => (await saw(/established .* resumed=(\w+)/, nth)) === 'true',
    say: (line) => send(Buffer.from(`${line}\n`)),
    end: () => command('close', name),
    sawEnd: async () => {
      await saw(/alert WARNING 0 CLOSE_NOTIFY/);
    },
    refused: async () => {
      const alert = await saw(/(?:alert FATAL (\d+) .*|failed .*)/);
      return alert === '' ? undefined : Number(alert);
    },
    [Symbol.asyncDispose]: async () => {
      command('end', name);
      await saw(/ended/);
    },
  };
  return party;
}
