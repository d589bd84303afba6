// Assembles wasm/ccm.mjs into src/crypto/ccm-module.ts. With --check it writes nothing and fails if that file is not what comes of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import loadWabt from 'wabt';
import { ccmModule } from './ccm.mjs';

const target = fileURLToPath(new URL('../src/crypto/ccm-module.ts', import.meta.url));

const wabt = await loadWabt();
const parsed = wabt.parseWat('ccm.wat', ccmModule, { simd: true, relaxed_simd: true });
parsed.resolveNames();
parsed.validate();
const binary = Buffer.from(parsed.toBinary({}).buffer);
parsed.destroy();

// `useStrictSwizzles` in ccm-wasm.ts replaces what looks like the instruction, so nothing else may.
const swizzle = Buffer.from([0xfd, 0x80, 0x02]);
const alike = binary.toString('latin1').split(swizzle.toString('latin1')).length - 1;
const written = ccmModule.split('i8x16.relaxed_swizzle').length - 1;
if (alike !== written)
  throw new Error(`${alike} places look like i8x16.relaxed_swizzle, of which there are ${written}`);
// Chrome compiles nothing larger at once on a page's main thread.
if (binary.length >= 4096) throw new Error(`the module has ${binary.length} bytes, which is too many`);

const text = `// Generated from wasm/ccm.mjs by wasm/build.mjs: ${binary.length} bytes. Do not edit.

/** AES-CCM in WebAssembly, in base16, which is compressed to 1.0 KiB where base64 comes to 1.3. */
export const ccmModule =
  '${binary.toString('hex')}';
`;

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('src/crypto/ccm-module.ts is not what wasm/build.mjs makes of wasm/ccm.mjs: run it\n');
  process.exitCode = 1;
}
