/**
 * Calls back when the process is asked to end: Ctrl-C, SIGTERM, or the loss of the process that started this one. Asked a second
 * time, the process ends at once. The function returned undoes it.
 */
export function onStop(stop: () => void): () => void {
  let asked = false;
  const ask = (): void => {
    if (asked) process.exit(130);
    asked = true;
    stop();
  };
  const events = ['SIGINT', 'SIGTERM', 'disconnect'] as const;
  for (const event of events) process.on(event, ask);
  return () => {
    for (const event of events) process.removeListener(event, ask);
  };
}
