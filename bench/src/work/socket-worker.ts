// A server or a client on loopback, as native/sockets.c is one without Node: it is asked on its standard input, a question a line, and
// answers with a line.
//   listen            the port of a server, which sends messages back or counts them, as their first byte says
//   arrived           how many were counted, and when the last one came
//   connect PORT      connects a client
//   echo SIZE COUNT   ns for COUNT round trips of the client, one after the other
//   flood SIZE COUNT  sends COUNT messages to be counted; when that began and ended
//   handshake PORT    ns to make another client and connect it; it is closed again
// Points in time are ns of the clock that all processes of the machine have in common.
// Its argument is the implementation: raw, pure, openssl, opensslOverDgram or dtlsClient.
import { hrtime } from 'node:process';
import { createInterface } from 'node:readline';
import { Arrivals } from './sockets/arrivals.js';
import { echoed, flood, timeEchoes } from './sockets/exchange.js';
import type { Connection, SocketImplementation } from './sockets/implementation.js';
import { Unable } from './unable.js';

const [name = ''] = process.argv.slice(2);
const arrivals = new Arrivals();
let connection: Connection | undefined;

const implementation = await load(name);
for await (const question of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await answer(question)}\n`);
}
process.exit(0);

/** Nobody has others in the process than itself. */
async function load(which: string): Promise<SocketImplementation> {
  switch (which) {
    case 'raw':
      return (await import('./sockets/raw.js')).raw;
    case 'dtlsClient':
      return (await import('./sockets/dtls-client.js')).dtlsClient;
    case 'opensslOverDgram':
      return (await import('./sockets/over-dgram.js')).overDgram((await import('@avs-net/tls-openssl')).backend);
    case 'pure':
      return (await import('./sockets/secure.js')).secure((await import('@avs-net/tls-pure')).backend);
    default:
      return (await import('./sockets/secure.js')).secure((await import('@avs-net/tls-openssl')).backend);
  }
}

async function answer(question: string): Promise<string> {
  const [work, first = '', second = ''] = question.split(' ');
  try {
    switch (work) {
      case 'listen':
        return String(await implementation.serve(onMessage));
      case 'arrived': {
        const { count, last } = await arrivals.take();
        return `${count} ${last}`;
      }
      case 'connect':
        connection = await implementation.connect(Number(first));
        return 'connected';
      case 'echo':
        return String(await timeEchoes(connected(), Number(first), Number(second)));
      case 'flood': {
        const start = hrtime.bigint();
        await flood(connected(), Number(first), Number(second));
        return `${start} ${hrtime.bigint()}`;
      }
      case 'handshake':
        return String(await timeHandshake(Number(first)));
      default:
        return 'no such question';
    }
  } catch (error) {
    if (error instanceof Unable) return `no ${error.message}`;
    throw error;
  }
}

function onMessage(data: Uint8Array, reply: (data: Uint8Array) => void): void {
  if (data[0] === echoed) reply(data);
  else arrivals.add();
}

function connected(): Connection {
  if (connection === undefined) throw new Error('there is no connection');
  return connection;
}

async function timeHandshake(port: number): Promise<bigint> {
  const start = hrtime.bigint();
  const made = await implementation.connect(port);
  const time = hrtime.bigint() - start;
  await made.close();
  return time;
}
