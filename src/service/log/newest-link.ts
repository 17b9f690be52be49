import { unordered } from './history-log.ts';
import type { NewestLink } from './log-reader.ts';
import { abortRequestOf, openingOf } from './lifecycle.ts';
import type { LifeLine } from './lifecycle.ts';
import type { LinkHistories } from './link-histories.ts';
import { withWaiting } from './live-lines.ts';
import { BATCH_BYTES } from './read-on.ts';
import type { LinkView } from './read-on.ts';
import type { LinkState, RunSource } from './run-source.ts';

/** The newest link of a run for one who looks once: from its worker, else from its history. */
export function newestLink(
  state: LinkState,
  { source, histories }: { readonly source: RunSource; readonly histories: LinkHistories },
): NewestLink {
  const { details, link, running, lines } = state;
  const { id } = details;
  let life: Promise<readonly LifeLine[]> | undefined;
  let answers = details.startedAt !== null;

  async function view(offset: number): Promise<LinkView> {
    life ??= lifeOf(state, source);
    const known = { running, life: await life, over: false };
    if (answers) {
      const page = await source.page(id, link, { after: offset, limitBytes: BATCH_BYTES });
      if (page) return { ...known, page, live: lines };
      answers = false;
    }
    const page = await histories.page(id, link, offset);
    if (page.entries.length > 0) return { ...known, page: { ...page, more: true }, live: [] };
    // That was the end of what is in order, read just now.
    const waiting = unordered(await histories.open(id, link));
    return { ...known, page, live: withWaiting(waiting, lines) };
  }
  return { state, view };
}

async function lifeOf(
  { details, link, mark }: LinkState,
  source: RunSource,
): Promise<readonly LifeLine[]> {
  const opening = openingOf(details);
  if (!details.abortRequested) return opening;
  const event = await source.abortRequest(details.id, link);
  const asked = event && abortRequestOf(event, { iteration: details.iteration, mark });
  return asked ? [...opening, asked] : opening;
}
