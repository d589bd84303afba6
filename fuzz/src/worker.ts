import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { fuzzDecoders } from './decoders.js';
import { type EngineFigures, fuzzEngines } from './engines.js';
import { exploreOrders } from './orders.js';
import { type SoakFigures, soak } from './soak.js';

/** What the worker is to do. */
export interface Task {
  readonly seed: number;
  readonly inputs: number;
  /** ms of fuzzing engines. */
  readonly time: number;
  readonly grow: boolean;
  /** Messages of the longest sequence that is said to a client; one less to a server. */
  readonly depth: number;
  readonly soak: number;
  readonly decoders: number;
  /** A count of the cases begun, for whoever watches. */
  readonly heartbeat: Int32Array;
  /** The case under way: its length, then its bytes. */
  readonly present: Uint8Array;
}

/** What the worker has to show. */
export interface Figures {
  readonly decoders: { readonly inputs: number; readonly kinds: number };
  readonly orders: { readonly sequences: number; readonly accepted: number };
  readonly soak: SoakFigures;
  readonly engines: EngineFigures;
}

// So that what is in use can be told from what is garbage.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc');

const task = workerData as Task;
const alive = (bytes: Uint8Array): void => {
  Atomics.add(task.heartbeat, 0, 1);
  task.present[0] = bytes.length >> 8;
  task.present[1] = bytes.length;
  task.present.set(bytes, 2);
};

const beat = (): void => alive(new Uint8Array(0));
const kinds = fuzzDecoders(task.seed, task.decoders, beat);
const client = await exploreOrders('client', task.depth, beat);
const server = await exploreOrders('server', task.depth - 1, beat);
const soaked = await soak(task.seed, task.soak, beat);
const engines = await fuzzEngines(task, alive);
const figures: Figures = {
  decoders: { inputs: task.decoders, kinds },
  orders: {
    sequences: client.sequences + server.sequences,
    accepted: client.accepted.length + server.accepted.length,
  },
  soak: soaked,
  engines,
};
parentPort?.postMessage(figures);
