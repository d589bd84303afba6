export { DgramView, type DgramViewOptions, dgramView } from './dgram-view.js';
export { createTcpSocket } from './tcp-socket.js';
export { createUdpSocket } from './udp-socket.js';
