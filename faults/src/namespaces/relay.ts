// A router with bad luck, for kernels that have no netem: carries UDP datagrams between clients and a server, and loses, delays and
// reorders them. Usage: node relay.js <own address> <port> <server's address> <port> <seed>
import dgram from 'node:dgram';
import { SeededRandom } from '@avs-net/core/testing';
import { impairment } from './impairment.js';

const [, , ownHost = '', port = '', serverHost = '', serverPort = '', seed = '1'] = process.argv;
const random = new SeededRandom(Number(seed));
const front = dgram.createSocket('udp4');
/** A socket towards the server for each client, by the client's address. The campaign has one client. */
const backs = new Map<string, dgram.Socket>();

function impair(forward: () => void): void {
  if (random.chance(impairment.loss)) return;
  setTimeout(forward, impairment.delay + (random.next() * 2 - 1) * impairment.jitter);
}

front.on('message', (data, { address, port: from }) => {
  const key = `${address} ${from}`;
  let back = backs.get(key);
  if (back === undefined) {
    back = dgram.createSocket('udp4');
    back.on('message', (answer) => impair(() => front.send(answer, from, address)));
    back.on('error', () => undefined);
    backs.set(key, back);
  }
  const to = back;
  impair(() => to.send(data, Number(serverPort), serverHost));
});
front.bind(Number(port), ownHost, () => process.stdout.write('relaying\n'));
