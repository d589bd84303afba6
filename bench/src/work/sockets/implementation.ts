/** One who can serve datagrams on loopback, connect to such a server, or both. The client of a connection sends first. */
export interface SocketImplementation {
  /** Binds a server to a port of 127.0.0.1 that is free, and returns the port. `onMessage` may keep what it is given. @throws Unable */
  serve(onMessage: (data: Uint8Array, reply: (data: Uint8Array) => void) => void): Promise<number>;
  /** Connects a new client. @throws Unable */
  connect(port: number): Promise<Connection>;
}

/** A client's end. */
export interface Connection {
  /** Calls back when the system has taken it, or with the error. */
  send(data: Uint8Array, done: (error?: unknown) => void): void;
  onMessage: (data: Uint8Array) => void;
  /** Says goodbye, where the protocol has a word for it, and closes. */
  close(): Promise<void>;
}
