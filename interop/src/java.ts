import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce } from './build.js';
import { outputOf } from './command.js';
import { type ProcessOptions, ProcessPeer } from './process-peer.js';

/** How to get what {@link buildJava} needs. */
export const howToGetJava =
  'a JDK of version 17 or later and Maven: apt-get install default-jdk-headless maven, or your system’s packages of them';

/** How a Java program is started. */
export interface JavaOptions extends ProcessOptions {
  /** Packages of the platform, as `module/package`, that a program of before Java 17 looks into. */
  readonly openPackages?: readonly string[] | undefined;
}

/** A Maven project that is built: its own classes, and the libraries that it names. */
export interface JavaProgram {
  /** The version of a library by its artifact's name. @throws Error it is not among the libraries. */
  version(artifact: string): string;
  /** Runs a main class in a virtual machine that starts fast. */
  start(mainClass: string, args: readonly string[], options?: JavaOptions): ProcessPeer;
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
export function buildJava(folder: string): JavaProgram | undefined {
  if (javaVersion() < 17) return undefined;
  const built = buildOnce({
    output: join(folder, 'build', 'classes'),
    sources: sourcesIn(folder),
    command: 'mvn',
    args: ['--batch-mode', '--quiet', 'compile'],
    cwd: folder,
  });
  if (!built) return undefined;
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
    start: (mainClass, args, { openPackages = [], ...options } = {}) => {
      const open = openPackages.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]);
      return new ProcessPeer('java', [...open, ...commandLine(mainClass), ...args], options);
    },
    outputOf: async (mainClass, input) => {
      const running = promisify(execFile)('java', commandLine(mainClass));
      running.child.stdin?.end(input);
      return (await running).stdout;
    },
  };
}

/** The major version, or 0 without Java. */
function javaVersion(): number {
  const output = outputOf('java', ['-version']) ?? '';
  return Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
}

/** The project file, and all that is compiled or copied. */
function sourcesIn(folder: string): string[] {
  const all = ['src', 'resources'].flatMap((name) => {
    const subfolder = join(folder, name);
    if (!existsSync(subfolder)) return [];
    return readdirSync(subfolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  });
  return [join(folder, 'pom.xml'), ...all.sort()];
}
