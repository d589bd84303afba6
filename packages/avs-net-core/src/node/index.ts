export { DgramView, type DgramViewOptions, dgramView } from './dgram-view.js';
export { keyLogFile } from './key-log.js';
export { systemError } from './system-error.js';
export { createTcpSocket } from './tcp-socket.js';
export type { UdpPort, UdpPortMaker, UdpPortOptions, UdpPortOwner } from './udp-port.js';
export { createUdpSocket, createUdpSocketOver } from './udp-socket.js';
