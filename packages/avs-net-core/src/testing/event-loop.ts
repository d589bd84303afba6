/** On Node a port keeps the process alive while it is referenced; elsewhere these do not exist. */
interface ReferencedPort extends MessagePort {
  ref?(): void;
  unref?(): void;
}

let waiting: (() => void)[] = [];
let channel: { readonly in: MessagePort; readonly out: ReferencedPort } | undefined;

function openChannel(): { readonly in: MessagePort; readonly out: ReferencedPort } {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => {
    const resumed = waiting;
    waiting = [];
    (port2 as ReferencedPort).unref?.();
    for (const resume of resumed) resume();
  };
  return { in: port1, out: port2 };
}

/** Resolves in a later turn of the event loop: after everything that is ready to run, and every promise chain that follows from it. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    channel ??= openChannel();
    if (waiting.push(resolve) > 1) return;
    channel.out.ref?.();
    channel.in.postMessage(undefined);
  });
}
