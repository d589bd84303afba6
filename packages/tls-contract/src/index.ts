import { describe } from 'vitest';
import type { BackendPair } from './backend-pair.js';
import { describeHandshakes } from './handshakes.js';
import { describeRefusedHandshakes } from './refused-handshakes.js';

export type { BackendPair } from './backend-pair.js';

export function describeContract(title: string, backends: BackendPair): void {
  describe(title, () => {
    describeHandshakes(backends);
    describeRefusedHandshakes(backends);
  });
}
