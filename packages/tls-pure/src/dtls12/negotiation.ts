import { AlertDescription } from '@avs-net/core';
import type { Ciphersuite } from '../ciphersuites.js';
import { NamedGroup, type NamedGroupCode, supportedGroups } from '../crypto/provider.js';
import { type ClientHello, emptyRenegotiationInfoScsv } from '../handshake/client-hello.js';
import {
  checkEmpty,
  checkPointFormats,
  checkRenegotiationInfo,
  decodeConnectionId,
  decodeMaxFragmentLength,
  decodeServerName,
  decodeSupportedGroups,
  type Extensions,
  ExtensionType,
  emptyExtension,
  emptyRenegotiationInfo,
  encodeConnectionId,
  encodeMaxFragmentLength,
  uncompressedPointFormats,
} from '../handshake/extensions.js';
import { maxPlaintextLength, noConnectionId, ProtocolVersion } from '../record/header.js';
import { DecodeError } from '../wire/reader.js';

/** What a server answers a ClientHello with. */
export interface ServerChoice {
  readonly suite: Ciphersuite;
  /** In ECDHE_PSK suites only. */
  readonly group: NamedGroupCode | undefined;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly maxFragmentLength: number;
  readonly serverName: string | undefined;
  readonly connectionIds: ConnectionIds | undefined;
  /** Of the ServerHello. */
  readonly extensions: Extensions;
}

/** What was negotiated of RFC 9146 and RFC 9853. */
export interface ConnectionIds {
  /** In the records that the peer sends; may be empty. */
  readonly own: Uint8Array;
  /** In the records that we send; may be empty. */
  readonly peer: Uint8Array;
  /** RFC 9853. */
  readonly rrc: boolean;
}

/** The suites that a client offers too, in its order of preference. */
export function inClientOrder(suites: readonly Ciphersuite[], { ciphersuites }: ClientHello): readonly Ciphersuite[] {
  return ciphersuites.flatMap((id) => suites.find((suite) => suite.id === id) ?? []);
}

/**
 * Chooses from what a client offers, by the order of `suites`. Unknown extensions are ignored (RFC 5246 §7.4.1.4). `connectionId` is
 * what a client is asked to send; undefined: none are used.
 */
export function negotiate(
  hello: ClientHello,
  suites: readonly Ciphersuite[],
  connectionId?: Uint8Array,
  returnRoutabilityCheck = true,
): ServerChoice {
  // DTLS versions count down: a smaller number is a newer one, and such a client may speak ours (RFC 6347 §4.2.1).
  if (hello.version >>> 8 !== 0xfe || hello.version > ProtocolVersion.dtls12) {
    throw new DecodeError('the client does not speak DTLS 1.2', AlertDescription.protocol_version);
  }
  if (!hello.compressionMethods.includes(0)) {
    throw new DecodeError('the client offers no null compression', AlertDescription.illegal_parameter);
  }
  const asked = hello.extensions;
  const group = chooseGroup(asked);
  const suite = suites.find(
    ({ id, keyExchange }) => hello.ciphersuites.includes(id) && (keyExchange === 'PSK' || group !== undefined),
  );
  if (!suite) throw new DecodeError('no ciphersuite in common', AlertDescription.handshake_failure);

  const extensions: Extensions = new Map();
  const name = asked.get(ExtensionType.server_name);
  const serverName = name && decodeServerName(name);
  if (serverName !== undefined) extensions.set(ExtensionType.server_name, emptyExtension);

  const fragment = asked.get(ExtensionType.max_fragment_length);
  const maxFragmentLength = fragment ? decodeMaxFragmentLength(fragment) : maxPlaintextLength;
  if (fragment) extensions.set(ExtensionType.max_fragment_length, encodeMaxFragmentLength(maxFragmentLength));

  const pointFormats = asked.get(ExtensionType.ec_point_formats);
  if (pointFormats) checkPointFormats(pointFormats);
  if (pointFormats && suite.keyExchange === 'ECDHE_PSK') {
    extensions.set(ExtensionType.ec_point_formats, uncompressedPointFormats);
  }

  const etm = asked.get(ExtensionType.encrypt_then_mac);
  if (etm) checkEmpty(etm, 'encrypt_then_mac');
  const encryptThenMac = etm !== undefined && suite.protection.kind === 'cbc';
  if (encryptThenMac) extensions.set(ExtensionType.encrypt_then_mac, emptyExtension);

  const ems = asked.get(ExtensionType.extended_master_secret);
  if (ems) {
    checkEmpty(ems, 'extended_master_secret');
    extensions.set(ExtensionType.extended_master_secret, emptyExtension);
  }

  const connectionIds = negotiateConnectionIds(asked, connectionId, returnRoutabilityCheck);
  if (connectionIds) extensions.set(ExtensionType.connection_id, encodeConnectionId(connectionIds.own));
  if (connectionIds?.rrc) extensions.set(ExtensionType.rrc, emptyExtension);

  const renegotiation = asked.get(ExtensionType.renegotiation_info);
  if (renegotiation) checkRenegotiationInfo(renegotiation);
  if (renegotiation || hello.ciphersuites.includes(emptyRenegotiationInfoScsv)) {
    extensions.set(ExtensionType.renegotiation_info, emptyRenegotiationInfo);
  }

  return {
    suite,
    group: suite.keyExchange === 'ECDHE_PSK' ? group : undefined,
    extendedMasterSecret: ems !== undefined,
    encryptThenMac,
    maxFragmentLength,
    serverName,
    connectionIds,
    extensions,
  };
}

/** RFC 9146 §3. RFC 9853 §3: without connection_id there is no rrc. */
function negotiateConnectionIds(
  asked: Extensions,
  own: Uint8Array | undefined,
  returnRoutabilityCheck: boolean,
): ConnectionIds | undefined {
  const rrc = asked.get(ExtensionType.rrc);
  if (rrc) checkEmpty(rrc, 'rrc');
  const data = asked.get(ExtensionType.connection_id);
  const peer = data && decodeConnectionId(data).slice();
  return (
    own &&
    peer && { own, peer: peer.length > 0 ? peer : noConnectionId, rrc: rrc !== undefined && returnRoutabilityCheck }
  );
}

/** RFC 8422 §4: a client that names no groups takes any; P-256 is the one that it surely has. */
function chooseGroup(extensions: Extensions): NamedGroupCode | undefined {
  const data = extensions.get(ExtensionType.supported_groups);
  if (!data) return NamedGroup.secp256r1;
  const offered = decodeSupportedGroups(data);
  return supportedGroups.find((group) => offered.includes(group));
}
