import { describeContract } from '../../tls-contract/src/index.js';
import { backend } from '../src/index.js';

describeContract('the pure backend', { client: backend, server: backend });
