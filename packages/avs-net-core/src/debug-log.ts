import { AlertLevel, alertName } from './alerts.js';
import { ciphersuiteName } from './ciphersuites.js';
import type { AssociationEvent, DiagnosticChannels } from './diagnostics.js';

/** Hosts, names and reasons may come from elsewhere: nothing of them may look like another line, or move the cursor. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

function peerOf({ association, role, host, port }: AssociationEvent): string {
  const number = association === undefined ? '' : ` ${association}`;
  return `${role}${number} ${role === 'client' ? 'to' : 'of'} ${printable(host)} port ${port}`;
}

/** How each event reads as a line of a log. */
export const logFormats: { readonly [K in keyof DiagnosticChannels]: (message: DiagnosticChannels[K]) => string } = {
  'avs-net:handshake:start': (event) => `${peerOf(event)}: handshake begins`,
  'avs-net:handshake:end': ({ info, error, duration, ...event }) => {
    const after = `after ${Math.round(duration)} ms`;
    if (info === undefined) {
      const reason = error === undefined ? 'given up' : String(error instanceof Error ? error.message : error);
      return `${peerOf(event)}: handshake failed ${after}: ${printable(reason)}`;
    }
    const { version, ciphersuite, resumed, serverName, flights, retransmissions } = info;
    const name = serverName === undefined ? '' : `, server name ${printable(serverName)}`;
    const kind = resumed ? 'resumed' : 'full';
    const counts = `${flights} flights, ${retransmissions} sent again`;
    return `${peerOf(event)}: handshake done ${after}: ${version}, ${ciphersuiteName(ciphersuite)}, ${kind}, ${counts}${name}`;
  },
  'avs-net:alert': ({ direction, level, description, ...event }) => {
    const severity = level === AlertLevel.fatal ? 'fatal' : 'warning';
    return `${peerOf(event)}: alert ${direction}: ${severity} ${alertName(description)}`;
  },
  'avs-net:retransmission': ({ count, ...event }) => `${peerOf(event)}: flight sent again, ${count} so far`,
  'avs-net:drop': ({ reason, ...event }) => `${peerOf(event)}: dropped: ${reason}`,
};
