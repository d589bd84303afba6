import { AlertDescription, AvsErrno, AvsError, AvsErrorCategory, isErrno } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { utf8 } from './bytes.js';
import { commonCiphersuites } from './ciphersuites.js';
import { expectRejection, rejectionOf, thrownBy } from './outcomes.js';
import { serverAddress, serverPort, Testbed } from './testbed.js';

/** Errors as values: their categories, codes and texts. */
export function describeErrors(backends: BackendPair): void {
  describe('errors', () => {
    it('reads as a normal Error, with the category and code of avs', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const error = await rejectionOf(client.send(utf8('x')));
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({
        name: 'AvsError',
        category: AvsErrorCategory.errno,
        code: AvsErrno.ENOTCONN,
        errno: 'ENOTCONN',
        level: undefined,
        description: undefined,
      });
      expect(String(error)).toMatch(/^AvsError: ENOTCONN: \S/);
      expect(isErrno(error, 'ENOTCONN')).toBe(true);
      expect(isErrno(error, 'EBADF')).toBe(false);
    });

    it('has the numbers of avs, not those of the system', () => {
      expect(AvsErrorCategory).toEqual({ errno: 37766, tlsAlert: 8572, tlsLibrary: 8573 });
      const { EBADF, ECONNREFUSED, EINVAL, EMSGSIZE, ENOTCONN, ENOTSUP, ETIMEDOUT } = AvsErrno;
      expect([EBADF, ECONNREFUSED, EINVAL, EMSGSIZE]).toEqual([8, 13, 24, 31]);
      expect([ENOTCONN, ENOTSUP, ETIMEDOUT]).toEqual([48, 52, 65]);
    });

    it('has the level and the description of an alert in its code, and says who sent it', async () => {
      const [a, b] = commonCiphersuites(backends);
      expect(a !== undefined && b !== undefined, 'two suites in common').toBe(true);
      if (a === undefined || b === undefined) return;
      await using bed = new Testbed(backends);
      await bed.listen({ ciphersuites: [a] });
      const client = await bed.client({ ciphersuites: [b] });
      const error = await bed.run(rejectionOf(client.connect(serverAddress, serverPort)));
      expect(error).toMatchObject({
        name: 'AvsError',
        category: AvsErrorCategory.tlsAlert,
        code: (2 << 8) | AlertDescription.handshake_failure,
        level: 2,
        description: AlertDescription.handshake_failure,
        direction: 'received',
        errno: undefined,
      });
    });

    it('remembers the last alert on the socket', async () => {
      await using bed = new Testbed(backends);
      const { client, server } = await bed.pair();
      expect([client.lastAlert, server.lastAlert]).toEqual([undefined, undefined]);
      await bed.run(client.shutdown());
      await bed.clock.advance(1);
      expect(server.lastAlert).toMatchObject({ description: AlertDescription.close_notify, level: 1 });
      expect(client.lastAlert).toMatchObject({ description: AlertDescription.close_notify, level: 1 });
    });

    it('names the host that does not resolve', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const error = await expectRejection(bed.run(client.connect('nobody.example', serverPort)), 'EADDRNOTAVAIL');
      expect(error.message).toContain('nobody.example');
      expect(client.state).toBe('closed');
    });

    it('says what a handshake that timed out was waiting for', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      const error = await expectRejection(bed.run(client.connect(serverAddress, serverPort)), 'ETIMEDOUT');
      expect(error.message.length).toBeGreaterThan('ETIMEDOUT: '.length + 10);
    });

    it('throws from what returns a value, and rejects from what returns a promise', async () => {
      await using bed = new Testbed(backends);
      const client = await bed.client();
      expect(thrownBy(() => client.remotePort)).toBeInstanceOf(AvsError);
      expect(thrownBy(() => client.getOption('colour' as never))).toBeInstanceOf(AvsError);
      const calls = [
        () => client.send(5 as never),
        () => client.connect(5 as never, 5),
        () => client.receive({ maxLength: -1 }),
        () => client.accept(),
        () => client.shutdown(),
        () => client.bind('', 1),
        () => client.decorate(5 as never),
      ];
      for (const call of calls) {
        const promise: Promise<unknown> = call();
        expect(await rejectionOf(promise, call.toString())).toBeInstanceOf(Error);
      }
    });
  });
}
