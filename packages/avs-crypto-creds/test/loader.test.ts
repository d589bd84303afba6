import { generateKeyPairSync } from 'node:crypto';
import type { CertificateChainInfo, PskIdentityInfo, PskKeyInfo } from '@avs-net/core';
import { afterEach, describe, expect, it } from 'vitest';
import * as creds from '../src/index.js';
import { crlPem, devicePem, rootPem } from './fixtures.js';
import { byHand, bytesOf, expectRejection, pemToDer, utf8 } from './support.js';

describe('loading a PSK', () => {
  it('gives the bytes of key and identity', async () => {
    expect(await creds.loadPskKey(creds.pskKeyInfoFromBuffer(utf8('key')))).toEqual(utf8('key'));
    expect(await creds.loadPskIdentity(creds.pskIdentityInfoFromBuffer('device'))).toEqual(utf8('device'));
    expect(await creds.loadPskIdentity(creds.pskIdentityInfoFromBuffer(''))).toEqual(new Uint8Array());
    const literal: PskKeyInfo = { desc: { type: 'psk-key', source: 'buffer', buffer: Buffer.from('key') } };
    expect(await creds.loadPskKey(literal)).toEqual(utf8('key'));
  });

  it('gives bytes that the caller may wipe', async () => {
    const info = creds.pskKeyInfoFromBuffer(utf8('key'));
    creds.clearBuffer(await creds.loadPskKey(info));
    expect(bytesOf(info.desc)).toEqual(utf8('key'));
  });

  it('copies before it returns, so that the caller may overwrite a buffer right after the call', async () => {
    const buffer = utf8('key');
    const loading = creds.loadPskKey({ desc: { type: 'psk-key', source: 'buffer', buffer } });
    buffer.fill(0);
    expect(await loading).toEqual(utf8('key'));
    const pem = utf8(rootPem);
    const chain = creds.loadCertificateChain({ desc: { type: 'certificate-chain', source: 'buffer', buffer: pem } });
    pem.fill(0);
    expect(await chain).toHaveLength(1);
  });

  it('refuses lengths beyond the limits, naming them', async () => {
    const key = (length: number): PskKeyInfo => ({
      desc: { type: 'psk-key', source: 'buffer', buffer: new Uint8Array(length) },
    });
    await expectRejection(creds.loadPskKey(key(0)), 'EINVAL', /info\.desc\.buffer has 0 bytes.* 1 to 256 bytes/);
    await expectRejection(creds.loadPskKey(key(257)), 'EINVAL', /info\.desc\.buffer has 257 bytes.* 1 to 256 bytes/);
    expect(await creds.loadPskKey(key(256))).toHaveLength(256);
    const identity: PskIdentityInfo = {
      desc: { type: 'psk-identity', source: 'buffer', buffer: new Uint8Array(129) },
    };
    await expectRejection(creds.loadPskIdentity(identity), 'EINVAL', /0 to 128 bytes/);
  });

  it('refuses a wrong descriptor, naming the field as the caller knows it', async () => {
    const load = (desc: unknown) => creds.loadPskKey(byHand<PskKeyInfo>(desc), { name: 'security.key' });
    const bytes = Uint8Array.of(1);
    await expectRejection(
      load({ type: 'psk-identity', source: 'buffer', buffer: bytes }),
      'EINVAL',
      /security\.key\.desc\.type is 'psk-identity' where 'psk-key'/,
    );
    await expectRejection(load({ source: 'buffer', buffer: bytes }), 'EINVAL', /security\.key\.desc\.type/);
    await expectRejection(load({ type: 'psk-key' }), 'EINVAL', /security\.key\.desc\.source/);
    await expectRejection(
      load({ type: 'psk-key', source: 'cloud' }),
      'EINVAL',
      /security\.key\.desc\.source .*'cloud'/,
    );
    await expectRejection(load({ type: 'psk-key', source: 'array', elements: [] }), 'EINVAL', /source is 'array'/);
    await expectRejection(load({ type: 'psk-key', source: 'list', head: undefined }), 'EINVAL', /source is 'list'/);
    await expectRejection(load({ type: 'psk-key', source: 'path', path: 'x' }), 'EINVAL', /source is 'path'/);
    await expectRejection(load({ type: 'psk-key', source: 'empty' }), 'EINVAL', /source is 'empty'/);
    await expectRejection(
      load({ type: 'psk-key', source: 'buffer', buffer: '00ff' }),
      'EINVAL',
      /desc\.buffer must be a Uint8Array/,
    );
    await expectRejection(load({ type: 'psk-key', source: 'buffer' }), 'EINVAL', /desc\.buffer/);
    await expectRejection(load(undefined), 'EINVAL', /security\.key\.desc must be/);
    await expectRejection(load({ ...creds.pskKeyInfoFromBuffer(bytes).desc }), 'EINVAL', /desc\.buffer/);
  });

  it('rejects with a TypeError for no credential at all', async () => {
    for (const nothing of [undefined, null, 'key', 5] as unknown[])
      await expect(creds.loadPskKey(nothing as PskKeyInfo, { name: 'security.key' })).rejects.toThrow(
        new TypeError('security.key must be a credential as the functions of @avs-net/crypto-creds build it'),
      );
  });
});

describe('loading without a file system', () => {
  it('says that files and directories need the Node entry', async () => {
    const where = /@avs-net\/crypto-creds\/node/;
    await expectRejection(creds.loadPskKey(creds.pskKeyInfoFromFile('psk.bin')), 'ENOTSUP', where);
    await expectRejection(creds.loadPskIdentity(creds.pskIdentityInfoFromFile('id.bin')), 'ENOTSUP', where);
    await expectRejection(creds.loadPrivateKey(creds.privateKeyInfoFromFile('k.pem')), 'ENOTSUP', where);
    await expectRejection(creds.loadCertificateChain(creds.certificateChainInfoFromFile('c.pem')), 'ENOTSUP', where);
    await expectRejection(creds.loadCertificateChain(creds.certificateChainInfoFromPath('/ca')), 'ENOTSUP', where);
    await expectRejection(creds.loadCertRevocationLists(creds.certRevocationListInfoFromPath('/ca')), 'ENOTSUP', where);
  });

  it('says that encrypted private keys need the Node entry', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' });
    await expectRejection(
      creds.loadPrivateKey(creds.privateKeyInfoFromBuffer(pem, 'secret')),
      'ENOTSUP',
      /@avs-net\/crypto-creds\/node/,
    );
    await expectRejection(creds.loadPrivateKey(creds.privateKeyInfoFromBuffer(pem)), 'EINVAL', /password/);
  });
});

describe('loading certificates and revocation lists', () => {
  it('gives DER from PEM, DER and compounds, in order', async () => {
    const chain = creds.certificateChainInfoFromArray([
      creds.certificateChainInfoFromBuffer(devicePem + crlPem),
      creds.certificateChainInfoEmpty(),
      creds.certificateChainInfoFromList([creds.certificateChainInfoFromBuffer(pemToDer(rootPem))]),
      creds.certificateChainInfoFromBuffer(rootPem + devicePem),
    ]);
    const [root, device] = [pemToDer(rootPem), pemToDer(devicePem)];
    expect(await creds.loadCertificateChain(chain)).toEqual([device, root, root, device]);
    expect(await creds.loadCertRevocationLists(creds.certRevocationListInfoFromBuffer(rootPem + crlPem))).toEqual([
      pemToDer(crlPem),
    ]);
  });

  it('gives none for an empty credential', async () => {
    expect(await creds.loadCertificateChain(creds.certificateChainInfoEmpty())).toEqual([]);
    expect(await creds.loadCertRevocationLists(creds.certRevocationListInfoEmpty())).toEqual([]);
    expect(await creds.loadCertificateChain(creds.certificateChainInfoFromArray([]))).toEqual([]);
  });

  it('refuses what holds none, or a malformed one', async () => {
    const load = (text: string) => creds.loadCertificateChain(creds.certificateChainInfoFromBuffer(text));
    await expectRejection(load('hello'), 'EBADMSG', /info\.desc: there is no certificate/);
    await expectRejection(load(crlPem), 'EBADMSG', /there is no certificate/);
    await expectRejection(
      load(`${rootPem}-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----`),
      'EBADMSG',
      /certificate 2 is not one in DER/,
    );
    await expectRejection(load('-----BEGIN CERTIFICATE-----\nAQID\n'), 'EBADMSG', /has no end/);
  });

  it('tells DER of certificates, revocation lists and keys apart', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' });
    const certificates = creds.certificateChainInfoFromBuffer;
    for (const der of [pemToDer(crlPem), key, Uint8Array.of(0x30, 0)])
      await expectRejection(creds.loadCertificateChain(certificates(der)), 'EBADMSG', /DER, but not of a certificate$/);
    for (const der of [pemToDer(rootPem), key])
      await expectRejection(
        creds.loadCertRevocationLists(creds.certRevocationListInfoFromBuffer(der)),
        'EBADMSG',
        /DER, but not of a certificate revocation list$/,
      );
    const mislabelled = rootPem.replaceAll('CERTIFICATE', 'X509 CRL');
    await expectRejection(
      creds.loadCertRevocationLists(creds.certRevocationListInfoFromBuffer(mislabelled)),
      'EBADMSG',
      /list 1 is not one in DER/,
    );
    expect(await creds.loadCertRevocationLists(creds.certRevocationListInfoFromBuffer(pemToDer(crlPem)))).toHaveLength(
      1,
    );
  });

  it('refuses the wrong type', async () => {
    const key: unknown = creds.privateKeyInfoFromBuffer('x');
    await expectRejection(
      creds.loadCertificateChain(key as CertificateChainInfo),
      'EINVAL',
      /'private-key' where 'certificate-chain'/,
    );
  });
});

describe('loading an unencrypted private key', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;

  it('gives PKCS#8 from PKCS#8, PKCS#1 and SEC 1, in PEM and DER', async () => {
    const forms = [
      [ed, 'pkcs8'],
      [ec, 'pkcs8'],
      [ec, 'sec1'],
      [rsa, 'pkcs8'],
      [rsa, 'pkcs1'],
    ] as const;
    const { createPrivateKey } = await import('node:crypto');
    for (const [key, type] of forms)
      for (const format of ['pem', 'der'] as const) {
        const encoded = key.export({ format, type } as { format: 'pem'; type: 'pkcs8' });
        const der = await creds.loadPrivateKey(creds.privateKeyInfoFromBuffer(encoded));
        const read = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
        expect(read.equals(key), `${key.asymmetricKeyType} ${type} ${format}`).toBe(true);
      }
  });

  it('finds the key among other blocks', async () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const pem = parameters + ec.export({ format: 'pem', type: 'sec1' }) + rootPem;
    const der = await creds.loadPrivateKey(creds.privateKeyInfoFromBuffer(pem));
    expect(detect(der)).toBe('der');
  });

  it('refuses no key, several, and what is none', async () => {
    const load = (data: string | Uint8Array) => creds.loadPrivateKey(creds.privateKeyInfoFromBuffer(data));
    const pem = ec.export({ format: 'pem', type: 'pkcs8' }).toString();
    await expectRejection(load(rootPem), 'EBADMSG', /there is no private key/);
    await expectRejection(load('hello'), 'EBADMSG', /there is no private key/);
    await expectRejection(load(pem + pem), 'EBADMSG', /there are 2 private keys/);
    await expectRejection(load(pemToDer(rootPem)), 'EBADMSG', /none of PKCS#8/);
    await expectRejection(load(Uint8Array.of(0x30, 0)), 'EBADMSG', /none of PKCS#8/);
    await expectRejection(load(Uint8Array.of(0x30, 6, 2, 1, 1, 4, 1, 7)), 'EBADMSG', /does not name its curve/);
    await expectRejection(
      load('-----BEGIN EC PRIVATE KEY-----\nDEK-Info: rot13\n\nAQID\n-----END EC PRIVATE KEY-----'),
      'EBADMSG',
      /DEK-Info/,
    );
    await expectRejection(creds.loadPrivateKey(creds.privateKeyInfoEmpty()), 'EINVAL', /source is 'empty'/);
  });

  it('leaves the credential as it was', async () => {
    const info = creds.privateKeyInfoFromBuffer(ec.export({ format: 'der', type: 'pkcs8' }));
    const first = await creds.loadPrivateKey(info);
    expect(await creds.loadPrivateKey(info)).toEqual(first);
  });

  function detect(der: Uint8Array) {
    return creds.detectEncoding(der);
  }
});

describe('an engine', () => {
  const registered: (() => void)[] = [];
  function register(engine: creds.CredentialEngine): () => void {
    const unregister = creds.registerEngine(engine);
    registered.push(unregister);
    return unregister;
  }
  afterEach(() => {
    for (const unregister of registered.splice(0)) unregister();
  });

  it('supplies credentials of every type', async () => {
    const engine = creds.testEngine();
    register(engine);
    const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
    engine.store('psk-key', 'test:a', utf8('key'));
    engine.store('psk-identity', 'test:a', utf8('device'));
    engine.store('certificate-chain', 'test:a', utf8(devicePem), pemToDer(rootPem));
    engine.store('private-key', 'test:a', key);
    engine.store('cert-revocation-list', 'test:a', utf8(crlPem));
    expect(await creds.loadPskKey(creds.pskKeyInfoFromEngine('test:a'))).toEqual(utf8('key'));
    expect(await creds.loadPskIdentity(creds.pskIdentityInfoFromEngine('test:a'))).toEqual(utf8('device'));
    expect(await creds.loadCertificateChain(creds.certificateChainInfoFromEngine('test:a'))).toEqual([
      pemToDer(devicePem),
      pemToDer(rootPem),
    ]);
    expect(await creds.loadPrivateKey(creds.privateKeyInfoFromEngine('test:a'))).toEqual(new Uint8Array(key));
    expect(await creds.loadCertRevocationLists(creds.certRevocationListInfoFromEngine('test:a'))).toEqual([
      pemToDer(crlPem),
    ]);
  });

  it('keeps its bytes when the caller wipes what was loaded', async () => {
    const held = utf8('key');
    register({ name: 'own', handles: () => true, load: () => held });
    creds.clearBuffer(await creds.loadPskKey(creds.pskKeyInfoFromEngine('q')));
    expect(held).toEqual(utf8('key'));
  });

  it('gets the queries that it handles, the first registered first, until it is unregistered', async () => {
    const [one, two] = [creds.testEngine('one'), creds.testEngine('two')];
    const unregister = register(one);
    register(two);
    one.store('psk-key', 'one:k', utf8('1'));
    two.store('psk-key', 'two:k', utf8('2'));
    expect(await creds.loadPskKey(creds.pskKeyInfoFromEngine('two:k'))).toEqual(utf8('2'));
    register({ name: 'three', handles: () => true, load: () => utf8('3') });
    expect(await creds.loadPskKey(creds.pskKeyInfoFromEngine('one:k'))).toEqual(utf8('1'));
    unregister();
    unregister();
    expect(await creds.loadPskKey(creds.pskKeyInfoFromEngine('one:k'))).toEqual(utf8('3'));
  });

  it('that is missing, or has nothing there, is ENOENT, and the query stays out of the message', async () => {
    const info = creds.pskKeyInfoFromEngine('test:pin=1234');
    await expectRejection(creds.loadPskKey(info), 'ENOENT', /^(?!.*1234).*no registered engine handles it/);
    const engine = creds.testEngine();
    register(engine);
    await expectRejection(creds.loadPskKey(info), 'ENOENT', /^(?!.*1234).*engine test has no such psk-key/);
    engine.store('psk-key', 'test:pin=1234', utf8('key'));
    engine.remove('psk-key', 'test:pin=1234');
    await expectRejection(creds.loadPskKey(info), 'ENOENT', /has no such psk-key/);
  });

  it('that fails is EIO with its error as the cause; an AvsError stays what it is', async () => {
    const engine = creds.testEngine();
    register(engine);
    const failure = new Error('token removed');
    engine.failWith(failure);
    const error = await expectRejection(
      creds.loadPskKey(creds.pskKeyInfoFromEngine('test:k')),
      'EIO',
      /engine test failed/,
    );
    expect(error.cause).toBe(failure);
    const { errnoError } = await import('@avs-net/core');
    engine.failWith(errnoError('EACCES', 'PIN locked'));
    await expectRejection(creds.loadPskKey(creds.pskKeyInfoFromEngine('test:k')), 'EACCES', /PIN locked/);
  });

  it('that gives something else is refused', async () => {
    const results: [creds.EngineResult, 'EIO' | 'EINVAL' | 'ENOENT', RegExp][] = [
      [new Uint8Array(257), 'EINVAL', /what the engine gave has 257 bytes.* 1 to 256/],
      [new Uint8Array(), 'EINVAL', /1 to 256/],
      [[utf8('a'), utf8('b')], 'EIO', /2 credentials for one psk-key/],
      [[], 'ENOENT', /no such psk-key/],
    ];
    const text: unknown = 'key';
    results.push([text as Uint8Array, 'EIO', /something else than bytes/]);
    for (const [result, errno, message] of results) {
      const unregister = register({ name: 'odd', handles: () => true, load: () => Promise.resolve(result) });
      await expectRejection(creds.loadPskKey(creds.pskKeyInfoFromEngine('q')), errno, message);
      unregister();
    }
    register({ name: 'odd', handles: () => true, load: () => utf8('hello') });
    await expectRejection(
      creds.loadCertificateChain(creds.certificateChainInfoFromEngine('q')),
      'EBADMSG',
      /no certificate/,
    );
    await expectRejection(creds.loadPrivateKey(creds.privateKeyInfoFromEngine('q')), 'EBADMSG', /no private key/);
  });

  it('cannot be registered twice under one name, or without its functions', () => {
    register(creds.testEngine());
    expect(() => creds.registerEngine(creds.testEngine())).toThrow(/^EEXIST: an engine named test/);
    for (const wrong of [undefined, {}, { name: 'x', handles: () => true }] as unknown[])
      expect(() => creds.registerEngine(wrong as creds.CredentialEngine)).toThrow(TypeError);
  });
});
