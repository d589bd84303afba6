import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { NatRelay } from '../../src/commands/nat-relay.js';

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => {
    socket.close();
  });
  await once(socket, 'listening');
  return socket;
}

async function next(socket: Socket): Promise<{ text: string; port: number }> {
  const [message, { port }] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
  return { text: message.toString(), port };
}

it('a NAT gives each device a port, and others when it has forgotten them', async () => {
  const server = await bound();
  const nat = await NatRelay.to(server.address().port);
  onTestFinished(() => nat.close());
  const [one, two] = [await bound(), await bound()];
  const say = async (socket: Socket, text: string) => {
    const heard = next(server);
    socket.send(text, nat.port, '127.0.0.1');
    return heard;
  };
  const [first, second] = [await say(one, 'a'), await say(two, 'b')];
  expect([first.text, second.text]).toEqual(['a', 'b']);
  expect(first.port).not.toBe(second.port);
  expect((await say(one, 'c')).port).toBe(first.port);

  const answered = next(one);
  server.send('d', first.port, '127.0.0.1');
  expect(await answered).toEqual({ text: 'd', port: nat.port });

  const changes = await nat.rebind();
  expect(changes.map(({ before }) => before).sort()).toEqual([first.port, second.port].sort());
  const { port } = await say(one, 'e');
  expect(changes).toContainEqual({ before: first.port, now: port });
  expect(port).not.toBe(first.port);
});
