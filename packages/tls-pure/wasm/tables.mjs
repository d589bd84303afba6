// What AES computes with, as tables of 16 bytes for `i8x16.swizzle`, which looks up all sixteen bytes of a block at once, and in the same time
// whatever they are. After M. Hamburg, "Accelerating AES with Vector Permute Instructions" (CHES 2009); the constants are derived here.
//
// GF(2^8) is taken as pairs of elements of GF(2^4), which are nibbles: each element is k + i·τ, where τ is a root in GF(2^8) of t^2 + a·t + a,
// for an a in GF(2^4) that leaves it none there. Its norm is N = k^2 + a·i·k + a·i^2, and its inverse (k + a·i + i·τ)/N. With j = i + k,
//
//   io = 1/(1/i + a/k) + j = N/(k + a·i)
//   jo = 1/(1/j + a/k) + i = N/(k + a·j)
//
// and the inverse is u/io + v/jo for u = 1 + τ·(1/a + 1/a^2) and v = τ/a^2. Whatever linear is done to it next is part of the tables for the
// two terms. 1/0 is infinity: 0x80, and 0x80 to 0x8f when nibbles are added to it. A swizzle gives 0 for those: 1/infinity.

const infinity = 0x80;

/** The product in GF(2^8). FIPS 197 §4.2. */
function multiply(x, y) {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if ((y >> bit) & 1) product ^= x << bit;
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8);
  return product;
}

const elements = Array.from({ length: 256 }, (_, x) => x);

function inverse(x) {
  const found = elements.find((y) => multiply(x, y) === 1);
  if (found === undefined) throw new Error('0 has no inverse');
  return found;
}

/** SubBytes behind the inversion, without its constant: linear. FIPS 197 §5.1.1. */
function affine(x) {
  const twice = x * 0x101;
  return (x ^ (twice >> 4) ^ (twice >> 5) ^ (twice >> 6) ^ (twice >> 7)) & 0xff;
}

const nibbles = elements.slice(0, 16);

/** GF(2^4) within GF(2^8): the powers of an element of order 15, the first four of which are a basis. */
const generator = elements.find((x) => {
  const powers = new Set(nibbles.slice(0, 15).reduce((list) => [...list, multiply(list.at(-1), x)], [1]));
  return powers.size === 15;
});
const basis = [1, generator, multiply(generator, generator), multiply(multiply(generator, generator), generator)];

/** The element that a nibble stands for, and the nibble for an element. */
const element = (nibble) => basis.reduce((sum, part, bit) => sum ^ ((nibble >> bit) & 1 ? part : 0), 0);
const nibble = (x) => nibbles.find((n) => element(n) === x);

const hasRoot = (a, among) => among.some((t) => (multiply(t, t) ^ multiply(a, t) ^ a) === 0);
const a = nibbles.map(element).find((x) => !hasRoot(x, nibbles.map(element)));
const tau = elements.find((t) => (multiply(t, t) ^ multiply(a, t) ^ a) === 0);

/** The byte for an element: i in the upper nibble, k in the lower one. */
const places = elements.map((x) => element(x & 15) ^ multiply(element(x >> 4), tau));
const pair = (x) => places.indexOf(x);

const u = 1 ^ multiply(tau, inverse(a) ^ inverse(multiply(a, a)));
const v = multiply(tau, inverse(multiply(a, a)));

/** A table of `map(factor/x)` for each nibble x. Neither io nor jo is ever 0. */
const term = (factor, map) => nibbles.map((x) => (x === 0 ? 0 : map(affine(multiply(factor, inverse(element(x)))))));

const double = (x) => multiply(2, x);

/** 1/x and a/x for each nibble x. */
export const reciprocal = nibbles.map((x) => (x === 0 ? infinity : nibble(inverse(element(x)))));
export const quotient = nibbles.map((x) => (x === 0 ? infinity : nibble(multiply(a, inverse(element(x))))));

/** An element's pair of nibbles, as the sum of one entry for the lower nibble and one for the upper one. */
export const pairLow = nibbles.map(pair);
export const pairHigh = nibbles.map((x) => pair(x << 4));

/** SubBytes, without its constant, from io and from jo: pairs, pairs of the double (for MixColumns), and elements (for what leaves). */
export const subIo = term(u, pair);
export const subJo = term(v, pair);
export const doubleIo = term(u, (x) => pair(double(x)));
export const doubleJo = term(v, (x) => pair(double(x)));
export const lastIo = term(u, (x) => x);
export const lastJo = term(v, (x) => x);

/** The constant of SubBytes. MixColumns leaves a column of four of them as it is, so that it can be added with the round key. */
export const subConstant = 0x63;

// Permutations: which byte comes to each place. Bytes are numbered along the columns. FIPS 197 §3.4.
const after = (outer, inner) => outer.map((at) => inner[at]);
const inverted = (permutation) => permutation.map((_, at) => permutation.indexOf(at));
const rotate = (rows) => nibbles.map((at) => (at & ~3) | ((at + rows) & 3));

/** ShiftRows. FIPS 197 §5.1.2. */
export const shiftRows = nibbles.map((at) => (at + 4 * (at & 3)) & 15);

// MixColumns of A behind ShiftRows is S + (S, rotated by one row) + (A, shifted and rotated by three), where S is 2·A + (A, rotated by one),
// shifted. FIPS 197 §5.1.3.
/** By one row, as it is before ShiftRows. */
export const rotateUnshifted = after(inverted(shiftRows), after(rotate(1), shiftRows));
/** ShiftRows, then by one row, or by three. */
export const shiftRotate1 = after(rotate(1), shiftRows);
export const shiftRotate3 = after(rotate(3), shiftRows);
