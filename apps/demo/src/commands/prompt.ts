import { describeCode } from '../coap/messages.js';
import { decodePlainText } from '../lwm2m/codecs/plain-text.js';
import type { DeviceAnswer, DeviceHandle } from '../lwm2m/device-handle.js';
import { formatPath, type Path, parsePath } from '../lwm2m/path.js';
import { describeObjects } from '../lwm2m/registration.js';
import type { Lwm2mServer } from '../lwm2m/server.js';
import { describeValue, type ResourceType } from '../lwm2m/value.js';
import { definitions } from '../objects/definitions.js';
import { printable } from '../printable.js';

interface Command {
  readonly usage: string;
  readonly help: string;
  run(device: DeviceHandle, path: Path, rest: readonly string[]): Promise<string[]>;
}

/** What the prompt does with a device. EP may be left out while one device is registered. */
function commandsFor(print: (line: string) => void): Readonly<Record<string, Command>> {
  return {
    read: {
      usage: 'read EP PATH',
      help: 'an object, an instance or a resource: read thermo /3/0',
      run: async (device, path) => describeAnswer(await device.read(path)),
    },
    write: {
      usage: 'write EP PATH VALUE',
      help: 'a resource: write thermo /3/0/15 Europe/Warsaw',
      run: async (device, path, rest) => {
        const type = typeOf(path);
        const value = decodePlainText(type, new TextEncoder().encode(rest.join(' ')));
        return describeAnswer(await device.write(path, type, value));
      },
    },
    execute: {
      usage: 'execute EP PATH [ARG]',
      help: 'a resource: execute thermo /3303/0/5605',
      run: async (device, path, rest) =>
        describeAnswer(await device.execute(path, rest.length === 0 ? undefined : rest.join(' '))),
    },
    observe: {
      usage: 'observe EP PATH',
      help: 'be told of changes: observe thermo /3303/0/5700',
      run: async (device, path) => {
        const { endpointName } = device.registration;
        const notified = (answer: DeviceAnswer): void =>
          print(`${endpointName} notifies: ${describeAnswer(answer).join('; ')}`);
        return describeAnswer(await device.observe(path, notified));
      },
    },
    cancel: {
      usage: 'cancel EP PATH',
      help: 'end an observation',
      run: async (device, path) => describeAnswer(await device.cancel(path)),
    },
    discover: {
      usage: 'discover EP PATH',
      help: 'what is there, with attributes: discover thermo /3',
      run: async (device, path) => {
        const links = await device.discover(path);
        return links.map(({ target, attributes }) => {
          const shown = [...attributes].map(([name, value]) => (value === true ? name : `${name}=${value}`));
          return printable([target, ...shown].join('  '));
        });
      },
    },
    attributes: {
      usage: 'attributes EP PATH NAME[=VALUE] …',
      help: 'set or remove pmin, pmax, gt, lt, st: attributes thermo /3303/0/5700 pmin=10 gt',
      run: async (device, path, rest) => describeAnswer(await device.writeAttributes(path, rest)),
    },
  };
}

/** Runs lines typed at the prompt of a server. Resolves to true when the line is `quit`; never rejects. */
export function createPrompt(server: Lwm2mServer, print: (line: string) => void): (line: string) => Promise<boolean> {
  const commands = commandsFor(print);
  const list = (): string[] => {
    const lines = server.registrations.map((one) => {
      const { endpointName, version, lifetime, identity } = one;
      const who = identity === undefined ? 'no security' : `identity ${JSON.stringify(identity)}`;
      return `${endpointName}  LwM2M ${version}, lifetime ${lifetime} s, ${who}: ${describeObjects(one)}`;
    });
    return lines.length === 0 ? ['no device is registered'] : lines;
  };
  return async (line) => {
    const [name = '', ...words] = line.trim().split(/\s+/);
    if (name === '') return false;
    if (name === 'quit' || name === 'exit') return true;
    try {
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (name === 'list') list().forEach(print);
      else if (command === undefined) helpText(commands).forEach(print);
      else (await runCommand(server, command, words)).forEach(print);
    } catch (error) {
      print(error instanceof Error ? error.message : String(error));
    }
    return false;
  };
}

async function runCommand(server: Lwm2mServer, command: Command, words: readonly string[]): Promise<string[]> {
  const named = words[0]?.startsWith('/') === true ? words : words.slice(1);
  const [pathText, ...rest] = named;
  const [only, ...others] = server.registrations;
  const endpointName = named === words && others.length === 0 ? only?.endpointName : words[0];
  if (pathText === undefined || endpointName === undefined) throw new Error(`usage: ${command.usage}`);
  return command.run(server.device(endpointName), parsePath(pathText), rest);
}

function helpText(commands: Readonly<Record<string, Command>>): string[] {
  const rows = Object.values(commands).map(({ usage, help }) => [usage, help] as const);
  return [['list', 'who is registered'] as const, ...rows, ['quit', 'the end'] as const].map(
    ([usage, help]) => `  ${usage.padEnd(34)}${help}`,
  );
}

/** An answer as lines: the code, and the values with their names. */
export function describeAnswer({ code, data, format, diagnostic }: DeviceAnswer): string[] {
  const head = [describeCode(code), format, diagnostic].filter((part) => part !== undefined && part !== '');
  return [
    printable(head.join(', ')),
    ...data.map(({ path, value }) => printable(`${formatPath(path)} ${nameOf(path)}= ${describeValue(value)}`)),
  ];
}

function nameOf(path: Path): string {
  const [object = -1, , resource] = path;
  const definition = definitions.get(object)?.resources.find(({ id }) => id === resource);
  return definition === undefined ? '' : `${definition.name} `;
}

function typeOf(path: Path): ResourceType {
  const [object = -1, , resource] = path;
  return definitions.get(object)?.resources.find(({ id }) => id === resource)?.type ?? 'string';
}
