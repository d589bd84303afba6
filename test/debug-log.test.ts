import { describeDebugLog } from './debug-log-of.js';

describeDebugLog('the pure backend', new URL('../packages/tls-pure/dist/index.js', import.meta.url).href);
