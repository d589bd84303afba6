import {
  type Backend,
  type DtlsListener,
  type DtlsListenerConfiguration,
  isErrno,
  type SecureSocket,
  type Socket,
  type TlsConfiguration,
} from '@avs-net/core';
import { expect } from 'vitest';
import { clientConfiguration, listenerConfiguration } from './association.js';
import { freeUdpPort } from './free-port.js';
import type { Conversation, DtlsPeer, PeerSetup } from './peer.js';

/** Our end of an association and the peer's; both end with it. */
export interface ClientMeeting extends AsyncDisposable {
  readonly port: number;
  readonly socket: SecureSocket;
  readonly conversation: Conversation;
}

/** As {@link ClientMeeting}, where we listen. */
export interface ServerMeeting extends AsyncDisposable {
  readonly socket: SecureSocket;
  readonly listener: DtlsListener;
  readonly conversation: Conversation;
}

/** Starts the peer as a server, and connects to it. */
export async function connectTo(
  peer: DtlsPeer,
  backend: Backend,
  setup: PeerSetup,
  configuration: Partial<TlsConfiguration> = {},
): Promise<ClientMeeting> {
  const stack = new AsyncStack();
  try {
    const port = await freeUdpPort();
    const conversation = stack.use(await peer.serve(port, setup));
    const socket = stack.use(await backend.createDtlsSocket(clientConfiguration(setup.suite, configuration)));
    await socket.connect('127.0.0.1', port);
    return { port, socket, conversation, [Symbol.asyncDispose]: () => stack.dispose() };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

/** Listens, starts the peer as a client, and accepts it. */
export async function acceptFrom(
  peer: DtlsPeer,
  backend: Backend,
  setup: PeerSetup,
  configuration: Partial<DtlsListenerConfiguration> = {},
): Promise<ServerMeeting> {
  const stack = new AsyncStack();
  try {
    const listener = stack.use(await backend.createDtlsListener(listenerConfiguration(setup.suite, configuration)));
    await listener.bind('127.0.0.1', 0);
    const conversation = stack.use(peer.connect(listener.localPort, setup));
    const socket = await listener.accept();
    return { socket, listener, conversation, [Symbol.asyncDispose]: () => stack.dispose() };
  } catch (error) {
    await stack.dispose();
    throw error;
  }
}

/** A line each way. */
export async function exchange(
  socket: Pick<Socket, 'send' | 'receive'>,
  peer: Conversation,
  line = 'a line from us',
): Promise<void> {
  await socket.send(Buffer.from(`${line}\n`));
  await peer.received(line);
  const answer = peer.say === undefined ? line : `${line}, answered`;
  peer.say?.(answer);
  const wanted = `${answer}\n`;
  let got = Buffer.from(await socket.receive()).toString();
  // A program sends a long line in pieces when its buffer is smaller: gnutls-serv has 256 bytes, gnutls-cli 4,096.
  while (got.length < wanted.length) got += Buffer.from(await socket.receive()).toString();
  expect(got === wanted, `what came back is not what was sent: ${got.length} bytes, ${got.slice(0, 100)}`).toBe(true);
}

/** Waits for the peer's close_notify. */
export async function expectEnd(socket: Pick<Socket, 'receive'>): Promise<void> {
  const end: unknown = await socket.receive().catch((error: unknown) => error);
  expect(isErrno(end, 'ENOTCONN'), String(end)).toBe(true);
}

/** What was started, to be ended in reverse. */
class AsyncStack {
  readonly #started: AsyncDisposable[] = [];

  use<T extends AsyncDisposable>(each: T): T {
    this.#started.push(each);
    return each;
  }

  async dispose(): Promise<void> {
    for (const each of this.#started.splice(0).reverse()) await each[Symbol.asyncDispose]();
  }
}
