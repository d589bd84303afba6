import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { pskClient, pskServer, Testbed } from '../../tls-contract/src/testbed.js';
import { backend } from '../src/index.js';
import { bytes } from './engine-pair.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of the process after a collection: JavaScript's heap, and all that is resident. */
async function measure(): Promise<{ readonly heap: number; readonly resident: number }> {
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((done) => setImmediate(done));
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

const cycles = Number(process.env['AVS_CYCLES'] ?? 2_000);
/** Until the heaps of JavaScript and of malloc have grown to what they need. */
const warmUp = 5_000;
const mebibyte = 1_048_576;

describe('memory', () => {
  it(`stays flat over ${cycles} connections that exchange data and close`, async () => {
    await using bed = new Testbed({ client: backend, server: backend });
    const listener = await bed.listen({ security: pskServer() });
    // Every other one resumes.
    const sessionResumptionBuffer = new Uint8Array(1_024);
    let before = await measure();
    for (let cycle = 1; cycle <= warmUp + cycles; cycle++) {
      const resumption = cycle % 2 === 0 ? { sessionResumptionBuffer } : {};
      const client = await backend.createDtlsSocket({ security: pskClient(), clock: bed.clock, ...resumption });
      await bed.run(client.decorate(bed.network.createUdpSocket()));
      const [server] = await bed.run(Promise.all([listener.accept(), client.connect('10.0.0.1', 5684)]));
      expect(client.getOption('sessionResumed')).toBe(cycle % 2 === 0 && cycle > 2);
      await bed.run(client.send(bytes('ping')));
      expect(await bed.run(server.receive())).toEqual(bytes('ping'));
      await bed.run(client.cleanup());
      await bed.run(server.cleanup());
      bed.wire.length = 0;
      if (cycle === warmUp) before = await measure();
    }
    const after = await measure();
    const grown = { heap: after.heap - before.heap, resident: after.resident - before.resident };
    const show = (size: number): string => `${(size / mebibyte).toFixed(1)} MiB`;
    console.log(
      `${cycles} cycles: resident ${show(before.resident)} to ${show(after.resident)}, heap ${show(before.heap)} to ${show(after.heap)}`,
    );
    // An SSL object alone is 10 KiB and more: a leak of one per cycle would be tens of MiB.
    expect(grown.resident).toBeLessThan(8 * mebibyte);
    expect(grown.heap).toBeLessThan(4 * mebibyte);
  }, 300_000);
});
