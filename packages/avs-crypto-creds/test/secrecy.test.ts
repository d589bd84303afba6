import { format, inspect } from 'node:util';
import type { TlsConfiguration } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import {
  type CredentialInfo,
  certificateChainInfoFromArray,
  certificateChainInfoFromBuffer,
  certificateChainInfoFromList,
  flatten,
  persist,
  privateKeyInfoFromBuffer,
  privateKeyInfoFromEngine,
  privateKeyInfoFromFile,
  pskIdentityInfoFromBuffer,
  pskKeyInfoFromBuffer,
  restore,
  splitPem,
  testEngine,
} from '../src/index.js';
import { rootPem } from './fixtures.js';
import { utf8 } from './support.js';

const secret = 'S3CR3T-tOp';
const bytes = utf8(secret);

/** The ways in which bytes or text show in output. */
const forms = [
  secret,
  [...bytes].join(','),
  [...bytes].join(', '),
  Buffer.from(bytes).toString('hex'),
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& '),
  Buffer.from(bytes).toString('base64'),
  JSON.stringify({ ...bytes }).slice(1, -1),
  // Node prints one element a line when asked for everything.
  [...bytes].slice(0, 4).join(',\n'),
];

/** What logging, inspecting and serializing make of a value. */
function shown(value: object): string[] {
  const seen = [
    inspect(value),
    inspect(value, { showHidden: true, depth: Infinity }),
    inspect(value, { showHidden: true, depth: Infinity, getters: true }),
    inspect(value, { showHidden: true, depth: Infinity, customInspect: false, compact: false }),
    inspect(value, { depth: Infinity, customInspect: false, getters: true }),
    format('%o %O %s %j', value, value, value, value),
    JSON.stringify(value),
    JSON.stringify(Object.entries(value)),
    JSON.stringify({ ...value }),
    JSON.stringify(structuredClone(value)),
    String(value),
    `${Object.values(value).map((item) => format('%s %o', item, { ...Object(item) }))}`,
  ];
  return seen.map((text) => text.replace(/\s*\n\s*/g, '\n'));
}

function expectHidden(value: object): void {
  for (const text of shown(value)) for (const form of forms) expect(text).not.toContain(form);
}

const cases: Record<string, CredentialInfo> = {
  'a PSK': pskKeyInfoFromBuffer(bytes),
  'a PSK identity': pskIdentityInfoFromBuffer(bytes),
  'a private key': privateKeyInfoFromBuffer(bytes),
  'the password of a private key': privateKeyInfoFromBuffer(utf8('x'), secret),
  'the password of a file': privateKeyInfoFromFile('x', secret),
  'a query, which may hold a PIN': privateKeyInfoFromEngine(`pkcs11:pin-value=${secret}`),
  'a certificate in a compound': certificateChainInfoFromArray([
    certificateChainInfoFromList([certificateChainInfoFromBuffer(bytes)]),
  ]),
};

describe('a credential never shows', () => {
  for (const [name, info] of Object.entries(cases)) {
    it(name, () => {
      expectHidden(info);
      expectHidden(info.desc);
      expectHidden(flatten(info));
      expectHidden(restore(persist(info), info.desc.type));
    });
  }

  it('a key in a configuration', () => {
    const configuration: TlsConfiguration = {
      security: { mode: 'psk', key: pskKeyInfoFromBuffer(bytes), identity: pskIdentityInfoFromBuffer(bytes) },
    };
    expectHidden(configuration);
    expect(inspect(configuration, { depth: 9 })).toContain('<10 bytes>');
    expect(JSON.parse(JSON.stringify(configuration))).toEqual({
      security: {
        mode: 'psk',
        key: { desc: { type: 'psk-key', source: 'buffer', buffer: '<10 bytes>' } },
        identity: { desc: { type: 'psk-identity', source: 'buffer', buffer: '<10 bytes>' } },
      },
    });
  });

  it('what a PEM block and a test engine hold', () => {
    const block = splitPem(
      utf8(`-----BEGIN PRIVATE KEY-----\n${Buffer.from(bytes).toString('base64')}\n-----END PRIVATE KEY-----`),
    );
    expect(block).toHaveLength(1);
    expectHidden(block);
    const engine = testEngine();
    engine.store('psk-key', 'test:key', bytes);
    expectHidden(engine);
  });

  it('so that these tests would notice if it did', () => {
    for (const literal of [{ buffer: bytes }, { buffer: Buffer.from(bytes) }, { password: secret }])
      expect(shown(literal).some((text) => forms.some((form) => text.includes(form)))).toBe(true);
    expect(inspect({ buffer: bytes }, { compact: false, showHidden: true }).replace(/\s*\n\s*/g, '\n')).toContain(
      forms.at(-1),
    );
  });
});

describe('a credential shows', () => {
  it('what is no secret', () => {
    expect(inspect(privateKeyInfoFromFile('device.key', 'x'))).toBe(
      "{\n  desc: {\n    type: 'private-key',\n    source: 'file',\n    filename: 'device.key',\n    password: '<hidden>'\n  }\n}",
    );
    const chain = certificateChainInfoFromList([certificateChainInfoFromBuffer(rootPem)]);
    expect(JSON.parse(JSON.stringify(chain))).toMatchObject({ desc: { source: 'list', head: [{ source: 'buffer' }] } });
  });

  it('little of a large or deep compound', () => {
    let info = certificateChainInfoFromArray(Array.from({ length: 100 }, () => certificateChainInfoFromBuffer('x')));
    expect(JSON.parse(JSON.stringify(info)).desc.elements).toHaveLength(21);
    for (let depth = 0; depth < 100; depth++) info = certificateChainInfoFromArray([info]);
    expect(JSON.stringify(info).length).toBeLessThan(500);
  });
});
