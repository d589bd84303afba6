import { type AvsErrnoName, AvsError, type SecurityInfo, type SecurityInfoType } from '@avs-net/core';
import { expect } from 'vitest';

/** The bytes of some text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What is in the one block of a PEM text, by Node's own decoder. */
export function pemToDer(pem: string): Uint8Array {
  return new Uint8Array(Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64'));
}

/** A copy of a descriptor as plain data, secrets included: descriptors themselves hide from comparison. */
export function reveal(desc: SecurityInfo): unknown {
  const { type, source } = desc;
  switch (desc.source) {
    case 'empty':
      return { type, source };
    case 'file':
      return { type, source, filename: desc.filename, password: desc.password };
    case 'path':
      return { type, source, path: desc.path };
    case 'buffer':
      return { type, source, buffer: [...desc.buffer], password: desc.password };
    case 'engine':
      return { type, source, query: desc.query };
    case 'array':
      return { type, source, elements: desc.elements.map(reveal) };
    case 'list': {
      const elements: unknown[] = [];
      for (let node = desc.head; node !== undefined; node = node.next) elements.push(reveal(node.info));
      return { type, source, elements };
    }
  }
}

/** The bytes of a descriptor of source `buffer`. */
export function bytesOf(desc: SecurityInfo): Uint8Array {
  if (desc.source !== 'buffer') throw new Error(`source is ${desc.source}`);
  return desc.buffer;
}

function checkErrno(error: unknown, errno: AvsErrnoName, message: RegExp): void {
  expect(error).toBeInstanceOf(AvsError);
  expect(error).toMatchObject({ errno, message: expect.stringMatching(message) });
}

/** Expects an AvsError of this name, with a message that matches. */
export function expectErrno(act: () => unknown, errno: AvsErrnoName, message: RegExp): void {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    checkErrno(error, errno, message);
    return;
  }
  expect.fail(`did not throw but returned ${typeof result}`);
}

/** Expects a rejection with an AvsError of this name, with a message that matches. Gives the error. */
export async function expectRejection(
  promise: Promise<unknown>,
  errno: AvsErrnoName,
  message: RegExp,
): Promise<AvsError> {
  const error = await promise.then(
    () => expect.fail('did not reject'),
    (reason: unknown) => reason,
  );
  checkErrno(error, errno, message);
  return error as AvsError;
}

/** A wrapper around a descriptor written by hand, whatever it is: what JavaScript callers can pass. */
export function byHand<I>(desc: unknown): I {
  const info: unknown = { desc };
  return info as I;
}

/** Every type of credential. */
export const allTypes: readonly SecurityInfoType[] = [
  'certificate-chain',
  'private-key',
  'cert-revocation-list',
  'psk-identity',
  'psk-key',
];
