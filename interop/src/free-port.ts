import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';

// Below those that systems hand out to sockets that ask for any, so that none of them gets it before the peer has.
const lowest = 10_000;
const highest = 30_000;

/** A UDP port that nobody uses at the moment, as nobody does the one below it: some programs take two. */
export async function freeUdpPort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if ((await isFree(port)) && (await isFree(port - 1))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const socket = dgram.createSocket('udp4');
  try {
    socket.bind(port);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
  }
}
