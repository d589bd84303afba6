import { createInterface, type Interface } from 'node:readline';
import { describeObjects } from '../lwm2m/registration.js';
import { Lwm2mServer } from '../lwm2m/server.js';
import { parsePskPair } from './arguments.js';
import { createPrompt } from './prompt.js';
import { startServing } from './serving.js';
import { onStop } from './signals.js';
import { UserError } from './user-error.js';

/** The options of `avs-demo server`. */
export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** `identity:hexkey`. */
  readonly psk: readonly string[];
  readonly security: boolean;
  readonly backend: string;
  readonly ciphersuites?: readonly number[];
  readonly keyLog?: string;
  readonly cid?: boolean;
}

/** Runs a server and its prompt until `quit`, the end of the input, or Ctrl-C. @throws UserError; what binding throws. */
export async function runServer(options: ServerOptions, print: (line: string) => void): Promise<void> {
  const keys = options.security ? readKeys(options.psk) : undefined;
  const server = new Lwm2mServer();
  let prompt: Interface | undefined;
  const say = (line: string): void => {
    if (prompt === undefined) print(line);
    else printAbove(prompt, line, print);
  };
  const serving = await startServing(server, { ...options, keys }, say);
  server.on('registered', (one) => say(`${one.endpointName} registered: ${describeObjects(one)}`));
  server.on('resumed', (one) => say(`${one.endpointName} has resumed its session, and its registration goes on`));
  server.on('updated', (one) => say(`${one.endpointName} updated, lifetime ${one.lifetime} s`));
  server.on('deregistered', (one) => say(`${one.endpointName} deregistered`));
  server.on('expired', (one) => say(`${one.endpointName} has not been heard of for its lifetime`));
  const scheme = keys === undefined ? 'coap' : 'coaps';
  say(`listening on ${scheme}://${options.host}:${serving.port}; type help for what can be done here`);
  const typing = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: process.stdin.isTTY ? '> ' : '',
  });
  prompt = typing;
  typing.once('close', () => {
    prompt = undefined;
  });
  const forget = onStop(() => typing.close());
  typing.on('SIGINT', () => typing.close());
  try {
    await serveLines(typing, createPrompt(server, say));
  } finally {
    typing.close();
    forget();
    server.close();
    await serving.close();
  }
}

async function serveLines(prompt: Interface, run: (line: string) => Promise<boolean>): Promise<void> {
  prompt.prompt();
  for await (const line of prompt) {
    if (await run(line)) return;
    prompt.prompt();
  }
}

/** Prints a line while somebody may be typing another. */
function printAbove(prompt: Interface, line: string, print: (line: string) => void): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u{1b}[K');
  print(line);
  if (process.stdout.isTTY) prompt.prompt(true);
}

function readKeys(pairs: readonly string[]): Map<string, Uint8Array> {
  if (pairs.length === 0) {
    throw new UserError(
      'no device can connect without a key: give --psk identity:hexkey, or --no-security for coap://',
    );
  }
  const keys = new Map<string, Uint8Array>();
  for (const [index, pair] of pairs.entries()) {
    const { identity, key } = parsePskPair(pair);
    if (keys.has(identity)) throw new UserError(`--psk: number ${index + 1} has the identity of an earlier one`);
    keys.set(identity, key);
  }
  return keys;
}
