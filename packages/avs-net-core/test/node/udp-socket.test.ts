import { createUdpSocket } from '../../src/node/index.js';
import { describeUdpSocket } from './udp-socket-suite.js';

describeUdpSocket('a UDP socket on Node', createUdpSocket);
