import { unreachable } from './wire-errors.ts';
import { answerIn, answerOf, request } from './request.ts';
import type { Answer, HttpOptions } from './request.ts';
import type { Transport } from './transport.ts';

/** Server-sent events over `fetch`, a stream for each subscription: needs nothing but HTTP. */
export const eventStreams = (options: HttpOptions): Transport => ({
  async *open(operation, live, signal) {
    const silence = new AbortController();
    const leave = (): void => silence.abort();
    signal.addEventListener('abort', leave);
    try {
      const asked = { ...options, accept: 'text/event-stream' };
      const response = await request(operation, asked, silence.signal);
      if (!response.ok || !response.body) {
        yield await answerOf(response);
        return;
      }
      live();
      for await (const block of blocksOf(response.body, leave)) {
        const [, event, data = ''] = EVENT.exec(block) ?? [];
        if (event === 'complete') return;
        const answer = event === 'next' ? answerIn(data) : undefined;
        if (answer) yield answer satisfies Answer;
      }
      throw unreachable();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  },
  close: () => {},
});

/** As a gateway writes it; comments are none. */
const EVENT = /^event: (\w+)\ndata: ?(.*)$/;

/** The gateway writes a comment each 12 s: after a longer silence it is not there any more. */
const SILENCE = 30_000;

async function* blocksOf(
  body: ReadableStream<Uint8Array>,
  giveUp: () => void,
): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const timer = setTimeout(giveUp, SILENCE);
    const { done, value } = await reader
      .read()
      .catch((cause: unknown) => {
        throw unreachable(cause);
      })
      .finally(() => clearTimeout(timer));
    if (done) return;
    const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks;
  }
}
