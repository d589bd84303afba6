#!/usr/bin/env node
import { Command, Option } from 'commander';
import {
  defaultPorts,
  parseEndpointNameOption,
  parseLifetimeOption,
  parsePeriod,
  parsePort,
  parseServerUri,
} from './commands/arguments.js';
import { parseCiphersuites } from './commands/ciphersuite-names.js';
import { type ClientOptions, runClient } from './commands/client-command.js';
import { runDemo } from './commands/demo-command.js';
import { type Attempt, causes, explain } from './commands/explain.js';
import { runNatDemo } from './commands/nat-command.js';
import { runServer, type ServerOptions } from './commands/server-command.js';
import type { DemoOptions } from './commands/stage.js';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

// Whoever reads the output may go away, as `head` does: that ends the program without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

/** Runs a command to its end; what goes wrong becomes one line on stderr and exit code 1. */
async function run(attempt: Attempt, verbose: boolean | undefined, command: Promise<void>): Promise<void> {
  try {
    await command;
  } catch (error) {
    process.stderr.write(`avs-demo: ${explain(error, attempt)}\n`);
    if (verbose === true)
      process.stderr.write(
        causes(error)
          .map((line) => `  ${line}\n`)
          .join(''),
      );
    process.exitCode = 1;
  }
}

const program = new Command('avs-demo')
  .description('An LwM2M device and an LwM2M server over DTLS with pre-shared keys.')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(add --help for what there is)');

function withDtls(command: Command): Command {
  return command
    .option('--backend <name>', 'the implementation of DTLS: pure, openssl', 'pure')
    .option('--ciphersuites <list>', 'only these, by IANA name or number: 0xC0A8,0x00AE', parseCiphersuites)
    .option('--cid', 'use connection IDs (RFC 9146), so that a change of address does not end the association')
    .option('--key-log <file>', 'append key log lines for Wireshark; whoever has them can read the traffic')
    .option('--verbose', 'more lines, and the causes of errors');
}

withDtls(program.command('demo'))
  .description('show a device and a server at work on this machine')
  .option('--port <port>', 'where the server listens; 0 is any free port', parsePort, 0)
  .option('--nat', 'another one: a NAT gives the device another port, with a connection ID and without')
  .action((options: DemoOptions & { nat?: boolean; verbose?: boolean }) => {
    const show = options.nat === true ? runNatDemo : runDemo;
    return run({ target: 'the demonstration' }, options.verbose, show(options, print));
  });

withDtls(program.command('client'))
  .description('run a device until Ctrl-C')
  .requiredOption('-u, --server-uri <uri>', 'coaps://host:port, or coap://host:port for no security', parseServerUri)
  .requiredOption('-e, --endpoint-name <name>', 'the name to register with', parseEndpointNameOption)
  .option('-i, --identity <identity>', 'the identity of the pre-shared key')
  .addOption(new Option('-k, --key <hex>', 'the pre-shared key, hexadecimal').env('AVS_DEMO_KEY'))
  .option('-l, --lifetime <seconds>', 'of the registration', parseLifetimeOption, 300)
  .option('--server-name <name>', 'the name to ask the server for (SNI); default: the host of the URI')
  .option('--session-file <file>', 'keep the session and the registration for the next start; the file is a secret')
  .option('--legacy-server', 'connect also to a server that does not know renegotiation_info (RFC 5746)')
  .option('--prompt', 'take commands from standard input: update, rebind, reconnect, reboot, quit')
  .option('--sensor-period <seconds>', 'between two measurements of the temperature', parsePeriod, 5)
  .action((options: ClientOptions, command: Command) => {
    const { text, secure } = options.serverUri;
    // A key in the environment is for whichever server needs one.
    const isAmbient = !secure && command.getOptionValueSource('key') === 'env';
    return run(
      { target: text, identity: secure ? options.identity : undefined },
      options.verbose,
      runClient(isAmbient ? withoutKey(options) : options, print),
    );
  });

withDtls(program.command('server'))
  .description('run a server that any LwM2M device can register with, and a prompt')
  .option('--host <address>', 'the address to listen on', '0.0.0.0')
  .option('--port <port>', `default ${defaultPorts.coaps}, or ${defaultPorts.coap} without security`, parsePort)
  .option('--psk <identity:hexkey>', "a device's identity and key; may be given several times", collect, [])
  .option('--no-security', 'plain CoAP instead of DTLS')
  .action((options: Omit<ServerOptions, 'port'> & { port?: number; verbose?: boolean }) => {
    const port = options.port ?? defaultPorts[options.security ? 'coaps' : 'coap'];
    return run({ target: `${options.host}:${port}` }, options.verbose, runServer({ ...options, port }, print));
  });

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function withoutKey({ key: _key, ...rest }: ClientOptions): ClientOptions {
  return rest;
}

async function parse(): Promise<void> {
  await program.parseAsync();
}

await run({ target: 'the command line' }, false, parse());
