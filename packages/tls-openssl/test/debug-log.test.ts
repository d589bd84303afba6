import { describeDebugLog } from '../../../test/debug-log-of.js';

describeDebugLog('OpenSSL', new URL('../dist/index.js', import.meta.url).href);
