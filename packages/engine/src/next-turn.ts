/** Lets timers, signals and messages be handled between two runs of the network, which block the thread. */
export function nextTurn(): Promise<void> {
  const { setImmediate: immediately } = globalThis as { setImmediate?: (then: () => void) => unknown };
  if (immediately) return new Promise((resolve) => immediately(resolve));
  // Browsers delay timers by 4 ms; a message comes at once.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const onmessage = () => {
      port1.close();
      resolve();
    };
    Object.assign(port1, { onmessage });
    port2.postMessage(undefined);
  });
}
