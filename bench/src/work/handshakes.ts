import { hrtime } from 'node:process';
import { type Engines, enginesOf } from './engines.js';
import { connect } from './link.js';
import { Unable } from './unable.js';

const known = new Map<string, Engines>();
const sessions = new Map<string, Uint8Array>();

/** Makes `count` associations, both ends. Returns the time, ns. @throws Unable */
export async function timeHandshakes(
  implementation: string,
  suite: string,
  kind: string,
  count: number,
): Promise<bigint> {
  if (implementation === 'naive') throw new Unable('createCipheriv makes no handshake');
  const engines = known.get(suite) ?? enginesOf(implementation, suite);
  known.set(suite, engines);
  const session = kind === 'resumed' ? (sessions.get(suite) ?? (await newSession(engines))) : undefined;
  if (session !== undefined) sessions.set(suite, session);
  const start = hrtime.bigint();
  for (let each = 0; each < count; each++) {
    const link = await connect(engines, session?.slice());
    link.destroy();
  }
  return hrtime.bigint() - start;
}

async function newSession(engines: Engines): Promise<Uint8Array> {
  const first = await connect(engines);
  const session = first.client.resumable?.store();
  first.destroy();
  if (session === undefined) throw new Unable('this backend does not resume sessions');
  const second = await connect(engines, session.slice());
  const resumed = second.client.live.info?.resumed;
  second.destroy();
  if (!resumed) throw new Error('the session was not resumed');
  return session;
}
