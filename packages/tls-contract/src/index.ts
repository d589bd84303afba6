import { describe } from 'vitest';
import { describeAborts } from './aborts.js';
import { describeAddresses } from './addresses.js';
import { describeAlerts } from './alerts.js';
import { describeAssociationPersistence } from './association-persistence.js';
import type { BackendPair } from './backend-pair.js';
import { describeCallbacks } from './callbacks.js';
import { describeConcurrency } from './concurrency.js';
import { describeConfiguration } from './configuration.js';
import { describeConnectionIds } from './connection-ids.js';
import { describeCredentials } from './credentials.js';
import { describeDecorate } from './decorate.js';
import { describeDiagnostics } from './diagnostics.js';
import { describeEndings } from './endings.js';
import { describeErrors } from './errors.js';
import { describeExporters } from './exporters.js';
import { describeFailedDecorate } from './failed-decorate.js';
import { describeHandshakeTimers } from './handshake-timers.js';
import { describeHandshakes } from './handshakes.js';
import { describeHostileNetwork } from './hostile-network.js';
import { describeListener } from './listener.js';
import { describeListenerHandover } from './listener-handover.js';
import { describeListenerLimits } from './listener-limits.js';
import { describeListenerStates } from './listener-states.js';
import { describeLoopback } from './loopback.js';
import { describeLoss } from './loss.js';
import { describeNesting } from './nesting.js';
import { describeOptionTable } from './option-table.js';
import { describeOptions } from './options.js';
import { describeOwnTransport } from './own-transport.js';
import { describeRandomness } from './randomness.js';
import { describeRefusedHandshakes } from './refused-handshakes.js';
import { describeResumption } from './resumption.js';
import { describeSecrecy } from './secrecy.js';
import { describeSendingAndReceiving } from './sending-and-receiving.js';
import { describeServerNames } from './server-names.js';
import { describeSessionBuffers } from './session-buffers.js';
import { describeSessionStores } from './session-stores.js';
import { describeStates } from './states.js';
import { describeSuiteChoice } from './suite-choice.js';
import { describeTimeouts } from './timeouts.js';
import { describeVersions } from './versions.js';
import { describeWithoutSockets } from './without-sockets.js';

export type { BackendPair } from './backend-pair.js';
export { describeLoopback } from './loopback.js';

/** What {@link describeContract} cannot ask the backends themselves. */
export interface ContractOptions {
  /**
   * Whether both backends make sockets of their own below. False for an entry that leaves them to its caller: then tests say that
   * it needs `decorate`, in place of those on the loopback interface. Default true.
   */
  readonly ownSockets?: boolean;
}

/**
 * Declares the secure-socket contract as vitest tests: to be called at the top of a test file, once for every pair of
 * backends that must understand each other. What is optional follows the pair's `capabilities`: where one is off, a test says
 * that the right error comes.
 *
 * All of it runs over an in-memory network in virtual time, but for a few tests on the loopback interface.
 * @throws Error `backends.server` cannot listen.
 *
 * @example
 * describeContract('the pure backend', { client: backend, server: backend });
 */
export function describeContract(title: string, backends: BackendPair, options: ContractOptions = {}): void {
  const { ownSockets = true } = options;
  if (!backends.server.capabilities.server) throw new Error(`${backends.server.name} has no listeners to test`);
  describe(title, () => {
    describeHandshakes(backends);
    describeRefusedHandshakes(backends);
    describeSendingAndReceiving(backends);
    describeStates(backends);
    describeListenerStates(backends);
    describeAddresses(backends);
    describeOptions(backends);
    describeOptionTable(backends);
    describeVersions(backends);
    describeServerNames(backends);
    describeSessionBuffers(backends);
    describeResumption(backends);
    describeSessionStores(backends);
    describeSuiteChoice(backends);
    describeExporters(backends);
    describeConnectionIds(backends);
    describeHandshakeTimers(backends);
    describeAssociationPersistence(backends);
    describeTimeouts(backends);
    describeAborts(backends);
    describeAlerts(backends);
    describeEndings(backends);
    describeDecorate(backends);
    describeFailedDecorate(backends);
    describeNesting(backends);
    describeOwnTransport(backends);
    describeConfiguration(backends);
    describeCallbacks(backends);
    describeRandomness(backends);
    describeCredentials(backends);
    describeSecrecy(backends);
    describeDiagnostics(backends);
    describeErrors(backends);
    describeListener(backends);
    describeListenerLimits(backends);
    describeListenerHandover(backends);
    describeHostileNetwork(backends);
    describeLoss(backends);
    describeConcurrency(backends);
    if (ownSockets) describeLoopback(backends);
    else describeWithoutSockets(backends);
  });
}
