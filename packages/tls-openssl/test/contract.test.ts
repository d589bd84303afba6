import { describeContract } from '../../tls-contract/src/index.js';
import { backend } from '../src/index.js';

describeContract('openssl', { client: backend, server: backend });
