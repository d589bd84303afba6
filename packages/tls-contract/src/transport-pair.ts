import type { Endpoint, SecureSocket } from '@avs-net/core';
import { expect } from 'vitest';
import { textOf, utf8 } from './bytes.js';
import { ScriptedSocket } from './scripted-socket.js';
import type { Testbed } from './testbed.js';

/** Where the client of a {@link createTransport} is. */
export const clientEnd: Endpoint = { host: 'sms:+15550001', port: 1 };
/** Where its server is. */
export const serverEnd: Endpoint = { host: 'sms:+15550002', port: 2 };

/** How a transport hands over what was sent: in a later turn, or from within `send`. */
export const deliveries = {
  'hands over later': (deliver: () => void) => queueMicrotask(deliver),
  'hands over from within send': (deliver: () => void) => deliver(),
};

/** A transport of the test's own: two sockets, each of which receives what the other sends. */
export function createTransport(deliver: (run: () => void) => void = deliveries['hands over later']) {
  const client: ScriptedSocket = new ScriptedSocket({
    state: 'connected',
    local: clientEnd,
    remote: serverEnd,
    innerMtu: 600,
    transmit: (data) => deliver(() => server.arrive(data.slice(), clientEnd)),
  });
  const server: ScriptedSocket = new ScriptedSocket({
    state: 'bound',
    local: serverEnd,
    innerMtu: 600,
    transmit: (data) => deliver(() => client.arrive(data.slice(), serverEnd)),
  });
  return { client, server };
}

/** Fails the test unless data goes both ways. */
export async function expectEcho(
  bed: Testbed,
  client: SecureSocket,
  server: SecureSocket,
  word: string,
): Promise<void> {
  await bed.run(client.send(utf8(`${word} up`)));
  expect(textOf(await bed.run(server.receive()))).toBe(`${word} up`);
  await bed.run(server.send(utf8(`${word} down`)));
  expect(textOf(await bed.run(client.receive()))).toBe(`${word} down`);
}
