import { describeContract } from '../../tls-contract/src/index.js';
import { backend } from '../src/portable.js';

describeContract('the portable entry of the pure backend', { client: backend, server: backend }, { ownSockets: false });
