import { describe } from 'vitest';
import { describeAddresses } from './addresses.js';
import type { BackendPair } from './backend-pair.js';
import { describeHandshakes } from './handshakes.js';
import { describeListenerStates } from './listener-states.js';
import { describeOptions } from './options.js';
import { describeRefusedHandshakes } from './refused-handshakes.js';
import { describeSendingAndReceiving } from './sending-and-receiving.js';
import { describeStates } from './states.js';

export type { BackendPair } from './backend-pair.js';

export function describeContract(title: string, backends: BackendPair): void {
  describe(title, () => {
    describeHandshakes(backends);
    describeRefusedHandshakes(backends);
    describeSendingAndReceiving(backends);
    describeStates(backends);
    describeListenerStates(backends);
    describeAddresses(backends);
    describeOptions(backends);
  });
}
