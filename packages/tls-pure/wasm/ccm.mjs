// The module in WebAssembly that does AES-CCM, as text. Functions that return text stand for what would be macros.
import {
  doubleIo,
  doubleJo,
  lastIo,
  lastJo,
  pairHigh,
  pairLow,
  quotient,
  reciprocal,
  rotateUnshifted,
  shiftRotate1,
  shiftRotate3,
  shiftRows,
  subConstant,
  subIo,
  subJo,
} from './tables.mjs';

const v128 = (bytes) => `(v128.const i8x16 ${bytes.join(' ')})`;
const xor = (first, ...rest) => rest.reduce((sum, term) => `(v128.xor ${sum} ${term})`, first);
const get = (name) => `(local.get $${name})`;
const set = (name, value) => `(local.set $${name} ${value})`;
const look = (table, at) => `(i8x16.relaxed_swizzle ${get(table)} ${at})`;
const splat = (byte) => v128(Array(16).fill(byte));

/** Where things are in the memory of 64 KiB. `ccm-wasm.ts` has the same numbers. */
const layout = { counter: 0, data: 16_640 };

const locals = (type, names) => names.map((name) => `(local $${name} ${type})`).join(' ');

/** Tables that a function uses are locals, so that they stay in registers as far as there are enough. */
const useTables = (tables) => ({
  declare: locals('v128', Object.keys(tables)),
  fill: Object.entries(tables)
    .map(([name, bytes]) => set(name, v128(bytes)))
    .join('\n  '),
});

const low4 = Array(16).fill(0x0f);
const invertTables = { low4, reciprocal, quotient };
const pairTables = { low4, pairLow, pairHigh };
const lastTables = { lastIo, lastJo };
const roundTables = { subIo, subJo, doubleIo, doubleJo, shiftRows, rotateUnshifted, shiftRotate1, shiftRotate3 };
const places = low4.map((_, at) => at);

const lowNibbles = (x) => `(v128.and ${x} ${get('low4')})`;
const highNibbles = (x) => `(v128.and (i16x8.shr_u ${x} (i32.const 4)) ${get('low4')})`;

/** The bytes of the block in a local, as pairs of nibbles. */
const toPairs = (x) => xor(look('pairLow', lowNibbles(get(x))), look('pairHigh', highNibbles(get(x))));

/** io and jo of the block in the local x. See tables.mjs. */
const invert = (x) => `
  ${set(`${x}i`, highNibbles(get(x)))}
  ${set(`${x}k`, lowNibbles(get(x)))}
  ${set(`${x}q`, look('quotient', get(`${x}k`)))}
  ${set(`${x}k`, xor(get(`${x}k`), get(`${x}i`)))}
  ${set(`${x}io`, xor(look('reciprocal', xor(look('reciprocal', get(`${x}i`)), get(`${x}q`))), get(`${x}k`)))}
  ${set(`${x}jo`, xor(look('reciprocal', xor(look('reciprocal', get(`${x}k`)), get(`${x}q`))), get(`${x}i`)))}`;

const scratch = (x) => locals('v128', [`${x}i`, `${x}k`, `${x}q`, `${x}io`, `${x}jo`]);

const looked = (x, name) => xor(look(`${name}Io`, get(`${x}io`)), look(`${name}Jo`, get(`${x}jo`)));

/** A round but the last, on the block in the local x. */
const round = (x) => `
  ${invert(x)}
  ${set(`${x}k`, looked(x, 'sub'))}
  ${set(`${x}i`, xor(looked(x, 'double'), look2(`${x}k`, 'rotateUnshifted')))}
  ${set(x, xor(look2(`${x}k`, 'shiftRotate3'), get('key'), look2(`${x}i`, 'shiftRows'), look2(`${x}i`, 'shiftRotate1')))}`;

const look2 = (x, permutation) => `(i8x16.relaxed_swizzle ${get(x)} ${get(permutation)})`;

/** The last round, which gives elements and not pairs. */
const lastRound = (x) => `
  ${invert(x)}
  ${set(`${x}k`, looked(x, 'last'))}
  ${set(x, xor(look2(`${x}k`, 'shiftRows'), get('key')))}`;

const crypt = useTables({ ...invertTables, ...pairTables, ...roundTables, ...lastTables, places });
const subWord = useTables({ ...invertTables, ...pairTables, ...lastTables });
const expand = useTables(pairTables);

export const ccmModule = `(module
(memory (export "memory") 1 1)

;; Encrypts or decrypts what is at data, and gives whether the tag behind it is right; encrypting, writes the tag there.
;; RFC 3610 §2.2 to §2.4: counter has the block A_0, additional data is formatted and ends where the data begins.
(func (export "crypt")
  (param $schedule i32) (param $lastKey i32) (param $flags i32) (param $aadBlocks i32) (param $length i32) (param $tagLength i32) (param $decrypt i32)
  (result i32)
  (local $at i32) (local $end i32) (local $keyAt i32) (local $left i32)
  ${locals('v128', ['counter', 'key', 'ctr', 'mac', 'tag', 'mask', 'before', 'after'])}
  ${crypt.declare} ${scratch('ctr')} ${scratch('mac')}
  ${crypt.fill}
  ${set('counter', `(v128.load (i32.const ${layout.counter}))`)}
  ;; B_0: other flags, and the length.
  ${set('mac', `(v128.or ${get('counter')} (i32x4.replace_lane 0 (i32x4.replace_lane 3 ${splat(0)} (call $bigEndian ${get('length')})) ${get('flags')}))`)}
  ${set('end', `(i32.add (i32.const ${layout.data}) ${get('length')})`)}
  ${set('at', `(i32.sub (i32.const ${layout.data}) (i32.shl ${get('aadBlocks')} (i32.const 4)))`)}
  ${set('tag', `(v128.load ${get('end')})`)}
  (loop $blocks
    ;; The counter is 0 but for data: what comes of it last is for the tag.
    ${set('ctr', get('counter'))}
    ${set('left', `(i32.sub ${get('end')} ${get('at')})`)}
    (if (i32.and (i32.ge_u ${get('at')} (i32.const ${layout.data})) (i32.gt_s ${get('left')} (i32.const 0)))
      (then ${set('ctr', `(v128.or ${get('counter')} (i32x4.replace_lane 3 ${splat(0)} (call $bigEndian (i32.add (i32.shr_u (i32.sub ${get('at')} (i32.const ${layout.data})) (i32.const 4)) (i32.const 1)))))`)}))

    ;; AES of both, side by side. FIPS 197 §5.1.
    ${set('key', `(v128.load ${get('schedule')})`)}
    ${set('ctr', xor(toPairs('ctr'), get('key')))}
    ${set('mac', xor(toPairs('mac'), get('key')))}
    ${set('keyAt', `(i32.add ${get('schedule')} (i32.const 16))`)}
    (loop $rounds
      ${set('key', `(v128.load ${get('keyAt')})`)}
      ${round('ctr')}
      ${round('mac')}
      ${set('keyAt', `(i32.add ${get('keyAt')} (i32.const 16))`)}
      (br_if $rounds (i32.lt_u ${get('keyAt')} ${get('lastKey')})))
    ${set('key', `(v128.load ${get('lastKey')})`)}
    ${lastRound('ctr')}
    ${lastRound('mac')}

    (if (i32.gt_s ${get('left')} (i32.const 0))
      (then
        (if (i32.lt_u ${get('at')} (i32.const ${layout.data}))
          (then ${set('mac', xor(get('mac'), `(v128.load ${get('at')})`))})
          (else
            ;; Nothing beyond the end, if it is in this block.
            ${set('mask', `(i8x16.lt_u ${get('places')} (i8x16.splat (select (i32.const 16) ${get('left')} (i32.gt_u ${get('left')} (i32.const 16)))))`)}
            ${set('before', `(v128.and (v128.load ${get('at')}) ${get('mask')})`)}
            ${set('after', xor(get('before'), `(v128.and ${get('ctr')} ${get('mask')})`))}
            (v128.store ${get('at')} ${get('after')})
            ${set('mac', xor(get('mac'), `(select ${get('after')} ${get('before')} ${get('decrypt')})`))}))
        ${set('at', `(i32.add ${get('at')} (i32.const 16))`)}
        (br $blocks))))

  ${set('mask', `(i8x16.lt_u ${get('places')} (i8x16.splat ${get('tagLength')}))`)}
  ${set('ctr', `(v128.and ${xor(get('ctr'), get('mac'))} ${get('mask')})`)}
  (if ${get('decrypt')}
    (then (return (i32.eqz (v128.any_true ${xor(get('ctr'), `(v128.and ${get('tag')} ${get('mask')})`)})))))
  (v128.store ${get('end')} ${get('ctr')})
  (i32.const 1))

(func $bigEndian (param $n i32) (result i32)
  (i32.or
    (i32.and (i32.rotl ${get('n')} (i32.const 8)) (i32.const 0x00ff00ff))
    (i32.and (i32.rotr ${get('n')} (i32.const 8)) (i32.const 0xff00ff00))))

(func $subWord (param $word i32) (result i32)
  (local $x v128) ${scratch('x')} ${subWord.declare}
  ${subWord.fill}
  ${set('x', `(i32x4.splat ${get('word')})`)}
  ${set('x', toPairs('x'))}
  ${invert('x')}
  (i32x4.extract_lane 0 ${xor(looked('x', 'last'), splat(subConstant))}))

;; Makes the round keys of a key of so many words, which is at $schedule, where they begin. FIPS 197 §5.2.
;; Those of all rounds but the last become pairs of nibbles, and take up the constant of SubBytes.
(func (export "expand") (param $schedule i32) (param $words i32)
  (local $at i32) (local $end i32) (local $position i32) (local $word i32) (local $constant i32) (local $x v128)
  ${expand.declare}
  ${expand.fill}
  ${set('constant', '(i32.const 1)')}
  ${set('at', `(i32.add ${get('schedule')} (i32.shl ${get('words')} (i32.const 2)))`)}
  ${set('end', `(i32.add ${get('schedule')} (i32.shl (i32.add ${get('words')} (i32.const 7)) (i32.const 4)))`)}
  (loop $each
    ${set('word', `(i32.load (i32.sub ${get('at')} (i32.const 4)))`)}
    (if (i32.eqz ${get('position')})
      (then
        ${set('word', `(i32.xor (call $subWord (i32.rotr ${get('word')} (i32.const 8))) ${get('constant')})`)}
        ${set('constant', `(i32.xor (i32.shl ${get('constant')} (i32.const 1)) (i32.mul (i32.shr_u ${get('constant')} (i32.const 7)) (i32.const 0x11b)))`)})
      (else
        (if (i32.and (i32.gt_u ${get('words')} (i32.const 6)) (i32.eq ${get('position')} (i32.const 4)))
          (then ${set('word', `(call $subWord ${get('word')})`)}))))
    (i32.store ${get('at')} (i32.xor ${get('word')} (i32.load (i32.sub ${get('at')} (i32.shl ${get('words')} (i32.const 2))))))
    ${set('position', `(i32.add ${get('position')} (i32.const 1))`)}
    (if (i32.eq ${get('position')} ${get('words')}) (then ${set('position', '(i32.const 0)')}))
    ${set('at', `(i32.add ${get('at')} (i32.const 4))`)}
    (br_if $each (i32.lt_u ${get('at')} ${get('end')})))

  ${set('end', `(i32.sub ${get('end')} (i32.const 16))`)}
  (v128.store ${get('end')} ${xor(`(v128.load ${get('end')})`, splat(subConstant))})
  ${set('at', get('schedule'))}
  (loop $each
    ${set('x', `(v128.load ${get('at')})`)}
    (if (i32.ne ${get('at')} ${get('schedule')}) (then ${set('x', xor(get('x'), splat(subConstant)))}))
    (v128.store ${get('at')} ${toPairs('x')})
    ${set('at', `(i32.add ${get('at')} (i32.const 16))`)}
    (br_if $each (i32.lt_u ${get('at')} ${get('end')}))))
)`;
