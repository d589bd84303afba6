import type { SecureSocket } from '@avs-net/core';
import { expect } from 'vitest';
import { textOf, utf8 } from './bytes.js';
import type { Testbed } from './testbed.js';

/** Both ends say something, and hear it. */
export async function exchange(bed: Testbed, client: SecureSocket, server: SecureSocket): Promise<void> {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    await bed.run(from.send(utf8('ping')));
    expect(textOf(await bed.run(to.receive()))).toBe('ping');
  }
}
