import { describe, expect, it } from 'vitest';
import { ShellWorld } from './shell-world.js';

const errno = (name: string) => expect.objectContaining({ name: 'AvsError', errno: name });

describe('exporting keys', () => {
  it('asks the engine of the present association, on both ends', async () => {
    const world = new ShellWorld();
    const server = await world.boundServer();
    const client = await world.client();
    const accepted = await world.pair(server, client);
    const key = client.socket.exportKeyingMaterial(16, 'EXPERIMENTAL');
    expect(key).toHaveLength(16);
    expect(accepted.exportKeyingMaterial(16, 'EXPERIMENTAL')).toEqual(key);
    await client.socket.close();
    expect(() => client.socket.exportKeyingMaterial(16, 'EXPERIMENTAL')).toThrow(errno('ENOTCONN'));
    expect(client.engines.engines.flatMap(({ misuse }) => misuse)).toEqual([]);
  });

  it('is not possible before the handshake is complete', async () => {
    const world = new ShellWorld();
    const { socket, engines } = await world.client();
    const connecting = socket.connect(world.host, world.port);
    connecting.catch(() => undefined);
    expect(() => socket.exportKeyingMaterial(16, 'EXPERIMENTAL')).toThrow(errno('ENOTCONN'));
    await world.clock.advance(1);
    expect(engines.engines).toHaveLength(1);
    expect(() => socket.exportKeyingMaterial(16, 'EXPERIMENTAL')).toThrow(errno('ENOTCONN'));
    await socket.cleanup();
  });

  it('is refused where the handshake had no extended master secret: RFC 7627 §5.4', async () => {
    const world = new ShellWorld();
    const behaviour = { extendedMasterSecret: false };
    const server = await world.boundServer({ behaviour });
    const client = await world.client({ behaviour });
    const accepted = await world.pair(server, client);
    for (const socket of [client.socket, accepted]) {
      expect(() => socket.exportKeyingMaterial(16, 'EXPERIMENTAL')).toThrow(errno('ENOTSUP'));
      expect(() => socket.exportKeyingMaterial(16, 'EXPERIMENTAL')).toThrow('extended_master_secret');
    }
  });
});
