/** Writes the presentation language of RFC 5246 §4 into bytes that grow as needed. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u24(value: number): this {
    return this.u8(value >>> 16).u16(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  u48(value: number): this {
    return this.u16(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32);
  }

  bytes(data: Uint8Array): this {
    const at = this.#grow(data.length);
    this.#bytes.set(data, at);
    return this;
  }

  /** A vector with a length of one byte. */
  vector8(data: Uint8Array): this {
    return this.u8(data.length).bytes(data);
  }

  /** A vector with a length of two bytes. */
  vector16(data: Uint8Array): this {
    return this.u16(data.length).bytes(data);
  }

  /** A vector with a length of two bytes, whose content `write` writes. */
  nested16(write: (writer: this) => void): this {
    const at = this.#grow(2);
    write(this);
    const length = this.#length - at - 2;
    this.#bytes[at] = length >>> 8;
    this.#bytes[at + 1] = length;
    return this;
  }

  /** A copy of what was written, of exactly its size. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Wipes what was written: for content that is secret. */
  wipe(): void {
    this.#bytes.fill(0);
  }

  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}
