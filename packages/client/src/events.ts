/** The data of server-sent events, parsed as JSON. Comments and incomplete events are skipped. */
export async function* serverSentEvents<Data>(body: ReadableStream<Uint8Array>): AsyncGenerator<Data> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      // A proxy may end lines otherwise.
      text = (text + decoder.decode(value, { stream: true })).replace(/\r\n?(?!$)/g, '\n');
      const events = text.split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        const data = event.split('\n').filter((line) => line.startsWith('data:'));
        if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(5)).join('\n'));
      }
    }
  } finally {
    // Otherwise the connection stays open.
    await reader.cancel().catch(() => {});
  }
}
