import { createInterface } from 'node:readline';
import type { Lwm2mClient } from '../lwm2m/client.js';

/** Runs commands for a device, one a line of `input`, until the function returned is called. The end of the input ends nothing. */
export function readCommands(
  input: NodeJS.ReadableStream,
  client: Pick<Lwm2mClient, 'update' | 'rebind' | 'reconnect' | 'reboot' | 'stop'>,
  print: (line: string) => void,
): () => void {
  const commands: Readonly<Record<string, { readonly help: string; run(): unknown }>> = {
    update: { help: 'sends an Update', run: () => client.update() },
    rebind: { help: 'changes the UDP port; with a connection ID the association goes on', run: () => client.rebind() },
    reconnect: { help: 'gives the connection up and makes another one', run: () => client.reconnect() },
    reboot: { help: 'deregisters, connects and registers again', run: () => client.reboot() },
    quit: { help: 'deregisters and ends', run: () => client.stop() },
  };
  const lines = createInterface({ input });
  lines.on('line', (line) => {
    const name = line.trim();
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command !== undefined) command.run();
    else if (name !== '') for (const [each, { help }] of Object.entries(commands)) print(`  ${each.padEnd(12)}${help}`);
  });
  return () => lines.close();
}
