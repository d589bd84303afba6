export { DgramView, type DgramViewOptions, dgramView } from './dgram-view.js';
export { keyLogFile } from './key-log.js';
export { createTcpSocket } from './tcp-socket.js';
export { createUdpSocket } from './udp-socket.js';
