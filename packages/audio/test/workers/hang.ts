// Tells its process id, then never comes back.
process.once('message', () => {
  const piece = [Float32Array.of(process.pid)];
  process.send?.({ kind: 'piece', piece }, () => {
    for (;;);
  });
});
