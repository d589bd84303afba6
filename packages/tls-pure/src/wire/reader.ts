import { AlertDescription } from '@avs-net/core';

/** A message that does not follow its grammar. Carries the alert that answers it; never leaves the package. */
export class DecodeError extends Error {
  constructor(
    message: string,
    /** As in `AlertDescription`. */
    readonly alert: number = AlertDescription.decode_error,
  ) {
    super(message);
    this.name = 'DecodeError';
  }
}

/** Reads the presentation language of RFC 5246 §4 from bytes. Every read checks the length first. */
export class Reader {
  #at: number;
  readonly #end: number;

  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    end = bytes.length,
  ) {
    this.#at = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.bytes[this.#advance(1)];
  }

  u16(): number {
    const at = this.#advance(2);
    return (this.bytes[at] << 8) | this.bytes[at + 1];
  }

  u24(): number {
    const at = this.#advance(3);
    return (this.bytes[at] << 16) | (this.bytes[at + 1] << 8) | this.bytes[at + 2];
  }

  u32(): number {
    return this.u16() * 2 ** 16 + this.u16();
  }

  u48(): number {
    return this.u16() * 2 ** 32 + this.u32();
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.bytes.subarray(at, at + length);
  }

  /** `opaque x<min..max>` with a length of one byte: a view. */
  vector8(min = 0, max = 0xff): Uint8Array {
    return this.#vector(this.u8(), min, max);
  }

  /** `opaque x<min..max>` with a length of two bytes: a view. */
  vector16(min = 0, max = 0xffff): Uint8Array {
    return this.#vector(this.u16(), min, max);
  }

  /** Nothing may follow. */
  expectEnd(what: string): void {
    if (this.remaining !== 0) throw new DecodeError(`${what}: ${this.remaining} bytes too many`);
  }

  #vector(length: number, min: number, max: number): Uint8Array {
    if (length < min || length > max) throw new DecodeError(`vector of ${length} bytes, ${min} to ${max} are allowed`);
    return this.take(length);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw new DecodeError('message is too short');
    this.#at = at + length;
    return at;
  }
}
