import type { SeededRandom } from '@avs-net/core/testing';

/** The longest case, bytes. */
const longest = 400;

/** A new case: bytes at random, or a kept case changed a little. */
export function nextCase(random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  if (corpus.length === 0 || random.chance(0.3)) return randomBytes(random, random.integer(8, 160));
  let bytes = pick(random, corpus);
  for (let times = 1 << random.integer(0, 3); times > 0; times -= 1) bytes = change(bytes, random, corpus);
  return bytes.slice(0, longest);
}

function change(bytes: Uint8Array, random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  const at = random.integer(0, bytes.length);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.integer(0, 5)) {
    case 0:
      return join(head, randomBytes(random, random.integer(1, 12)), tail);
    case 1:
      return join(head, tail.subarray(random.integer(1, 12)));
    case 2:
      return join(head, randomBytes(random, 1), tail.subarray(1));
    case 3:
      return join(head, tail.subarray(0, random.integer(1, 30)), tail);
    case 4: {
      const other = pick(random, corpus);
      const from = random.integer(0, other.length);
      return join(head, other.subarray(from, from + random.integer(1, 60)), tail);
    }
    default:
      return join(head, pick(random, corpus).subarray(at));
  }
}

/**
 * The shortest case that this finds for which `stillFails`: parts are left out and bytes set to 0 for as long as it does.
 */
export async function minimise(
  bytes: Uint8Array,
  stillFails: (bytes: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = bytes;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const shorter = join(best.subarray(0, at), best.subarray(at + size));
      if (await stillFails(shorter)) best = shorter;
      else at += size;
    }
  }
  for (let at = 0; at < best.length; at += 1) {
    const plainer = best.slice();
    plainer[at] = 0;
    if (best[at] !== 0 && (await stillFails(plainer))) best = plainer;
  }
  return best;
}

function randomBytes(random: SeededRandom, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

function pick(random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  return corpus[random.integer(0, corpus.length - 1)] ?? new Uint8Array(0);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
