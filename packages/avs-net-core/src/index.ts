export {
  type Alert,
  AlertDescription,
  type AlertDescriptionName,
  AlertLevel,
  type AlertLevelName,
  alertName,
} from './alerts.js';
export type { Backend, BackendCapabilities } from './backend.js';
export { type CiphersuiteName, CiphersuiteNumber, ciphersuiteByName, ciphersuiteName } from './ciphersuites.js';
export {
  openSession,
  openState,
  type SessionScope,
  type StorableSession,
  type StoredKind,
  sealSession,
  sealState,
  sessionExpiry,
} from './client-session.js';
export { type Clock, systemClock, type TimerHandle } from './clock.js';
export type * from './configuration.js';
export type { ConnectionIdSettings, ListenerConnectionIdSettings } from './connection-ids.js';
export { constantTimeEqual } from './constant-time.js';
export type * from './credentials.js';
export {
  createDatagramListener,
  type DatagramListenerOptions,
  type DtlsListener,
  type ListenerStats,
} from './datagram-listener.js';
export type {
  AssociationEvent,
  DiagnosticChannels,
  Drop,
  HandshakeEnd,
  HandshakeSummary,
  Retransmission,
} from './diagnostics.js';
export type * from './engine.js';
export { RoutabilityCheckType, routabilityCookieLength } from './engine.js';
export { AvsErrno, type AvsErrnoCode, type AvsErrnoName } from './errno.js';
export {
  AvsError,
  AvsErrorCategory,
  type AvsErrorCategoryCode,
  alertError,
  errnoError,
  isErrno,
  libraryError,
} from './errors.js';
export type * from './options.js';
export { defaultHandshakeTimeouts } from './options.js';
export { recordBytes } from './record-bytes.js';
export {
  createSecureSocket,
  type RebindOptions,
  type SecureSocket,
  type SecureSocketOptions,
} from './secure-socket.js';
export { decodeSessionOwner, ServerSessions, type SessionOwner, ticketKeyNameLength } from './server-sessions.js';
export { MemorySessionCache } from './session-cache.js';
export { lengthPrefixed, lengthPrefixedParts, type SessionCrypto } from './session-crypto.js';
export type * from './socket.js';
export { TicketKeyRing, ticketKeyLength } from './ticket-keys.js';
export {
  copyListenerConfiguration,
  copyTlsConfiguration,
  type ListenerSettings,
  type PersistenceSettings,
  type ResumptionSettings,
  type TlsCommonSettings,
  type TlsSettings,
} from './tls-settings.js';
export { type Arrive, createTransportSocket, type DatagramTransport } from './transport-socket.js';
