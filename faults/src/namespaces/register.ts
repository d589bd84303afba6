import { fileURLToPath } from 'node:url';
import { demoClient, demoServer, Program, portOf } from '../processes/program.js';
import { impairment, netem } from './impairment.js';
import { isInstalled, Namespaces, Refusal } from './network.js';

const relay = fileURLToPath(new URL('./relay.js', import.meta.url));
const port = 5684;
/** Of the range for tests of networks: RFC 2544. In namespaces of our own. */
const addresses = {
  server: '198.18.0.1',
  towardsServer: '198.18.0.2',
  client: '198.18.0.5',
  towardsClient: '198.18.0.6',
};

/** With luck like this one registration in ten fails, as it should: a device that cannot register at first gives up. */
const attempts = 4;
const attemptTime = 90_000;

/**
 * The demo's device registers with the demo's server across network namespaces whose link loses, delays and reorders. Where the kernel
 * has no netem, a program in a namespace between them does that. Where there are no namespaces this says so.
 * @throws Error a tool is missing where CI is set, or the device did not register.
 */
export async function registerAcrossNamespaces(print: (line: string) => void): Promise<void> {
  const missing = ['ip', 'tc'].filter((tool) => !isInstalled(tool));
  if (missing.length > 0) {
    const words = `namespaces: ${missing.join(' and ')} not found; on Debian: apt-get install iproute2`;
    if (process.env['CI']) throw new Error(words);
    return print(`${words}. This part did not run.`);
  }
  using namespaces = new Namespaces();
  let way: Way;
  try {
    way = layOut(namespaces, print);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return print(`namespaces: the kernel refuses (${error.message}). This part did not run.`);
  }
  await register(way, print);
}

/** Who runs where, and whom the client connects to. */
interface Way {
  readonly server: string;
  readonly client: string;
  readonly target: string;
  /** Starts what stands between them, if anything does. */
  readonly between: ((seed: number) => Program) | undefined;
}

function layOut(namespaces: Namespaces, print: (line: string) => void): Way {
  const [server, client] = [namespaces.add('server'), namespaces.add('client')];
  const ends = namespaces.link(server, addresses.server, client, addresses.towardsServer);
  try {
    namespaces.impair(server, ends[0], netem);
    namespaces.impair(client, ends[1], netem);
    return { server, client, target: addresses.server, between: undefined };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    print(`namespaces: the kernel has no netem ("${error.words}"); a program between the namespaces does the same`);
  }
  const middle = namespaces.add('middle');
  const far = namespaces.add('far');
  namespaces.link(far, addresses.server, middle, addresses.towardsServer);
  namespaces.link(client, addresses.client, middle, addresses.towardsClient);
  const between = (seed: number): Program =>
    new Program(relay, [addresses.towardsClient, String(port), addresses.server, String(port), String(seed)], {
      namespace: middle,
    });
  return { server: far, client, target: addresses.towardsClient, between };
}

async function register({ server, client, target, between }: Way, print: (line: string) => void): Promise<void> {
  await using running = demoServer('0.0.0.0', port, { namespace: server });
  await portOf(running);
  for (let attempt = 1; ; attempt += 1) {
    await using router = between?.(attempt);
    await router?.printed('relaying', 15_000);
    const begin = performance.now();
    await using device = demoClient(target, port, 300, { namespace: client });
    try {
      await device.printed('Register → 2.01', attemptTime);
      await running.printed('registered', 5_000);
    } catch (error) {
      if (attempt === attempts) throw error;
      print(`namespaces: attempt ${attempt} ended with: ${device.lines.at(-1) ?? 'nothing'}`);
      continue;
    }
    const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
    const { loss, delay, jitter } = impairment;
    print(
      `namespaces: the demo registered across ${loss * 100} % loss and ${delay} ± ${jitter} ms each way, in ${seconds} s:`,
    );
    for (const line of device.lines) print(`  ${line}`);
    return;
  }
}
