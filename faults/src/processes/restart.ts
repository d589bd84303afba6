import { demoClient, demoServer, portOf } from './program.js';

const host = '127.0.0.1';
/** s; the device sends an Update after half of it. */
const lifetime = 6;
/** CoAP gives up 93 s after a request (RFC 7252 §4.8.2, MAX_TRANSMIT_WAIT), and then the device pauses. */
const untilNoticed = 93_000 + 30_000;

/**
 * Kills the demo's server and starts it again at the same port: its device does not know, asks in vain, and registers again. Then
 * kills the device, and starts it again. Real processes, real sockets, real time.
 * @throws Error with what a program printed.
 */
export async function restartDemo(print: (line: string) => void): Promise<void> {
  await using first = demoServer(host, 0);
  const port = await portOf(first);
  await using device = demoClient(host, port, lifetime);
  await device.printed('Register → 2.01', 15_000);
  await first.kill();
  await using second = demoServer(host, port);
  await portOf(second);
  const [before, begin] = [device.lines.length, performance.now()];
  await device.printed('Register → 2.01', untilNoticed, before);
  await second.printed('registered', 5_000);
  const seconds = Math.round((performance.now() - begin) / 1_000);
  print(`demo: the server was killed and restarted; its device registered again after ${seconds} s and said:`);
  for (const line of device.lines.slice(before)) print(`  ${line}`);

  await device.kill();
  const [heard, again] = [second.lines.length, performance.now()];
  await using successor = demoClient(host, port, lifetime);
  await successor.printed('Register → 2.01', 15_000);
  await second.printed('registered', 5_000, heard);
  print(
    `demo: the device was killed and restarted; it registered again within ${Math.ceil((performance.now() - again) / 1_000)} s`,
  );
}
