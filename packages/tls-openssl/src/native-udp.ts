/** An address; or in its place an error of libuv's, an errno with a minus. */
export type AddressOrError = { readonly host: string; readonly port: number } | number;

/** Takes datagrams that have come: what there is of them in {@link NativeUdp.entries}, whose places are those in `slab`. */
export type OnDatagrams = (slab: ArrayBuffer, count: number) => void;

/** A UDP socket. Operations return 0 or an error of libuv's, an errno with a minus. From `bind` or `connect` on to `close` it holds the process. */
export interface NativeUdpPort {
  /** Once, before all else. */
  open(
    family: 4 | 6,
    reuseAddress: boolean,
    reusePort: boolean,
    onDatagrams: OnDatagrams,
    onError: (error: number) => void,
    onRoom: () => void,
  ): number;
  bind(host: string, port: number): number;
  connect(host: string, port: number): number;
  local(): AddressOrError;
  remote(): AddressOrError;
  /** Who has a place among those whose datagrams have come, until told otherwise. */
  source(place: number): AddressOrError;
  /** Gives an address to one of {@link NativeUdp.destinations} places, when bound. */
  setDestination(place: number, host: string, port: number): number;
  /** Sends so many bytes of {@link NativeUdp.out}. EAGAIN: the system has no room for it. */
  send(length: number): number;
  sendTo(length: number, place: number): number;
  /** Calls `onRoom` once when the system may have room. */
  awaitRoom(): number;
  /** Receives nothing any more, and gives another descriptor of the socket, by which somebody else will. */
  handOver(): number;
  close(): void;
}

/** UDP without `node:dgram`, and the memory that its sockets share with JavaScript. */
export interface NativeUdp {
  readonly Port: new () => NativeUdpPort;
  /** Where a datagram is put that is to be sent. */
  readonly out: Uint8Array;
  /** For each datagram that has come its place in the slab, its length, and the place of its source, with {@link newSource} if that is new. */
  readonly entries: Uint32Array;
  readonly newSource: number;
  /** Places for addresses to send to. */
  readonly destinations: number;
}

/** As the addon exports it; nothing where it is built without, on Windows. */
export interface UdpExports {
  readonly UdpPort?: NativeUdp['Port'];
  readonly udpMemory?: ArrayBuffer;
  readonly udpOut?: number;
  readonly udpNewSource?: number;
  readonly udpDestinations?: number;
}

/** What an addon exports for UDP; undefined: nothing. */
export function udpOf(exports: UdpExports): NativeUdp | undefined {
  const { UdpPort, udpMemory, udpOut = 0, udpNewSource = 0, udpDestinations = 0 } = exports;
  if (UdpPort === undefined || udpMemory === undefined) return undefined;
  return {
    Port: UdpPort,
    out: new Uint8Array(udpMemory, 0, udpOut),
    entries: new Uint32Array(udpMemory, udpOut),
    newSource: udpNewSource,
    destinations: udpDestinations,
  };
}
