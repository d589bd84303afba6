import { hrtime } from 'node:process';
import { enginesOf } from './engines.js';
import { connect, type Link } from './link.js';
import { type NaiveRecords, naiveRecords } from './naive-records.js';

const links = new Map<string, Link>();
const naive = new Map<string, NaiveRecords>();

/** Protects and opens `count` records of `size` bytes. Returns the time, ns. @throws Unable */
export async function timeRecords(implementation: string, suite: string, size: number, count: number): Promise<bigint> {
  const plaintext = new Uint8Array(size).fill(0x61);
  if (implementation === 'naive') {
    const records = naive.get(suite) ?? naiveRecords(suite);
    naive.set(suite, records);
    return timeNaive(records, plaintext, count);
  }
  const link = links.get(suite) ?? (await connect(enginesOf(implementation, suite)));
  links.set(suite, link);
  return timeEngines(link, plaintext, count);
}

function timeEngines({ client, server }: Link, plaintext: Uint8Array, count: number): bigint {
  const sender = client.live;
  const receiver = server.live;
  let received = 0;
  server.onDeliver = (bytes) => {
    received += bytes.length;
  };
  const start = hrtime.bigint();
  for (let each = 0; each < count; each++) {
    sender.send(plaintext);
    const datagram = client.sent.pop();
    if (datagram !== undefined) receiver.receive(datagram, 0);
  }
  const time = hrtime.bigint() - start;
  if (received !== count * plaintext.length) throw new Error(`${received} bytes were received`);
  return time;
}

function timeNaive({ protect, open }: NaiveRecords, plaintext: Uint8Array, count: number): bigint {
  let received = 0;
  const start = hrtime.bigint();
  for (let each = 0; each < count; each++) received += open(protect(plaintext)).length;
  const time = hrtime.bigint() - start;
  if (received !== count * plaintext.length) throw new Error(`${received} bytes were received`);
  return time;
}
