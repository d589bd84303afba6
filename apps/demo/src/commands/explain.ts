import { AlertDescription, AvsError, AvsErrorCategory, alertName } from '@avs-net/core';
import { describeAlert } from '../alert.js';
import { CoapTimeoutError } from '../coap/messages.js';
import { RegistrationRefusedError } from '../lwm2m/session.js';
import { UserError } from './user-error.js';

/** What was being attempted, for the words of an explanation. */
export interface Attempt {
  /** The URI of the server, or the address listened on. */
  readonly target: string;
  readonly identity?: string | undefined;
  /** `connected`: the error has ended a connection that was there. Default `connecting`. */
  readonly when?: 'connecting' | 'connected' | undefined;
}

const { handshake_failure, insufficient_security, protocol_version, unknown_psk_identity } = AlertDescription;
const wrongKeyAlerts: readonly number[] = [
  unknown_psk_identity,
  AlertDescription.bad_record_mac,
  AlertDescription.decrypt_error,
  AlertDescription.decryption_failed_RESERVED,
];

/** One line that names the cause of an error and what to do about it. Holds no key. */
export function explain(error: unknown, attempt: Attempt): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof RegistrationRefusedError) {
    return `${error.message}; is the server set up for this endpoint name (-e)?`;
  }
  if (error instanceof CoapTimeoutError) {
    return `${attempt.target} gave ${error.message}; is there an LwM2M server at this port?`;
  }
  if (!(error instanceof AvsError)) {
    return error instanceof Error && error.cause instanceof Error
      ? explain(error.cause, attempt)
      : explainSystemError(error, attempt);
  }
  if (attempt.when === 'connected') {
    return describeAlert(error, 'this device', 'the server') ?? explainErrno(error, attempt);
  }
  return error.category === AvsErrorCategory.tlsAlert ? explainAlert(error, attempt) : explainErrno(error, attempt);
}

function explainAlert(error: AvsError, { target, identity = '' }: Attempt): string {
  const { description = 0, direction } = error;
  const who = direction === 'received' ? 'the server' : 'this device';
  const said = `${who} ended the handshake with ${alertName(description)}`;
  if (wrongKeyAlerts.includes(description)) {
    return `${target} does not accept the identity ${JSON.stringify(identity)} with this key (${said}); check -i and -k`;
  }
  // tls-pure names renegotiation_info, OpenSSL speaks of unsafe legacy renegotiation.
  if (direction === 'sent' && error.message.includes('renegotiation')) {
    return `${target} does not know renegotiation_info (RFC 5746), which protects against a man in the middle; --legacy-server connects all the same`;
  }
  if (description === handshake_failure || description === insufficient_security) {
    return `${target} and this device have no ciphersuite in common, or the server does not take this identity (${said}); check --ciphersuites and -i`;
  }
  if (description === protocol_version) return `${target} does not speak DTLS 1.2 (${said})`;
  return `${target}: ${said}`;
}

function explainErrno(error: AvsError, { target, identity }: Attempt): string {
  switch (error.errno) {
    case 'EADDRNOTAVAIL':
      return `${target}: the name does not resolve, or the address is not one of this machine; check it`;
    case 'ECONNREFUSED':
      return `nothing listens at ${target} (connection refused); is the server running, and the port right?`;
    case 'ETIMEDOUT':
      return identity === undefined
        ? `no answer from ${target}; check the address and firewalls`
        : `no answer from ${target}; check the address and firewalls, and -i and -k: some servers say nothing to a wrong identity or key`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return `${target} cannot be reached from here (${error.errno}); check the network`;
    case 'EADDRINUSE':
      return `${target} is in use already; choose another port with --port`;
    case 'EACCES':
    case 'EPERM':
      return `${target}: the system does not allow it (${error.errno})`;
    default:
      return `${target}: ${error.message}`;
  }
}

/** Errors of plain UDP sockets, which are the system's. */
function explainSystemError(error: unknown, attempt: Attempt): string {
  if (!(error instanceof Error)) return `${attempt.target}: ${String(error)}`;
  const { code } = error as { code?: unknown };
  if (code === 'EADDRINUSE') return `${attempt.target} is in use already; choose another port with --port`;
  if (code === 'EADDRNOTAVAIL') return `${attempt.target} is not an address of this machine; check --host`;
  return `${attempt.target}: ${error.message}`;
}

/** The chain of causes below an error, one line each. */
export function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && lines.length < 10; cause = cause.cause) {
    lines.push(`${cause.name}: ${cause.message}`);
  }
  return lines;
}
