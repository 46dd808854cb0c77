// The live channel on the wire: server-sent events, pulled, so that a page that reads slowly costs a set of
// topics and not a queue.
import type { LiveEnd, LiveListener } from './hub.ts';

/** A line at least this often: proxies close silent connections, and a page takes silence for a broken line. */
export const BEAT_MS = 15_000;

/**
 * The answer of `GET /live`. `open` is called with the listener and returns how to stop listening.
 * Events: `ready` once, `changed` with `{topics}`, `beat`, and `end` with `{reason}` before the server closes it.
 */
export function liveStream(open: (listener: LiveListener) => () => void, beatMs = BEAT_MS): Response {
  const encoder = new TextEncoder();
  const waiting = new Set<string>();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let beat: NodeJS.Timeout | undefined;
  let stop = () => {};
  let isOver = false;

  const send = (event: string, data: object) =>
    controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  /** Says what waits, when there is room for it. */
  function flush(): void {
    if (isOver || waiting.size === 0 || (controller.desiredSize ?? 0) <= 0) return;
    const topics = [...waiting];
    waiting.clear();
    send('changed', { topics });
  }
  function finish(): void {
    isOver = true;
    clearInterval(beat);
    stop();
  }

  const listener: LiveListener = {
    ready: () => send('ready', {}),
    changed(topics) {
      for (const topic of topics) waiting.add(topic);
      flush();
    },
    ended(reason: LiveEnd) {
      if (isOver) return;
      finish();
      send('end', { reason });
      controller.close();
    },
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
        stop = open(listener);
        if (isOver) return stop();
        beat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) send('beat', {});
        }, beatMs);
        beat.unref();
      },
      pull: flush,
      cancel: finish,
    },
    { highWaterMark: 4 },
  );
  return new Response(body, {
    headers: {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // nginx would hold events back until its buffer is full.
      'X-Accel-Buffering': 'no',
    },
  });
}
