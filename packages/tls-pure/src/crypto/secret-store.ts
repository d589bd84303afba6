/** Secrets of one page. */
const slots = 128;

/** A buffer that secrets of one size share. */
export class SecretPage {
  readonly bytes: Uint8Array;
  /** Offsets of the slots that are nobody's, each all zero. */
  readonly free: number[] = [];

  constructor(
    /** Bytes of a slot. */
    readonly size: number,
  ) {
    this.bytes = new Uint8Array(slots * size);
    for (let at = (slots - 1) * size; at >= 0; at -= size) this.free.push(at);
  }
}

/**
 * Where small secrets of one size are kept. Many share a buffer, and nothing else does, so that no secret can be reached through the buffer of
 * bytes that are handed out. A typed array of its own costs each some 200 bytes beside its content (Node 20 and 26), which is
 * most of what an idle association would take.
 *
 * A holder keeps page and offset, and gives the slot back exactly once. One that is collected without having done so takes its slot
 * along, and the page with the last of them.
 */
export class SecretStore {
  /** Pages with free slots. */
  readonly #roomy = new Set<SecretPage>();

  constructor(private readonly size: number) {}

  /** A page with a free slot: the next {@link take} is sure to find it. */
  page(): SecretPage {
    for (const page of this.#roomy) return page;
    const page = new SecretPage(this.size);
    this.#roomy.add(page);
    return page;
  }

  /** The offset of a slot that is the caller's from now on, in what {@link page} has just given. */
  take(page: SecretPage): number {
    const at = page.free.pop();
    if (at === undefined) throw new Error('the page has no free slot');
    if (page.free.length === 0) this.#roomy.delete(page);
    return at;
  }

  /** Wipes a slot and gives it back. An empty page is let go, unless it is the only one with room. */
  release(page: SecretPage, at: number): void {
    page.bytes.fill(0, at, at + this.size);
    page.free.push(at);
    if (page.free.length === slots && this.#roomy.size > 1) this.#roomy.delete(page);
    else this.#roomy.add(page);
  }
}
