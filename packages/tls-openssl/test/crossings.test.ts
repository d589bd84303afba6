import { describeContract } from '../../tls-contract/src/index.js';
import { backend as pure } from '../../tls-pure/src/index.js';
import { backend as openssl } from '../src/index.js';

describeContract('pure client, openssl server', { client: pure, server: openssl });
describeContract('openssl client, pure server', { client: openssl, server: pure });
