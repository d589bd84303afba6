export { createTcpSocket } from './tcp-socket.js';
export { createUdpSocket } from './udp-socket.js';
