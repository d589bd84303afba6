import type { EngineInfo } from '@avs-net/core';

/**
 * What was negotiated, as an idle association keeps it. Identities are strings of a character for each byte: an array of so few
 * bytes takes 200 more. With the object around them that is 150 bytes, where an EngineInfo has 390.
 */
export class KeptInfo {
  readonly ciphersuite: number;
  readonly maxFragmentLength: number;
  readonly returnRoutabilityCheck: boolean;
  readonly peerConnectionId: Uint8Array | undefined;
  private readonly connectionId: Uint8Array | undefined;
  private readonly resumed: boolean;
  private readonly extendedMasterSecret: boolean;
  private readonly encryptThenMac: boolean;
  private readonly flights: number;
  private readonly retransmissions: number;
  private readonly serverName: string | undefined;
  private readonly pskIdentity: string | undefined;
  private readonly pskIdentityHint: string | undefined;

  constructor(info: EngineInfo) {
    this.ciphersuite = info.ciphersuite;
    this.maxFragmentLength = info.maxFragmentLength;
    this.returnRoutabilityCheck = info.returnRoutabilityCheck;
    this.peerConnectionId = info.peerConnectionId;
    this.connectionId = info.connectionId;
    this.resumed = info.resumed;
    this.extendedMasterSecret = info.extendedMasterSecret;
    this.encryptThenMac = info.encryptThenMac;
    this.flights = info.flights;
    this.retransmissions = info.retransmissions;
    this.serverName = info.serverName;
    this.pskIdentity = info.pskIdentity && textOf(info.pskIdentity);
    this.pskIdentityHint = info.pskIdentityHint && textOf(info.pskIdentityHint);
  }

  /** For whoever asks: what is in it is the asker's, but for the connection IDs. */
  expand(): EngineInfo {
    const { pskIdentity, pskIdentityHint } = this;
    return {
      version: '1.2',
      ciphersuite: this.ciphersuite,
      resumed: this.resumed,
      extendedMasterSecret: this.extendedMasterSecret,
      encryptThenMac: this.encryptThenMac,
      pskIdentity: pskIdentity === undefined ? undefined : bytesOf(pskIdentity),
      pskIdentityHint: pskIdentityHint === undefined ? undefined : bytesOf(pskIdentityHint),
      serverName: this.serverName,
      connectionId: this.connectionId,
      peerConnectionId: this.peerConnectionId,
      returnRoutabilityCheck: this.returnRoutabilityCheck,
      maxFragmentLength: this.maxFragmentLength,
      flights: this.flights,
      retransmissions: this.retransmissions,
    };
  }
}

/** Arguments of one call: far below what any engine takes. */
const atOnce = 1_024;

function textOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += atOnce) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + atOnce)));
  }
  // Joined, not added up: a string that was added up keeps its parts.
  return parts.join('');
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
