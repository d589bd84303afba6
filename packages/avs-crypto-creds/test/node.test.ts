import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDer } from '../src/der.js';
import * as creds from '../src/index.js';
import * as node from '../src/node/index.js';
import { crlPem, devicePem, rootPem } from './fixtures.js';
import { expectRejection, pemToDer, utf8 } from './support.js';

let folder: string;
const inFolder = (name: string): string => join(folder, name);

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(inFolder(name), content);
  return inFolder(name);
}

async function directory(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
  await mkdir(inFolder(name));
  for (const [key, content] of Object.entries(files)) await file(`${name}/${key}`, content);
  return inFolder(name);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'creds-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('loading a PSK from a file', () => {
  it('takes the raw bytes, the end of the line included', async () => {
    const key = creds.pskKeyInfoFromFile(await file('key', Uint8Array.of(0, 255, 10)));
    expect(await node.loadPskKey(key)).toEqual(Uint8Array.of(0, 255, 10));
    const identity = creds.pskIdentityInfoFromFile(await file('identity', 'device\n'));
    expect(await node.loadPskIdentity(identity)).toEqual(utf8('device\n'));
  });

  it('refuses files beyond the limits, however large', async () => {
    expect(await node.loadPskKey(creds.pskKeyInfoFromFile(await file('256', new Uint8Array(256))))).toHaveLength(256);
    for (const length of [257, 1_000_000]) {
      const info = creds.pskKeyInfoFromFile(await file('large', new Uint8Array(length)));
      await expectRejection(
        node.loadPskKey(info, { name: 'security.key' }),
        'EINVAL',
        /security\.key\.desc names .*large.* 256 bytes/,
      );
    }
    const empty = await file('empty', '');
    await expectRejection(node.loadPskKey(creds.pskKeyInfoFromFile(empty)), 'EINVAL', /empty has 0 bytes/);
    expect(await node.loadPskIdentity(creds.pskIdentityInfoFromFile(empty))).toEqual(new Uint8Array());
    const long = await file('129', new Uint8Array(129));
    await expectRejection(node.loadPskIdentity(creds.pskIdentityInfoFromFile(long)), 'EINVAL', /128 bytes/);
  });

  it('refuses what is not a file, such as a device or a pipe, which nobody may ever write to', async () => {
    const pipe = inFolder('pipe');
    execFileSync('mkfifo', [pipe]);
    for (const filename of ['/dev/zero', pipe]) {
      const info = creds.pskKeyInfoFromFile(filename);
      await expectRejection(node.loadPskKey(info), 'EINVAL', /cannot read .*not a file/);
    }
    const chain = creds.certificateChainInfoFromFile(pipe);
    await expectRejection(node.loadCertificateChain(chain), 'EINVAL', /not a file/);
    await symlink(pipe, inFolder('link'));
    await expectRejection(node.loadPskKey(creds.pskKeyInfoFromFile(inFolder('link'))), 'EINVAL', /not a file/);
  });

  it('rejects with the error of the system, naming the file', async () => {
    const missing = creds.pskKeyInfoFromFile(inFolder('missing'));
    const error = await expectRejection(node.loadPskKey(missing), 'ENOENT', /cannot read .*missing/);
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
    await expectRejection(node.loadPskKey(creds.pskKeyInfoFromFile(folder)), 'EISDIR', /cannot read/);
  });

  it('takes buffers and engines too', async () => {
    expect(await node.loadPskKey(creds.pskKeyInfoFromBuffer(utf8('key')))).toEqual(utf8('key'));
    const engine = creds.testEngine('node-test');
    const unregister = creds.registerEngine(engine);
    engine.store('psk-key', 'node-test:k', utf8('engine key'));
    expect(await node.loadPskKey(creds.pskKeyInfoFromEngine('node-test:k'))).toEqual(utf8('engine key'));
    unregister();
  });
});

describe('loading certificates from files and directories', () => {
  it('reads PEM files with several blocks, and DER files', async () => {
    const both = creds.certificateChainInfoFromFile(await file('chain.pem', devicePem + rootPem));
    const der = creds.certificateChainInfoFromFile(await file('root.der', pemToDer(rootPem)));
    const [root, device] = [pemToDer(rootPem), pemToDer(devicePem)];
    expect(await node.loadCertificateChain(creds.certificateChainInfoFromArray([both, der]))).toEqual([
      device,
      root,
      root,
    ]);
    const crl = creds.certRevocationListInfoFromFile(await file('list.crl', crlPem));
    expect(await node.loadCertRevocationLists(crl)).toEqual([pemToDer(crlPem)]);
  });

  it('reads files larger than one read', async () => {
    const large = await file('large.pem', `${'# words\n'.repeat(100_000)}${rootPem}`);
    expect(await node.loadCertificateChain(creds.certificateChainInfoFromFile(large))).toEqual([pemToDer(rootPem)]);
  });

  it('takes from a directory every file that loads, in the order of their names, and passes over the rest', async () => {
    const path = await directory('mixed', {
      'b.pem': devicePem,
      'a.der': pemToDer(rootPem),
      'list.crl': crlPem,
      README: 'words',
    });
    await mkdir(join(path, 'folder'));
    await symlink(join(path, 'b.pem'), join(path, 'c.0'));
    await symlink(join(path, 'gone'), join(path, 'dangling'));
    const [root, device] = [pemToDer(rootPem), pemToDer(devicePem)];
    expect(await node.loadCertificateChain(creds.certificateChainInfoFromPath(path))).toEqual([root, device, device]);
    expect(await node.loadCertRevocationLists(creds.certRevocationListInfoFromPath(path))).toEqual([pemToDer(crlPem)]);
  });

  it('fails for a directory only if nothing in it loads, and says why for each file', async () => {
    const path = await directory('bad', { 'a.txt': 'words', 'b.pem': '-----BEGIN CERTIFICATE-----\n' });
    await symlink(join(path, 'gone'), join(path, 'c'));
    const load = (from: string) => node.loadCertificateChain(creds.certificateChainInfoFromPath(from));
    await expectRejection(
      load(path),
      'EBADMSG',
      /no file in .*bad.*a\.txt: there is no certificate.*no end.*ENOENT: cannot read .*c$/,
    );
    const many = await directory('many', Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, 'x'])));
    await expectRejection(load(many), 'EBADMSG', /f4.*; and 4 more$/);
    await expectRejection(load(await directory('none', {})), 'ENOENT', /holds no files/);
    await expectRejection(load(inFolder('absent')), 'ENOENT', /cannot read the directory .*absent/);
    await expectRejection(load(await file('plain', '')), 'ENOTDIR', /cannot read the directory/);
  });

  it('fails for a compound if one of its files does', async () => {
    const good = creds.certificateChainInfoFromBuffer(rootPem);
    const bad = creds.certificateChainInfoFromFile(inFolder('missing'));
    await expectRejection(
      node.loadCertificateChain(creds.certificateChainInfoFromArray([good, bad])),
      'ENOENT',
      /missing/,
    );
  });
});

describe('loading a private key', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const passphrase = 'pässword';
  const read = (der: Uint8Array): KeyObject =>
    createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });

  const ciphers = ['aes-128-cbc', 'aes-256-cbc', 'des-ede3-cbc'];

  for (const cipher of ciphers) {
    it(`decrypts PKCS#8 with ${cipher}, PEM and DER, from a file and a buffer`, async () => {
      for (const format of ['pem', 'der'] as const) {
        const options = { format, type: 'pkcs8', cipher, passphrase } as { format: 'pem'; type: 'pkcs8' };
        const encoded = ec.export(options);
        const fromBuffer = await node.loadPrivateKey(creds.privateKeyInfoFromBuffer(encoded, passphrase));
        expect(read(fromBuffer).equals(ec)).toBe(true);
        const name = await file(`${cipher}.${format}`, encoded);
        expect(await node.loadPrivateKey(creds.privateKeyInfoFromFile(name, passphrase))).toEqual(fromBuffer);
      }
    });

    it(`decrypts traditional PEM with ${cipher}`, async () => {
      const sec1 = ec.export({ format: 'pem', type: 'sec1', cipher, passphrase });
      const pkcs1 = rsa.export({ format: 'pem', type: 'pkcs1', cipher, passphrase });
      expect(sec1).toContain('DEK-Info');
      expect(read(await node.loadPrivateKey(creds.privateKeyInfoFromBuffer(sec1, passphrase))).equals(ec)).toBe(true);
      expect(read(await node.loadPrivateKey(creds.privateKeyInfoFromBuffer(pkcs1, passphrase))).equals(rsa)).toBe(true);
    });
  }

  it('reads an unencrypted key, and does not mind a password that is not needed', async () => {
    const pem = ec.export({ format: 'pem', type: 'pkcs8' });
    const name = await file('plain.key', pem);
    expect(read(await node.loadPrivateKey(creds.privateKeyInfoFromFile(name))).equals(ec)).toBe(true);
    expect(read(await node.loadPrivateKey(creds.privateKeyInfoFromFile(name, 'x'))).equals(ec)).toBe(true);
  });

  it('refuses a missing or wrong password, without telling it', async () => {
    for (const type of ['pkcs8', 'sec1'] as const) {
      const pem = ec.export({ format: 'pem', type, cipher: 'aes-256-cbc', passphrase } as {
        format: 'pem';
        type: 'pkcs8';
      });
      await expectRejection(node.loadPrivateKey(creds.privateKeyInfoFromBuffer(pem)), 'EINVAL', /password is needed/);
      const wrong = creds.privateKeyInfoFromBuffer(pem, 'S3CR3T');
      const error = await expectRejection(node.loadPrivateKey(wrong), 'EBADMSG', /the password is wrong/);
      expect(`${error.message} ${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain('S3CR3T');
    }
  });

  it('refuses a key derivation that would take minutes', async () => {
    // PBES2 with PBKDF2, 2^31 - 1 rounds, and AES-256-CBC. RFC 8018 §A.2, §A.4
    const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
    const sequence = (...parts: Uint8Array[]): Uint8Array => writeDer(0x30, ...parts);
    const prf = bytes('300c06082a864886f70d02090500');
    const kdf = sequence(
      bytes('06092a864886f70d01050c'),
      sequence(bytes('04080001020304050607'), bytes('02047fffffff'), prf),
    );
    const cipher = sequence(bytes('060960864801650304012a'), writeDer(4, new Uint8Array(16)));
    const pbes2 = sequence(bytes('06092a864886f70d01050d'), sequence(kdf, cipher));
    const der = sequence(pbes2, writeDer(4, new Uint8Array(16)));
    await expectRejection(
      node.loadPrivateKey(creds.privateKeyInfoFromBuffer(der, 'x')),
      'EBADMSG',
      /more than 5000000 rounds/,
    );
  });

  it('refuses a damaged key', async () => {
    const pem = ec.export({ format: 'pem', type: 'sec1', cipher: 'aes-256-cbc', passphrase }).toString();
    const load = (text: string) => node.loadPrivateKey(creds.privateKeyInfoFromBuffer(text, passphrase));
    await expectRejection(load(pem.replace('AES-256-CBC', 'NONE-1')), 'EBADMSG', /cannot be decrypted|DEK-Info/);
    await expectRejection(load(pem.replace(/DEK-Info.*\n/, '')), 'EBADMSG', /DEK-Info/);
    await expectRejection(load(pem.replaceAll('EC PRIVATE', 'PRIVATE')), 'EBADMSG', /DEK-Info/);
  });
});
