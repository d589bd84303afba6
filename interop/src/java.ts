import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { outputOf } from './command.js';
import { type ProcessOptions, ProcessPeer } from './process-peer.js';

/** How to get what {@link buildJava} needs. */
export const howToGetJava =
  'a JDK of version 17 or later and Maven: apt-get install default-jdk-headless maven, or your system’s packages of them';

/** A Maven project that is built: its own classes, and the libraries that it names. */
export interface JavaProgram {
  /** The version of a library by its artifact's name. @throws Error it is not among the libraries. */
  version(artifact: string): string;
  /** Runs a main class. Its output comes as it is written; its virtual machine is set up to start fast. */
  start(mainClass: string, args: readonly string[], options?: ProcessOptions): ProcessPeer;
  /** What a main class prints when it is given this input, and its end. */
  outputOf(mainClass: string, input: string): Promise<string>;
}

// Compiled quickly and not well, one thread that collects garbage: what programs want that run for a minute.
const machine = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/**
 * Builds the Maven project in `folder`, unless it was built before and has not changed since: Maven is slow, and it may have to
 * download. The project leaves its classes in `build/classes` and its libraries in `build/lib`. Undefined without Java or Maven.
 * @throws Error Maven failed; its message has Maven's.
 */
export async function buildJava(folder: string): Promise<JavaProgram | undefined> {
  if (javaVersion() < 17) return undefined;
  const stamp = join(folder, 'build', 'stamp');
  const state = stateOf(folder);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== state) {
    if (outputOf('mvn', ['--version']) === undefined) return undefined;
    await maven(folder);
    writeFileSync(stamp, state);
  }
  const libraries = join(folder, 'build', 'lib');
  const classPath = [join(folder, 'build', 'classes'), join(libraries, '*')].join(delimiter);
  const commandLine = (mainClass: string): string[] => [...machine, '-cp', classPath, mainClass];
  return {
    version: (artifact) => {
      const jar = new RegExp(`^${artifact}-(\\d.*)\\.jar$`);
      const version = readdirSync(libraries).flatMap((file) => jar.exec(file)?.[1] ?? [])[0];
      if (version === undefined) throw new Error(`${artifact} is not among the libraries in ${libraries}`);
      return version;
    },
    start: (mainClass, args, options) => new ProcessPeer('java', [...commandLine(mainClass), ...args], options),
    outputOf: async (mainClass, input) => {
      const running = promisify(execFile)('java', commandLine(mainClass));
      running.child.stdin?.end(input);
      return (await running).stdout;
    },
  };
}

async function maven(folder: string): Promise<void> {
  try {
    await promisify(execFile)('mvn', ['--batch-mode', '--quiet', 'compile'], { cwd: folder });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`Maven could not build ${folder}:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The major version, or 0 without Java. */
function javaVersion(): number {
  const output = outputOf('java', ['-version']) ?? '';
  return Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
}

/** A digest of all that goes into the build. */
function stateOf(folder: string): string {
  const digest = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const built = path.startsWith(join(folder, 'build'));
    if (entry.isFile() && !built && /\.(xml|java)$/.test(entry.name))
      digest.update(path.slice(folder.length)).update(readFileSync(path));
  }
  return digest.digest('hex');
}
