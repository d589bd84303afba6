/**
 * Calls `stop` when somebody asks the process to end: Ctrl-C, or the loss of the process that started this one. SIGTERM, which is how a
 * service manager ends a process that it may start again, calls `leave`. Asked a second time, the process ends at once. The function
 * returned undoes it.
 */
export function onStop(stop: () => void, leave = stop): () => void {
  let asked = false;
  const ask = (action: () => void) => (): void => {
    if (asked) process.exit(130);
    asked = true;
    action();
  };
  const [stopping, leaving] = [ask(stop), ask(leave)];
  process.on('SIGINT', stopping).on('disconnect', stopping).on('SIGTERM', leaving);
  return () => {
    process.off('SIGINT', stopping).off('disconnect', stopping).off('SIGTERM', leaving);
  };
}

/** Calls `rebind` at each SIGUSR2, where the platform has it. The function returned undoes it. */
export function onRebind(rebind: () => void): () => void {
  if (process.platform === 'win32') return () => {};
  process.on('SIGUSR2', rebind);
  return () => process.off('SIGUSR2', rebind);
}
