import { spawnSync } from 'node:child_process';

/** A command of the system that did not succeed, with what it said. */
export class Refusal extends Error {
  constructor(
    readonly command: string,
    readonly words: string,
  ) {
    super(`${command}: ${words}`);
    this.name = 'Refusal';
  }
}

/** Whether a command is installed. */
export function isInstalled(command: string): boolean {
  return spawnSync(command, ['-V']).error === undefined;
}

/** Network namespaces of the campaign's own, with links between them; all of it is gone after disposal. */
export class Namespaces implements Disposable {
  readonly #made: string[] = [];
  #links = 0;

  /** Makes a namespace with its loopback up. @returns its name. @throws Refusal */
  add(name: string): string {
    const full = `avs-${process.pid}-${name}`;
    run('ip', 'netns', 'add', full);
    this.#made.push(full);
    run('ip', '-n', full, 'link', 'set', 'lo', 'up');
    return full;
  }

  /** Connects two namespaces. Gives each end an address of a /30. @returns the names of the two ends. @throws Refusal */
  link(a: string, addressOfA: string, b: string, addressOfB: string): readonly [string, string] {
    this.#links += 1;
    const ends = [
      `avs${process.pid % 100_000}l${this.#links}a`,
      `avs${process.pid % 100_000}l${this.#links}b`,
    ] as const;
    run('ip', 'link', 'add', ends[0], 'netns', a, 'type', 'veth', 'peer', 'name', ends[1], 'netns', b);
    for (const [namespace, end, address] of [
      [a, ends[0], addressOfA],
      [b, ends[1], addressOfB],
    ] as const) {
      run('ip', '-n', namespace, 'address', 'add', `${address}/30`, 'dev', end);
      run('ip', '-n', namespace, 'link', 'set', end, 'up');
    }
    return ends;
  }

  /** Puts a queueing discipline on what leaves by a link. @throws Refusal */
  impair(namespace: string, end: string, discipline: readonly string[]): void {
    run('ip', 'netns', 'exec', namespace, 'tc', 'qdisc', 'add', 'dev', end, 'root', ...discipline);
  }

  [Symbol.dispose](): void {
    for (const name of this.#made.splice(0)) spawnSync('ip', ['netns', 'delete', name]);
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Refusal([command, ...args].join(' '), (error?.message ?? stderr.trim()) || `exit code ${status}`);
}
