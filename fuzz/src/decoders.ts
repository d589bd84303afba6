import { AvsError } from '@avs-net/core';
import { SeededRandom } from '@avs-net/core/testing';
import {
  detectEncoding,
  persist,
  pskIdentityInfoFromBuffer,
  pskKeyInfoFromBuffer,
  restore,
  splitPem,
} from '@avs-net/crypto-creds';
import { decodeClientHello, decodeClientHelloPrefix } from '../../packages/tls-pure/dist/handshake/client-hello.js';
import { decodeClientKeyExchange } from '../../packages/tls-pure/dist/handshake/client-key-exchange.js';
import {
  checkEmpty,
  checkPointFormats,
  checkRenegotiationInfo,
  decodeConnectionId,
  decodeExtensions,
  decodeMaxFragmentLength,
  decodeServerName,
  decodeSupportedGroups,
} from '../../packages/tls-pure/dist/handshake/extensions.js';
import { decodeFinished } from '../../packages/tls-pure/dist/handshake/finished.js';
import { decodeHelloVerifyRequest } from '../../packages/tls-pure/dist/handshake/hello-verify-request.js';
import { decodeFragment } from '../../packages/tls-pure/dist/handshake/message.js';
import { decodeServerHello } from '../../packages/tls-pure/dist/handshake/server-hello.js';
import { decodeServerKeyExchange } from '../../packages/tls-pure/dist/handshake/server-key-exchange.js';
import { decodeRecordHeader } from '../../packages/tls-pure/dist/record/header.js';
import { DecodeError, Reader } from '../../packages/tls-pure/dist/wire/reader.js';
import { formatCase } from './corpus.js';
import { Finding } from './finding.js';
import { nextCase } from './generate.js';
import { stateDecoders, stateSeeds } from './states.js';

type Decode = (bytes: Uint8Array) => unknown;

/** Every decoder, and the one error that it may throw. */
const decoders: readonly (readonly [name: string, decode: Decode, isOwn: (error: unknown) => boolean])[] = [
  ...(
    [
      ['ClientHello', decodeClientHello],
      ['the beginning of a ClientHello', (bytes) => decodeClientHelloPrefix(new Reader(bytes))],
      ['ServerHello', decodeServerHello],
      ['HelloVerifyRequest', decodeHelloVerifyRequest],
      ['ServerKeyExchange of PSK', (bytes) => decodeServerKeyExchange(bytes, 'PSK')],
      ['ServerKeyExchange of ECDHE_PSK', (bytes) => decodeServerKeyExchange(bytes, 'ECDHE_PSK')],
      ['ClientKeyExchange of PSK', (bytes) => decodeClientKeyExchange(bytes, 'PSK')],
      ['ClientKeyExchange of ECDHE_PSK', (bytes) => decodeClientKeyExchange(bytes, 'ECDHE_PSK')],
      ['Finished', decodeFinished],
      ['a handshake fragment', (bytes) => decodeFragment(new Reader(bytes))],
      ['extensions', (bytes) => decodeExtensions(new Reader(bytes))],
      ['server_name', decodeServerName],
      ['max_fragment_length', decodeMaxFragmentLength],
      ['supported_groups', decodeSupportedGroups],
      ['ec_point_formats', checkPointFormats],
      ['renegotiation_info', checkRenegotiationInfo],
      ['connection_id', decodeConnectionId],
      ['an empty extension', (bytes) => checkEmpty(bytes, 'extension')],
    ] as [string, Decode][]
  ).map(([name, decode]) => [name, decode, (error: unknown) => error instanceof DecodeError] as const),
  ['a record header', (bytes) => decodeRecordHeader(bytes, 0), () => false],
  ['a record header with a connection ID', (bytes) => decodeRecordHeader(bytes, 0, 8), () => false],
  ...stateDecoders.map(([name, decode]) => [name, decode, () => false] as const),
  ['the encoding of a credential', detectEncoding, () => false],
  ['PEM', splitPem, isBadMessage],
  ['a persisted key', (bytes) => restore(bytes, 'psk-key'), isBadMessage],
  ['a persisted certificate chain', (bytes) => restore(bytes, 'certificate-chain'), isBadMessage],
];

/** What the mutations begin with. */
const seeds: readonly Uint8Array[] = [
  persist(pskKeyInfoFromBuffer(Uint8Array.of(1, 2, 3, 4))),
  persist(pskIdentityInfoFromBuffer(Uint8Array.of(65, 66))),
  Buffer.from('-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'),
  Buffer.from(
    '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n',
  ),
  // A ClientHello with an extension of each kind.
  Buffer.from(
    `fefd${'11'.repeat(32)}00000004c0a8d001010000320000000a0008000005612e622e630001000101000a0006000400170` +
      '01d000b000201000016000000170000ff01000100',
    'hex',
  ),
  Buffer.from(`fefd${'22'.repeat(32)}00c0a800000900170000ff01000100`, 'hex'),
  Buffer.from(`feff20${'33'.repeat(32)}`, 'hex'),
  Buffer.from(`0004686e696c03001d20${'44'.repeat(32)}`, 'hex'),
  Buffer.from(`00066465766963652${'0'}${'55'.repeat(32)}`, 'hex'),
  // A record with a connection ID, and the extension.
  Buffer.from('19fefd000100000000000201020304050607080003aabbcc', 'hex'),
  Buffer.from('080102030405060708', 'hex'),
  ...stateSeeds,
];

/** Gives `inputs` byte strings to the decoders; `alive` is called now and then. @returns how many decoders there are. @throws Finding naming the decoder and the bytes. */
export function fuzzDecoders(seed: number, inputs: number, alive: () => void): number {
  const random = new SeededRandom(seed);
  for (let i = 0; i < inputs; i += 1) {
    if (i % 100_000 === 0) alive();
    const bytes = nextCase(random, seeds);
    const [name, decode, isOwn] = decoders[i % decoders.length] ?? decoders[0] ?? [];
    if (name === undefined || decode === undefined || isOwn === undefined) continue;
    try {
      decode(bytes);
    } catch (error) {
      if (!isOwn(error)) throw new Finding(`${name} threw ${String(error)} for ${formatCase(bytes)}`, { cause: error });
    }
  }
  return decoders.length;
}

function isBadMessage(error: unknown): boolean {
  return error instanceof AvsError && error.errno === 'EBADMSG';
}
