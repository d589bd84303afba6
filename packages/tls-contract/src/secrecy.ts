import { inspect } from 'node:util';
import type { PskKeyInfo } from '@avs-net/core';
import { pskKeyInfoFromBuffer } from '@avs-net/crypto-creds';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { counting, hexOf, utf8 } from './bytes.js';
import { rejectionOf } from './outcomes.js';
import { pskClient, pskServer, serverAddress, serverPort, Testbed } from './testbed.js';

/** Keys that are easily found in any text: as themselves, and in every way in which bytes are written. */
const secretText = 'correct-horse-battery-staple';
const secret = utf8(secretText);

const notations = [
  secretText,
  hexOf(secret),
  hexOf(secret).toUpperCase(),
  btoa(secretText),
  Array.from(secret).join(','),
  Array.from(secret).join(', '),
  hexOf(secret).match(/../g)?.join(' ') ?? '',
];

/** Everything that a log would show of a value: deeply, with hidden properties, and as JSON. */
function everythingOf(value: unknown): string {
  const parts = [String(value), inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: null })];
  if (value instanceof Error) parts.push(value.message, value.stack ?? '', everythingOf(value.cause ?? ''));
  try {
    parts.push(JSON.stringify(value) ?? '');
  } catch {
    // A circular structure has no JSON to leak into.
  }
  return parts.join('\n');
}

function expectNoSecret(value: unknown, hint: string): void {
  const text = everythingOf(value).replaceAll(/\s+/g, ' ');
  for (const notation of notations) expect(text.includes(notation), `${hint} shows the key as ${notation}`).toBe(false);
}

/** Keys show nowhere: not in errors, not in logs of sockets and configurations, not on the wire. */
export function describeSecrecy(backends: BackendPair): void {
  describe('secrecy', () => {
    it('would find a key that shows', () => {
      expect(() => expectNoSecret({ key: secret }, 'a plain object')).toThrow('shows the key');
      expect(() => expectNoSecret(new Error(`bad key ${hexOf(secret)}`), 'an error')).toThrow('shows the key');
    });

    it('shows no key in sockets and listeners, in any state', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listener({ security: pskServer(secret) });
      const client = await bed.client({ security: pskClient(utf8('id'), secret) });
      expectNoSecret(client, 'a new socket');
      expectNoSecret(listener, 'a new listener');
      await bed.run(listener.bind(serverAddress, serverPort));
      const connecting = client.connect(serverAddress, serverPort);
      expectNoSecret(client, 'a connecting socket');
      await bed.run(connecting);
      const server = bed.own(await bed.run(listener.accept()));
      for (const [hint, socket] of Object.entries({ client, server, listener })) expectNoSecret(socket, hint);
      for (const socket of [client, server, listener]) {
        await bed.run(socket.cleanup());
        expectNoSecret(socket, 'a socket that was cleaned up');
      }
    });

    it('shows no key in the errors of creation', async () => {
      const long = counting(20).length;
      const repeated = new Uint8Array(28 * long);
      for (let i = 0; i < long; i += 1) repeated.set(secret, i * 28);
      const key: PskKeyInfo = { desc: { type: 'psk-key', source: 'buffer', buffer: repeated } };
      const security = { ...pskClient(), key } as ReturnType<typeof pskClient>;
      expectNoSecret(await rejectionOf(backends.client.createDtlsSocket({ security })), 'a key too long');
      const wrongType = { ...pskClient(), key: { desc: { type: 'psk-key', source: 'buffer', buffer: secretText } } };
      expectNoSecret(await rejectionOf(backends.client.createDtlsSocket({ security: wrongType as never })), 'text');
      const wrongKind = { ...pskClient(), key: { desc: { type: 'psk-key', source: secretText, buffer: secret } } };
      expect(await rejectionOf(backends.client.createDtlsSocket({ security: wrongKind as never }))).toBeInstanceOf(
        Error,
      );
    });

    it('shows no key in the errors of handshakes', async () => {
      await using bed = new Testbed(backends);
      await bed.listen({ security: pskServer(utf8('another-horse')) });
      const refused = await bed.client({ security: pskClient(utf8('id'), secret) });
      expectNoSecret(await bed.run(rejectionOf(refused.connect(serverAddress, serverPort))), 'a wrong key');
      expectNoSecret(refused, 'a socket that was refused');
      const alone = await bed.client({ security: pskClient(utf8('id'), secret) });
      expectNoSecret(await bed.run(rejectionOf(alone.connect('10.3.3.3', serverPort))), 'a timeout');
    });

    it('shows no key when the lookup on the server fails', async () => {
      await using bed = new Testbed(backends);
      const listener = await bed.listen({
        security: { mode: 'psk', resolve: () => Promise.reject(new Error(`no luck with ${secretText}`)) },
      });
      const client = await bed.client();
      expectNoSecret(await bed.run(rejectionOf(client.connect(serverAddress, serverPort))), 'a failed lookup');
      expectNoSecret(listener, 'the listener');
    });

    it('shows no key in its configuration and descriptors', () => {
      expectNoSecret(pskKeyInfoFromBuffer(secret), 'a descriptor');
      expectNoSecret(pskClient(utf8('id'), secret), 'a configuration');
    });

    it('puts no key on the wire', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair({
        client: { security: pskClient(utf8('id'), secret) },
        server: { security: pskServer(secret) },
      });
      await bed.run(client.send(secret));
      await bed.run(server.receive());
      await bed.run(client.close());
      for (const { data } of bed.wire) expect(hexOf(data)).not.toContain(hexOf(secret));
    });
  });
}
